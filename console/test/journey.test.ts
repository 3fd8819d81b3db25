// A truck's journey: how far it is, whether on its way, and when it arrives.

import { describe, expect, it } from "vitest";
import type { Journey, JourneyProgress } from "../src/api/types";
import { bandOf, sayings, shareDone, splitAt } from "../src/journey/journey";
import { unwrapped } from "../src/map/lines";
import { routeFeatures } from "../src/map/route_layers";

const AT = new Date();
AT.setHours(9, 0, 0, 0);
const NOW = AT.getTime();
const iso = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();

const UNDER_WAY: JourneyProgress = {
  mode: "under_way",
  share: 0.25,
  alternate: null,
  off_m: 3,
  away: null,
  is_wrong_way: false,
  expected: { p50: iso(60), p80: iso(80), p95: iso(100), late_probability: 0.25 },
};

function journey(parts: Partial<Journey> = {}): Journey {
  return {
    id: "j",
    state: "active",
    route: { id: "r", version: 1, name: "Mumbai – Dhule", length_m: 200_000 },
    alternates: [{ name: "the old road" }],
    from: iso(-120),
    arrival: { from: null, until: iso(90) },
    stops: [],
    arrived_at: null,
    progress: UNDER_WAY,
    ...parts,
  };
}

function said(parts: Partial<Journey>): string[] {
  return sayings(journey(parts), NOW).map(({ name, words, mood }) => {
    return `${name}: ${words}${mood === undefined ? "" : ` (${mood})`}`;
  });
}

const astray = (parts: Partial<JourneyProgress>) => ({ progress: { ...UNDER_WAY, ...parts } });

describe("a journey in words", () => {
  it("tells route, arrival and promise", () => {
    expect(said({})).toEqual([
      "Route: on it (good)",
      "Expected: 10:00 · in 1 h 0 min",
      "At the latest: between 10:20 (80 %) and 10:40 (95 %)",
      "Promised: by 10:30 · kept with 75 % (doubtful)",
    ]);
  });

  it("tells how far off its route a truck is and since when", () => {
    const away = { since: iso(-10), farthest_m: 2345, is_deviation: true };
    expect(said(astray({ away, off_m: 1800 }))[0]).toBe("Route: 1.8 km off it since 08:50 (bad)");
    const unsure = { ...away, is_deviation: false };
    expect(said(astray({ away: unsure, off_m: null }))[0]).toBe(
      "Route: 2.3 km off it since 08:50 (doubtful)",
    );
    expect(said(astray({ is_wrong_way: true }))[0]).toBe("Route: drives the wrong way (bad)");
    expect(said(astray({ alternate: 0 }))[0]).toBe("Route: on the old road (good)");
    expect(said(astray({ mode: "awaited" }))[0]).toBe("Route: has not set out yet");
  });

  it("says nothing of what is not known", () => {
    expect(said({ progress: null, arrival: null })).toEqual([]);
    expect(said({ progress: null })).toEqual(["Promised: by 10:30"]);
    expect(said({ state: "planned", progress: null, arrival: null, from: iso(30) })).toEqual([
      "Begins: 09:30",
    ]);
    expect(shareDone(journey({ progress: null }))).toBeNull();
    expect(bandOf(journey({ progress: null }))).toBeNull();
  });

  it("tells in the end whether the promise was kept", () => {
    const ended = { state: "arrived" as const, arrived_at: iso(95) };
    expect(said(ended)).toEqual(["Arrived: 10:35 (good)", "Promised: by 10:30 · missed (bad)"]);
    expect(shareDone(journey(ended))).toBe(1);
  });

  it("is never quite sure of what has not happened", () => {
    const expected = { ...UNDER_WAY.expected!, late_probability: 0 };
    expect(said(astray({ expected })).at(-1)).toContain("kept with 99 %");
  });
});

describe("the expected arrival on a scale", () => {
  it("has room for the promise wherever it lies", () => {
    const band = bandOf(journey());
    expect(band?.p50).toBeLessThan(band?.p80 ?? 0);
    expect(band?.promised).toBeGreaterThan(band?.p80 ?? 1);
    expect(band?.promised).toBeLessThan(band?.p95 ?? 0);
    const early = bandOf(journey({ arrival: { from: null, until: iso(30) } }));
    expect(early?.promised).toBeLessThan(early?.p50 ?? 0);
    expect(bandOf(journey({ arrival: null }))?.promised).toBeNull();
  });
});

describe("a route's line", () => {
  const LINE = [
    [70, 10],
    [71, 10],
    [72, 10],
  ];

  it("is cut where the truck is", () => {
    const [done, left] = splitAt(LINE, 0.75);
    expect(done).toEqual([[70, 10], [71, 10], [71.5, 10]]);
    expect(left).toEqual([[71.5, 10], [72, 10]]);
    expect(splitAt(LINE, 0)).toEqual([[], LINE]);
    expect(splitAt(LINE, 1)).toEqual([LINE, []]);
    expect(splitAt([[1, 1]], 0.5)).toEqual([[], [[1, 1]]]);
  });

  it("is drawn in two parts, with its stops and its end", () => {
    const stops = [{ name: "Nashik", point: { lat: 10, lon: 71 } }];
    const parts = routeFeatures({ name: "R", coordinates: LINE }, 0.5, stops);
    expect(parts.map(({ properties }) => properties?.["part"])).toEqual([
      "route-done",
      "route-left",
      "route-end",
      "route-stop",
    ]);
  });

  it("goes on across the antimeridian", () => {
    expect(unwrapped([[179, 0], [-179, 1], [-178, 2]])).toEqual([[179, 0], [181, 1], [182, 2]]);
  });
});
