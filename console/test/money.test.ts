// Money: amounts as books show them, states in words, causes, approvals, links, ageing.

import { describe, expect, it } from "vitest";
import { ApiError } from "../src/api/client";
import type { Rights } from "../src/booking/rights";
import { bucketNames } from "../src/money/ageing_view";
import { exact, signed, typed } from "../src/money/amounts";
import { arriving, causeName, dueOf, rowOf } from "../src/money/causes";
import { openFor, recordingOf } from "../src/money/paying";
import { refusalWords } from "../src/money/rows";
import { evidenceWords } from "../src/money/settlement_page";
import type { Due, Payout, Settlement, Story } from "../src/money/types";
import {
  approvalWords,
  dueState,
  dueWhen,
  dueWords,
  isRetriable,
  lineOrigin,
  mayApprove,
  payoutTrouble,
  utrOf,
} from "../src/money/words";
import { fileName } from "../src/papers/viewer";
import { eventLine } from "../src/ui/event_text";

const inr = (amount_minor: number) => ({ amount_minor, currency: "INR" });
const NOW = Date.parse("2026-11-21T10:00:00Z");

function dueWith(part: Partial<Due>): Due {
  const amounts = { amount: inr(100), paid: inr(0), open: inr(100) };
  const whose = { booking: "b1", due: "balance-1", kind: "balance" as const, shipper: "acme" };
  return { ...whose, ...amounts, due_at: "2026-11-20T09:00:00Z", state: "open", ...part };
}

function storyOf(): Story {
  const paid = { amount: inr(1), captured: inr(1), refunded: inr(0), created_at: "" };
  const settled = { id: "s1", leg: "L1", carrier: "c", status: "paid" as const, gross: inr(1) };
  return {
    booking: "b1",
    quote: { id: "q1", total: inr(1) },
    dues: [dueWith({ due: "advance-1", kind: "advance" })],
    payments: [{ id: "p1", method: "upi", status: "captured", due: "advance-1", ...paid }],
    documents: [
      { id: "i1", kind: "tax_invoice", number: "INV/1", issued_at: "", total: inr(1), cause: "" },
    ],
    settlements: [{ ...settled, balance: inr(1), payouts: ["po1"] }],
    entries: [],
    ...{ is_more: false, pending: false, trouble: null },
  };
}

function settlementWith(part: Partial<Settlement>): Settlement {
  const names = { id: "s1", version: 1, kind: "leg" as const, carrier: "c", status: "proposed" };
  const none = { booking: "b1", leg: "L1", truck: null, cycle: null, utr: null, dispute: null };
  return {
    ...names,
    ...none,
    status: "proposed",
    ...{ gross: inr(10), balance: inr(10), lines: [], questions: [], payouts: [] },
    ...{ changed_by: "user:ravi", approvals: [], approvals_needed: 1, opened_at: "" },
    ...part,
  };
}

describe("amounts", () => {
  it("stand in Indian groups of digits, to the paisa", () => {
    expect([123456700, 0, 5, 10000000000].map(exact)).toEqual([
      "12,34,567.00",
      "0.00",
      "0.05",
      "10,00,00,000.00",
    ]);
    expect(signed(inr(-1240050))).toBe("−12,400.50");
    expect(typed(inr(24691340))).toBe("246913.40");
  });
});

describe("dues", () => {
  it("are overdue once their day has passed, and never when they wait for something", () => {
    expect(dueState(dueWith({}), NOW)).toEqual(["overdue", "lost"]);
    expect(dueState(dueWith({ due_at: "2026-11-21T11:00:00Z" }), NOW)[0]).toBe("open");
    expect(dueState(dueWith({ due_at: null, state: "awaited" }), NOW)[0]).toBe("not due yet");
    expect(dueState(dueWith({ state: "paid" }), NOW)[0]).toBe("paid");
  });

  it("say when they are due and which of their kind they are", () => {
    expect(dueWhen(dueWith({}), NOW)).toBe("due 20 Nov 2026, 1 day ago");
    expect(dueWhen(dueWith({ due_at: null, state: "awaited" }), NOW)).toContain("has happened");
    expect(dueWords(dueWith({ due: "balance-2" }))).toBe("Balance 2");
    expect(dueWords(dueWith({}))).toBe("Balance");
  });
});

describe("money that the books have yet to count", () => {
  it("is not asked for again", () => {
    const story = storyOf();
    const due = dueWith({ due: "advance-1" });
    expect(arriving(due, { ...story, pending: true })).toBe(1);
    expect(arriving(due, story)).toBe(0);
    expect(arriving({ ...due, paid: inr(1) }, { ...story, pending: true })).toBe(0);
    expect(arriving(dueWith({}), { ...story, pending: true })).toBe(0);
  });
});

describe("causes", () => {
  it("lead to the line that made it", () => {
    const story = storyOf();
    expect(rowOf("payments/p1", story)).toBe("payments/p1");
    expect(rowOf("invoices/i1", story)).toBe("invoices/i1");
    expect(rowOf("payouts/po1", story)).toBe("settlements/s1");
    expect(rowOf("bookings/b1/tax_invoice/freight/1", story)).toBe("quotes/q1");
    expect(rowOf("payments/another", story)).toBeNull();
    expect(rowOf("invoices/i1", { ...story, documents: null })).toBeNull();
    expect(dueOf("advance-1", story)).toEqual({ key: "dues/advance-1", name: "Advance" });
  });

  it("have names that people know", () => {
    const story = storyOf();
    expect(causeName("payments/p1", story)).toBe("UPI payment");
    expect(causeName("invoices/i1", story)).toBe("Tax invoice INV/1");
    expect(causeName("statement-lines/7", story)).toBe("statement-lines/7");
    expect(evidenceWords("bookings/b1/charges/c1")).toBe("charge c1");
    const wait = "bookings/b1/charges/detention/L1/S2/1";
    expect(evidenceWords(wait)).toBe("charge detention L1 S2 1");
    expect(evidenceWords("bookings/b1/L1/S2")).toBe("proof L1 S2");
    expect(evidenceWords("documents/d1")).toBe("document d1");
    expect(evidenceWords("a photo")).toBe("a photo");
  });
});

describe("recording money", () => {
  it("wants what shows it", () => {
    expect(() => recordingOf("bank_transfer", 5, " ", "")).toThrow("UTR");
    expect(() => recordingOf("cod", 5, "", "")).toThrow("receipt");
    const given = { amount: { amount_minor: 5 }, reference: "UTR1" };
    expect(recordingOf("bank_transfer", 5, "UTR1 ", "")).toEqual(given);
  });

  it("uses what was asked for already, if it is the same", () => {
    const [paid] = storyOf().payments;
    const due = dueWith({ due: "advance-1" });
    const open = { ...paid!, method: "cod", status: "created", captured: inr(0), amount: inr(7) };
    expect(openFor(due, "cod", 7, [open])?.id).toBe("p1");
    expect(openFor(due, "cod", 8, [open])).toBeNull();
    expect(openFor(due, "cod", 7, [{ ...open, status: "cancelled" }])).toBeNull();
  });
});

describe("settlements", () => {
  const me = (name: string | null) => name === "user:me";

  it("say who is still needed", () => {
    const one = settlementWith({});
    expect(approvalWords(one, me)).toBe("Not by user:ravi, who changed it last.");
    const nobody = settlementWith({ changed_by: null });
    expect(approvalWords(nobody, me)).toBe("One person approves it.");
    const mine = settlementWith({ changed_by: "user:me" });
    expect(approvalWords(mine, me)).toBe("You changed it last: another person is needed.");
    const two = settlementWith({ approvals_needed: 2, approvals: ["user:asha"] });
    expect(approvalWords(two, me)).toContain("user:asha has; a second person is needed");
    const given = settlementWith({ approvals_needed: 2, approvals: ["user:me"] });
    expect(approvalWords(given, me)).toBe("You have approved it. A second person is needed.");
    expect(approvalWords(settlementWith({ balance: inr(-1) }), me)).toContain("carried over");
    expect(approvalWords(settlementWith({ status: "paid" }), me)).toBeNull();
  });

  it("are approved by whoever neither changed nor approved them", () => {
    expect(mayApprove(settlementWith({}), me)).toBe(true);
    expect(mayApprove(settlementWith({ changed_by: "user:me" }), me)).toBe(false);
    expect(mayApprove(settlementWith({ approvals: ["user:me"] }), me)).toBe(false);
    expect(mayApprove(settlementWith({ status: "open" }), me)).toBe(false);
  });

  it("say where a tax and a line by hand come from", () => {
    const line = { id: "l", head: "tds", amount: inr(-1), source: "proposal", memo: "" };
    const tax = { base: inr(105800000), rate_bp: 100, code: "1023" };
    const none = { by: null, reason: null, evidence: [], settlement: null };
    expect(lineOrigin({ ...line, ...tax, ...none })).toBe("1023 · 1 % of ₹10,58,000");
    const hand = { ...line, ...none, base: null, rate_bp: null, code: null };
    expect(lineOrigin({ ...hand, by: "user:a", reason: "late" })).toBe("by user:a: “late”");
  });

  it("are sent again once nothing can be under way", () => {
    const payout: Payout = {
      ...{ id: "po", version: 1, purpose: "settlement", amount: inr(1), status: "failed" },
      ...{ reason: "no such account", is_held: false, contradiction: null, trouble: null },
      attempts: [
        { nr: 1, mode: "NEFT", status: "reversed", utr: "U1", reason: null, asked_at: "" },
        { nr: 2, mode: "IMPS", status: "failed", utr: null, reason: null, asked_at: "" },
      ],
    };
    expect(isRetriable(payout)).toBe(true);
    expect(isRetriable({ ...payout, status: "processing" })).toBe(false);
    expect(isRetriable({ ...payout, status: "processing", is_held: true })).toBe(true);
    expect(payoutTrouble(payout)).toBe("no such account");
    expect(utrOf(payout)).toBe("U1");
  });
});

describe("what one may not do", () => {
  it("is said as that, and not offered again", () => {
    const refused: string[] = [];
    const rights = { refuse: (name: string) => refused.push(name) } as unknown as Rights;
    const no = new ApiError(403, "this token lacks the permission payouts:write", null);
    const said = refusalWords(no, rights, "payouts:write");
    expect(said).toContain("You may not do this");
    expect(said).toContain("Ask your administrator for payouts:write");
    const other = new ApiError(409, "it is paid", null);
    expect(refusalWords(other, rights, "payouts:write")).toBe("it is paid");
    expect(refused).toEqual(["payouts:write"]);
  });
});

describe("names", () => {
  it("of the buckets of an ageing", () => {
    expect(bucketNames([0, 30, 60])).toEqual(["0–29 days", "30–59 days", "60+ days"]);
  });

  it("of saved files hold nothing that a disk could stumble over", () => {
    const name = fileName("Tax invoice INV/26-27/000412", "application/pdf");
    expect(name).toBe("Tax-invoice-INV-26-27-000412.pdf");
    expect(fileName("…", "image/jpeg")).toBe("document.jpg");
  });

  it("of events lead to their booking", () => {
    const event = { id: "e", time: "2026-11-21T10:00:00Z", subject: "payments/p1" };
    const line = eventLine({ ...event, type: "payment.captured", data: { booking: "b1" } });
    expect([line.booking, line.words, line.tone]).toEqual(["b1", "payment captured", "calm"]);
    const failed = eventLine({ ...event, type: "payment.created", data: { booking: "b1" } });
    expect(failed.words).toBe("payment created");
  });
});
