// Everything that shippers owe: what is due first comes first, filtered by state and by shipper.

import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import { money } from "../booking/money";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { exact, exactly, sumMinor } from "./amounts";
import type { MoneyApi } from "./api";
import { filterGroup, PagedList } from "./paged_list";
import { moneyRow } from "./rows";
import type { Due } from "./types";
import { dueState, dueWhen, dueWords } from "./words";

const FILTERS: readonly (readonly [name: string, state: string])[] = [
  ["Overdue", "overdue"],
  ["Open", "open"],
  ["Not due yet", "awaited"],
  ["Paid", "paid"],
  ["All", ""],
];
const SEARCH_AFTER_MS = 250;

export class DuesView {
  readonly element = h("section", { class: "dues", "aria-label": "Dues" });
  readonly bookingWanted = new Signal<string>();
  private readonly list: PagedList<Due>;
  private readonly total = h("p", { class: "total-line", role: "status" }, "\u00a0");
  private readonly shipper = h("input", {
    type: "search",
    placeholder: "Shipper, by its id",
    "aria-label": "Shipper",
    spellcheck: "false",
    autocapitalize: "none",
  });
  private readonly now: () => number;
  private state = FILTERS[0]?.[1] ?? "";
  private timer: number | undefined;

  constructor(api: MoneyApi, rights: Rights, now: () => number) {
    this.now = now;
    this.list = new PagedList<Due>(rights, {
      label: "Dues",
      permission: "payments:read",
      nothing: "There are none like that.",
      page: (cursor) => {
        return api.dues({ state: this.state, shipper: this.shipper.value.trim(), cursor });
      },
      row: (due) => this.row(due),
      facts: (dues) => dues.map((due) => dueState(due, this.now())[0]),
      shown: (dues, isAll) => this.sum(dues, isAll),
    });
    const filters = filterGroup("Filter by state", FILTERS.map(([name]) => name), (i) => {
      this.state = FILTERS[i]?.[1] ?? "";
      void this.list.anew();
    });
    this.shipper.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.list.anew(), SEARCH_AFTER_MS);
    });
    const bound = rights.shipper !== null;
    this.element.append(filters);
    if (!bound) this.element.append(this.shipper);
    this.element.append(this.total, this.list.element);
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  private sum(dues: readonly Due[], isAll: boolean): void {
    const open = exact(sumMinor(dues.map((due) => due.open)));
    const of = exact(sumMinor(dues.map(({ amount }) => amount)));
    const many = dues.length === 1 ? "1 due" : `${dues.length} dues`;
    const which = isAll ? many : `The first ${many}`;
    replace(this.total, `${which}: ₹${open} open of ₹${of}`);
  }

  private row(due: Due): HTMLElement {
    const { booking, shipper } = due;
    const key = `${booking}/${due.due}`;
    const isPart = due.state !== "paid" && due.paid.amount_minor > 0;
    const to = button(booking, () => this.bookingWanted.emit(booking), {
      class: "link",
      "data-key": `to-${key}`,
      title: "Open its money",
    });
    return moneyRow({
      key,
      title: [shipper ?? "Nobody in particular", dueWords(due)].join(" · "),
      state: dueState(due, this.now()),
      amount: exactly(due.amount),
      below: [dueWhen(due, this.now()), isPart && `${money(due.open)} open`, to],
    });
  }
}
