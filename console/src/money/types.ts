// What the API says of dues, payments, documents, settlements and the books, as far as it is read.

import type { Money } from "../booking/types";

export const DUE_STATES = ["open", "overdue", "awaited", "paid"] as const;

export interface Due {
  booking: string;
  due: string;
  kind: "advance" | "balance" | "credit" | "cod";
  shipper: string | null;
  amount: Money;
  paid: Money;
  open: Money;
  /** Null while what it waits for has not happened. */
  due_at: string | null;
  state: "awaited" | "open" | "paid";
}

export interface Paid {
  id: string;
  method: string;
  status: string;
  due: string | null;
  amount: Money;
  captured: Money;
  refunded: Money;
  created_at: string;
}

export interface Paper {
  id: string;
  kind: string;
  number: string;
  issued_at: string;
  total: Money;
  /** What it was issued for. */
  cause: string;
}

export interface Settled {
  id: string;
  leg: string | null;
  carrier: string;
  status: SettlementStatus;
  gross: Money;
  balance: Money;
  payouts: string[];
}

/** Above zero: a debit. */
export interface Posted {
  account: string;
  amount: Money;
  party: string | null;
}

export interface Booked {
  id: string;
  at: string;
  memo: string;
  cause: string;
  postings: Posted[];
}

/** From the quote to the last posting; what one may not see is null. */
export interface Story {
  booking: string;
  quote: { id: string; total: Money } | null;
  dues: Due[];
  payments: Paid[];
  documents: Paper[] | null;
  settlements: Settled[] | null;
  entries: Booked[] | null;
  is_more: boolean;
  pending: boolean;
  trouble: string | null;
}

export interface Payment {
  id: string;
  version: number;
  status: string;
  method: string;
  amount: Money;
  captured: Money;
  link: { url: string | null; status: string | null } | null;
  failure: string | null;
  troubles: string[];
  receipts: { reference: string | null; proof: string | null }[];
}

export interface PaymentWish {
  method: string;
  amount: { amount_minor: number };
  booking: string;
  due: string;
  link: boolean;
}

export interface Recording {
  amount: { amount_minor: number };
  reference?: string;
  proof?: string;
}

export interface Aged {
  party: string;
  buckets: Money[];
  unapplied: Money;
  total: Money;
}

export interface Ageing {
  at: string;
  days_from: number[];
  items: Aged[];
  total: Aged;
}

export const SETTLEMENT_STATES = [
  "open",
  "proposed",
  "approved",
  "paying",
  "paid",
  "disputed",
  "reversed",
  "taken",
] as const;

export type SettlementStatus = (typeof SETTLEMENT_STATES)[number];

export interface SettlementLine {
  id: string;
  head: string;
  amount: Money;
  source: string;
  memo: string;
  by: string | null;
  reason: string | null;
  evidence: string[];
  settlement: string | null;
  base: Money | null;
  rate_bp: number | null;
  code: string | null;
}

export interface Settlement {
  id: string;
  version: number;
  kind: "leg" | "cycle";
  carrier: string;
  status: SettlementStatus;
  booking: string | null;
  leg: string | null;
  truck: string | null;
  cycle: string | null;
  gross: Money;
  balance: Money;
  lines: SettlementLine[];
  /** What a person must say first. */
  questions: string[];
  changed_by: string | null;
  approvals: string[];
  approvals_needed: number;
  payouts: string[];
  utr: string | null;
  dispute: string | null;
  opened_at: string;
}

export interface PayoutAttempt {
  nr: number;
  mode: string;
  status: string;
  utr: string | null;
  reason: string | null;
  asked_at: string;
}

export interface Payout {
  id: string;
  version: number;
  purpose: string;
  amount: Money;
  status: string;
  reason: string | null;
  /** It goes on only by a retry. */
  is_held: boolean;
  contradiction: string | null;
  trouble: string | null;
  attempts: PayoutAttempt[];
}
