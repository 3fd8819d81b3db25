// A price that explains itself: each line with its sum, and the rate card it comes from.

import { h } from "../ui/dom";
import { number } from "../ui/format";
import { money, sumOf } from "./money";
import type { Price, PriceLine, Quote } from "./types";
import { lineWords } from "./words";

export function priceView({ price, facts }: Quote): HTMLElement {
  const way = `${number(facts.distance_km, "km", 1)} (${facts.router})`;
  const trucks = facts.trucks === 1 ? "1 truck" : `${facts.trucks} trucks`;
  return h(
    "section",
    { class: "price-view", "aria-label": "Price" },
    h("p", { class: "soft" }, `${way} · ${trucks} · card ${price.card} · rates of ${price.day}`),
    h(
      "table",
      {},
      h("tbody", {}, ...price.lines.map(lineRow)),
      h("tfoot", {}, totalRow("Total", money(price.total))),
    ),
    beside(price),
  );
}

function lineRow(line: PriceLine): HTMLElement {
  const sum = sumOf(line);
  const subject = line.subject === null ? "" : ` (${line.subject})`;
  return h(
    "tr",
    {},
    h(
      "th",
      { scope: "row" },
      lineWords(line.key) + subject,
      sum === null ? null : h("span", { class: "sum" }, sum),
      originView(line),
    ),
    h("td", {}, money(line.amount)),
  );
}

/** A path breaks between its parts. */
function originView(origin: { path: string; version: number }): HTMLElement {
  const element = h("span", { class: "origin", title: "Where this rate stands" });
  originWords(origin)
    .split(/(?<=\/)/)
    .forEach((part) => element.append(part, h("wbr")));
  return element;
}

/** Version 0 is what the product came with. */
export function originWords({ path, version }: { path: string; version: number }): string {
  return version === 0 ? `${path} · as delivered` : `${path} · version ${version}`;
}

function totalRow(words: string, amount: string): HTMLElement {
  return h("tr", { class: "total" }, h("th", { scope: "row" }, words), h("td", {}, amount));
}

/** What is no part of the total: tax that the recipient pays, and waiting. */
function beside(price: Price): HTMLElement | null {
  const notes: HTMLElement[] = [];
  if (price.reverse_charge.length > 0) {
    const taxes = price.reverse_charge.map(({ key, amount }) => {
      return `${lineWords(key)} ${money(amount)}`;
    });
    const whole = `${money(price.reverse_charge_total)} tax (${taxes.join(", ")})`;
    notes.push(h("p", {}, `Reverse charge: the recipient pays ${whole} to the state.`));
  }
  if (price.detention !== null) {
    const { free_minutes, per_hour } = price.detention;
    const free = number(free_minutes / 60, "h", free_minutes % 60 === 0 ? 0 : 1);
    const words = `Waiting: ${free} are free at each stop, then ${money(per_hour)} an hour. `;
    notes.push(h("p", {}, words, originView(price.detention)));
  }
  return notes.length === 0 ? null : h("div", { class: "beside soft" }, ...notes);
}
