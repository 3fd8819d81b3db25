// What each party owes, by how long: the books' own table.

import type { Rights } from "../booking/rights";
import { empty, Redraw } from "../booking/rows";
import { h, replace } from "../ui/dom";
import { exactly } from "./amounts";
import type { MoneyApi } from "./api";
import { failed, refusalWords, table } from "./rows";
import type { Aged, Ageing } from "./types";
import { when } from "./words";

export class AgeingView {
  readonly element = h("section", { class: "ageing", "aria-label": "Ageing" });
  private readonly api: MoneyApi;
  private readonly rights: Rights;
  private readonly redraw = new Redraw(this.element);

  constructor(api: MoneyApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    replace(this.element, empty("Loading …"));
  }

  async refresh(): Promise<void> {
    try {
      const ageing = await this.api.ageing();
      this.redraw.with(ageing, () => replace(this.element, ...ageingView(ageing)));
    } catch (error) {
      this.redraw.forget();
      const said = refusalWords(error, this.rights, "ledger:read");
      replace(this.element, failed(said, () => void this.refresh()));
    }
  }
}

function ageingView(ageing: Ageing): HTMLElement[] {
  const about = h("p", { class: "soft" }, `In rupees, as of ${when(ageing.at)}.`);
  if (ageing.items.length === 0) return [about, empty("Nobody owes anything.")];
  const head = ["Party", "Total", ...bucketNames(ageing.days_from), "Paid, not owed"];
  const rows = ageing.items.map((each) => agedRow(each, partyName(each.party)));
  return [about, table("Ageing of what is owed", head, rows, agedRow(ageing.total, "Total"))];
}

function agedRow({ buckets, unapplied, total }: Aged, name: string): HTMLElement {
  const cells = [...buckets, unapplied].map((each) => {
    return h("td", each.amount_minor === 0 ? { class: "none" } : {}, exactly(each));
  });
  const whole = h("td", {}, h("b", {}, exactly(total)));
  return h("tr", {}, h("th", { scope: "row" }, name), whole, ...cells);
}

/** 0–29 days, 30–59 days, ...; the last has no end. */
export function bucketNames(daysFrom: readonly number[]): string[] {
  return daysFrom.map((from, i) => {
    const next = daysFrom[i + 1];
    if (next === undefined) return `${from}+ days`;
    return next - from === 1 ? `${from} days` : `${from}–${next - 1} days`;
  });
}

function partyName(party: string): string {
  return party.slice(party.indexOf("/") + 1);
}
