// Views behind tabs, chosen by click or arrow key.

import { h } from "../ui/dom";

export class Tabs {
  readonly element = h("div", { class: "tabs" });
  private readonly list = h("div", { role: "tablist" });
  private readonly parts = new Map<string, { tab: HTMLElement; view: HTMLElement }>();
  private readonly onChoice: () => void;
  chosen = "";

  constructor(views: readonly [name: string, view: HTMLElement][], onChoice: () => void) {
    this.onChoice = onChoice;
    this.element.append(this.list);
    for (const [name, view] of views) {
      const id = `tab-${name.replaceAll(" ", "-")}`;
      const tab = h("button", { type: "button", role: "tab", id }, name);
      tab.addEventListener("click", () => this.choose(name));
      const panel = h("div", { role: "tabpanel", "aria-labelledby": tab.id }, view);
      this.parts.set(name, { tab, view: panel });
      this.list.append(tab);
      this.element.append(panel);
    }
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.press(views[0]?.[0] ?? "");
  }

  choose(name: string): void {
    if (!this.parts.has(name)) return;
    this.press(name);
    this.onChoice();
  }

  private press(name: string): void {
    this.chosen = name;
    for (const [each, { tab, view }] of this.parts) {
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
      view.hidden = each !== name;
    }
  }

  private key(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const names = [...this.parts.keys()];
    const next = names[(names.indexOf(this.chosen) + step + names.length) % names.length];
    if (next === undefined) return;
    this.choose(next);
    this.parts.get(next)?.tab.focus();
  }
}
