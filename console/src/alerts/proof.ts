// The proof of an alert as it is shown: the tracks to draw, the facts and the rule in words. Pure.

import type { TrackPoint } from "../api/types";
import { fieldWords, ruleValue } from "../rules/model";
import { eventLine } from "../ui/event_text";
import { clock } from "../ui/format";
import type { Evidence } from "./types";

// What of a rule decides; the rest stands in the editor.
const DECIDING = ["trigger", "clear", "trigger_s", "clear_s", "cool_down_s", "escalation"];

export interface Proof {
  tracks: TrackPoint[][];
  /** What of it is on the map. */
  drawn: string;
  facts: string[];
  rule: (readonly [name: string, value: string])[];
  isSameRule: boolean;
}

export function proofOf({ facts, rule, is_same_rule, tracks }: Evidence): Proof {
  const points = tracks.map(({ fixes }) => {
    return fixes.map(({ lat, lon, ts }) => ({ lat, lon, tsMs: Date.parse(ts) }));
  });
  const isCut = tracks.some(({ is_cut }) => is_cut);
  return {
    tracks: points.filter((track) => track.length > 0),
    drawn: drawnWords(points, isCut),
    facts: facts.map((fact) => {
      const { truck, words, about } = eventLine(fact);
      return [clock(fact.time), truck, words, about].filter(Boolean).join(" ");
    }),
    rule: DECIDING.filter((name) => isSaid(rule[name])).map((name) => {
      return [fieldWords(name), ruleValue(name, rule[name])] as const;
    }),
    isSameRule: is_same_rule,
  };
}

function isSaid(value: unknown): boolean {
  return value !== null && value !== undefined && !(Array.isArray(value) && value.length === 0);
}

/** Of all trucks that it is about. */
export function drawnWords(tracks: readonly (readonly TrackPoint[])[], isCut: boolean): string {
  const all = tracks.flat().sort((a, b) => a.tsMs - b.tsMs);
  const [first, last] = [all[0], all.at(-1)];
  if (first === undefined || last === undefined) return "No fixes are stored of that time.";
  const times =
    all.length === 1
      ? `of ${clock(first.tsMs)}`
      : `from ${clock(first.tsMs)} to ${clock(last.tsMs)}`;
  const count = all.length === 1 ? "1 fix" : `${all.length} fixes`;
  return `On the map: ${count} ${times}${isCut ? ", and there are more" : ""}.`;
}
