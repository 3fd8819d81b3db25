// Overrides of rules: which goes before which, what they say in words, what is edited. Pure.

import { kindWords, nameWords, SEVERITY_WORDS } from "../alerts/words";
import type { FieldError } from "../api/client";
import { type Difference, escalationWords, fieldWords, ruleValue, same } from "./model";
import type { Change, Override, Overrides, RulesValue, Step, When } from "./types";

export const NEW: Override = { kinds: [], rank: 0, when: {}, then: {} };

/** Conditions that name some of many, and what is typed for them. */
export const LISTS = [
  ["lanes", "Lanes", "from>to"],
  ["customers", "Customers", "ids of shippers"],
  ["trucks", "Trucks", "ids"],
  ["truck_groups", "Truck classes", ""],
  ["materials", "Materials", ""],
  ["carriers", "Carriers", "ids"],
  ["halts", "Halts", "fuel, toll, place, unknown"],
  ["fences", "Fences", "ids"],
  ["fence_kinds", "Kinds of fence", ""],
  ["alarms", "Alarms", "panic, crash, tamper, power_cut, tow"],
] as const;
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const CONDITIONS = ["is_loaded", "is_on_trip", "from_time", "to_time", "value_min", "value_max"];
const CHANGES = [
  ...["enabled", "severity", "trigger", "clear", "trigger_s", "clear_s", "cool_down_s"],
  ...["late_s_max", "expires_s", "auto_resolve", "escalation", "shared_with"],
];
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/** Each with all parts, and with nothing in them that says nothing. */
export function overridesOf({ overrides }: RulesValue): Overrides {
  const all = Object.entries(overrides ?? {});
  return Object.fromEntries(all.map(([name, each]) => [name, plain({ ...NEW, ...each })]));
}

export function plain({ kinds, rank, when, then }: Override): Override {
  return { kinds, rank, when: said(when) as When, then: said(then, true) as Change };
}

/** The strongest first: by rank, then by name, as the server lays them on. */
export function inOrder(overrides: Overrides): [name: string, override: Override][] {
  return Object.entries(overrides).sort(([name, one], [other, another]) => {
    return another.rank - one.rank || (name < other ? 1 : -1);
  });
}

/** With all that it does not ask or change named: laid over another, nothing of that is left. */
export function laidOut({ kinds, rank, when, then }: Override): Override {
  const none = Object.fromEntries([...LISTS.map(([name]) => [name, []]), ["days", []]]);
  const unasked = Object.fromEntries(CONDITIONS.map((name) => [name, null]));
  const unchanged = Object.fromEntries(CHANGES.map((name) => [name, null]));
  return { kinds, rank, when: { ...none, ...unasked, ...when }, then: { ...unchanged, ...then } };
}

export function kindsWords({ kinds }: Override): string {
  return kinds.length === 0 ? "all kinds" : kinds.map(kindWords).join(", ");
}

export function whenWords(when: When): string {
  const lists = LISTS.map(([name, label]) => {
    const values = when[name];
    return Array.isArray(values) && values.length > 0 && `${label}: ${values.join(", ")}`;
  });
  const { is_loaded, is_on_trip, from_time, to_time, days, value_min, value_max } = when;
  const words = [
    ...lists,
    is_loaded != null && (is_loaded ? "loaded" : "empty"),
    is_on_trip != null && (is_on_trip ? "on a trip" : "on no trip"),
    from_time && `${clockWords(from_time)} to ${clockWords(to_time ?? "")}`,
    days !== undefined && days.length > 0 && days.join(", "),
    value_min != null && `value from ${value_min}`,
    value_max != null && `value up to ${value_max}`,
  ].filter(Boolean);
  return words.length === 0 ? "always" : words.join(" · ");
}

export function thenWords(then: Change): string {
  const words = CHANGES.filter((name) => then[name] != null).map((name) => {
    return `${fieldWords(name)}: ${changeValue(name, then[name])}`;
  });
  return words.length === 0 ? "nothing is otherwise" : words.join(" · ");
}

/** Names of those that are other than they hold, or new. */
export function editedOverrides(holds: Overrides, draft: Overrides): string[] {
  return Object.keys(draft)
    .filter((name) => !same(holds[name], draft[name]))
    .sort();
}

export function removedOverrides(holds: Overrides, draft: Overrides): string[] {
  return Object.keys(holds).filter((name) => !(name in draft));
}

export function overrideDifferences(
  before: Override | undefined,
  after: Override | undefined,
): Difference[] {
  const words = (each: Override | undefined): Record<string, string> =>
    each === undefined
      ? {}
      : {
          "is for": kindsWords(each),
          rank: String(each.rank),
          when: whenWords(each.when),
          then: thenWords(each.then),
        };
  const [old, now] = [words(before), words(after)];
  return Object.keys({ ...old, ...now })
    .filter((name) => old[name] !== now[name])
    .map((name) => ({ name, before: old[name] ?? "", after: now[name] ?? "" }));
}

/** What is wrong with a name that is to be taken; null: nothing. */
export function nameProblem(name: string, taken: readonly string[]): string | null {
  if (taken.includes(name)) return "there is one of this name";
  return NAME.test(name) ? null : "letters, digits, _ . and - only, 64 of them at most";
}

/** Lanes have spaces in their names: only commas part them. */
export function listOf(text: string): string[] {
  return text
    .split(/[,\n]/)
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/** "22:00:00" as an input of the time of day has it. */
export function clockWords(time: string): string {
  return time.slice(0, "22:00".length);
}

/** Which override an error of the server is about, and where in it. */
export function placeIn(error: FieldError): { name: string; field: string } | null {
  const found = /\/overrides\/([^/]+)(\/.*)?$/.exec(error.pointer ?? "");
  if (found === null) return null;
  const [, name = "", field = ""] = found;
  return { name, field: named(field, error.detail) };
}

/** What is wrong with several fields at once begins with the name of one of them. */
export function named(field: string, detail: string): string {
  const word = /^Value error, (\w+) /.exec(detail)?.[1];
  return word !== undefined && /^(\/(when|then))?$/.test(field) ? `${field}/${word}` : field;
}

function changeValue(name: string, value: unknown): string {
  if (name === "escalation") return escalationWords(value as Step[]);
  if (name === "severity") return SEVERITY_WORDS[value as keyof typeof SEVERITY_WORDS];
  if (name === "shared_with") {
    const parties = value as string[];
    return parties.length === 0 ? "nobody" : parties.map(nameWords).join(", ");
  }
  return ruleValue(name, value);
}

/** Nothing, and of conditions an empty list, says nothing; an empty escalation says: never. */
function said(part: Record<string, unknown>, keepsLists = false): Record<string, unknown> {
  const told = Object.entries(part).filter(([, value]) => {
    return value != null && (keepsLists || !Array.isArray(value) || value.length > 0);
  });
  return Object.fromEntries(told);
}
