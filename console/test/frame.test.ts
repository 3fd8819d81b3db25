// The decoder against frames built byte by byte as docs/live-feed.md lays them out.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decodeFrame, FrameError, tenths } from "../src/live/frame";
import { buildFrame } from "./build_frame";

const TWO = [
  {
    handle: 7,
    id: "TRK-1",
    lat: 19.076,
    lon: 72.8777,
    speed: 43.2,
    heading: 91.5,
    ageMs: 1200,
    status: 1,
  },
  {
    handle: 9,
    id: "MH12_X-99",
    lat: -33.9,
    lon: 151.2,
    speed: null,
    heading: null,
    ageMs: -40,
    status: 0,
  },
];

describe("decodeFrame", () => {
  it("reads header, names and columns", () => {
    const frame = decodeFrame(
      buildFrame({ seq: 5, baseTsMs: 1_700_000_000_123, full: true, rows: TWO }),
    );
    expect(frame.full).toBe(true);
    expect(frame.seq).toBe(5);
    expect(frame.baseTsMs).toBe(1_700_000_000_123);
    expect([...frame.names]).toEqual([
      [7, "TRK-1"],
      [9, "MH12_X-99"],
    ]);
    expect([...frame.handle]).toEqual([7, 9]);
    expect([...frame.latE7]).toEqual([190760000, -339000000]);
    expect([...frame.lonE7]).toEqual([728777000, 1512000000]);
    expect([...frame.ageMs]).toEqual([1200, -40]);
    expect([...frame.status]).toEqual([1, 0]);
  });

  it("tells a missing speed from a standing truck", () => {
    const frame = decodeFrame(buildFrame({ rows: TWO }));
    expect(tenths(frame.speedDkmh[0])).toBe(43.2);
    expect(tenths(frame.speedDkmh[1])).toBeNull();
    expect(tenths(frame.headingDdeg[1])).toBeNull();
    expect(tenths(0)).toBe(0);
  });

  it.each([0, 1, 2, 3, 4, 5])("keeps columns aligned with %i rows and no names", (count) => {
    const rows = Array.from({ length: count }, (_, i) => ({
      ...TWO[0]!,
      handle: i,
      id: undefined,
    }));
    const frame = decodeFrame(buildFrame({ rows }));
    expect([...frame.handle]).toEqual(rows.map((row) => row.handle));
    expect([...frame.status]).toEqual(rows.map(() => 1));
  });

  it("reads a frame the server encoded", () => {
    const hex = readFileSync(new URL("frame.hex", import.meta.url), "ascii").replace(/\s/g, "");
    const frame = decodeFrame(Uint8Array.from(Buffer.from(hex, "hex")).buffer);
    expect(frame.seq).toBe(7);
    expect(frame.names.get(3)).toBe("TRK-0003");
    expect([...frame.status]).toEqual([1, 3, 4]);
    expect(tenths(frame.speedDkmh[2])).toBeNull();
  });

  it("refuses what is not a frame, another version, and a frame cut short", () => {
    const good = buildFrame({ rows: TWO });
    expect(() => decodeFrame(new ArrayBuffer(3))).toThrow(FrameError);
    expect(() => decodeFrame(new ArrayBuffer(28))).toThrow("not a positions frame");
    const other = good.slice(0);
    new DataView(other).setUint8(2, 2);
    expect(() => decodeFrame(other)).toThrow("version 2");
    for (const length of [29, 40, good.byteLength - 4]) {
      expect(() => decodeFrame(good.slice(0, length))).toThrow("cut short");
    }
  });
});
