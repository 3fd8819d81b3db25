// What a booking costs: the agreed price, line by line from its quote, and what is owed beside it.

import { ApiError } from "../api/client";
import { h, replace } from "../ui/dom";
import type { BookingApi } from "./api";
import { money, rupees } from "./money";
import { priceView } from "./price_view";
import type { Rights } from "./rights";
import { empty, Redraw } from "./rows";
import type { Booking, Charge, Quote } from "./types";
import { placeWords, sentence } from "./words";

export class ChargesView {
  readonly element = h("section", { class: "charges", "aria-label": "Price and charges" });
  private readonly api: BookingApi;
  private readonly rights: Rights;
  private readonly redraw = new Redraw(this.element);
  private quote: Quote | null = null;

  constructor(api: BookingApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
  }

  async show(booking: Booking): Promise<void> {
    const wanted = booking.price?.quote ?? null;
    if (wanted !== this.quote?.id) this.quote = await this.fetched(wanted);
    this.redraw.with([booking, this.quote?.id], () => this.draw(booking));
  }

  /** Quotes never change. */
  private async fetched(id: string | null): Promise<Quote | null> {
    if (id === null || !this.rights.may("quotes:read")) return null;
    try {
      return await this.api.quoteOf(id);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return null;
    }
  }

  private draw(booking: Booking): void {
    const { price } = booking;
    if (price === null) {
      replace(this.element, empty("It has no price, or none that is for you to see."));
      return;
    }
    const owed = price.charges.reduce((sum, { amount }) => sum + amount.amount_minor, 0);
    replace(
      this.element,
      h("p", { class: "agreed" }, "Agreed ", h("b", {}, money(price.agreed))),
      price.charges.length > 0 && chargesTable(booking, price.charges, owed),
      this.quote !== null && h("h3", {}, "How the quote came about"),
      this.quote !== null && priceView(this.quote),
    );
  }
}

function chargesTable(booking: Booking, charges: Charge[], owed: number): HTMLElement {
  const rows = charges.map(({ head, leg, stop, payer, amount }) => {
    const at = booking.stops.find(({ id }) => id === stop);
    const where = [leg, at && placeWords(at), `paid by the ${payer}`].filter(Boolean).join(" · ");
    const about = h("span", { class: "sum" }, where);
    const words = h("th", { scope: "row" }, sentence(head), about);
    return h("tr", {}, words, h("td", {}, money(amount)));
  });
  const total = h("th", { scope: "row" }, "Owed beside the price");
  const foot = h("tr", { class: "total" }, total, h("td", {}, rupees(owed)));
  const table = h("table", {}, h("tbody", {}, ...rows), h("tfoot", {}, foot));
  return h("div", { class: "price-view" }, table);
}
