// A list that is filtered, asked for page by page, and looked at anew without losing its place.

import type { Page } from "../api/types";
import type { Rights } from "../booking/rights";
import { button, empty, Redraw, walk } from "../booking/rows";
import { h, replace } from "../ui/dom";
import { failed, refusalWords } from "./rows";

// What stands further down is found by filters.
const PAGES_MAX = 10;

export interface PagedWish<T> {
  label: string;
  permission: string;
  nothing: string | (() => string);
  page: (cursor: string | null) => Promise<Page<T>>;
  row: (item: T) => HTMLElement;
  /** What else the rows depend on, such as which of them are overdue by now. */
  facts?: (items: readonly T[]) => unknown;
  shown?: (items: readonly T[], isAll: boolean) => void;
}

export class PagedList<T> {
  readonly element = h("div", { class: "paged" });
  private readonly wish: PagedWish<T>;
  private readonly rights: Rights;
  private readonly note = h("div", { role: "status" });
  private readonly list: HTMLElement;
  private readonly more = button("Show more", () => void this.grow(), { class: "more" });
  private readonly redraw: Redraw;
  private pages = 1;
  private asked = 0;

  constructor(rights: Rights, wish: PagedWish<T>) {
    this.rights = rights;
    this.wish = wish;
    this.list = h("ol", { "aria-label": wish.label });
    this.redraw = new Redraw(this.list);
    this.list.addEventListener("keydown", (event) => {
      walk(event, [...this.list.querySelectorAll<HTMLElement>("button[data-key]")]);
    });
    this.more.hidden = true;
    replace(this.note, empty("Loading …"));
    this.element.append(this.note, this.list, this.more);
  }

  anew(): Promise<void> {
    this.pages = 1;
    return this.refresh();
  }

  /** The pages that are open; an answer that was overtaken by another question is dropped. */
  async refresh(): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const found: T[] = [];
    let cursor: string | null = null;
    try {
      for (let page = 0; page < this.pages; page += 1) {
        const answer: Page<T> = await this.wish.page(cursor);
        if (mine !== this.asked) return;
        found.push(...answer.items);
        cursor = answer.next_cursor;
        if (cursor === null) break;
      }
    } catch (error) {
      if (mine !== this.asked) return;
      const said = refusalWords(error, this.rights, this.wish.permission);
      replace(this.note, failed(said, () => void this.refresh()));
      return;
    }
    this.draw(found, cursor);
  }

  private draw(found: readonly T[], cursor: string | null): void {
    const { nothing, row, facts, shown } = this.wish;
    const none = typeof nothing === "string" ? nothing : nothing();
    replace(this.note, found.length === 0 && empty(none));
    this.more.hidden = cursor === null || this.pages >= PAGES_MAX;
    this.redraw.with([found, facts?.(found)], () => replace(this.list, ...found.map(row)));
    shown?.(found, cursor === null);
  }

  private async grow(): Promise<void> {
    this.pages += 1;
    await this.refresh();
  }
}

/** One of these is chosen, by click or key. */
export function filterGroup(
  label: string,
  names: readonly string[],
  onChoice: (index: number) => void,
): HTMLElement {
  const buttons = names.map((name, i) => {
    return button(name, () => {
      press(i);
      onChoice(i);
    });
  });
  const press = (chosen: number): void => {
    buttons.forEach((each, i) => each.setAttribute("aria-pressed", String(i === chosen)));
  };
  press(0);
  return h("div", { class: "filters", role: "group", "aria-label": label }, ...buttons);
}
