// What frames do to the fleet on screen: order, late fixes, snapshots, leaving trucks, movement.

import { describe, expect, it } from "vitest";
import { Fleet } from "../src/fleet/fleet";
import { mercatorX, mercatorY } from "../src/fleet/mercator";
import { GAP_MAX_MS, GLIDE_MAX_MS, headFor, place, resting } from "../src/fleet/motion";
import { decodeFrame } from "../src/live/frame";
import { buildFrame, type FrameSpec, type RowSpec } from "./build_frame";

const BASE = 1_700_000_000_000;

function row(change: Partial<RowSpec> = {}): RowSpec {
  const still = { speed: 40, heading: 90, ageMs: 0, status: 1 };
  return { handle: 1, id: "TRK-1", lat: 19, lon: 73, ...still, ...change };
}

function fed(...frames: [FrameSpec, nowMs: number][]): Fleet {
  const fleet = new Fleet();
  for (const [spec, nowMs] of frames) fleet.apply(decodeFrame(buildFrame(spec)), nowMs);
  return fleet;
}

describe("Fleet", () => {
  it("knows a truck by the name of an earlier frame", () => {
    const later = row({ id: undefined, lat: 19.5, ageMs: -1000 });
    const fleet = fed(
      [{ baseTsMs: BASE, rows: [row()] }, 0],
      [{ baseTsMs: BASE, rows: [later] }, 500],
    );
    expect(fleet.trucks.get("TRK-1")?.lat).toBeCloseTo(19.5);
  });

  it("does not move a truck backwards for a late fix, but takes its status", () => {
    const late = row({ lat: 10, ageMs: 60_000, status: 3 });
    const fleet = fed(
      [{ baseTsMs: BASE, rows: [row()] }, 0],
      [{ baseTsMs: BASE, rows: [late] }, 500],
    );
    const truck = fleet.trucks.get("TRK-1");
    expect(truck?.lat).toBeCloseTo(19);
    expect(truck?.status).toBe(3);
    expect(truck?.tsMs).toBe(BASE);
  });

  it("goes on gliding when the same fix is told again by another clock reading", () => {
    const next = { baseTsMs: BASE, rows: [row({ lat: 19.1, ageMs: -4000 })] };
    const again = { full: true, baseTsMs: BASE + 700.9, rows: [row({ lat: 19.1, ageMs: -3300 })] };
    const fleet = fed([{ baseTsMs: BASE, rows: [row()] }, 0], [next, 0], [again, 1_000]);
    expect(fleet.trucks.get("TRK-1")?.motion).toMatchObject({ startedMs: 0, lastsMs: 4_000 });
  });

  it("forgets what a whole picture leaves out, and what has left", () => {
    const other = row({ handle: 2, id: "TRK-2" });
    const both = { baseTsMs: BASE, rows: [row(), other] };
    const fleet = fed([both, 0], [{ full: true, baseTsMs: BASE, rows: [other] }, 1]);
    expect([...fleet.trucks.keys()]).toEqual(["TRK-2"]);
    const gone = fed([both, 0], [{ baseTsMs: BASE, rows: [row({ id: undefined, status: 4 })] }, 1]);
    expect([...gone.trucks.keys()]).toEqual(["TRK-2"]);
  });

  it("keeps its trucks over a reconnect that gives out other handles", () => {
    const fleet = fed([{ baseTsMs: BASE, rows: [row()] }, 0]);
    fleet.restart();
    const renamed = row({ handle: 77, lat: 19.1, ageMs: -2000 });
    fleet.apply(decodeFrame(buildFrame({ baseTsMs: BASE, rows: [renamed] })), 10);
    expect(fleet.trucks.size).toBe(1);
    expect(fleet.trucks.get("TRK-1")?.lat).toBeCloseTo(19.1);
  });

  it("counts by status", () => {
    const rows = [
      row(),
      row({ handle: 2, id: "B", status: 2 }),
      row({ handle: 3, id: "C", status: 2 }),
    ];
    expect(fed([{ rows }, 0]).counts(() => true)).toEqual({ total: 3, byStatus: [0, 1, 2, 0] });
  });

  it("leaves an unknown heading unknown and keeps a known one", () => {
    const silent = row({ heading: null, ageMs: -1000 });
    const kept = fed(
      [{ baseTsMs: BASE, rows: [row()] }, 0],
      [{ baseTsMs: BASE, rows: [silent] }, 1],
    );
    expect(kept.trucks.get("TRK-1")?.headingDeg).toBe(90);
    expect(fed([{ rows: [row({ heading: null })] }, 0]).trucks.get("TRK-1")?.headingDeg).toBeNull();
  });
});

describe("motion", () => {
  const [x0, y0] = [mercatorX(73), mercatorY(19)];
  const [x1, y1] = [mercatorX(73.1), mercatorY(19.1)];

  it("glides for as long as the fixes lie apart and then stands", () => {
    const motion = headFor(resting(x0, y0, 0), x1, y1, 2_000, 100);
    expect(place(motion, 100)).toEqual([x0, y0]);
    expect(place(motion, 1_100)[0]).toBeCloseTo((x0 + x1) / 2, 12);
    expect(place(motion, 2_100)).toEqual([x1, y1]);
    expect(place(motion, 1e9)).toEqual([x1, y1]);
  });

  it("never runs further behind than its bound", () => {
    const motion = headFor(resting(x0, y0, 0), x1, y1, 30_000, 0);
    expect(place(motion, GLIDE_MAX_MS)).toEqual([x1, y1]);
  });

  it("turns mid-glide from where it is drawn", () => {
    const motion = headFor(resting(x0, y0, 0), x1, y1, 2_000, 0);
    const turned = headFor(motion, x0, y0, 1_000, 1_000);
    expect(place(turned, 1_000)[0]).toBeCloseTo((x0 + x1) / 2, 12);
  });

  it("jumps over a silence instead of inventing the way", () => {
    const motion = headFor(resting(x0, y0, 0), x1, y1, GAP_MAX_MS + 1, 0);
    expect(place(motion, 0)).toEqual([x1, y1]);
  });
});
