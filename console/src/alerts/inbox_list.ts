// The list of the inbox: filters, search, groups, and which alert is looked at.

import type { Rights } from "../booking/rights";
import { empty, Redraw } from "../booking/rows";
import { filterGroup } from "../money/paged_list";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import type { AlertBook } from "./book";
import { type Filter, grouped, heir, type Scope, SEVERITIES, shown, stepped } from "./queue";
import type { Alert, Severity } from "./types";
import {
  ageWords,
  groupWords,
  kindWords,
  rowWords,
  SEVERITY_WORDS,
  standing,
  whoseWords,
} from "./words";

const SCOPES: readonly (readonly [name: string, scope: Scope])[] = [
  ["Open", "open"],
  ["Mine", "mine"],
  ["Snoozed", "snoozed"],
  ["Resolved", "done"],
];
const NOTHING: Record<Scope, string> = {
  open: "Nothing waits for you.",
  mine: "None is assigned to you.",
  snoozed: "None is snoozed.",
  done: "None was resolved lately.",
};

export class InboxList {
  readonly element = h("div", { class: "inbox-list" });
  readonly chosen = new Signal<string | null>();
  readonly scoped = new Signal<Scope>();
  chosenId: string | null = null;
  private readonly book: AlertBook;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly filter: Filter = { scope: "open", severity: "", words: "" };
  private readonly note = h("div", { role: "status" });
  private readonly list = h("ol", { class: "alerts", "aria-label": "Alerts" });
  private readonly redraw = new Redraw(this.list);
  private readonly search = h("input", {
    type: "search",
    placeholder: "Truck, booking, kind (/)",
    "aria-label": "Search alerts",
    spellcheck: "false",
  });
  private ids: readonly string[] = [];

  constructor(book: AlertBook, rights: Rights, now: () => number) {
    this.book = book;
    this.rights = rights;
    this.now = now;
    const scopes = filterGroup(
      "Which alerts",
      SCOPES.map(([name]) => name),
      (i) => {
        this.filter.scope = SCOPES[i]?.[1] ?? "open";
        this.scoped.emit(this.filter.scope);
        this.draw();
      },
    );
    this.search.addEventListener("input", () => {
      this.filter.words = this.search.value.trim();
      this.draw();
    });
    this.search.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      this.focusChosen();
    });
    const head = h("div", { class: "row" }, this.search, this.severityChoice());
    this.element.append(scopes, head, this.note, this.list);
  }

  private severityChoice(): HTMLElement {
    const choice = h("select", { "aria-label": "Severity" });
    const words = ["", ...SEVERITIES] as const;
    choice.append(
      ...words.map((value) => {
        return h("option", { value }, value === "" ? "any severity" : SEVERITY_WORDS[value]);
      }),
    );
    choice.addEventListener("change", () => {
      this.filter.severity = choice.value as Severity | "";
      this.draw();
    });
    return choice;
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  /** Whichever is looked at, or the list itself. */
  focusChosen(): void {
    const row = this.rowOf(this.chosenId ?? "");
    if (row === null) this.search.blur();
    row?.focus({ preventScroll: true });
    row?.scrollIntoView({ block: "nearest" });
  }

  step(by: 1 | -1): void {
    this.choose(stepped(this.ids, this.chosenId, by));
    this.focusChosen();
  }

  choose(id: string | null): void {
    if (id !== this.chosenId) {
      this.chosenId = id;
      this.chosen.emit(id);
    }
    this.mark();
  }

  draw(): void {
    const nowMs = this.now();
    const isMe = (name: string | null): boolean => this.rights.isMe(name);
    const alerts = shown(this.book.alerts, this.filter, nowMs, isMe);
    const groups = grouped(alerts);
    const before = this.ids;
    this.ids = groups.flatMap((group) => group.alerts.map(({ id }) => id));
    const isSearch = this.filter.words !== "" || this.filter.severity !== "";
    const nothing = isSearch ? "No alert is like that." : NOTHING[this.filter.scope];
    // An empty list that cannot be trusted must not look like a quiet one.
    replace(this.note, alerts.length === 0 && empty(this.book.doubt ?? nothing));
    const ages = alerts.map((alert) => ageWords(alert, nowMs));
    const waiting = alerts.map(({ id }) => this.book.isWaiting(id));
    this.redraw.with([groups, ages, waiting], () => {
      const rows = groups.flatMap(({ alerts: members }) => this.rowsOf(members, nowMs));
      replace(this.list, ...rows);
    });
    this.passOn(before);
  }

  /** Who was looked at may have left the list. */
  private passOn(before: readonly string[]): void {
    const had =
      this.list.contains(document.activeElement) || document.activeElement === document.body;
    if (this.chosenId !== null && before.includes(this.chosenId)) {
      const next = heir(before, this.ids, this.chosenId);
      const isAnother = next !== this.chosenId;
      this.choose(next);
      if (isAnother && had) this.focusChosen();
    }
    this.mark();
  }

  private rowsOf(members: readonly Alert[], nowMs: number): HTMLElement[] {
    const rows = members.map((alert) => this.row(alert, nowMs));
    if (members.length < 2) return rows;
    return [h("li", { class: "group" }, groupWords(members)), ...rows];
  }

  private row(alert: Alert, nowMs: number): HTMLElement {
    const { id, severity, state, kind, count } = alert;
    const said = standing(alert, nowMs).join(" · ");
    const more = count > 1 ? ` × ${count}` : "";
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: `alert severity-${severity} state-${state}`,
          "data-key": id,
          "data-state": state,
          "data-waiting": String(this.book.isWaiting(id)),
          "aria-label": rowWords(alert, nowMs),
          onclick: () => this.choose(id),
        },
        h("span", { class: "severity" }, SEVERITY_WORDS[severity]),
        h("b", {}, `${kindWords(kind)}${more}`),
        h("time", { datetime: alert.began_at }, ageWords(alert, nowMs)),
        h("span", { class: "whose" }, whoseWords(alert)),
        h("span", { class: "soft" }, said),
      ),
    );
  }

  private mark(): void {
    for (const row of this.list.querySelectorAll<HTMLElement>("button[data-key]"))
      row.setAttribute("aria-current", String(row.dataset["key"] === this.chosenId));
  }

  private rowOf(id: string): HTMLElement | null {
    return this.list.querySelector<HTMLElement>(`[data-key="${CSS.escape(id)}"]`);
  }
}
