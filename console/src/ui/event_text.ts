// One line of plain words for each kind of event, and how loud it is.

import type { CloudEvent } from "../api/types";

const RETRACTED = "event.retracted";
const CORRECTED = "event.corrected";

export type Tone = "calm" | "notice" | "alarm";

const PHRASES: Record<string, [words: string, tone: Tone]> = {
  "truck.fence.entered": ["entered", "calm"],
  "truck.fence.exited": ["left", "calm"],
  "truck.fence.dwelled": ["has stayed in", "notice"],
  "truck.route.deviated": ["left its route", "notice"],
  "truck.route.rejoined": ["is back on its route", "calm"],
  "truck.route.wrong_way": ["drives the wrong way", "notice"],
  "truck.stopped": ["stopped", "calm"],
  "truck.moved": ["is moving again", "calm"],
  "truck.idled": ["idles", "notice"],
  "truck.overspeed.started": ["is over the speed limit", "notice"],
  "truck.overspeed.ended": ["is back under the speed limit", "calm"],
  "truck.tracking.interrupted": ["stopped reporting", "notice"],
  "truck.tracking.resumed": ["reports again", "calm"],
  "truck.night_driving.started": ["drives at night", "notice"],
  "truck.night_driving.ended": ["ended its night drive", "calm"],
  "truck.continuous_driving.exceeded": ["has driven too long without a rest", "alarm"],
  "truck.alarm.raised": ["raised an alarm", "alarm"],
};

export interface EventLine {
  truck: string | null;
  words: string;
  about: string | null;
  tone: Tone;
}

export function eventLine(event: CloudEvent): EventLine {
  const subject = event.subject ?? "";
  const truck = subject.startsWith("trucks/") ? subject.slice("trucks/".length) : null;
  const [words, tone] = phrase(event);
  return { truck, words, about: aboutOf(event), tone };
}

function phrase(event: CloudEvent): [words: string, tone: Tone] {
  const replaced = text(event.data?.["replaces_type"]);
  if (event.type === RETRACTED)
    return [`withdrawn: ${replaced ? plain(replaced) : "an event"}`, "calm"];
  if (event.type === CORRECTED)
    return [`true after all: ${replaced ? plain(replaced) : "an event"}`, "calm"];
  if (event.type === "truck.fence.entered" && event.data?.["initial"] === true) {
    return ["was first seen in", "calm"];
  }
  return [plain(event.type), PHRASES[event.type]?.[1] ?? "calm"];
}

function plain(type: string): string {
  return PHRASES[type]?.[0] ?? type.replace(/^truck\./, "").replace(/[._]/g, " ");
}

function aboutOf(event: CloudEvent): string | null {
  const data = event.data ?? {};
  if (event.type === "truck.alarm.raised") return text(data["alarm"]);
  return text(data["fence_name"]) ?? text(data["fence"]);
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The ids of events that a late fix has shown to be wrong, by the newest word on each. */
export function withdrawnIds(events: Iterable<CloudEvent>): Set<string> {
  const withdrawn = [...turnsOf(events)].filter(([, turn]) => turn === "withdrawn");
  return new Set(withdrawn.map(([id]) => id));
}

/** What late fixes made of events, by the events' ids; those that stand as told are not in it. */
export function turnsOf(events: Iterable<CloudEvent>): Map<string, "corrected" | "withdrawn"> {
  const words = [...events].filter(({ type }) => type === RETRACTED || type === CORRECTED);
  words.sort((a, b) => learnedAt(a) - learnedAt(b));
  const turns = new Map<string, "corrected" | "withdrawn">();
  for (const event of words) {
    const about = text(event.data?.["replaces"]);
    if (about === null) continue;
    if (event.type === RETRACTED) turns.set(about, "withdrawn");
    else if (event.data?.["after"] !== undefined) turns.set(about, "corrected");
    else turns.delete(about); // true after all, as it was told
  }
  return turns;
}

function learnedAt(event: CloudEvent): number {
  return Date.parse(text(event.data?.["known_at"]) ?? event.time);
}
