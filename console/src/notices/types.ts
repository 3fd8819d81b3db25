// What the API says of messages to people, their templates and who is on call.

import type { Severity } from "../alerts/types";

export type NoticeState =
  | "waiting"
  | "collected"
  | "sending"
  | "sent"
  | "delivered"
  | "read"
  | "unknown"
  | "dead"
  | "cancelled"
  | "digested";

export interface Notice {
  id: string;
  state: NoticeState;
  kind: string;
  severity: Severity;
  subject: string;
  person: string;
  booking: string | null;
  truck: string | null;
  language: string;
  channels: string[];
  /** The one that is tried, or that worked. */
  channel: string | null;
  cause: string;
  created_at: string;
  due_at: string | null;
  tries: number;
  replays: number;
  why: string | null;
  version: number;
}

export interface NoticeAttempt {
  nr: number;
  channel: string;
  provider: string;
  template: string | null;
  asked_at: string;
  outcome: string;
  why: string | null;
  reason: string | null;
  code: string | null;
  provider_id: string | null;
  told_at: string | null;
}

export interface WholeNotice extends Notice {
  title: string | null;
  text: string | null;
  attempts: NoticeAttempt[];
  history: { at: string; what: string; why: string | null }[];
}

/** What is written; the rest of it is kept as it is. */
export interface Form {
  title: string;
  text: string;
  html: string | null;
  provider_template: string;
  provider_language: string;
  dlt_template: string;
  dlt_entity: string;
  header: string;
  parameters: Record<string, string>;
  link: string;
}

export interface Template extends Form {
  id: string;
  kind: string;
  language: string;
  channel: string;
  is_shipped: boolean;
  changed_at: string | null;
  changed_by: string | null;
  version: number;
}

export interface Segments {
  encoding: string;
  units: number;
  parts: number;
  left: number;
  strangers: string;
}

export interface Preview {
  title: string | null;
  text: string | null;
  html: string | null;
  parameters: Record<string, string>;
  segments: Segments | null;
  problems: { field: string; detail: string; is_error: boolean }[];
  variables: { name: string; sample: string; rows: string[] }[];
}

export interface Hours {
  from_clock: string;
  to_clock: string;
}

export interface Rotation {
  level: number;
  people: string[];
  begins_at: string;
  turn_hours: number;
  hours: Hours | null;
}

/** Whoever can be on call, as far as their names may be seen. */
export interface Person {
  id: string;
  name: string | null;
  email: string | null;
  disabled_at: string | null;
}

/** Of a calendar all but who stands in. */
export interface CalendarWish {
  name: string;
  time_zone: string;
  rotations: Rotation[];
}

export interface StandIn {
  id: string;
  level: number;
  person: string;
  from: string;
  to: string;
}

export interface Calendar {
  id: string;
  name: string;
  time_zone: string;
  rotations: Rotation[];
  overrides: StandIn[];
  version: number;
}

export interface OnCallNow {
  at: string;
  items: { calendar: string; level: number; people: string[] }[];
}
