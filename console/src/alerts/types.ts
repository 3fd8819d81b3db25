// What the API says of alerts, as far as the console reads it.

import type { CloudEvent, LatLon } from "../api/types";

export type Severity = "info" | "warning" | "critical";
export type AlertState = "pending" | "raised" | "acknowledged" | "resolved" | "retracted";

export type Judged = "true_alert" | "false_alert";

/** Why it was raised: facts of the log, numbers, and the rule with its version. */
export interface Basis {
  events: string[];
  /** Keys of the rule, and of what was laid over it. */
  rule: string[];
  version: string;
  facts: Record<string, unknown>;
  /** The fixes to look at. */
  from: string;
  to: string;
}

export interface Alert {
  id: string;
  kind: string;
  severity: Severity;
  state: AlertState;
  /** Of escalation: nobody, then ever more people. */
  level: number;
  title: string;
  text: string;
  subject: string;
  truck: string | null;
  booking: string | null;
  lane: string | null;
  place: LatLon | null;
  began_at: string;
  /** Null: its cause has not lasted long enough. */
  raised_at: string | null;
  acknowledged_at: string | null;
  acknowledged_by: string | null;
  resolved_at: string | null;
  resolved_by: string | null;
  resolution: string | null;
  note: string | null;
  snoozed_until: string | null;
  assigned_to: string | null;
  group: string | null;
  /** Causes folded into it. */
  count: number;
  evidence: Basis;
  comments_count: number;
  /** Whether it was right, as a person said. */
  judged: Judged | null;
  version: number;
}

export interface Comment {
  id: string;
  at: string;
  by: string;
  text: string;
}

/** One step of an alert's life. */
export interface Turn {
  version: number;
  at: string;
  type: string;
  by: string;
  data: Record<string, unknown>;
}

/** The latest of both, the newest first. */
export interface WholeAlert extends Alert {
  comments: Comment[];
  history: Turn[];
}

/** The facts, the rule, and the fixes around its causes. */
export interface Evidence {
  facts: CloudEvent[];
  /** As it is now, with what is laid over it here. */
  rule: Record<string, unknown>;
  /** Whether that is the rule it was raised by. */
  is_same_rule: boolean;
  tracks: { truck: string; is_cut: boolean; fixes: (LatLon & { ts: string })[] }[];
}

/** A time in which nobody watched, and what may have gone unseen in it. */
export interface Missed {
  cause: string;
  detail: string;
  from: string;
  to: string | null;
  /** Null: it cannot be said yet. */
  trucks: { truck: string; from: string | null; to: string | null }[] | null;
  trucks_count: number | null;
  late_alerts: string[] | null;
}

/** Whether quiet means that nothing happens: while `unknown`, it means nothing. */
export interface Sight {
  watching: "ok" | "unknown";
  since: string | null;
  why: string[];
  missed_possible: Missed[];
}

export interface Summary {
  open: number;
  unassigned: number;
  counts: Record<"state" | "severity" | "kind", Record<string, number>>;
  blind: Sight;
}
