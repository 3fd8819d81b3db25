// Which line of a booking's money made another: causes as the books name them, rows as keys.

import { dueWords, methodWords, paperWords } from "./words";
import type { Due, Story } from "./types";

/** `payments/p1`, `invoices/i1`, ...: how a row of the story is found again. */
export function keyOf(kind: string, id: string): string {
  return `${kind}/${id}`;
}

/** The row that a cause is about; null: it is none of this story's, or not to be seen. */
export function rowOf(cause: string, story: Story): string | null {
  const [kind = "", id = ""] = cause.split("/");
  if (kind === "payments" || kind === "refunds") return inStory(kind, id, story);
  if (kind === "invoices")
    return story.documents?.some((each) => each.id === id) ? keyOf(kind, id) : null;
  if (kind === "settlements") return settled(id, story);
  if (kind === "payouts") {
    const whose = story.settlements?.find(({ payouts }) => payouts.includes(id));
    return whose === undefined ? null : keyOf("settlements", whose.id);
  }
  if (kind === "bookings") return story.quote === null ? null : keyOf("quotes", story.quote.id);
  return null;
}

/** A refund's id begins with that of what it gives back. */
function inStory(kind: string, id: string, { payments }: Story): string | null {
  const found = payments.find((each) => {
    return each.id === id || (kind === "refunds" && id.startsWith(each.id));
  });
  return found === undefined ? null : keyOf("payments", found.id);
}

/** Of a leg that went into a period's settlement only that of the leg is in the story. */
function settled(id: string, { settlements }: Story): string | null {
  return settlements?.some((each) => each.id === id) ? keyOf("settlements", id) : null;
}

/** What a cause is called where it is linked. */
export function causeName(cause: string, story: Story): string {
  const row = rowOf(cause, story);
  const [kind = "", id = ""] = (row ?? cause).split("/");
  const payment = story.payments.find((each) => row !== null && each.id === id);
  if (payment !== undefined) return `${methodWords(payment.method)} payment`;
  const paper = story.documents?.find((each) => row !== null && each.id === id);
  if (paper !== undefined) return `${paperWords(paper.kind)} ${paper.number}`;
  if (kind === "settlements") return "the carrier’s settlement";
  if (kind === "quotes" || kind === "bookings") return "the booking";
  return cause;
}

/** Money for a due that the books have yet to count: it is not to be asked for again. */
export function arriving({ due, paid }: Due, { pending, payments }: Story): number {
  if (!pending) return 0;
  const came = payments
    .filter((each) => each.due === due)
    .map(({ captured, refunded }) => captured.amount_minor - refunded.amount_minor);
  return Math.max(0, came.reduce((sum, minor) => sum + minor, 0) - paid.amount_minor);
}

/** The due that a payment was asked for. */
export function dueOf(due: string | null, { dues }: Story): { key: string; name: string } | null {
  const found = dues.find((each) => each.due === due);
  return found === undefined ? null : { key: keyOf("dues", found.due), name: dueWords(found) };
}
