// One truck's day as it is known now: where it was at any moment, and what happened when.

import type { CloudEvent, Span, TrackPoint } from "../api/types";
import { eventLine, type Tone, turnsOf } from "../ui/event_text";
import { ago } from "../ui/format";

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
}

export interface Place {
  lat: number;
  lon: number;
  /** Nobody saw it here: it lies between two fixes that are far apart in time. */
  unseen: boolean;
}

/** What late fixes did to an event: it stands as told, was changed, or was taken back. */
export type Truth = "told" | "corrected" | "withdrawn";

export interface Mark {
  atMs: number;
  toMs: number | null;
  kind: "stop" | "deviation" | "event";
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

function spanMark(span: Span, kind: "stop" | "deviation", story: Story): Mark {
  const atMs = Date.parse(span.from);
  const toMs = span.to === null ? null : Date.parse(span.to);
  const lasted = ago((toMs ?? story.toMs) - atMs);
  const words =
    kind === "stop"
      ? `stood ${lasted}${toMs === null ? " so far" : ""}${whatFor(span)}`
      : `off its route for ${lasted}${howFar(span)}`;
  const tone = kind === "stop" ? "calm" : "notice";
  return { atMs, toMs, kind, words, tone, truth: "told" };
}

function whatFor(span: Span): string {
  const halt = span["halt"];
  const fence = span["fence"];
  if (typeof fence === "string" && fence !== "") return ` at ${fence}`;
  return typeof halt === "string" && halt !== "unknown" ? ` (${halt})` : "";
}

function howFar(span: Span): string {
  const metres = span["farthest_m"];
  return typeof metres === "number" ? `, ${(metres / 1000).toFixed(1)} km at the farthest` : "";
}

function eventMarks(events: CloudEvent[]): Mark[] {
  const turns = turnsOf(events);
  return events
    .filter(({ type }) => !type.startsWith("event."))
    .map((event) => {
      const { words, about, tone } = eventLine(event);
      const truth = turns.get(event.id) ?? "told";
      const said = about === null ? words : `${words} ${about}`;
      return { atMs: Date.parse(event.time), toMs: null, kind: "event", words: said, tone, truth };
    });
}

/** The mark that a dispatcher means at this moment: what goes on, else what happened last. */
export function markAt(marks: Mark[], atMs: number): Mark | null {
  const begun = marks.filter((mark) => mark.atMs <= atMs);
  const going = begun.findLast(({ toMs, kind }) => kind !== "event" && (toMs ?? atMs) >= atMs);
  return going ?? begun.at(-1) ?? null;
}
