// A panel at the side of the map with views behind tabs, opened by a button, a key or the address.

import type { CloudEvent } from "../api/types";
import { inAddress, type Name, putInAddress } from "../booking/fragment";
import type { Rights } from "../booking/rights";
import { Tabs } from "../booking/tabs";
import { Signal } from "../signal";
import { h, ICONS, iconButton } from "./dom";

// Events come in bursts: one look for all of them.
const LOOK_AFTER_MS = 400;
// For what no event tells, and when the feed is down.
const POLL_MS = 15_000;

export interface Section {
  name: string;
  /** Any of these lets it be seen; none: whoever is signed in may. */
  permissions: readonly string[];
  view: { element: HTMLElement; refresh: () => Promise<void> };
  /** Events after which it is looked at anew. */
  hears?: RegExp;
}

export interface DeskWish {
  /** As its button says. */
  name: string;
  /** Of the panel in the page's address, and its class. */
  address: Name;
  sections: readonly Section[];
}

export class TabbedDesk {
  readonly element: HTMLElement;
  readonly toggled = new Signal<boolean>();
  /** Another tab is looked at. */
  readonly turned = new Signal<string>();
  readonly head: HTMLElement;
  private readonly address: Name;
  private readonly sections: readonly Section[];
  private readonly tabs: Tabs;
  private timer: number | undefined;

  constructor(rights: Rights, { name, address, sections }: DeskWish) {
    this.address = address;
    this.sections = sections.filter(({ permissions }) => {
      return permissions.length === 0 || permissions.some((each) => rights.may(each));
    });
    const close = iconButton(ICONS.close, `Close ${name.toLowerCase()}`, () => this.close());
    this.head = h("div", { class: "desk-head" }, h("h2", {}, name), close);
    const named = ({ name: each, view }: Section): [string, HTMLElement] => [each, view.element];
    this.tabs = new Tabs(this.sections.map(named), () => this.tabChosen());
    const body = h("div", { class: "desk-body" }, this.tabs.element);
    this.element = h("section", { class: `panel desk money ${address}`, "aria-label": name });
    this.element.hidden = true;
    this.element.append(this.head, body);
    window.setInterval(() => {
      if (document.visibilityState === "visible") this.look();
    }, POLL_MS);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  get mayOpen(): boolean {
    return this.sections.length > 0;
  }

  get chosen(): string {
    return this.tabs.chosen;
  }

  /** The tab that the address names, and what stands behind it there. */
  openAddressed(): string | null {
    const found = inAddress(this.address);
    if (found === null || !this.mayOpen) return null;
    const [word = "", rest = null] = found.split("/");
    this.openTab(this.sections.find(({ name }) => wordOf(name) === word)?.name ?? "");
    return rest;
  }

  openTab(name: string): void {
    this.open();
    this.tabs.choose(name);
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  open(): void {
    if (this.isOpen || !this.mayOpen) return;
    this.element.hidden = false;
    this.toggled.emit(true);
    this.tabChosen();
    this.element.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus();
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    putInAddress(this.address, null);
    this.toggled.emit(false);
  }

  stepBack(): boolean {
    if (!this.isOpen) return false;
    this.close();
    return true;
  }

  heard({ type }: CloudEvent): void {
    if (this.section?.hears?.test(type)) this.lookSoon();
  }

  lookSoon(): void {
    if (!this.isOpen) return;
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.look();
    }, LOOK_AFTER_MS);
  }

  putAddress(behind: string | null = null): void {
    const word = wordOf(this.tabs.chosen);
    if (this.isOpen) putInAddress(this.address, behind === null ? word : `${word}/${behind}`);
  }

  private get section(): Section | undefined {
    return this.sections.find(({ name }) => name === this.tabs.chosen);
  }

  private tabChosen(): void {
    if (!this.isOpen) return;
    this.putAddress();
    this.turned.emit(this.tabs.chosen);
    this.look();
  }

  private look(): void {
    if (this.isOpen) void this.section?.view.refresh();
  }
}

/** In the page's address; the map, which writes there too, would change a space. */
function wordOf(section: string): string {
  return section.toLowerCase().replaceAll(" ", "-");
}
