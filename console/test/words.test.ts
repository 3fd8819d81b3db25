// Waits, words and numbers: the small pure parts.

import { describe, expect, it } from "vitest";
import { waitMs } from "../src/live/backoff";
import { eventLine } from "../src/ui/event_text";
import { ago, compass, number, UNKNOWN } from "../src/ui/format";

describe("backoff", () => {
  const backoff = { firstMs: 500, maxMs: 15_000 };

  it("doubles up to its ceiling and spreads below it", () => {
    expect(waitMs(0, backoff, () => 1)).toBe(500);
    expect(waitMs(2, backoff, () => 1)).toBe(2_000);
    expect(waitMs(50, backoff, () => 1)).toBe(15_000);
    expect(waitMs(2, backoff, () => 0)).toBe(1_000);
  });
});

describe("words", () => {
  it("never shows a missing value as zero", () => {
    expect(number(null, "km/h")).toBe(UNKNOWN);
    expect(number(undefined, "km/h")).toBe(UNKNOWN);
    expect(number(0, "km/h")).toBe("0 km/h");
    expect(compass(null)).toBe(UNKNOWN);
    expect(compass(359)).toBe("N 359°");
  });

  it("tells ages in the unit that matters", () => {
    expect([900, 59_400, 61_000, 7_260_000, 3 * 86_400_000].map(ago)).toEqual([
      "1 s",
      "59 s",
      "1 min",
      "2 h 1 min",
      "3 days",
    ]);
  });

  it("says what happened to whom", () => {
    const fence = { id: "f", name: "Pune yard" };
    const base = { id: "1", time: "2026-01-01T00:00:00Z", subject: "trucks/TRK-1" };
    expect(eventLine({ ...base, type: "truck.fence.entered", data: { fence } })).toEqual({
      truck: "TRK-1",
      words: "entered",
      about: "Pune yard",
      tone: "calm",
    });
    const unheard = eventLine({ ...base, type: "truck.door.left_open" });
    expect(unheard.words).toBe("door left open");
  });
});
