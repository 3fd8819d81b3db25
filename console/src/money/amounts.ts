// Amounts as books show them: to the paisa, in Indian groups of digits, and added up exactly.

import { money, rupees } from "../booking/money";
import type { Money } from "../booking/types";

const MINOR = 100;

/** 12,34,567.00: for columns, where the rupee sign stands at the head or nowhere. */
export function exact(minor: number): string {
  return (minor / MINOR).toLocaleString("en-IN", {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  });
}

export function exactly({ amount_minor }: Money): string {
  return exact(amount_minor);
}

export function sumMinor(amounts: readonly Money[]): number {
  return amounts.reduce((sum, { amount_minor }) => sum + amount_minor, 0);
}

/** In a sentence; of zero nothing is said. */
export function someOf(amount: Money, before: string): string | null {
  return amount.amount_minor === 0 ? null : `${before} ${money(amount)}`;
}

/** A line of a settlement: what is taken off has a sign of its own. */
export function signed({ amount_minor }: Money): string {
  return amount_minor < 0 ? `−${exact(-amount_minor)}` : exact(amount_minor);
}

/** Rupees for a field in which they are typed. */
export function typed({ amount_minor }: Money): string {
  return rupees(amount_minor).replace(/[₹,]/g, "");
}
