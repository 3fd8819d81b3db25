// The calls about quotes, bookings, dispatching and offers.

import type { ApiClient } from "../api/client";
import type { Page, TruckInfo } from "../api/types";
import type {
  Booking,
  BookingStatus,
  DetentionClock,
  Dispatch,
  Offer,
  OfferWish,
  Quote,
  QuoteWish,
  Step,
} from "./types";

const BOARD_PAGE = 50;
const STEPS_PAGE = 500;
const OFFERS_PAGE = 100;
const FLEET_PAGE = 500;
// Looks are of one leg each: enough that every leg of a split load has its newest among them.
const LOOKS_A_LEG = 4;
const LOOKS_MAX = 50;
const TRUCKS_SHOWN = 300;

export interface BoardQuery {
  statuses: readonly BookingStatus[];
  words: string;
  cursor: string | null;
}

export class BookingApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  page({ statuses, words, cursor }: BoardQuery): Promise<Page<Booking>> {
    const query = new URLSearchParams({ limit: String(BOARD_PAGE) });
    for (const status of statuses) query.append("status", status);
    if (words !== "") query.set("q", words);
    if (cursor !== null) query.set("cursor", cursor);
    return this.client.get(`/v1/bookings?${query}`);
  }

  booking(id: string): Promise<Booking> {
    return this.client.get(pathOf(id));
  }

  async steps(id: string): Promise<Step[]> {
    const query = new URLSearchParams({ limit: String(STEPS_PAGE) });
    return this.client.all<Step>(`${pathOf(id)}/timeline`, query);
  }

  async clocks(id: string): Promise<DetentionClock[]> {
    const path = `${pathOf(id)}/detention`;
    return (await this.client.get<{ clocks: DetentionClock[] }>(path)).clocks;
  }

  dispatch(id: string, legs: number): Promise<Dispatch> {
    const looks = Math.min(LOOKS_MAX, legs === 1 ? 1 : legs * LOOKS_A_LEG);
    return this.client.get(`${pathOf(id)}/dispatch?looks=${looks}&trucks=${TRUCKS_SHOWN}`);
  }

  async offers(booking: string): Promise<Offer[]> {
    const query = new URLSearchParams({ booking, limit: String(OFFERS_PAGE) });
    return (await this.client.get<Page<Offer>>(`/v1/offers?${query}`)).items;
  }

  /** Classes of trucks that the fleet has, to choose from. */
  async classes(): Promise<string[]> {
    const page = await this.client.get<Page<TruckInfo>>(`/v1/trucks?limit=${FLEET_PAGE}`);
    const found = page.items.map((truck) => truck.class).filter((name) => typeof name === "string");
    return [...new Set(found)].sort();
  }

  quote(wish: QuoteWish): Promise<Quote> {
    return this.client.post("/v1/quotes", wish);
  }

  quoteOf(id: string): Promise<Quote> {
    return this.client.get(`/v1/quotes/${encodeURIComponent(id)}`);
  }

  /** A quote is booked once, however often this is sent. */
  book(quote: string, references: Record<string, string>): Promise<Booking> {
    return this.client.post("/v1/bookings", { quote, references }, { key: `book-${quote}` });
  }

  /** To this version of it: whatever has happened since is looked at first. */
  tell(booking: Booking, action: string, body: object): Promise<Booking> {
    return this.client.post(`${pathOf(booking.id)}/${action}`, body, { version: booking.version });
  }

  makeOffer(wish: OfferWish): Promise<Offer> {
    return this.client.post("/v1/offers", wish);
  }

  withdraw(offer: string, reason: string): Promise<Offer> {
    return this.client.post(`/v1/offers/${encodeURIComponent(offer)}/withdraw`, { reason });
  }
}

function pathOf(booking: string): string {
  return `/v1/bookings/${encodeURIComponent(booking)}`;
}
