// A truck's journey in figures: how far it is, whether it is on its way, and when it arrives.

import type { ExpectedArrival, Journey, JourneyProgress, RouteLine } from "../api/types";
import { number, timeOfDay } from "../ui/format";

export interface Followed {
  journey: Journey;
  /** Null while it could not be had. */
  line: RouteLine | null;
}

/** The line up to a share of its length, and from there on. */
export function splitAt(
  line: GeoJSON.Position[],
  share: number,
): [done: GeoJSON.Position[], left: GeoJSON.Position[]] {
  if (share <= 0) return [[], line];
  if (share >= 1) return [line, []];
  const along = lengths(line);
  const at = share * (along.at(-1) ?? 0);
  const next = along.findIndex((length, i) => i > 0 && length >= at);
  const [before, after] = [line[next - 1], line[next]];
  if (before === undefined || after === undefined) return [[], line];
  const [start = 0, end = 0] = [along[next - 1], along[next]];
  const part = end > start ? (at - start) / (end - start) : 0;
  const cut = before.slice(0, 2).map((x, i) => x + part * ((after[i] ?? 0) - x));
  return [
    [...line.slice(0, next), cut],
    [cut, ...line.slice(next)],
  ];
}

/** How long the line is up to each of its points, in units of its own. */
function lengths(line: GeoJSON.Position[]): number[] {
  let sum = 0;
  return line.map(([lon = 0, lat = 0], i) => {
    const [lon0 = lon, lat0 = lat] = line[i - 1] ?? [];
    sum += Math.hypot(lat - lat0, (lon - lon0) * Math.cos((lat * Math.PI) / 180));
    return sum;
  });
}

/** How much of the route is done; null: not known. */
export function shareDone({ state, progress }: Journey): number | null {
  return state === "arrived" ? 1 : (progress?.share ?? null);
}

export type Mood = "good" | "doubtful" | "bad";

export interface Saying {
  name: string;
  words: string;
  mood?: Mood;
}

/** What there is to say, and nothing of what is not known. */
export function sayings(journey: Journey, nowMs: number): Saying[] {
  return [...stateOf(journey), ...arrivalOf(journey, nowMs), ...promiseOf(journey)];
}

function stateOf({ state, from, arrived_at, progress, alternates }: Journey): Saying[] {
  if (state === "planned") return [{ name: "Begins", words: timeOfDay(Date.parse(from)) }];
  if (arrived_at !== null) {
    return [{ name: "Arrived", words: timeOfDay(Date.parse(arrived_at)), mood: "good" }];
  }
  if (progress === null || progress.mode === "over") return [];
  const route = (words: string, mood?: Mood): Saying[] => {
    return [mood === undefined ? { name: "Route", words } : { name: "Route", words, mood }];
  };
  const { away, alternate } = progress;
  if (away !== null) return route(offIt(progress), away.is_deviation ? "bad" : "doubtful");
  if (progress.mode === "awaited") return route("has not set out yet");
  if (progress.is_wrong_way) return route("drives the wrong way", "bad");
  return route(alternate === null ? "on it" : `on ${alternates[alternate]?.name}`, "good");
}

function offIt({ away, off_m }: JourneyProgress): string {
  if (away === null) return "";
  const km = number((off_m ?? away.farthest_m) / 1000, "km", 1);
  return `${km} off it since ${timeOfDay(Date.parse(away.since))}`;
}

function arrivalOf({ state, progress }: Journey, nowMs: number): Saying[] {
  if (!progress?.expected || state === "arrived") return [];
  const { p50, p80, p95 } = timesOf(progress.expected);
  const inTime = p50 > nowMs ? ` · in ${inHours(p50 - nowMs)}` : "";
  const latest = `between ${timeOfDay(p80)} (80 %) and ${timeOfDay(p95)} (95 %)`;
  return [
    { name: "Expected", words: `${timeOfDay(p50)}${inTime}` },
    { name: "At the latest", words: latest },
  ];
}

function timesOf({ p50, p80, p95 }: ExpectedArrival): { p50: number; p80: number; p95: number } {
  return { p50: Date.parse(p50), p80: Date.parse(p80), p95: Date.parse(p95) };
}

function promiseOf({ state, arrival, arrived_at, progress }: Journey): Saying[] {
  if (!arrival?.until) return [];
  const promisedMs = Date.parse(arrival.until);
  const name = "Promised";
  const by = `by ${timeOfDay(promisedMs)}`;
  if (arrived_at !== null) {
    const kept = Date.parse(arrived_at) <= promisedMs;
    return [{ name, words: `${by} · ${kept ? "kept" : "missed"}`, mood: kept ? "good" : "bad" }];
  }
  const late = progress?.expected?.late_probability ?? null;
  if (late === null || state !== "active") return [{ name, words: by }];
  const mood = late <= UNLIKELY ? "good" : late <= LIKELY ? "doubtful" : "bad";
  return [{ name, words: `${by} · kept with ${percent(1 - late)}`, mood }];
}

// What the colours mean; whether a promise is at risk, the tenant's rules say, and an event tells.
const UNLIKELY = 0.2;
const LIKELY = 0.5;
const PER_CENT = 100;

/** Never quite sure either way, as long as it has not happened. */
function percent(share: number): string {
  return `${Math.min(Math.max(Math.round(share * PER_CENT), 1), PER_CENT - 1)} %`;
}

function inHours(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The expected arrival on a scale, in shares of it: for drawing. */
export interface Band {
  p50: number;
  p80: number;
  p95: number;
  promised: number | null;
  /** At both ends of the scale. */
  fromMs: number;
  toMs: number;
}

const ROOM = 0.08;

export function bandOf({ state, arrival, progress }: Journey): Band | null {
  if (!progress?.expected || state !== "active") return null;
  const { p50, p80, p95 } = timesOf(progress.expected);
  const times = [p50, p80, p95];
  const promisedMs = arrival?.until ? Date.parse(arrival.until) : null;
  const all = promisedMs === null ? times : [...times, promisedMs];
  const width = Math.max(...all) - Math.min(...all);
  if (!(width > 0)) return null;
  const fromMs = Math.min(...all) - width * ROOM;
  const toMs = Math.max(...all) + width * ROOM;
  const share = (ms: number): number => (ms - fromMs) / (toMs - fromMs);
  const promised = promisedMs === null ? null : share(promisedMs);
  return { p50: share(p50), p80: share(p80), p95: share(p95), promised, fromMs, toMs };
}
