// The bar on top: search, counts by status, how fresh the picture is, and the few controls.

import type { Counts } from "../fleet/fleet";
import type { LiveConnection, LinkState } from "../live/connection";
import type { Theme } from "../theme";
import { h, icon, ICONS, iconButton, replace } from "./dom";
import { ago, countWords } from "./format";

// Data older than this while "live" is worth saying.
const STALE_MS = 5_000;
const WORDS: Record<LinkState, string> = {
  connecting: "Connecting",
  live: "Live",
  reconnecting: "Reconnecting",
  offline: "Offline",
};

/** A button for each panel at the side, with the key that does the same. */
const DESKS = [
  ["Alerts", "i", ICONS.warning],
  ["Bookings", "b", ICONS.load],
  ["Money", "m", ICONS.rupee],
  ["System", "s", ICONS.pulse],
  ["For you", "n", ICONS.bell],
] as const;

/** Counted at their buttons, and what of them is counted. */
const COUNTED: Record<string, string> = { i: "unseen", n: "unread" };

export interface TopBarActions {
  search: (id: string) => void;
  suggest: (text: string) => string[];
  home: () => void;
  /** By its key. */
  desk: (key: string) => void;
  settings: () => void;
  signOut: () => void;
}

export class TopBar {
  readonly element: HTMLElement;
  private readonly suggestions = h("datalist", { id: "truck-ids" });
  private readonly tenant = h("span", { class: "tenant" });
  private readonly countsBox = h("div", {
    class: "counts",
    role: "group",
    "aria-label": "Trucks in view",
  });
  private readonly link = h("div", { class: "link-state", role: "status" });
  private readonly desks: ReadonlyMap<string, HTMLButtonElement>;
  private readonly live: LiveConnection;
  private readonly search: HTMLInputElement;

  constructor(live: LiveConnection, theme: Theme, actions: TopBarActions) {
    this.live = live;
    this.search = h("input", {
      type: "search",
      placeholder: "Find a truck by id",
      "aria-label": "Find a truck by id",
      list: "truck-ids",
      spellcheck: "false",
      autocapitalize: "none",
    });
    this.desks = new Map(
      DESKS.map(([name, key, path]) => [key, deskButton(name, key, path, () => actions.desk(key))]),
    );
    for (const key of Object.keys(COUNTED))
      this.desks.get(key)?.append(h("span", { class: "unread", hidden: true }));
    const find = h(
      "form",
      { class: "search", role: "search" },
      icon(ICONS.search) as unknown as Node,
      this.search,
      this.suggestions,
    );
    this.search.addEventListener("input", () => {
      const ids = this.search.value === "" ? [] : actions.suggest(this.search.value);
      replace(this.suggestions, ...ids.map((id) => h("option", { value: id })));
    });
    find.addEventListener("submit", (event) => {
      event.preventDefault();
      const id = this.search.value.trim();
      if (id !== "") actions.search(id);
    });
    this.element = h(
      "header",
      { class: "top-bar" },
      h(
        "div",
        { class: "brand" },
        h("span", { class: "mark" }),
        h("span", { class: "name" }, "UberTruck"),
        this.tenant,
      ),
      find,
      this.countsBox,
      h("span", { class: "spring" }),
      this.link,
      h(
        "nav",
        { "aria-label": "Console" },
        ...this.desks.values(),
        iconButton(ICONS.home, "Show all of India", actions.home),
        this.themeButton(theme),
        iconButton(ICONS.layers, "Map settings", actions.settings),
        iconButton(ICONS.out, "Sign out", actions.signOut),
      ),
    );
    live.state.watch(() => this.drawLink());
    live.hello.on((hello) => (this.tenant.textContent = hello.tenant));
    window.setInterval(() => this.drawLink(), 1_000);
  }

  offer(keys: ReadonlySet<string>): void {
    for (const [key, button] of this.desks) button.hidden = !keys.has(key);
  }

  press(open: string | null): void {
    for (const [key, button] of this.desks)
      button.setAttribute("aria-pressed", String(key === open));
  }

  /** How many alerts nobody has seen, or messages one has not read. */
  showCount(key: string, count: number): void {
    const button = this.desks.get(key);
    const mark = button?.querySelector<HTMLElement>(".unread");
    const name = DESKS.find(([, each]) => each === key)?.[0] ?? "";
    if (!button || !mark) return;
    mark.hidden = count === 0;
    mark.textContent = countWords(count);
    button.setAttribute("aria-label", count === 0 ? name : `${name}, ${count} ${COUNTED[key]}`);
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  showCounts(counts: Counts, settled: boolean): void {
    const [unknown, moving, stopped, offline] = counts.byStatus;
    replace(
      this.countsBox,
      chip("moving", moving),
      chip("stopped", stopped),
      chip("offline", offline),
      unknown > 0 && chip("unknown", unknown),
      h(
        "span",
        { class: "total" },
        settled ? `${counts.total.toLocaleString("en-IN")} in view` : "",
      ),
    );
  }

  private drawLink(): void {
    const state = this.live.state.value;
    const last = this.live.lastMessageAt;
    const ageMs = last === null ? null : performance.now() - last;
    const telling = ageMs !== null && (state !== "live" || ageMs > STALE_MS);
    this.link.dataset["state"] = state;
    replace(
      this.link,
      h("span", { class: "dot" }),
      h("span", {}, WORDS[state]),
      telling && h("span", { class: "age" }, `data ${ago(ageMs)} old`),
    );
  }

  private themeButton(theme: Theme): HTMLButtonElement {
    const button = iconButton(ICONS.sun, "Switch between dark and light", () => theme.toggle());
    theme.palette.watch((palette) => {
      replace(button, icon(palette.name === "dark" ? ICONS.sun : ICONS.moon) as unknown as Node);
    });
    return button;
  }
}

function deskButton(
  name: string,
  key: string,
  path: string,
  onclick: () => void,
): HTMLButtonElement {
  return h(
    "button",
    {
      ...{ type: "button", class: "to-bookings", onclick },
      ...{ title: `${name} (${key})`, "aria-label": name, "data-desk": key },
    },
    icon(path) as unknown as Node,
    h("span", { class: "word" }, name),
  );
}

function chip(status: string, count: number): HTMLElement {
  return h(
    "span",
    { class: `chip ${status}`, "data-status": status, "data-count": String(count) },
    h("span", { class: "swatch" }),
    h("b", {}, count.toLocaleString("en-IN")),
    h("span", { class: "word" }, status),
  );
}
