// What an edited rule is, what it changes, and how a back-test compares. Pure.

import { nameWords } from "../alerts/words";
import { number, UNKNOWN } from "../ui/format";
import type { BacktestCount, ConfigTree, Kinds, KindRule, Step } from "./types";

export type FieldName =
  | "enabled"
  | "severity"
  | "trigger"
  | "clear"
  | "trigger_s"
  | "clear_s"
  | "cool_down_s"
  | "auto_resolve";

/** What a kind's trigger and clear value count; others have none. */
export const MEASURES: Record<string, string> = {
  overspeed: "km/h above the limit",
  night_driving: "seconds driven in the night",
  route_deviation: "metres off the route",
  wrong_way: "km driven back",
  promise_at_risk: "chance of being late, 0 to 1",
  detention_running: "minutes beyond the free time",
  eway_bill_expiring: "minutes before the predicted arrival",
  document_expiring: "minutes before the predicted arrival",
  fuel_drop: "percent of the tank lost",
  weight_shortage: "kg beyond what is tolerated",
  payment_overdue: "days overdue",
  several_trucks: "trucks",
};

export const LEVELS = 3;

// What a rule need not say.
const UNSAID = { trigger: null, clear: null, escalation: [] };

/** Each rule with everything that the editor shows. */
export function whole(kinds: Kinds): Kinds {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, rule]) => [kind, { ...UNSAID, ...rule } as KindRule]),
  );
}

/** What holds where nobody has set anything. */
export function usualKinds({ leaves }: ConfigTree): Kinds {
  const found = leaves.flatMap(({ path, default: usual }) => {
    const [, kind] = /\/kinds\/([^/]+)$/.exec(path) ?? [];
    return kind === undefined ? [] : [[kind, usual as KindRule] as const];
  });
  return whole(Object.fromEntries(found));
}

/** A typed number; null: nothing was typed; undefined: it is none. */
export function typedNumber(text: string): number | null | undefined {
  const plain = text.trim().replace(",", ".");
  if (plain === "") return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : undefined;
}

/** Rows of an escalation as they are typed: minutes, or nothing. */
export interface TypedStep {
  minutes: string;
  inWorkingHours: boolean;
  thoughAcknowledged: boolean;
}

export function typedSteps(steps: readonly Step[]): TypedStep[] {
  return Array.from({ length: LEVELS }, (_, i) => {
    const step = steps[i];
    return {
      minutes: step === undefined ? "" : String(Math.round((step.after_s / 60) * 100) / 100),
      inWorkingHours: step?.in_working_hours ?? false,
      thoughAcknowledged: step?.though_acknowledged ?? false,
    };
  });
}

/** Undefined: some row is no number. */
export function stepsOf(typed: readonly TypedStep[]): Step[] | undefined {
  const steps: Step[] = [];
  for (const { minutes, inWorkingHours, thoughAcknowledged } of typed) {
    const value = typedNumber(minutes);
    if (value === undefined) return undefined;
    if (value === null) continue;
    steps.push({
      after_s: value * 60,
      in_working_hours: inWorkingHours,
      though_acknowledged: thoughAcknowledged,
    });
  }
  return steps;
}

/** The kinds whose draft says something else than what holds. */
export function edited(holds: Kinds, draft: Kinds): string[] {
  return Object.keys(draft)
    .filter((kind) => !same(holds[kind], draft[kind]))
    .sort();
}

export interface Difference {
  name: string;
  before: string;
  after: string;
}

export function differences(before: KindRule | undefined, after: KindRule): Difference[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]);
  return [...names]
    .filter((name) => !same(before?.[name], after[name]))
    .map((name) => {
      return { name, before: ruleValue(name, before?.[name]), after: ruleValue(name, after[name]) };
    });
}

const FIELDS: Record<string, string> = {
  enabled: "raised at all",
  trigger: "counts from",
  clear: "is over at",
  trigger_s: "must last",
  clear_s: "must be gone",
  cool_down_s: "quiet after",
  auto_resolve: "resolved by itself",
  escalation: "escalates",
  late_s_max: "told though late by",
  expires_s: "ends by itself after",
  shared_with: "shared with",
};

/** As its field is called. */
export function fieldWords(name: string): string {
  return FIELDS[name] ?? nameWords(name);
}

/** As a person reads a rule's value. */
export function ruleValue(name: string, value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (name === "escalation" && Array.isArray(value)) return escalationWords(value as Step[]);
  if (typeof value === "number" && name.endsWith("_s")) return duration(value);
  if (typeof value === "number") return number(value, "", value % 1 === 0 ? 0 : 2).trim();
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function escalationWords(steps: readonly Step[]): string {
  if (steps.length === 0) return "never";
  return steps
    .map(({ after_s, in_working_hours }, i) => {
      return `L${i + 1} after ${duration(after_s)}${in_working_hours ? " of work" : ""}`;
    })
    .join(", ");
}

export function duration(seconds: number): string {
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  if (seconds % 60 === 0 && seconds > 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export interface Comparison {
  kind: string;
  lane: string | null;
  before: number;
  after: number;
}

/** One line a kind and lane, of whatever severity: what changes most comes first. */
export function compared(counts: readonly BacktestCount[]): Comparison[] {
  const lines = new Map<string, Comparison>();
  for (const { kind, lane, raised, now } of counts) {
    const key = `${kind}|${lane ?? ""}`;
    const line = lines.get(key) ?? { kind, lane, before: 0, after: 0 };
    lines.set(key, { ...line, before: line.before + now, after: line.after + raised });
  }
  return [...lines.values()].sort((a, b) => {
    const change = Math.abs(b.after - b.before) - Math.abs(a.after - a.before);
    return change || b.after - a.after || a.kind.localeCompare(b.kind);
  });
}

export function totals(lines: readonly Comparison[]): { before: number; after: number } {
  return lines.reduce(
    (sum, { before, after }) => ({ before: sum.before + before, after: sum.after + after }),
    { before: 0, after: 0 },
  );
}

/** The field of an edited kind that a pointer of the server means, wherever that is rooted. */
export function fieldOf(pointer: string, kind: string): string | null {
  const mark = `/kinds/${kind}`;
  const at = pointer.indexOf(mark);
  if (at < 0) return null;
  return pointer.slice(at + mark.length).split("/")[1] ?? "";
}

/** Also of two that were made apart: names in any order. */
export function same(a: unknown, b: unknown): boolean {
  return sorted(a) === sorted(b);
}

function sorted(value: unknown): string {
  return JSON.stringify(value ?? null, (_, each: unknown) => {
    return isMap(each) ? Object.fromEntries(Object.entries(each).sort()) : each;
  });
}
