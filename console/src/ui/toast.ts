// Short messages at the foot of the map that go away by themselves.

import { h } from "./dom";

const SHOWN_MS = 8_000;

export class Toasts {
  readonly element = h("div", { class: "toasts", role: "status", "aria-live": "polite" });

  say(message: string): void {
    if ([...this.element.children].some((child) => child.textContent === message)) return;
    const toast = h("p", { class: "toast" }, message);
    this.element.append(toast);
    window.setTimeout(() => toast.remove(), SHOWN_MS);
  }
}
