// Alert rules as the configuration tree holds them, and what a back-test says of them.

import type { Severity } from "../alerts/types";

/** Who did not act by then is passed over. */
export interface Step {
  after_s: number;
  in_working_hours?: boolean;
  though_acknowledged?: boolean;
}

/** One kind of alert; what is not named here is kept as it is. */
export interface KindRule {
  enabled: boolean;
  severity: Severity;
  trigger: number | null;
  clear: number | null;
  trigger_s: number;
  clear_s: number;
  cool_down_s: number;
  auto_resolve: boolean;
  escalation: Step[];
  [name: string]: unknown;
}

export type Kinds = Record<string, KindRule>;

/** What must be so; what is empty is not asked about. */
export interface When {
  is_loaded?: boolean | null;
  is_on_trip?: boolean | null;
  from_time?: string | null;
  to_time?: string | null;
  days?: string[];
  value_min?: number | null;
  value_max?: number | null;
  /** Lanes, customers, trucks and the like. */
  [name: string]: unknown;
}

/** What is otherwise then; the rest stays. */
export interface Change {
  enabled?: boolean | null;
  severity?: Severity | null;
  auto_resolve?: boolean | null;
  escalation?: Step[] | null;
  shared_with?: string[] | null;
  [name: string]: unknown;
}

/** A rule of its own for some lanes, customers, trucks or times. */
export interface Override {
  /** None: all. */
  kinds: string[];
  /** The one with the higher rank wins. */
  rank: number;
  when: When;
  then: Change;
}

export type Overrides = Record<string, Override>;

/** What is to be another way, and which overrides are to be gone. */
export interface Edits {
  kinds: Kinds;
  overrides: Overrides;
  removed: string[];
}

export interface RulesValue {
  kinds: Kinds;
  overrides?: Record<string, Partial<Override>>;
  [name: string]: unknown;
}

export interface Origin {
  path: string;
  version: number;
}

export interface ConfigTree {
  path: string;
  value: RulesValue;
  version: number;
  leaves: { path: string; origin: Origin | null; default: unknown }[];
}

export interface ConfigChange {
  path: string;
  before: unknown;
  after: unknown;
}

export interface ConfigVersion {
  version: number;
  at: string;
  author: string;
  reason: string;
  restores: number | null;
  changes: ConfigChange[];
}

export interface BacktestCount {
  kind: string;
  lane: string | null;
  severity: Severity;
  raised: number;
  resolved: number;
  retracted: number;
  escalated: number;
  /** Raised by the rules as they are. */
  now: number;
}

export interface BacktestSample {
  kind: string;
  severity: Severity;
  text: string;
  subject: string;
  truck: string | null;
  booking: string | null;
  lane: string | null;
  began_at: string;
  raised_at: string | null;
  resolved_at: string | null;
  state: string;
  facts: Record<string, unknown>;
}

export interface Backtest {
  from: string;
  to: string;
  facts: number;
  cut: string | null;
  left_out: string[];
  counts: BacktestCount[];
  sample: BacktestSample[];
}
