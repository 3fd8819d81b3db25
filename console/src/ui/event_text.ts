// One line of plain words for each kind of event, and how loud it is.

import type { CloudEvent } from "../api/types";
import { type BookingStatus, STATUSES } from "../booking/types";
import { statusWords } from "../booking/words";
import { number } from "./format";

/** Payments, papers and what follows from them. */
export const OF_MONEY = /^(payment|refund|invoice|settlement|payout|eway|task)\./;

const RETRACTED = "event.retracted";
const CORRECTED = "event.corrected";

export type Tone = "calm" | "notice" | "alarm";

const PHRASES: Record<string, [words: string, tone: Tone]> = {
  "truck.fence.entered": ["entered", "calm"],
  "truck.fence.exited": ["left", "calm"],
  "truck.fence.dwelled": ["has stayed in", "notice"],
  "truck.fence.no_entry_violated": ["is where it may not go:", "alarm"],
  "truck.route.started": ["set out on its route", "calm"],
  "truck.route.not_started": ["has not set out in time", "notice"],
  "truck.route.deviated": ["left its route", "notice"],
  "truck.route.rejoined": ["is back on its route", "calm"],
  "truck.route.wrong_way": ["drives the wrong way", "notice"],
  "truck.route.arrived": ["arrived at the end of its route", "calm"],
  "truck.promise.at_risk": ["will probably be late", "notice"],
  "truck.promise.safe": ["will probably be in time again", "calm"],
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
  "truck.alarm.raised": ["raised an alarm:", "alarm"],
  "truck.fuel.dropped": ["lost fuel", "alarm"],
  "truck.fuel.filled": ["was filled up", "calm"],
  "truck.harsh_braking": ["braked hard", "notice"],
  "truck.harsh_acceleration": ["accelerated hard", "notice"],
};

/** The one number that says how bad it is: its name, what it is shown in, and its digits. */
const FIGURES: Record<string, [name: string, unit: string, factor?: number, digits?: number]> = {
  "truck.fuel.dropped": ["change_pct", "%"],
  "truck.fuel.filled": ["change_pct", "%"],
  "truck.overspeed.started": ["speed_kmh_max", "km/h"],
  "truck.promise.at_risk": ["probability", "%", 100],
  "truck.route.rejoined": ["extra_km", "km extra", 1, 1],
  "truck.tracking.resumed": ["silent_s", "min", 1 / 60],
};

const HALTS: Record<string, string> = {
  fuel: "for fuel",
  toll: "at a toll plaza",
  place: "at a known place",
};

const OF_BOOKINGS: Record<string, [words: string, tone: Tone]> = {
  "booking.failed": ["booking failed", "alarm"],
  "booking.cancelled": ["booking cancelled", "notice"],
  "booking.escalated": ["booking needs a person", "alarm"],
  "booking.detention_charged": ["waiting is charged", "notice"],
  "booking.proof_recorded": ["booking was proven", "calm"],
  "offer.made": ["offer made", "calm"],
  "offer.declined": ["offer declined", "notice"],
  "offer.expired": ["offer ran out", "notice"],
  "payment.failed": ["payment failed", "notice"],
  "refund.failed": ["refund failed", "alarm"],
  "settlement.disputed": ["settlement disputed", "notice"],
  "payout.failed": ["payout failed", "alarm"],
  "payout.reversed": ["payout came back", "alarm"],
};

const OF_ALERTS: Record<string, string> = {
  "alert.raised": "alert:",
  "alert.renewed": "alert again:",
  "alert.escalated": "alert escalated:",
  "alert.worsened": "alert is worse:",
  "alert.acknowledged": "alert seen:",
  "alert.resolved": "alert is over:",
  "alert.retracted": "no alert after all:",
};
const LOUD_ALERTS = new Set(
  ["raised", "renewed", "escalated", "worsened"].map((turn) => `alert.${turn}`),
);
const TONES: Record<string, Tone> = { critical: "alarm", warning: "notice" };

export interface EventLine {
  truck: string | null;
  /** The booking that it is about. */
  booking: string | null;
  words: string;
  about: string | null;
  tone: Tone;
}

export function eventLine(event: CloudEvent): EventLine {
  const subject = event.subject ?? "";
  if (event.type.startsWith("alert.")) return alertLine(event);
  const truck = after("trucks/", subject);
  const booking = after("bookings/", subject) ?? bookingOfMoney(event);
  const [words, tone] = booking === null ? phrase(event) : bookingPhrase(event.type);
  const about = booking === null ? aboutOf(event) : (referenceOf(event) ?? booking);
  return { truck, booking, words, about, tone };
}

/** A truck's card or a booking is nearer than the alert itself. */
function alertLine({ type, data = {} }: CloudEvent): EventLine {
  const [truck, booking] = [text(data["truck"]), text(data["booking"])];
  const words = OF_ALERTS[type] ?? type.replace(".", " ").replace(/_/g, " ");
  const isLoud = LOUD_ALERTS.has(type);
  const tone = isLoud ? (TONES[String(data["severity"])] ?? "calm") : "calm";
  return { truck, booking, words, about: text(data["title"]), tone };
}

function after(prefix: string, subject: string): string | null {
  return subject.startsWith(prefix) ? subject.slice(prefix.length) : null;
}

/** What is told of payments and their like names its booking beside it, if it has one. */
function bookingOfMoney({ type, data }: CloudEvent): string | null {
  return OF_MONEY.test(type) ? text(data?.["booking"]) : null;
}

function bookingPhrase(type: string): [words: string, tone: Tone] {
  const told = OF_BOOKINGS[type];
  if (told !== undefined) return told;
  const step = type.slice(type.lastIndexOf(".") + 1);
  const isStatus = type.startsWith("booking.") && STATUSES.some((status) => status === step);
  const words = isStatus ? statusWords(step as BookingStatus) : step.replace(/_/g, " ");
  const whose = type.slice(0, type.indexOf("."));
  return [`${whose.replace("eway", "e-way bill")} ${words}`, "calm"];
}

function referenceOf({ data }: CloudEvent): string | null {
  const said = Object.values((data?.["references"] ?? {}) as Record<string, unknown>);
  return text(said[0]);
}

function phrase(event: CloudEvent): [words: string, tone: Tone] {
  const replaced = text(event.data?.["replaces_type"]);
  if (event.type === RETRACTED)
    return [`withdrawn: ${replaced ? plain(replaced) : "an event"}`, "calm"];
  if (event.type === CORRECTED)
    return [`true after all: ${replaced ? plain(replaced) : "an event"}`, "calm"];
  const [words, tone] = PHRASES[event.type] ?? [plain(event.type), "calm"];
  return [seenOtherwise(event) ?? words, tone];
}

/** Nobody saw these at a border: a first fix, hours that begin or end, two fixes on either side. */
function seenOtherwise({ type, data }: CloudEvent): string | null {
  const entered = type === "truck.fence.entered";
  if (!entered && type !== "truck.fence.exited") return null;
  const schedule = data?.["schedule"];
  if (schedule === "opened") return "was inside at the opening of";
  if (schedule === "closed") return "was inside at the closing of";
  if (data?.["crossed"] === true) return entered ? "drove through" : "came out of";
  return entered && data?.["initial"] === true ? "was first seen in" : null;
}

function plain(type: string): string {
  return PHRASES[type]?.[0].replace(/:$/, "") ?? type.replace(/^truck\./, "").replace(/[._]/g, " ");
}

function aboutOf(event: CloudEvent): string | null {
  const data = event.data ?? {};
  if (event.type === "truck.alarm.raised") return text(data["alarm"])?.replace("_", " ") ?? null;
  if ("halt" in data) return event.type === "truck.moved" ? null : haltWords(data["halt"]);
  return text(data["fence_name"]) ?? text(data["fence"]) ?? figureOf(event.type, data);
}

/** What a truck halts for, where that is known. */
export function haltWords(halt: unknown): string | null {
  return HALTS[String(halt)] ?? null;
}

function figureOf(type: string, data: Record<string, unknown>): string | null {
  const [name, unit, factor, digits] = FIGURES[type] ?? [];
  const value = name === undefined ? undefined : data[name];
  return typeof value === "number" ? number(value * (factor ?? 1), unit ?? "", digits) : null;
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
