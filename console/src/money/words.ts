// Money in plain words: states and their colours, methods, documents, heads of settlements.

import { sentence } from "../booking/words";
import type { Stage } from "../booking/words";
import { clock } from "../ui/format";
import type { Due, Payment, Payout, Settlement, SettlementLine, SettlementStatus } from "./types";

type Said = [words: string, stage: Stage];

const DUE_KINDS: Record<Due["kind"], string> = {
  advance: "Advance",
  balance: "Balance",
  credit: "On credit",
  cod: "Cash on delivery",
};

/** `balance-2`: the second of its kind. */
export function dueWords({ kind, due }: Due): string {
  const nr = Number(due.slice(due.lastIndexOf("-") + 1));
  return nr > 1 ? `${DUE_KINDS[kind]} ${nr}` : DUE_KINDS[kind];
}

export function isOverdue({ state, due_at }: Due, nowMs: number): boolean {
  return state === "open" && due_at !== null && Date.parse(due_at) < nowMs;
}

export function dueState(due: Due, nowMs: number): Said {
  if (due.state === "paid") return ["paid", "done"];
  if (due.state === "awaited") return ["not due yet", "draft"];
  return isOverdue(due, nowMs) ? ["overdue", "lost"] : ["open", "looking"];
}

const DAY_MS = 86_400_000;

/** When it is due, and how far that is away. */
export function dueWhen({ state, due_at }: Due, nowMs: number): string {
  if (due_at === null) return "due once what it waits for has happened";
  const day = dayOf(due_at);
  if (state === "paid") return `was due ${day}`;
  const days = Math.floor((nowMs - Date.parse(due_at)) / DAY_MS);
  if (days >= 1) return `due ${day}, ${days === 1 ? "1 day" : `${days} days`} ago`;
  return `due ${day}`;
}

export function dayOf(iso: string): string {
  const day = { day: "numeric", month: "short", year: "numeric" } as const;
  return new Date(iso).toLocaleDateString("en-GB", day);
}

const METHODS: Record<string, string> = {
  upi: "UPI",
  card: "Card",
  netbanking: "Net banking",
  wallet_provider: "Wallet",
  cod: "Cash",
  bank_transfer: "Bank transfer",
  wallet: "Balance with us",
};

export function methodWords(method: string): string {
  return METHODS[method] ?? sentence(method);
}

/** Those that a link can be paid by. */
export const BY_LINK = ["upi", "card", "netbanking", "wallet_provider"] as const;

const PAYMENT_STATES: Record<string, Said> = {
  created: ["asked for", "draft"],
  pending: ["asked for", "looking"],
  authorized: ["promised by the bank", "looking"],
  captured: ["paid", "moving"],
  partially_refunded: ["partly given back", "looking"],
  refunded: ["given back", "done"],
  failed: ["failed", "lost"],
  cancelled: ["cancelled", "done"],
  expired: ["expired", "done"],
};

const STILL_OPEN = new Set(["created", "pending", "authorized", "failed"]);

export function paymentState(status: string): Said {
  return PAYMENT_STATES[status] ?? [sentence(status), "draft"];
}

export function isStillOpen({ status }: { status: string }): boolean {
  return STILL_OPEN.has(status);
}

/** What a person should look at. */
export function paymentTrouble({ failure, troubles }: Payment): string | null {
  const said = [failure, ...troubles].filter(Boolean);
  return said.length === 0 ? null : said.join("; ");
}

const PAPERS: Record<string, string> = {
  tax_invoice: "Tax invoice",
  bill_of_supply: "Bill of supply",
  receipt_voucher: "Receipt voucher",
  refund_voucher: "Refund voucher",
  credit_note: "Credit note",
  debit_note: "Debit note",
  consignment_note: "Consignment note (LR)",
};

export function paperWords(kind: string): string {
  return PAPERS[kind] ?? sentence(kind);
}

const SETTLEMENTS: Record<SettlementStatus, Said> = {
  open: ["open", "draft"],
  proposed: ["waits for approval", "looking"],
  approved: ["approved", "moving"],
  paying: ["being paid", "moving"],
  paid: ["paid", "done"],
  disputed: ["disputed", "lost"],
  reversed: ["came back", "lost"],
  taken: ["in a period’s", "done"],
};

export function settlementState(status: SettlementStatus): Said {
  return SETTLEMENTS[status];
}

const HEADS: Record<string, string> = {
  tds: "TDS",
  cgst: "CGST",
  sgst: "SGST",
  utgst: "UTGST",
  igst: "IGST",
  late: "Late delivery",
  return: "Way back",
};

export function headWords(head: string): string {
  return HEADS[head] ?? sentence(head);
}

const PER_CENT_BP = 100;

/** Where a line comes from: the law's row for a tax, a person and a reason for one by hand. */
export function lineOrigin(line: SettlementLine): string {
  const { base, rate_bp, code, by, reason, memo } = line;
  const rate = rate_bp === null ? null : `${rate_bp / PER_CENT_BP} %`;
  const of = base === null ? null : `of ₹${(base.amount_minor / 100).toLocaleString("en-IN")}`;
  const share = [rate, of].filter(Boolean).join(" ");
  const hand = by === null ? "" : `by ${by}${reason ? `: “${reason}”` : ""}`;
  return [memo, code, share, hand].filter(Boolean).join(" · ");
}

/** What is missing until it is paid, in one sentence; null: nothing that a person does. */
export function approvalWords(
  { status, approvals, approvals_needed, changed_by, balance }: Settlement,
  isMe: (name: string | null) => boolean,
): string | null {
  if (status !== "proposed") return null;
  if (balance.amount_minor < 0)
    return "The carrier owes us by it: it is carried over to another settlement, not approved.";
  const left = approvals_needed - approvals.length;
  if (approvals.some(isMe)) return "You have approved it. A second person is needed.";
  const two = approvals_needed > 1 ? "It is above the limit: two persons approve it. " : "";
  const others = left > 1 ? "two other persons are" : "another person is";
  if (isMe(changed_by)) return `${two}You changed it last: ${others} needed.`;
  if (approvals_needed > 1 && left === 1)
    return `${two}${approvals.join(", ")} has; a second person is needed.`;
  if (changed_by === null) return two === "" ? "One person approves it." : two.trim();
  return `${two}Not by ${changed_by}, who changed it last.`;
}

export function mayApprove(
  settlement: Settlement,
  isMe: (name: string | null) => boolean,
): boolean {
  const { status, approvals, changed_by, balance } = settlement;
  if (status !== "proposed" || balance.amount_minor < 0) return false;
  return !isMe(changed_by) && !approvals.some(isMe);
}

const PAYOUTS: Record<string, Said> = {
  created: ["not sent yet", "draft"],
  requested: ["sent, no answer yet", "looking"],
  queued: ["waits at the bank", "looking"],
  processing: ["on its way", "moving"],
  processed: ["paid", "done"],
  reversed: ["came back", "lost"],
  failed: ["failed", "lost"],
  rejected: ["rejected", "lost"],
  cancelled: ["cancelled", "lost"],
};

const AGAIN = new Set(["reversed", "failed", "rejected", "cancelled"]);

export function payoutState(status: string): Said {
  return PAYOUTS[status] ?? [sentence(status), "draft"];
}

/** It is known to have come to nothing, or it waits for a person. */
export function isRetriable({ status, is_held }: Payout): boolean {
  return is_held || AGAIN.has(status);
}

/** Why it is not paid, and what else is to be looked at. */
export function payoutTrouble({ reason, contradiction, trouble, is_held }: Payout): string | null {
  const held = is_held ? "It waits for a person: send it again once its cause is gone" : null;
  const twice = contradiction && `It may have been paid already: ${contradiction}`;
  const said = [reason, twice, trouble, held].filter(Boolean);
  return said.length === 0 ? null : said.join("; ");
}

/** The UTR of the attempt that was paid, or of the last that has one. */
export function utrOf({ attempts }: Payout): string | null {
  return attempts.findLast(({ utr }) => utr !== null)?.utr ?? null;
}

const ACCOUNTS: Record<string, string> = {
  tds_payable: "TDS payable",
  tcs_payable: "TCS payable",
  tds_receivable: "TDS receivable",
  output_cgst: "Output CGST",
  output_sgst: "Output SGST",
  output_utgst: "Output UTGST",
  output_igst: "Output IGST",
  input_gst: "Input GST",
};

export function accountWords(account: string): string {
  return ACCOUNTS[account] ?? sentence(account);
}

export function when(iso: string): string {
  return clock(iso).replace(/:\d\d$/, "");
}
