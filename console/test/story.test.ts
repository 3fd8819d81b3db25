// A truck's day: where it was, what happened when, and what late fixes changed.

import { describe, expect, it } from "vitest";
import type { CloudEvent, Span } from "../src/api/types";
import { storyFeatures } from "../src/map/story_layers";
import {
  between,
  markAt,
  marksOf,
  placeAt,
  spansOf,
  type Story,
  summary,
} from "../src/story/story";

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
  const empty = { trips: [], stops: [], deviations: [], events: [], routes: [] };
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
  const strayed = {
    farthest: { off_m: 2345 },
    extra_km: 4.2,
    extra_cost: { amount_minor: 51_200, currency: "INR" },
  };

  it("is told in order, with how long it lasted", () => {
    const marks = marksOf(
      story({
        stops: [span("stop", 30, 60, { halt: "fuel" }), span("stop", 1380, null)],
        deviations: [span("deviation", 10, 20, strayed)],
        events: [event("1", "truck.alarm.raised", 5, { alarm: "panic" })],
      }),
    );
    expect(marks.map(({ kind, words }) => [kind, words])).toEqual([
      ["event", "raised an alarm: panic"],
      ["deviation", "off its route for 10 min, 2.3 km at the farthest, 4.2 km extra, ₹512"],
      ["stop", "stood 30 min for fuel"],
      ["stop", "stood 1 h 0 min so far"],
    ]);
    expect(markAt(marks, AT + 45 * MINUTE)?.kind).toBe("stop");
    expect(markAt(marks, AT + 25 * MINUTE)?.kind).toBe("deviation");
    expect(markAt(marks, AT + 1 * MINUTE)).toBeNull();
  });

  it("is listed and summed up by what lasted, the newest first", () => {
    const day = story({
      trips: [span("trip", 0, 30, { distance_km: 20.5 })],
      stops: [span("stop", 30, 60, { halt: "unknown", fence_name: "Pune yard" })],
      deviations: [span("deviation", 1430, null, { off_m: 300 })],
    });
    expect(spansOf(day).map(({ words }) => words)).toEqual([
      "off its route for 10 min so far, 0.3 km away",
      "stood 30 min at Pune yard",
      "drove 30 min, 20.5 km",
    ]);
    expect(summary(day)).toBe("3 fixes · 1 trip · 1 stop · 1 time off its route · 20.5 km");
    expect(summary(story({ points: [] }))).toBe("no fixes in this time");
  });

  it("lies on the map where it happened, with its words", () => {
    const day = story({
      trips: [span("trip", 0, 5)],
      stops: [span("stop", 5, 65, { point: { lat: 10, lon: 71 } }), span("stop", 70, 80)],
      deviations: [span("deviation", 2, 5)],
      events: [
        event("a", "truck.fence.entered", 1, { position: { lat: 1, lon: 2 } }),
        event("b", "truck.stopped", 5, { lat: 10, lon: 71 }),
        event("c", "truck.alarm.raised", 6),
        event("x", "event.retracted", 7, { replaces: "a" }),
      ],
      routes: [{ name: "R", coordinates: [[70, 10], [71, 10]] }],
    });
    const drawn = storyFeatures(day).map(({ properties }) => properties ?? {});
    const parts = drawn.map(({ part, truth }) => [part, truth].filter(Boolean).join(" "));
    expect(parts).toEqual([
      "route-done",
      "route-end",
      "driven",
      "gap",
      "trip",
      "stop",
      "event withdrawn",
      "event told",
    ]);
    expect(drawn.find(({ part }) => part === "stop")?.["name"]).toBe("1 h 0 min");
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
