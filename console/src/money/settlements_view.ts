// Carriers' settlements by how they stand, and one of them to look through.

import type { Rights } from "../booking/rights";
import { money } from "../booking/money";
import { Signal } from "../signal";
import { h } from "../ui/dom";
import { exactly } from "./amounts";
import type { MoneyApi } from "./api";
import { filterGroup, PagedList } from "./paged_list";
import { stateBadge } from "./rows";
import type { Settlement, SettlementStatus } from "./types";
import { settlementState } from "./words";

const FILTERS: readonly (readonly [name: string, status: SettlementStatus | ""])[] = [
  ["For approval", "proposed"],
  ["Open", "open"],
  ["Disputed", "disputed"],
  ["Approved", "approved"],
  ["Being paid", "paying"],
  ["Paid", "paid"],
  ["Came back", "reversed"],
  ["All", ""],
];

export class SettlementsView {
  readonly element = h("section", { class: "settlements", "aria-label": "Settlements" });
  readonly opened = new Signal<string>();
  private readonly list: PagedList<Settlement>;
  private status: SettlementStatus | "" = FILTERS[0]?.[1] ?? "";

  constructor(api: MoneyApi, rights: Rights) {
    this.list = new PagedList<Settlement>(rights, {
      label: "Settlements",
      permission: "settlements:read",
      nothing: "There are none like that.",
      page: (cursor) => api.settlements(this.status, cursor),
      row: (settlement) => this.row(settlement),
    });
    const filters = filterGroup("Filter by status", FILTERS.map(([name]) => name), (i) => {
      this.status = FILTERS[i]?.[1] ?? "";
      void this.list.anew();
    });
    this.element.append(filters, this.list.element);
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  private row(settlement: Settlement): HTMLElement {
    const { id, carrier, status, balance, gross, approvals, approvals_needed } = settlement;
    const state = settlementState(status);
    const persons = approvals_needed > 1 && `${approvals.length} of ${approvals_needed} persons`;
    const open = (): void => this.opened.emit(id);
    const about = [whatOf(settlement), `${money(gross)} earned`, persons].filter(Boolean);
    const parts = [
      h("b", {}, carrier),
      h("span", { class: "amount" }, exactly(balance)),
      h("span", { class: "soft" }, stateBadge(state), " ", about.join(" · ")),
    ];
    const words = `${carrier}, ${exactly(balance)}, ${state[0]}`;
    const label = { "data-key": id, "aria-label": words, onclick: open };
    return h("li", {}, h("button", { type: "button", class: "money-row", ...label }, ...parts));
  }
}

/** Of a booking's leg, or of a period. */
export function whatOf({ kind, booking, leg, cycle, truck }: Settlement): string {
  if (kind === "cycle") return `period ${cycle ?? ""}`.trim();
  return [booking, leg, truck].filter(Boolean).join(" · ");
}
