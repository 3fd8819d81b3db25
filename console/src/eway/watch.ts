// The e-way bill watch: what ends next, whether it may be extended now, and what people are to do.

import { money } from "../booking/money";
import type { Rights } from "../booking/rights";
import { button, empty, Redraw } from "../booking/rows";
import { filterGroup } from "../money/paged_list";
import { failed, moneyRow, refusalWords } from "../money/rows";
import { when } from "../money/words";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import type { EwayApi } from "./api";
import { BillForms, numberOf } from "./bill_forms";
import type { BillStatus, EwayBill, Task } from "./types";
import {
  billState,
  billTrouble,
  byUrgency,
  ON_THE_PORTAL,
  pendingWords,
  validWords,
  windowState,
  windowWords,
} from "./words";

const FILTERS: readonly (readonly [name: string, statuses: readonly BillStatus[]])[] = [
  ["On the portal", ON_THE_PORTAL],
  ["May be extended now", ["active", "expired"]],
  ["Drafts", ["draft"]],
  ["Over", ["closed", "cancelled", "rejected"]],
];
const ONLY_OPEN = 1;
const BILL = "eway-bills/";

export class EwayWatch {
  readonly element = h("section", { class: "eway", "aria-label": "E-way bills" });
  readonly bookingWanted = new Signal<string>();
  private readonly api: EwayApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly forms: BillForms;
  private readonly note = h("div", {});
  private readonly tasksBox = h("div", {});
  private readonly list = h("ol", { "aria-label": "E-way bills by nearest end" });
  private readonly redraw = new Redraw(this.list);
  private readonly redrawTasks = new Redraw(this.tasksBox);
  private filter = 0;
  private asked = 0;

  constructor(api: EwayApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
    this.forms = new BillForms(api, rights, now, () => void this.refresh());
    const names = FILTERS.map(([name]) => name);
    const filters = filterGroup("Filter by state", names, (i) => {
      this.filter = i;
      void this.refresh();
    });
    replace(this.note, empty("Loading …"));
    this.element.append(filters, this.tasksBox, this.note, this.list, this.forms.element);
  }

  async refresh(): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const [, statuses] = FILTERS[this.filter] ?? ["", ON_THE_PORTAL];
    const mayTasks = this.rights.may("tasks:read");
    try {
      const [found, tasks] = await Promise.all([
        this.api.bills(statuses),
        mayTasks ? this.api.tasks() : Promise.resolve([]),
      ]);
      if (mine === this.asked) this.draw(found, tasks);
    } catch (error) {
      if (mine !== this.asked) return;
      const said = refusalWords(error, this.rights, "eway:read");
      replace(this.note, failed(said, () => void this.refresh()));
    }
  }

  private draw(found: readonly EwayBill[], tasks: readonly Task[]): void {
    const nowMs = this.now();
    const isOpen = (bill: EwayBill): boolean => windowState(bill, nowMs) === "open";
    const wanted = this.filter === ONLY_OPEN ? found.filter(isOpen) : found;
    const bills = byUrgency(wanted, nowMs);
    replace(this.note, bills.length === 0 && empty("There are none like that."));
    const left = bills.map((bill) => [validWords(bill, nowMs), windowWords(bill, nowMs)]);
    this.redraw.with([bills, left], () => {
      replace(this.list, ...bills.map((bill) => this.row(bill, nowMs)));
    });
    const ours = tasks.filter(({ kind }) => kind.startsWith("eway."));
    this.redrawTasks.with([ours, found], () => {
      const rows = ours.map((task) => this.taskRow(task, found));
      replace(
        this.tasksBox,
        rows.length > 0 && h("h3", {}, "To be done"),
        rows.length > 0 && h("ol", { "aria-label": "Tasks" }, ...rows),
      );
    });
  }

  private row(bill: EwayBill, nowMs: number): HTMLElement {
    const { id, booking, leg, vehicle, value, status } = bill;
    const window = windowState(bill, nowMs);
    const to = button(`${booking} ${leg}`, () => this.bookingWanted.emit(booking), {
      class: "link",
      "data-key": `to-${id}`,
    });
    const pending = pendingWords(bill);
    const way = `${bill.sender.place} → ${bill.receiver.place}`;
    const isLive = ON_THE_PORTAL.includes(status) && pending === null;
    const isWindow = window === "open" || window === "before";
    return moneyRow({
      key: `${BILL}${id}`,
      title: numberOf(bill),
      state: billState(status),
      amount: money(value),
      below: [
        validWords(bill, nowMs),
        ON_THE_PORTAL.includes(status) &&
          h("span", { class: `window-${window}` }, windowWords(bill, nowMs)),
        way,
        vehicle ?? "no vehicle",
        to,
        pending && h("em", {}, pending),
      ],
      trouble: billTrouble(bill),
      actions: [
        isLive && window === "open" && this.extendButton(bill),
        isLive && (isWindow || status === "part_a") && this.partBButton(bill),
      ],
    });
  }

  private extendButton(bill: EwayBill): HTMLElement | false {
    const open = (): void => this.forms.extend(bill);
    const props = { class: "primary", "data-key": `extend-${bill.id}` };
    return this.rights.may("eway:write") && button("Extend …", open, props);
  }

  private partBButton(bill: EwayBill): HTMLElement | false {
    const open = (): void => this.forms.partB(bill);
    const props = { "data-key": `part-b-${bill.id}` };
    return this.rights.may("eway:report") && button("Another vehicle …", open, props);
  }

  private taskRow(task: Task, bills: readonly EwayBill[]): HTMLElement {
    const { id, title, about, since, until, escalated_at, assigned_to, kind } = task;
    const bill = bills.find((each) => about === `${BILL}${each.id}`);
    const may = this.rights.may("tasks:write");
    const isOpen = bill !== undefined && windowState(bill, this.now()) === "open";
    return moneyRow({
      key: `tasks/${id}`,
      title,
      amount: "",
      below: [
        since && `from ${when(since)}`,
        until && `until ${when(until)}`,
        assigned_to ?? "nobody’s yet",
        escalated_at && h("em", {}, "overdue with whoever has it"),
      ],
      actions: [
        kind === "eway.extend" && isOpen && bill.pending === null && this.extendButton(bill),
        kind === "eway.part_b" && bill !== undefined && this.partBButton(bill),
        may && button("Done …", () => this.forms.done(task), { "data-key": `done-${id}` }),
        may && button("Dismiss …", () => this.forms.dismiss(task), { "data-key": `dismiss-${id}` }),
      ],
    });
  }
}
