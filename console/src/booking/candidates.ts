// Why a leg gets which truck: candidates with the parts of their scores, the others with reasons.

import { number, timeOfDay, UNKNOWN } from "../ui/format";
import { money } from "./money";
import type { Dispatch, Look, Verdict } from "./types";
import { partWords } from "./words";

export interface Excluded {
  code: string;
  says: string;
  /** Of all trucks in range; the trucks that are named may be fewer. */
  count: number;
  trucks: Verdict[];
}

/** The newest look at a leg. */
export function lookOf(dispatch: Dispatch, leg: string): Look | null {
  return dispatch.looks.find((look) => look.leg === leg) ?? null;
}

export function candidatesOf(look: Look): Verdict[] {
  return look.trucks.filter(({ excluded_by }) => excluded_by.length === 0);
}

/** By the rule that excluded them first, the most frequent one first. */
export function excludedOf(look: Look): Excluded[] {
  const groups = new Map<string, Excluded>();
  for (const [code, count] of Object.entries(look.excluded))
    groups.set(code, { code, says: code.replace(/_/g, " "), count, trucks: [] });
  for (const verdict of look.trucks) {
    const first = verdict.excluded_by[0];
    const group = first && groups.get(first.code);
    if (!first || !group) continue;
    group.says = first.says;
    group.trucks.push(verdict);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

/** The parts that are not nothing, the heaviest first. */
export function partsOf({ parts }: Verdict): { name: string; minor: number; words: string }[] {
  return Object.entries(parts ?? {})
    .filter(([, amount]) => amount.amount_minor !== 0)
    .sort(([, a], [, b]) => Math.abs(b.amount_minor) - Math.abs(a.amount_minor))
    .map(([name, amount]) => {
      return { name, minor: amount.amount_minor, words: `${partWords(name)} ${money(amount)}` };
    });
}

export function factsOf({ dead_km, eta }: Verdict): string {
  const there = eta === null ? null : `there ${timeOfDay(Date.parse(eta))}`;
  const away = dead_km === null ? null : `${number(dead_km, "km", 0)} away`;
  return [away, there].filter(Boolean).join(" · ") || UNKNOWN;
}

/** Why nothing is there to choose from, honestly. */
export function emptyWords(look: Look | null, status: string): string {
  if (look === null) {
    if (status === "created") return "It is a draft: confirm it, then a truck can be looked for.";
    if (status === "confirmed") return "No truck has been looked for yet. Start dispatching.";
    if (status === "dispatching") return "A truck is wanted; the first look has not come yet.";
    return "No look for a truck is on record: it was given by hand.";
  }
  if (look.in_range === 0) return "No truck that reports its position is in range of the pickup.";
  return "None of the trucks in range can take it. The reasons are below.";
}
