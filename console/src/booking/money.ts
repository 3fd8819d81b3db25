// Amounts of money and weights, as a dispatcher in India reads them.

import { number } from "../ui/format";
import type { Money, PriceLine } from "./types";

const MINOR = 100;
const KG_PER_T = 1000;
const PER_CENT = 100;
const KG_M_PER_T_KM = 1_000_000;

/** Whole rupees without paise; anything else to the paisa. */
export function rupees(minor: number): string {
  const digits = minor % MINOR === 0 ? 0 : 2;
  return (minor / MINOR).toLocaleString("en-IN", {
    style: "currency",
    currency: "INR",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

export function money(amount: Money): string {
  return rupees(amount.amount_minor);
}

/** What somebody typed as rupees in whole paise, or null if it is no amount. */
export function minorOf(text: string): number | null {
  const plain = text.replace(/[₹,\s]/g, "");
  return /^\d{1,10}(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * MINOR) : null;
}

export function tons(kg: number): string {
  return number(kg / KG_PER_T, "t", kg % KG_PER_T === 0 ? 0 : kg % MINOR === 0 ? 1 : 3);
}

/** The sum behind a line, or null where the amount is all there is to say. */
export function sumOf(line: PriceLine): string | null {
  const { quantity, unit, rate, per } = line;
  if (unit === "minor") {
    if (per === 1) return null;
    const percent = number((rate / per) * PER_CENT, "%", hundredths(rate / per));
    return `${percent} of ${rupees(quantity)}`;
  }
  const each = (count: number): string => exactRupees((rate * count) / per);
  if (unit === "kg_m") {
    const work = number(quantity / KG_M_PER_T_KM, "t·km", 1);
    return `${work} × ${each(KG_M_PER_T_KM)}`;
  }
  if (unit === "kg") return `${tons(quantity)} × ${each(KG_PER_T)}`;
  if (unit === "m") return `${number(quantity / KG_PER_T, "km", 1)} × ${each(KG_PER_T)}`;
  const things = `${quantity} ${unit}${quantity === 1 ? "" : "s"}`;
  return `${things} × ${each(1)}`;
}

function hundredths(share: number): number {
  return Number.isInteger(share * PER_CENT) ? 0 : 2;
}

/** A rate may have fractions of a paisa. */
function exactRupees(minor: number): string {
  if (Number.isInteger(minor)) return rupees(minor);
  return (minor / MINOR).toLocaleString("en-IN", {
    style: "currency",
    currency: "INR",
    maximumFractionDigits: 6,
  });
}
