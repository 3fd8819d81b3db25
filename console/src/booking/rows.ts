// The small parts that every view of bookings is made of.

import { h } from "../ui/dom";
import type { BookingStatus } from "./types";
import { stageOf, statusWords } from "./words";

export function badge(status: BookingStatus): HTMLElement {
  return h("span", { class: `badge stage-${stageOf(status)}` }, statusWords(status));
}

export function button(words: string, onclick: () => void, props = {}): HTMLButtonElement {
  return h("button", { type: "button", onclick, ...props }, words);
}

export function empty(words: string): HTMLElement {
  return h("p", { class: "empty" }, words);
}

/** Arrow keys, Home and End go from one of these to the next. */
export function walk(event: KeyboardEvent, items: readonly HTMLElement[]): boolean {
  const at = items.indexOf(document.activeElement as HTMLElement);
  const next = {
    ArrowDown: at + 1,
    ArrowUp: at < 0 ? items.length - 1 : Math.max(0, at - 1),
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (next === undefined || items.length === 0) return false;
  event.preventDefault();
  items[Math.min(next, items.length - 1)]?.focus();
  return true;
}

/** Draws only what has changed, and keeps the focus on the thing it was on (by its data-key). */
export class Redraw {
  private last: string | null = null;
  private readonly box: HTMLElement;

  constructor(box: HTMLElement) {
    this.box = box;
  }

  with(facts: unknown, draw: () => void): void {
    const now = JSON.stringify(facts);
    if (now === this.last) return;
    this.last = now;
    const active = document.activeElement;
    const key = active instanceof HTMLElement && this.box.contains(active) && active.dataset["key"];
    const opened = [...this.box.querySelectorAll<HTMLElement>("details[open]")].map(
      (each) => each.dataset["key"],
    );
    draw();
    for (const each of this.box.querySelectorAll<HTMLDetailsElement>("details"))
      if (each.dataset["key"] !== undefined && opened.includes(each.dataset["key"]))
        each.open = true;
    if (key) this.box.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  forget(): void {
    this.last = null;
  }
}
