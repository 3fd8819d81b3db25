// Asked in a moment, by keyboard: how long to be quiet, a note, and which keys there are.

import { button } from "../booking/rows";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import { KEYS } from "./keys";

const MINUTE_MS = 60_000;
const MORNING_HOUR = 8;

export interface Quiet {
  words: string;
  untilMs: number;
}

/** The choices of a snooze, from a moment on. */
export function quietTimes(nowMs: number): Quiet[] {
  const morning = new Date(nowMs);
  morning.setHours(MORNING_HOUR, 0, 0, 0);
  if (morning.getTime() <= nowMs) morning.setDate(morning.getDate() + 1);
  return [
    { words: "15 minutes", untilMs: nowMs + 15 * MINUTE_MS },
    { words: "1 hour", untilMs: nowMs + 60 * MINUTE_MS },
    { words: "4 hours", untilMs: nowMs + 240 * MINUTE_MS },
    { words: "till the morning", untilMs: morning.getTime() },
  ];
}

export class AlertDialogs {
  readonly element = h("dialog", { class: "settings alert-dialog" });

  constructor() {
    // Told a little later: by then the next one may be open.
    this.element.addEventListener("close", () => {
      if (!this.element.open) replace(this.element);
    });
  }

  snooze(about: string, nowMs: number, chosen: (untilMs: number) => void): void {
    const take = ({ untilMs }: Quiet): void => {
      this.shut();
      chosen(untilMs);
    };
    const times = quietTimes(nowMs);
    const list = times.map((each, i) => {
      const key = h("kbd", {}, String(i + 1));
      const words = `${each.words}, until ${clock(each.untilMs)}`;
      return h("button", { type: "button", onclick: () => take(each) }, key, ` ${words}`);
    });
    const form = this.form("Snooze", about, h("div", { class: "choices" }, ...list));
    form.addEventListener("keydown", (event) => {
      const each = times[Number(event.key) - 1];
      if (each === undefined) return;
      event.preventDefault();
      take(each);
    });
    list[0]?.focus();
  }

  resolve(about: string, decided: (note: string) => void): void {
    const note = h("input", { id: "resolve-note", placeholder: "optional: what was it?" });
    const parts = [h("label", { for: "resolve-note" }, "Note"), note];
    const submit = h("button", { type: "submit", class: "primary" }, "Resolve");
    const form = this.form("Resolve", about, ...parts, h("div", { class: "actions" }, submit));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = note.value.trim();
      this.shut();
      decided(said);
    });
    note.focus();
  }

  help(): void {
    const rows = KEYS.map(([key, , words]) =>
      h("div", {}, h("dt", {}, h("kbd", {}, key)), h("dd", {}, words)),
    );
    this.form("Keys of the inbox", "", h("dl", { class: "keys" }, ...rows));
  }

  /** At once with all that is in it: the next key must not go to a field that is not seen. */
  private shut(): void {
    this.element.close();
    replace(this.element);
  }

  private form(title: string, about: string, ...parts: HTMLElement[]): HTMLElement {
    const form = h(
      "form",
      { method: "dialog" },
      h("h2", {}, title),
      about !== "" && h("p", { class: "soft" }, about),
      ...parts,
      h(
        "div",
        { class: "actions" },
        button("Close", () => this.element.close()),
      ),
    );
    this.element.setAttribute("aria-label", title);
    replace(this.element, form);
    this.element.showModal();
    return form;
  }
}
