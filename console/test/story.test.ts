// A truck's day: where it was, what happened when, and what late fixes changed.

import { describe, expect, it } from "vitest";
import type { CloudEvent, Span } from "../src/api/types";
import { between, markAt, marksOf, placeAt, type Story } from "../src/story/story";

const AT = Date.parse("2026-01-01T00:00:00Z");
const MINUTE = 60_000;
const iso = (minute: number): string => new Date(AT + minute * MINUTE).toISOString();

const POINTS = [
  { lat: 10, lon: 70, tsMs: AT },
  { lat: 10, lon: 71, tsMs: AT + 5 * MINUTE },
  { lat: 12, lon: 71, tsMs: AT + 65 * MINUTE },
];

function span(kind: string, from: number, to: number | null, data: object = {}): Span {
  return { kind, about: null, from: iso(from), to: to === null ? null : iso(to), ...data };
}

function event(id: string, type: string, minute: number, data = {}): CloudEvent {
  const known = { known_at: iso(minute + 1), ...data };
  return { id, type, subject: "trucks/T", time: iso(minute), data: known };
}

function story(parts: Partial<Story>): Story {
  const empty = { trips: [], stops: [], deviations: [], events: [] };
  return { truck: "T", fromMs: AT, toMs: AT + 1440 * MINUTE, points: POINTS, ...empty, ...parts };
}

describe("where a truck was", () => {
  it("is between its fixes, and nowhere before the first", () => {
    expect(placeAt(POINTS, AT - 1)).toBeNull();
    const half = placeAt(POINTS, AT + 2.5 * MINUTE);
    expect(half).toEqual({ lat: 10, lon: 70.5, unseen: false });
    expect(placeAt(POINTS, AT + 100 * MINUTE)).toEqual({ lat: 12, lon: 71, unseen: false });
  });

  it("is said to be unseen where the fixes lie far apart", () => {
    expect(placeAt(POINTS, AT + 35 * MINUTE)).toEqual({ lat: 11, lon: 71, unseen: true });
  });

  it("goes the shorter way round the earth", () => {
    const across = [
      { lat: 0, lon: 179, tsMs: 0 },
      { lat: 0, lon: -179, tsMs: 1000 },
    ];
    expect(placeAt(across, 500)?.lon).toBe(180);
  });

  it("has the fixes of a stretch of time, both ends included", () => {
    expect(between(POINTS, AT, AT + 5 * MINUTE)).toEqual(POINTS.slice(0, 2));
    expect(between(POINTS, AT + 1, AT + 2)).toEqual([]);
  });
});

describe("what happened", () => {
  it("is told in order, with how long it lasted", () => {
    const marks = marksOf(
      story({
        stops: [span("stop", 30, 60, { halt: "fuel" }), span("stop", 1380, null)],
        deviations: [span("deviation", 10, 20, { farthest_m: 2345 })],
        events: [event("1", "truck.alarm.raised", 5, { alarm: "panic" })],
      }),
    );
    expect(marks.map(({ kind, words }) => [kind, words])).toEqual([
      ["event", "raised an alarm panic"],
      ["deviation", "off its route for 10 min, 2.3 km at the farthest"],
      ["stop", "stood 30 min (fuel)"],
      ["stop", "stood 1 h 0 min so far"],
    ]);
    expect(markAt(marks, AT + 45 * MINUTE)?.kind).toBe("stop");
    expect(markAt(marks, AT + 25 * MINUTE)?.kind).toBe("deviation");
    expect(markAt(marks, AT + 1 * MINUTE)).toBeNull();
  });

  it("marks what late fixes took back or changed, and what they put in force again", () => {
    const turn = (id: string, type: string, about: string, minute: number, data = {}) =>
      event(id, type, minute, { replaces: about, ...data });
    const events = [
      event("a", "truck.fence.entered", 1),
      event("b", "truck.fence.exited", 2),
      event("c", "truck.stopped", 3),
      turn("x", "event.retracted", "a", 1),
      turn("y", "event.corrected", "b", 2, { after: { fence: "f" } }),
      turn("z", "event.retracted", "c", 3),
      turn("w", "event.corrected", "c", 4),
    ];
    expect(marksOf(story({ events })).map(({ truth }) => truth)).toEqual([
      "withdrawn",
      "corrected",
      "told",
    ]);
  });
});
