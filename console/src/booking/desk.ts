// The bookings' side of the workspace: board, new booking and one booking, and what they draw.

import { type ApiClient, ApiError } from "../api/client";
import type { SessionKeeper } from "../api/session";
import type { CloudEvent, Fence } from "../api/types";
import type { Fleet } from "../fleet/fleet";
import type { Carrier } from "../map/booking_layer";
import type { MapView } from "../map/map_view";
import { Signal } from "../signal";
import { h, ICONS, iconButton, replace } from "../ui/dom";
import { BookingApi } from "./api";
import { Board } from "./board";
import { BookingPage } from "./booking_page";
import { inAddress, putInAddress } from "./fragment";
import { NewBooking } from "./new_booking";
import { Rights } from "./rights";
import { button } from "./rows";
import type { Booking } from "./types";

// Events come in bursts: one look for all of them.
const LOOK_AFTER_MS = 400;
// For what no event tells, and when the feed is down.
const POLL_MS = 15_000;
const TRUCKS_EVERY_MS = 2_000;
// Beside the desk nothing else lies over the map, on a phone either.
const MAP_COVERED = 0.1;
const OURS = /^(booking|offer|payment|refund|invoice|settlement|payout)\./;

type Mode = "board" | "new" | "page";

export class Desk {
  readonly element = h("section", { class: "panel desk", "aria-label": "Bookings", hidden: true });
  readonly toggled = new Signal<boolean>();
  readonly truckWanted = new Signal<string>();
  readonly settlementWanted = new Signal<string>();
  readonly rights: Rights;
  private readonly client: ApiClient;
  private readonly fleet: Fleet;
  private readonly view: MapView;
  private readonly board: Board;
  private readonly page: BookingPage;
  private readonly form: NewBooking;
  private readonly title = h("h2", {}, "Bookings");
  private readonly back: HTMLButtonElement;
  private readonly make: HTMLButtonElement;
  private mode: Mode = "board";
  private booking: Booking | null = null;
  /** Where trucks are that the feed does not tell about. */
  private readonly elsewhere = new Map<string, { lat: number; lon: number }>();
  private timer: number | undefined;
  private fences: readonly Fence[] = [];

  constructor(client: ApiClient, session: SessionKeeper, fleet: Fleet, view: MapView) {
    this.client = client;
    this.fleet = fleet;
    this.view = view;
    this.rights = new Rights(session);
    const api = new BookingApi(client);
    this.board = new Board(api);
    this.page = new BookingPage(client, this.rights, () => Date.now() + fleet.clockOffsetMs);
    this.form = new NewBooking(api, this.rights);
    this.back = iconButton(ICONS.back, "Back to all bookings", () => this.go("board"));
    this.make = button("New booking", () => this.go("new"), { class: "primary" });
    const close = iconButton(ICONS.close, "Close bookings", () => this.close());
    const head = h("div", { class: "desk-head" }, this.back, this.title, this.make, close);
    const body = h("div", { class: "desk-body" });
    body.append(this.board.element, this.form.element, this.page.element);
    this.element.append(head, body);
    this.wire();
    window.setInterval(() => this.poll(), POLL_MS);
    window.setInterval(() => this.drawTrucks(), TRUCKS_EVERY_MS);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  /** The next click on the map is a stop's place. */
  get isPicking(): boolean {
    return this.isOpen && this.mode === "new" && this.form.picking !== null;
  }

  get mayOpen(): boolean {
    return this.rights.may("bookings:read");
  }

  /** What the page's address names is opened with it. */
  openAddressed(): void {
    const id = inAddress("booking");
    if (id !== null) void this.openBooking(id);
  }

  toggle(): void {
    if (this.isOpen) this.close();
    else this.open();
  }

  /** One step back; false when there is none to take. */
  stepBack(): boolean {
    if (!this.isOpen) return false;
    if (this.mode === "board") this.close();
    else this.go("board");
    return true;
  }

  heard(event: CloudEvent): void {
    if (OURS.test(event.type)) this.lookSoon();
  }

  know(fences: readonly Fence[]): void {
    this.fences = fences;
  }

  lookSoon(): void {
    if (!this.isOpen) return;
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      this.look();
    }, LOOK_AFTER_MS);
  }

  private open(): void {
    this.element.hidden = false;
    this.toggled.emit(true);
    this.go("board");
  }

  close(): void {
    if (!this.isOpen) return;
    this.element.hidden = true;
    this.view.bookings.showAll([]);
    this.forgetOne();
    this.toggled.emit(false);
  }

  private go(mode: Mode): void {
    this.mode = mode;
    const { board, form, page } = this;
    board.element.hidden = mode !== "board";
    form.element.hidden = mode !== "new";
    page.element.hidden = mode !== "page";
    const mayMake = this.rights.may("quotes:write");
    this.make.hidden = mode !== "board" || !mayMake;
    this.back.hidden = mode === "board";
    replace(this.title, mode === "new" ? "New booking" : mode === "page" ? "Booking" : "Bookings");
    if (mode !== "page") this.forgetOne();
    if (mode === "new") void form.prepare(this.fences);
    if (mode === "board") {
      void board.refresh();
      board.focus();
    }
  }

  private forgetOne(): void {
    this.page.close();
    this.booking = null;
    this.view.bookings.showOne(null, []);
    putInAddress("booking", null);
  }

  async openBooking(id: string): Promise<void> {
    if (!this.mayOpen) return;
    this.appear(id);
    await this.page.open(id);
  }

  /** At its money, where that is to be seen. */
  async openMoney(id: string): Promise<void> {
    if (!this.mayOpen) return;
    this.appear(id);
    await this.page.openMoney(id);
  }

  private appear(id: string): void {
    if (!this.isOpen) {
      this.element.hidden = false;
      this.toggled.emit(true);
    }
    this.go("page");
    putInAddress("booking", id);
  }

  private wire(): void {
    const { board, form, page, view } = this;
    board.opened.on((id) => void this.openBooking(id));
    board.shown.on((bookings) => {
      if (this.isOpen) view.bookings.showAll(bookings);
    });
    page.shown.on((booking) => this.showOne(booking));
    page.truckWanted.on((truck) => this.truckWanted.emit(truck));
    page.money.settlementWanted.on((id) => this.settlementWanted.emit(id));
    form.placed.on((places) => view.bookings.showPlaces(places));
    form.wayWanted.on((way) => view.fit(way, MAP_COVERED));
    form.booked.on(({ booking, confirm }) => void this.booked(booking, confirm));
    view.map.on("click", ({ lngLat, point }) => {
      if (this.isPicking) form.pickedAt({ lat: lngLat.lat, lon: lngLat.lng });
      else if (this.isOpen && this.mode !== "new") {
        const found = view.bookings.at(point);
        if (found !== null) void this.openBooking(found.id);
      }
    });
  }

  private async booked({ id }: Booking, confirm: boolean): Promise<void> {
    await this.openBooking(id);
    if (confirm) await this.page.confirm();
  }

  private showOne(booking: Booking | null): void {
    const isAnother = booking !== null && booking.id !== this.booking?.id;
    this.booking = booking;
    if (booking === null) return;
    if (isAnother) {
      const way = booking.stops.map(({ place }) => [place.lon, place.lat]);
      this.view.fit(way, MAP_COVERED);
    }
    void this.findTrucks(booking);
    this.drawTrucks();
  }

  /** Trucks of its legs that are not on the screen. */
  private async findTrucks({ legs }: Booking): Promise<void> {
    if (!this.rights.may("positions:read")) return;
    const away = legs.map(({ truck }) => truck).filter((id) => id !== null);
    for (const id of away.filter((each) => !this.fleet.trucks.has(each))) {
      try {
        this.elsewhere.set(id, await this.client.position(id));
      } catch (error) {
        // It has not reported yet, or is none of ours: then it is not drawn.
        if (!(error instanceof ApiError)) throw error;
      }
    }
    this.drawTrucks();
  }

  private drawTrucks(): void {
    const booking = this.booking;
    if (booking === null || this.mode !== "page") return;
    const carriers = booking.legs.flatMap(({ id: leg, truck }): Carrier[] => {
      const at = truck === null ? undefined : this.fleet.trucks.get(truck);
      const known = at ?? this.elsewhere.get(truck ?? "");
      return truck === null || !known ? [] : [{ leg, truck, lat: known.lat, lon: known.lon }];
    });
    this.view.bookings.showOne(booking, carriers);
  }

  private poll(): void {
    if (this.isOpen && document.visibilityState === "visible") this.look();
  }

  private look(): void {
    if (this.mode === "board") void this.board.refresh();
    if (this.mode === "page") void this.page.refresh();
  }
}
