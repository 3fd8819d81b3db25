// One truck's day as it is known now: where it was at any moment, and what happened when.

import type { CloudEvent, LatLon, RouteLine, Span, TrackPoint } from "../api/types";
import { eventLine, haltWords, type Tone, turnsOf } from "../ui/event_text";
import { ago, number } from "../ui/format";

// Between fixes further apart nobody knows where the truck was.
export const UNSEEN_MS = 10 * 60_000;

export interface Story {
  truck: string;
  fromMs: number;
  toMs: number;
  points: TrackPoint[];
  trips: Span[];
  stops: Span[];
  deviations: Span[];
  events: CloudEvent[];
  /** The routes that it was to follow then. */
  routes: RouteLine[];
}

export interface Place extends LatLon {
  /** Nobody saw it here: it lies between two fixes that are far apart in time. */
  unseen: boolean;
}

/** What late fixes did to an event: it stands as told, was changed, or was taken back. */
export type Truth = "told" | "corrected" | "withdrawn";

export interface Mark {
  atMs: number;
  toMs: number | null;
  kind: "trip" | "stop" | "deviation" | "event";
  words: string;
  tone: Tone;
  truth: Truth;
}

/** Between two fixes on the straight line, at an even pace; before the first fix, nowhere. */
export function placeAt(points: TrackPoint[], atMs: number): Place | null {
  const next = firstAfter(points, atMs);
  const before = points[next - 1];
  if (before === undefined) return null;
  const after = points[next];
  if (after === undefined) return { lat: before.lat, lon: before.lon, unseen: false };
  const share = (atMs - before.tsMs) / (after.tsMs - before.tsMs);
  return {
    lat: before.lat + share * (after.lat - before.lat),
    lon: before.lon + share * turned(after.lon - before.lon),
    unseen: after.tsMs - before.tsMs > UNSEEN_MS,
  };
}

/** The way driven from `fromMs` to `toMs`, for drawing it apart from the rest. */
export function between(points: TrackPoint[], fromMs: number, toMs: number): TrackPoint[] {
  return points.slice(firstAfter(points, fromMs - 1), firstAfter(points, toMs));
}

function firstAfter(points: TrackPoint[], atMs: number): number {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.tsMs ?? 0) <= atMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function turned(degrees: number): number {
  return degrees - 360 * Math.round(degrees / 360);
}

/** Everything that happened, by the time it happened. */
export function marksOf(story: Story): Mark[] {
  const marks = [
    ...story.stops.map((span) => spanMark(span, "stop", story)),
    ...story.deviations.map((span) => spanMark(span, "deviation", story)),
    ...eventMarks(story.events),
  ];
  return marks.sort((a, b) => a.atMs - b.atMs);
}

/** What lasted, the newest first. */
export function spansOf(story: Story): Mark[] {
  const marks = [
    ...story.trips.map((span) => spanMark(span, "trip", story)),
    ...story.stops.map((span) => spanMark(span, "stop", story)),
    ...story.deviations.map((span) => spanMark(span, "deviation", story)),
  ];
  return marks.sort((a, b) => b.atMs - a.atMs);
}

export function spanMark(span: Span, kind: "trip" | "stop" | "deviation", story: Story): Mark {
  const atMs = Date.parse(span.from);
  const toMs = span.to === null ? null : Date.parse(span.to);
  const lasted = `${ago((toMs ?? story.toMs) - atMs)}${toMs === null ? " so far" : ""}`;
  const words = {
    trip: (): string => `drove ${lasted}${measured(span["distance_km"], "km", ", ")}`,
    stop: (): string => `stood ${lasted}${whatFor(span)}`,
    deviation: (): string => `off its route for ${lasted}${howFar(span)}`,
  }[kind]();
  const tone = kind === "deviation" ? "notice" : "calm";
  return { atMs, toMs, kind, words, tone, truth: "told" };
}

function whatFor(span: Span): string {
  const name = span["fence_name"];
  const halt = typeof name === "string" ? `at ${name}` : haltWords(span["halt"]);
  return halt === null ? "" : ` ${halt}`;
}

/** While it lasts only how far it was when it was sure; in the end what it cost, too. */
function howFar(span: Span): string {
  const farthest = (span["farthest"] as { off_m?: number } | undefined)?.off_m;
  const metres = farthest ?? span["off_m"];
  const km = typeof metres === "number" ? metres / 1000 : null;
  const cost = (span["extra_cost"] as { amount_minor?: number } | undefined)?.amount_minor;
  const rupees = typeof cost === "number" && cost > 0 ? cost / 100 : null;
  return [
    measured(km, `km ${farthest === undefined ? "away" : "at the farthest"}`, ", "),
    measured(span["extra_km"], "km extra", ", "),
    rupees === null ? "" : `, ${rupees.toLocaleString("en-IN", RUPEES)}`,
  ].join("");
}

const RUPEES = { style: "currency", currency: "INR", maximumFractionDigits: 0 } as const;

function measured(value: unknown, unit: string, before: string): string {
  return typeof value === "number" ? `${before}${number(value, unit, 1)}` : "";
}

/** In one line: how much of everything. */
export function summary(story: Story): string {
  if (story.points.length === 0) return "no fixes in this time";
  const km = story.trips.map((trip) => trip["distance_km"]).filter((x) => typeof x === "number");
  const driven = km.reduce((sum, each) => sum + each, 0);
  const parts = [
    counted(story.points.length, "fix", "fixes"),
    counted(story.trips.length, "trip"),
    counted(story.stops.length, "stop"),
    story.deviations.length > 0 && `${counted(story.deviations.length, "time")} off its route`,
    km.length > 0 && number(driven, "km", 1),
  ];
  return parts.filter(Boolean).join(" · ");
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

function eventMarks(events: CloudEvent[]): Mark[] {
  return toldOf(events).map(({ event, truth }) => {
    const { words, about, tone } = eventLine(event);
    const said = about === null ? words : `${words} ${about}`;
    return { atMs: Date.parse(event.time), toMs: null, kind: "event", words: said, tone, truth };
  });
}

/** Each event with what late fixes made of it; what they said about it is no event of its own. */
export function toldOf(events: CloudEvent[]): { event: CloudEvent; truth: Truth }[] {
  const turns = turnsOf(events);
  return events
    .filter(({ type }) => !type.startsWith("event."))
    .map((event) => ({ event, truth: turns.get(event.id) ?? "told" }));
}

export function truthWords(truth: Truth): string {
  if (truth === "withdrawn") return " (withdrawn: a late fix showed that it was not so)";
  return truth === "corrected" ? " (corrected by a late fix)" : "";
}

/** The mark that a dispatcher means at this moment: what goes on, else what happened last. */
export function markAt(marks: Mark[], atMs: number): Mark | null {
  const begun = marks.filter((mark) => mark.atMs <= atMs);
  const going = begun.findLast(({ toMs, kind }) => kind !== "event" && (toMs ?? atMs) >= atMs);
  return going ?? begun.at(-1) ?? null;
}
