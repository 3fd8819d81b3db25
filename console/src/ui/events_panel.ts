// The running list of events: newest first, bounded, quiet when nothing happens.

import type { CloudEvent } from "../api/types";
import { h, replace } from "./dom";
import { eventLine, withdrawnIds } from "./event_text";
import { clock } from "./format";

const KEPT = 300;

export class EventsPanel {
  readonly element: HTMLElement;
  private readonly list = h("ol", { class: "events", "aria-live": "off" });
  private readonly empty = h("p", { class: "empty" });
  private readonly events = new Map<string, CloudEvent>();
  private readonly onTruck: (id: string) => void;
  private readonly onBooking: (id: string) => void;
  private scheduled = false;

  constructor(onTruck: (id: string) => void, onBooking: (id: string) => void) {
    this.onTruck = onTruck;
    this.onBooking = onBooking;
    this.say("Loading events …");
    this.element = h(
      "section",
      { class: "panel events-panel", "aria-label": "Events" },
      h("h2", {}, "Events"),
      this.empty,
      this.list,
    );
  }

  get count(): number {
    return this.events.size;
  }

  /** Adds events of any order; the same event twice is one. */
  add(events: CloudEvent[]): void {
    for (const event of events) this.events.set(event.id, event);
    this.trim();
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => this.render());
  }

  failed(message: string, retry: () => void): void {
    replace(
      this.empty,
      `Events could not be loaded: ${message} `,
      h("button", { type: "button", class: "link", onclick: retry }, "Try again"),
    );
    this.empty.hidden = false;
  }

  private say(message: string): void {
    this.empty.textContent = message;
    this.empty.hidden = false;
  }

  private trim(): void {
    if (this.events.size <= KEPT) return;
    const newest = this.sorted().slice(0, KEPT);
    this.events.clear();
    for (const event of newest) this.events.set(event.id, event);
  }

  private sorted(): CloudEvent[] {
    return [...this.events.values()].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
  }

  private render(): void {
    this.scheduled = false;
    if (this.events.size === 0) {
      this.say("Nothing yet. Events appear here as trucks enter and leave your fences.");
      return;
    }
    this.empty.hidden = true;
    const gone = withdrawnIds(this.events.values());
    replace(this.list, ...this.sorted().map((event) => this.row(event, gone.has(event.id))));
  }

  private row(event: CloudEvent, withdrawn: boolean): HTMLElement {
    const { truck, booking, words, about, tone } = eventLine(event);
    const state = withdrawn ? " withdrawn" : "";
    const what = h("span", { class: "what" }, truck && h("b", {}, truck), ` ${words}`);
    if (about !== null) what.append(" ", h("em", {}, about));
    const time = h("time", { datetime: event.time, title: event.time }, clock(event.time));
    if (truck === null && booking === null)
      return h("li", { class: `tone-${tone}${state}` }, what, time);
    const pick = (): void => {
      if (truck !== null) this.onTruck(truck);
      else if (booking !== null) this.onBooking(booking);
    };
    return h(
      "li",
      { class: `tone-${tone}${state}` },
      h("button", { type: "button", onclick: pick }, what, time),
    );
  }
}
