// One line of plain words for each kind of event, and how loud it is.

import type { CloudEvent } from "../api/types";

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
  "event.corrected": ["an earlier event was corrected", "calm"],
  "event.retracted": ["an earlier event was withdrawn", "calm"],
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
  const known = PHRASES[event.type];
  const words = known?.[0] ?? event.type.replace(/^truck\./, "").replace(/[._]/g, " ");
  return { truck, words, about: aboutOf(event), tone: known?.[1] ?? "calm" };
}

function aboutOf(event: CloudEvent): string | null {
  const data = event.data ?? {};
  if (event.type === "truck.alarm.raised") return text(data["alarm"]);
  const fence = data["fence"];
  if (typeof fence === "object" && fence !== null) {
    const { name, id } = fence as { name?: unknown; id?: unknown };
    return text(name) ?? text(id);
  }
  return text(fence);
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

/** The event that this one takes back or replaces, if it does. */
export function supersededId(event: CloudEvent): string | null {
  if (event.type !== "event.retracted" && event.type !== "event.corrected") return null;
  const data = event.data ?? {};
  return text(data["replaces"]) ?? text(data["retracts"]) ?? text(data["event_id"]);
}
