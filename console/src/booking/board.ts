// The booking board: every booking with its status, filtered, searched, and as fresh as the feed.

import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { timeOfDay } from "../ui/format";
import type { BookingApi } from "./api";
import { money } from "./money";
import { problemWords } from "./problems";
import { badge, button, empty, Redraw, walk } from "./rows";
import type { Booking } from "./types";
import { FILTERS, loadWords, referenceWords, stageOf, statusWords, wayWords } from "./words";

const SEARCH_AFTER_MS = 250;
// What stands further down is found by searching.
const PAGES_MAX = 10;

export class Board {
  readonly element = h("div", { class: "board" });
  readonly opened = new Signal<string>();
  readonly shown = new Signal<readonly Booking[]>();
  private readonly api: BookingApi;
  private readonly list = h("ol", { class: "bookings", "aria-label": "Bookings" });
  private readonly note = h("div", { role: "status" });
  private readonly more = button("Show older ones", () => void this.grow(), { class: "more" });
  private readonly search = h("input", {
    type: "search",
    placeholder: "Reference, place, truck or driver",
    "aria-label": "Search bookings",
    spellcheck: "false",
  });
  private readonly redraw = new Redraw(this.list);
  private readonly filters: HTMLButtonElement[];
  private filter = 0;
  private pages = 1;
  private asked = 0;
  private timer: number | undefined;

  constructor(api: BookingApi) {
    this.api = api;
    this.filters = FILTERS.map(({ name }, i) => button(name, () => this.choose(i)));
    const group = { class: "filters", role: "group", "aria-label": "Filter by status" };
    this.search.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.anew(), SEARCH_AFTER_MS);
    });
    this.list.addEventListener("keydown", (event) => {
      walk(event, [...this.list.querySelectorAll("button")]);
    });
    this.more.hidden = true;
    const filters = h("div", group, ...this.filters);
    this.element.append(this.search, filters, this.note, this.list, this.more);
    this.press();
  }

  /** Not where that would bring up a keyboard over the board. */
  focus(): void {
    if (!window.matchMedia("(pointer: coarse)").matches) this.search.focus();
  }

  /** The pages that are open, anew; an answer that was overtaken by another question is dropped. */
  async refresh(): Promise<void> {
    this.asked += 1;
    const mine = this.asked;
    const found: Booking[] = [];
    let cursor: string | null = null;
    try {
      for (let page = 0; page < this.pages; page += 1) {
        const statuses = FILTERS[this.filter]?.statuses ?? [];
        const words = this.search.value.trim();
        const answer = await this.api.page({ statuses, words, cursor });
        if (mine !== this.asked) return;
        found.push(...answer.items);
        cursor = answer.next_cursor;
        if (cursor === null) break;
      }
    } catch (error) {
      if (mine === this.asked) this.failed(problemWords(error));
      return;
    }
    this.draw(found, cursor !== null && this.pages < PAGES_MAX);
  }

  private choose(filter: number): void {
    this.filter = filter;
    this.press();
    this.anew();
  }

  private press(): void {
    this.filters.forEach((each, i) => each.setAttribute("aria-pressed", String(i === this.filter)));
  }

  private anew(): void {
    this.pages = 1;
    void this.refresh();
  }

  private async grow(): Promise<void> {
    this.pages += 1;
    await this.refresh();
  }

  private failed(message: string): void {
    const again = button("Try again", () => void this.refresh(), { class: "link" });
    replace(this.note, h("p", { class: "notice bad" }, `${message} `, again));
  }

  private draw(bookings: readonly Booking[], isMore: boolean): void {
    const isAll = this.filter === 0 && this.search.value.trim() === "";
    const nothing = isAll
      ? "There are no bookings yet. Make the first one with “New booking”."
      : "No booking is like that.";
    replace(this.note, bookings.length === 0 && empty(nothing));
    this.more.hidden = !isMore;
    this.redraw.with(bookings, () => {
      replace(this.list, ...bookings.map((booking) => this.row(booking)));
    });
    this.shown.emit(bookings);
  }

  private row(booking: Booking): HTMLElement {
    const trucks = booking.legs.map((leg) => leg.truck).filter((id) => id !== null);
    const first = booking.stops[0]?.window?.from;
    const due = first ? `pickup from ${timeOfDay(Date.parse(first))}` : null;
    const below = [loadWords(booking), due, trucks.join(", "), referenceWords(booking)];
    const agreed = booking.price && money(booking.price.agreed);
    const open = (): void => this.opened.emit(booking.id);
    return h(
      "li",
      {},
      h(
        "button",
        {
          type: "button",
          class: `stage-${stageOf(booking.status)}`,
          "data-key": booking.id,
          "data-status": booking.status,
          "aria-label": `${wayWords(booking)}, ${statusWords(booking.status)}`,
          onclick: open,
        },
        h("b", {}, wayWords(booking)),
        badge(booking.status),
        h("span", { class: "below" }, below.filter(Boolean).join(" · ")),
        h("span", { class: "price" }, agreed),
      ),
    );
  }
}
