// The money side of the workspace: dues, ageing, settlements and e-way bills, kept fresh.

import type { ApiClient } from "../api/client";
import type { CloudEvent } from "../api/types";
import { inAddress, putInAddress } from "../booking/fragment";
import type { Rights } from "../booking/rights";
import { Tabs } from "../booking/tabs";
import { EwayApi } from "../eway/api";
import { EwayWatch } from "../eway/watch";
import { PaperViewer } from "../papers/viewer";
import { Signal } from "../signal";
import { h, ICONS, iconButton, replace } from "../ui/dom";
import { OF_MONEY } from "../ui/event_text";
import { AgeingView } from "./ageing_view";
import { MoneyApi } from "./api";
import { DuesView } from "./dues_view";
import { SettlementPage } from "./settlement_page";
import { SettlementsView } from "./settlements_view";

// Events come in bursts: one look for all of them.
const LOOK_AFTER_MS = 400;
// For what no event tells, and when the feed is down.
const POLL_MS = 15_000;

interface Section {
  name: string;
  permission: string;
  view: { element: HTMLElement; refresh: () => Promise<void> };
}

export class MoneyDesk {
  readonly element = h("section", {
    class: "panel desk money",
    "aria-label": "Money",
    hidden: true,
  });
  readonly toggled = new Signal<boolean>();
  readonly bookingWanted = new Signal<string>();
  private readonly sections: readonly Section[];
  private readonly page: SettlementPage;
  private readonly tabs: Tabs;
  private readonly title = h("h2", {}, "Money");
  private readonly back: HTMLButtonElement;
  private timer: number | undefined;

  constructor(client: ApiClient, rights: Rights, now: () => number) {
    const api = new MoneyApi(client);
    const viewer = new PaperViewer();
    const dues = new DuesView(api, rights, now);
    const settlements = new SettlementsView(api, rights);
    const eway = new EwayWatch(new EwayApi(client), rights, now);
    const all: Section[] = [
      { name: "Dues", permission: "payments:read", view: dues },
      { name: "Ageing", permission: "ledger:read", view: new AgeingView(api, rights) },
      { name: "Settlements", permission: "settlements:read", view: settlements },
      { name: "E-way bills", permission: "eway:read", view: eway },
    ];
    this.sections = all.filter(({ permission }) => rights.may(permission));
    this.page = new SettlementPage(api, rights, viewer);
    const named = ({ name, view }: Section): [string, HTMLElement] => [name, view.element];
    this.tabs = new Tabs(this.sections.map(named), () => this.tabChosen());
    this.back = iconButton(ICONS.back, "Back to all settlements", () => this.stepBack());
    const close = iconButton(ICONS.close, "Close money", () => this.close());
    const head = h("div", { class: "desk-head" }, this.back, this.title, close);
    const body = h("div", { class: "desk-body" }, this.tabs.element, this.page.element);
    this.element.append(head, body, viewer.element);
    for (const each of [dues, eway, this.page])
      each.bookingWanted.on((id) => this.bookingWanted.emit(id));
    settlements.opened.on((id) => void this.openSettlement(id));
    this.page.settlementWanted.on((id) => void this.openSettlement(id));
    this.showPage(null);
    window.setInterval(() => this.poll(), POLL_MS);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  get mayOpen(): boolean {
    return this.sections.length > 0;
  }

  /** What the page's address names is opened with it: a section, or one settlement. */
  openAddressed(): void {
    const found = inAddress("money");
    if (found === null || !this.mayOpen) return;
    const [kind, id] = found.split("/");
    if (kind === "settlements" && id) void this.openSettlement(id);
    else {
      const section = this.sections.find(({ name }) => wordOf(name) === found);
      this.open();
      if (section !== undefined) this.tabs.choose(section.name);
    }
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  open(): void {
    this.appear();
    this.showPage(null);
    this.look();
    this.element.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.page.settlementId = null;
    putInAddress("money", null);
    this.toggled.emit(false);
  }

  /** One step back; false when there is none to take. */
  stepBack(): boolean {
    if (!this.isOpen) return false;
    if (this.page.settlementId === null) this.close();
    else {
      const last = this.page.settlementId;
      this.showPage(null);
      this.look();
      this.element.querySelector<HTMLElement>(`[data-key="${CSS.escape(last)}"]`)?.focus();
    }
    return true;
  }

  async openSettlement(id: string): Promise<void> {
    if (!this.sections.some(({ name }) => name === "Settlements")) return;
    this.appear();
    if (this.tabs.chosen !== "Settlements") this.tabs.choose("Settlements");
    this.showPage(id);
    await this.page.open(id);
  }

  heard(event: CloudEvent): void {
    if (OF_MONEY.test(event.type)) this.lookSoon();
  }

  lookSoon(): void {
    if (!this.isOpen) return;
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.look();
    }, LOOK_AFTER_MS);
  }

  private appear(): void {
    if (this.isOpen) return;
    this.element.hidden = false;
    this.toggled.emit(true);
  }

  private showPage(id: string | null): void {
    this.page.settlementId = id;
    this.page.element.hidden = id === null;
    this.tabs.element.hidden = id !== null;
    this.back.hidden = id === null;
    replace(this.title, id === null ? "Money" : "Settlement");
    if (this.isOpen) this.putAddress();
  }

  private tabChosen(): void {
    if (!this.isOpen) return;
    this.putAddress();
    this.look();
  }

  private putAddress(): void {
    const id = this.page.settlementId;
    putInAddress("money", id === null ? wordOf(this.tabs.chosen) : `settlements/${id}`);
  }

  private poll(): void {
    if (this.isOpen && document.visibilityState === "visible") this.look();
  }

  private look(): void {
    if (this.page.settlementId !== null) void this.page.refresh();
    else {
      const section = this.sections.find(({ name }) => name === this.tabs.chosen);
      void section?.view.refresh();
    }
  }
}

/** In the page's address; the map, which writes there too, would change a space. */
function wordOf(section: string): string {
  return section.toLowerCase().replaceAll(" ", "-");
}
