// E-way bills in plain words: states, how long they are good for, when they may be extended.

import { countdown, sentence, type Stage } from "../booking/words";
import { when } from "../money/words";
import type { BillStatus, EwayBill } from "./types";

const STATES: Record<BillStatus, [words: string, stage: Stage]> = {
  draft: ["draft", "draft"],
  part_a: ["no vehicle yet", "looking"],
  active: ["good", "moving"],
  expired: ["expired", "lost"],
  cancelled: ["cancelled", "done"],
  rejected: ["rejected", "lost"],
  closed: ["arrived", "done"],
};

export function billState(status: BillStatus): [words: string, stage: Stage] {
  return STATES[status];
}

export const ON_THE_PORTAL: readonly BillStatus[] = ["part_a", "active", "expired"];

export type WindowState = "open" | "before" | "over" | "none";

export function windowState({ extendable }: EwayBill, nowMs: number): WindowState {
  if (extendable === null) return "none";
  if (nowMs < Date.parse(extendable.since)) return "before";
  return nowMs <= Date.parse(extendable.until) ? "open" : "over";
}

/** Whether it may be extended now, and else since when not, or from when on. */
export function windowWords(bill: EwayBill, nowMs: number): string {
  const { extendable } = bill;
  if (extendable === null) return "cannot be extended";
  const state = windowState(bill, nowMs);
  const leftMs = Date.parse(extendable.until) - nowMs;
  if (state === "open") return `may be extended for ${roughly(leftMs)} more`;
  if (state === "before") return `may be extended from ${when(extendable.since)} on`;
  return `could be extended until ${when(extendable.until)}`;
}

export function validWords({ valid_until, status }: EwayBill, nowMs: number): string {
  if (valid_until === null) return status === "draft" ? "not generated" : "no end yet";
  const leftMs = Date.parse(valid_until) - nowMs;
  if (leftMs >= 0) return `ends in ${roughly(leftMs)}, ${when(valid_until)}`;
  return `ended ${roughly(-leftMs)} ago, ${when(valid_until)}`;
}

const MINUTE_MS = 60_000;
const DAY_H = 24;

function roughly(ms: number): string {
  const minutes = Math.floor(ms / MINUTE_MS);
  if (minutes < 1) return countdown(ms);
  const hours = Math.floor(minutes / 60);
  if (hours === 0) return `${minutes} min`;
  if (hours < 2 * DAY_H) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / DAY_H)} days`;
}

/** What a person can still save comes first: by nearest end, those that are lost at the end. */
export function byUrgency(bills: readonly EwayBill[], nowMs: number): EwayBill[] {
  const rank = (bill: EwayBill): number => {
    if (bill.valid_until === null) return 1;
    return windowState(bill, nowMs) === "over" ? 2 : 0;
  };
  const end = ({ valid_until }: EwayBill): number => {
    return valid_until === null ? 0 : Date.parse(valid_until);
  };
  return bills.toSorted((a, b) => rank(a) - rank(b) || end(a) - end(b));
}

const OPERATIONS: Record<string, string> = {
  generate: "its number",
  extend: "its extension",
  part_b: "its new vehicle",
  change_vehicle: "its new vehicle",
  cancel: "its cancellation",
  transporter: "its new transporter",
};

export function pendingWords({ pending }: EwayBill): string | null {
  if (pending === null) return null;
  return `The portal is asked for ${OPERATIONS[pending.operation] ?? sentence(pending.operation)}.`;
}

/** What the portal said no to, and why it could not be asked. */
export function billTrouble({ refused, trouble }: EwayBill): string | null {
  const no = refused && `The portal says no: ${refused.detail} (${refused.code})`;
  const said = [no, trouble].filter(Boolean);
  return said.length === 0 ? null : said.join("; ");
}

/** The portal's codes; 3 is none of them. */
export const EXTENSION_REASONS: readonly (readonly [code: string, words: string])[] = [
  ["1", "Natural calamity"],
  ["2", "Law and order"],
  ["4", "Goods were moved to another vehicle"],
  ["5", "Accident"],
  ["99", "Others"],
];

export const PART_B_REASONS: readonly (readonly [code: string, words: string])[] = [
  ["1", "Breakdown"],
  ["2", "Goods were moved to another vehicle"],
  ["3", "Others"],
  ["4", "First time"],
];

// GST's own codes, which the portal uses too.
const STATES_OF_INDIA =
  "01 Jammu and Kashmir,02 Himachal Pradesh,03 Punjab,04 Chandigarh,05 Uttarakhand,06 Haryana," +
  "07 Delhi,08 Rajasthan,09 Uttar Pradesh,10 Bihar,11 Sikkim,12 Arunachal Pradesh,13 Nagaland," +
  "14 Manipur,15 Mizoram,16 Tripura,17 Meghalaya,18 Assam,19 West Bengal,20 Jharkhand,21 Odisha," +
  "22 Chhattisgarh,23 Madhya Pradesh,24 Gujarat,26 Dadra and Nagar Haveli and Daman and Diu," +
  "27 Maharashtra,29 Karnataka,30 Goa,31 Lakshadweep,32 Kerala,33 Tamil Nadu,34 Puducherry," +
  "35 Andaman and Nicobar,36 Telangana,37 Andhra Pradesh,38 Ladakh";

export function statesOfIndia(): [code: string, name: string][] {
  return STATES_OF_INDIA.split(",").map((each) => [each.slice(0, 2), each]);
}
