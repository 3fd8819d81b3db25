// Bookings in plain words: statuses, steps and what caused them, lines of a price, reasons.

import { clock } from "../ui/format";
import { rupees, tons } from "./money";
import type { Booking, BookingStatus, Mark, Offer, Step, Stop } from "./types";

export type Stage = "draft" | "looking" | "moving" | "done" | "lost";

const STATUS_WORDS: Record<BookingStatus, [words: string, stage: Stage]> = {
  created: ["draft", "draft"],
  confirmed: ["confirmed", "draft"],
  dispatching: ["needs a truck", "looking"],
  assigned: ["has a truck", "moving"],
  en_route: ["on the way to pickup", "moving"],
  at_pickup: ["at pickup", "moving"],
  loaded: ["loaded", "moving"],
  in_transit: ["in transit", "moving"],
  at_drop: ["at drop", "moving"],
  delivered: ["delivered", "done"],
  closed: ["closed", "done"],
  failed: ["failed", "lost"],
  cancelled: ["cancelled", "lost"],
};

export function statusWords(status: BookingStatus): string {
  return STATUS_WORDS[status][0];
}

export function stageOf(status: BookingStatus): Stage {
  return STATUS_WORDS[status][1];
}

/** What the board is filtered by: statuses that ask for the same attention. */
export const FILTERS: readonly { name: string; statuses: readonly BookingStatus[] }[] = [
  { name: "All", statuses: [] },
  { name: "Drafts", statuses: ["created", "confirmed"] },
  { name: "Need a truck", statuses: ["dispatching", "failed"] },
  { name: "Assigned", statuses: ["assigned", "en_route"] },
  { name: "Under way", statuses: ["at_pickup", "loaded", "in_transit", "at_drop"] },
  { name: "Delivered", statuses: ["delivered", "closed"] },
  { name: "Cancelled", statuses: ["cancelled"] },
];

export function placeWords(stop: Stop | undefined): string {
  if (stop === undefined) return "?";
  const { name, fence, lat, lon } = stop.place;
  return name ?? fence ?? `${lat.toFixed(3)}, ${lon.toFixed(3)}`;
}

/** From the first pickup to the last drop. */
export function wayWords({ stops }: Booking): string {
  const between = stops.length - 2;
  const more = between > 0 ? ` (+${between})` : "";
  return `${placeWords(stops[0])} → ${placeWords(stops.at(-1))}${more}`;
}

/** Or its id, where nobody gave it a name. */
export function referenceWords({ references, id }: Booking): string {
  const said = Object.entries(references).map(([name, value]) => `${name} ${value}`);
  return said.length > 0 ? said.join(", ") : id;
}

export function loadWords({ load }: Booking): string {
  const parts = [tons(load.weight_kg), load.material, load.truck_class, load.body];
  return [...parts, ...load.handling].filter(Boolean).join(" · ");
}

const STEP_WORDS: Record<string, string> = {
  created: "Booked",
  load_amended: "Another load",
  windows_amended: "Other times",
  contacts_amended: "Other contacts",
  terms_amended: "Other terms",
  references_amended: "Other references",
  documents_amended: "Other papers",
  repriced: "Another price",
  adjusted: "Price adjusted",
  confirmed: "Confirmed",
  dispatch_started: "A truck is looked for",
  assigned: "Given to",
  unassigned: "Taken from",
  carrier_withdrew: "Given back by",
  swapped: "Goes on with",
  truck_silent: "Out of reach:",
  truck_heard: "In reach again:",
  sighted: "Seen",
  pinned: "Set by hand:",
  unpinned: "No longer set by hand:",
  delivered: "Delivered",
  code_set: "One-time code given out",
  proof_refused: "A wrong code was entered",
  proof_recorded: "Proven by",
  detention_excluded: "Waits without charge",
  detention_settled: "Waiting charged:",
  detention_reopened: "Waiting is open again",
  leg_split: "Split into",
  leg_failed: "Failed",
  leg_cancelled: "Cancelled by the",
  closed: "Closed",
};

const MILESTONES: Record<string, string> = {
  en_route: "on the way",
  arrived: "arrived",
  working: "loading or unloading began",
  done: "loaded or unloaded",
  left: "left",
};

export function milestoneWords(name: string): string {
  return MILESTONES[name] ?? name.replace(/_/g, " ");
}

/** What a step of the timeline was, with what matters of its details. */
export function stepWords(step: Step): string {
  const { type, data } = step;
  if (type === "reached") return sentence(milestoneWords(text(data["milestone"])));
  if (type === "milestone_moved" || type === "milestone_taken_back") {
    const reached = milestoneWords(text(data["milestone"]));
    if (type === "milestone_taken_back") return `Taken back: ${reached}`;
    return `Corrected: ${reached}${at(data["mark"])}`;
  }
  const words = STEP_WORDS[type] ?? sentence(type);
  const about = detailOf(step);
  return about === "" ? words : `${words} ${about}`;
}

function detailOf({ type, data }: Step): string {
  const carriage = record(data[type === "swapped" ? "after" : "carriage"]);
  const charge = record(data["charge"]);
  const owed = typeof charge["amount_minor"] === "number" ? rupees(charge["amount_minor"]) : "";
  if (type === "leg_cancelled") return `${text(data["side"])}${owed && `, ${owed} to pay`}`;
  if (type === "detention_settled") return `${owed} (${Number(data["minutes"])} min)`;
  if (type === "proof_recorded") return text(record(data["proof"])["kind"]).replace("otp", "code");
  if (type === "leg_split") return `${Array.isArray(data["parts"]) ? data["parts"].length : "?"}`;
  if (type === "pinned" || type === "unpinned")
    return milestoneWords(text(record(data["pin"])["milestone"]));
  if (type === "adjusted") {
    const amount = record(data["adjustment"])["amount_minor"];
    return typeof amount === "number" ? `by ${rupees(amount)}` : "";
  }
  const given = type === "carrier_withdrew" ? carriage["carrier"] : carriage["truck"];
  return [text(given ?? carriage["truck"]), owed].filter(Boolean).join(", ");
}

function at(mark: unknown): string {
  const atMs = record(mark)["at_ms"];
  return typeof atMs === "number" ? ` at ${clock(atMs)}` : "";
}

/** Who or what made a step happen, and why, if that was said. */
export function causeWords({ by, cause }: Step): string {
  const who = by.kind === "system" ? `the system’s ${by.name}` : `${by.kind} ${by.name}`;
  const about = cause.about ?? null;
  const made = {
    command: `${who}${about === null ? "" : ` (${about.replace(/_/g, " ")})`}`,
    truck: `what ${by.kind === "truck" ? by.name : "the truck"} did`,
    rule: `the rule ${about ?? "of the tenant"}`,
  }[cause.kind];
  const reason = cause.reason ? `: “${cause.reason}”` : "";
  return `${made ?? who}${reason}`;
}

const SOURCES: Record<Mark["source"], string> = {
  truck: "seen from the truck",
  hand: "said by hand",
  proof: "proven",
  inferred: "must have been, by what came later",
};

export function sourceWords(mark: Mark): string {
  return SOURCES[mark.source];
}

const LINE_WORDS: Record<string, string> = {
  freight: "Freight",
  minimum: "Up to the minimum charge",
  material: "Material",
  truck_class: "Truck class",
  fuel: "Fuel clause",
  toll: "Tolls",
  loading: "Loading",
  unloading: "Unloading",
  extra_stop: "Further stops",
  surge: "High demand",
  surge_cap: "Cap on high demand",
  night: "Night",
  handling: "Handling",
  discount: "Discount",
  discount_floor: "Limit of the discount",
  platform_fee: "Platform fee",
  platform_fee_minimum: "Up to the least platform fee",
  platform_fee_maximum: "Down to the highest platform fee",
  round_off: "Rounding off",
  cgst: "CGST",
  sgst: "SGST",
  utgst: "UTGST",
  igst: "IGST",
};

export function lineWords(key: string): string {
  return LINE_WORDS[key] ?? sentence(key);
}

const PART_WORDS: Record<string, string> = {
  dead_km: "empty way",
  late: "late",
  early: "waits",
  rating: "rating",
  fairness: "fairness",
  home: "way home",
  price: "price",
  unfinished: "busy until",
  change: "change of plan",
};

export function partWords(key: string): string {
  return PART_WORDS[key] ?? key.replace(/_/g, " ");
}

const OFFER_WORDS: Record<Offer["state"], string> = {
  made: "waits for an answer",
  accepted: "accepted",
  declined: "declined",
  expired: "ran out",
  withdrawn: "withdrawn",
};

export function offerWords(state: Offer["state"]): string {
  return OFFER_WORDS[state];
}

/** How long until then, by the second: 1:02:03, or 4:59. */
export function countdown(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  const two = (n: number): string => String(n).padStart(2, "0");
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

export function sentence(key: string): string {
  const words = key.replace(/[_-]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
