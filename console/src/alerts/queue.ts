// Which alerts the inbox shows, in what order and groups, and what a step makes of one. Pure.

import type { Alert, Severity } from "./types";
import { kindWords } from "./words";

export const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

export type Scope = "open" | "mine" | "snoozed" | "done";

export interface Filter {
  scope: Scope;
  severity: Severity | "";
  words: string;
}

export interface Group {
  key: string;
  alerts: readonly Alert[];
}

export function isOpen({ state }: Alert): boolean {
  return state === "raised" || state === "acknowledged";
}

export function isSnoozed({ snoozed_until }: Alert, nowMs: number): boolean {
  return snoozed_until !== null && Date.parse(snoozed_until) > nowMs;
}

/** Nobody has said of these that they were seen. */
export function isUnread(alert: Alert, nowMs: number): boolean {
  return alert.state === "raised" && !isSnoozed(alert, nowMs);
}

export function shown(
  alerts: Iterable<Alert>,
  filter: Filter,
  nowMs: number,
  isMe: (name: string | null) => boolean,
): Alert[] {
  const inScope: Record<Scope, (alert: Alert) => boolean> = {
    open: (alert) => isOpen(alert) && !isSnoozed(alert, nowMs),
    mine: (alert) => isOpen(alert) && isMe(alert.assigned_to),
    snoozed: (alert) => isOpen(alert) && isSnoozed(alert, nowMs),
    done: (alert) => alert.state === "resolved" || alert.state === "retracted",
  };
  const found = [...alerts].filter(
    (alert) =>
      inScope[filter.scope](alert) &&
      (filter.severity === "" || alert.severity === filter.severity) &&
      saysAll(alert, filter.words),
  );
  return found.sort(filter.scope === "done" ? newestFirst : worstFirst);
}

/** Every word stands somewhere in what is known of it. */
function saysAll(alert: Alert, words: string): boolean {
  const { title, text, kind, truck, booking, assigned_to, subject } = alert;
  const all = [title, text, kind, kindWords(kind), truck, booking, assigned_to, subject];
  const told = all.filter(Boolean).join(" ").toLowerCase();
  return words
    .toLowerCase()
    .split(/\s+/)
    .every((word) => told.includes(word));
}

/** What was acknowledged keeps its place: a list that jumps under the hand is answered wrongly. */
function worstFirst(a: Alert, b: Alert): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    b.level - a.level ||
    newestFirst(a, b)
  );
}

function newestFirst(a: Alert, b: Alert): number {
  return bornMs(b) - bornMs(a) || (a.id < b.id ? -1 : 1);
}

function bornMs({ raised_at, began_at }: Alert): number {
  return Date.parse(raised_at ?? began_at);
}

/** Alerts of one group stand together, where the first of them stands. */
export function grouped(alerts: readonly Alert[]): Group[] {
  const groups = new Map<string, Alert[]>();
  for (const alert of alerts) {
    const key = alert.group ?? alert.id;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [alert]);
    else known.push(alert);
  }
  return [...groups].map(([key, members]) => ({ key, alerts: members }));
}

/** One step down or up; at the ends it stays. Whoever is nowhere begins at the first. */
export function stepped(ids: readonly string[], at: string | null, by: 1 | -1): string | null {
  const index = at === null ? -1 : ids.indexOf(at);
  if (index < 0) return ids[0] ?? null;
  return ids[Math.min(ids.length - 1, Math.max(0, index + by))] ?? null;
}

/** Who is looked at when the one looked at left the list: what has come into its place. */
export function heir(before: readonly string[], now: readonly string[], at: string): string | null {
  if (now.includes(at)) return at;
  const behind = before.slice(before.indexOf(at) + 1).find((id) => now.includes(id));
  return behind ?? now.at(-1) ?? null;
}

/** The newest word on each wins, however late an answer comes. */
export function merged(
  known: ReadonlyMap<string, Alert>,
  told: Iterable<Alert>,
): Map<string, Alert> {
  const all = new Map(known);
  for (const alert of told) {
    const before = all.get(alert.id);
    if (before === undefined || alert.version >= before.version) all.set(alert.id, alert);
  }
  return all;
}

/** Nobody has done anything to it, and it is no graver: only more is known of its causes. */
export function isSameMatter(mine: Alert, theirs: Alert): boolean {
  const names = ["state", "level", "severity", "assigned_to", "snoozed_until", "judged"] as const;
  return names.every((name) => mine[name] === theirs[name]);
}

/** Those that shall be heard: critical, unseen, and new or one level further up. */
export function alarming(
  before: ReadonlyMap<string, Alert>,
  now: Iterable<Alert>,
  nowMs: number,
): Alert[] {
  return [...now].filter((alert) => {
    if (alert.severity !== "critical" || !isUnread(alert, nowMs)) return false;
    const known = before.get(alert.id);
    return known === undefined || known.level < alert.level || !isUnread(known, nowMs);
  });
}
