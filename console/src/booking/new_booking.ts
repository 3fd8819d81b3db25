// A new booking: what, from where to where and when; its price, explained; then it is booked.

import { ApiError, type FieldError } from "../api/client";
import type { Fence, LatLon } from "../api/types";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import type { BookingApi } from "./api";
import { priceView } from "./price_view";
import { Fields, problemWords } from "./problems";
import type { Rights } from "./rights";
import { button } from "./rows";
import { StopFields } from "./stop_fields";
import type { Booking, Quote, QuoteWish } from "./types";
import { countdown } from "./words";

const STOPS_MAX = 20;
const EVERY_MS = 1_000;
// What Indian trucks carry most; anything else may be typed.
const MATERIALS = "cement coal fertiliser food-grain general iron-ore sand steel".split(" ");

export class NewBooking {
  readonly element = h("form", { class: "new-booking", novalidate: true });
  readonly booked = new Signal<{ booking: Booking; confirm: boolean }>();
  /** Where the stops are, for the map. */
  readonly placed = new Signal<readonly { at: LatLon; isPickup: boolean }[]>();
  /** The map is to show all of it. */
  readonly wayWanted = new Signal<GeoJSON.Position[]>();
  /** Waits for a click on the map. */
  picking: StopFields | null = null;
  private readonly api: BookingApi;
  private readonly rights: Rights;
  private fields = new Fields("new");
  private fences: readonly Fence[] = [];
  private readonly material = h("input", { list: "materials", autocomplete: "off" });
  private readonly tons = h("input", { inputmode: "decimal" });
  private readonly truckClass = h("input", { list: "classes", placeholder: "any" });
  private readonly body = h("input", { placeholder: "any" });
  private readonly shipper = h("input", { placeholder: "nobody in particular" });
  private readonly reference = h("input", { placeholder: "such as an order number" });
  private readonly classes = h("datalist", { id: "classes" });
  private readonly stopsBox = h("div", { class: "stops" });
  private readonly problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  private readonly pricing = h("button", { type: "submit", class: "primary" }, "Show the price");
  private readonly priced = h("div", { class: "priced", "aria-live": "polite" });
  private readonly left = h("span", { class: "countdown" });
  private stops: StopFields[] = [];
  private quote: Quote | null = null;
  private isBusy = false;

  constructor(api: BookingApi, rights: Rights) {
    this.api = api;
    this.rights = rights;
    this.stops = [this.newStop("pickup"), this.newStop("drop")];
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.ask();
    });
    this.element.addEventListener("input", () => this.forget());
    this.draw();
    window.setInterval(() => this.tick(), EVERY_MS);
  }

  /** Suggestions come when it is opened: who never books never asks for them. */
  async prepare(fences: readonly Fence[]): Promise<void> {
    this.fences = fences;
    for (const stop of this.stops) stop.offer(fences);
    this.material.focus();
    this.tell();
    if (!this.rights.may("trucks:read") || this.classes.childElementCount > 0) return;
    try {
      const found = await this.api.classes();
      replace(this.classes, ...found.map((name) => h("option", { value: name })));
    } catch (error) {
      // Suggestions only: a class may be typed as well.
      if (!(error instanceof ApiError)) throw error;
    }
  }

  pickedAt(at: LatLon): void {
    const stop = this.picking;
    this.picking = null;
    this.forget();
    stop?.put(at);
  }

  private draw(): void {
    this.fields = new Fields("new");
    const { fields } = this;
    this.drawStops();
    const materials = h("datalist", { id: "materials" });
    replace(materials, ...MATERIALS.map((value) => h("option", { value })));
    const isBound = this.rights.shipper !== null;
    replace(
      this.element,
      h(
        "div",
        { class: "pair" },
        fields.add("/load/material", "Material", this.material),
        fields.add("/load/weight_t", "Tons", this.tons),
      ),
      h(
        "div",
        { class: "pair" },
        fields.add("/load/truck_class", "Truck class", this.truckClass),
        fields.add("/load/body", "Body", this.body),
      ),
      this.stopsBox,
      button("Add a stop", () => this.addStop(), { class: "link" }),
      h(
        "div",
        { class: "pair" },
        isBound ? null : fields.add("/shipper", "Shipper", this.shipper),
        fields.add("/references", "Your reference", this.reference),
      ),
      this.problem,
      this.pricing,
      this.priced,
      materials,
      this.classes,
    );
  }

  private drawStops(): void {
    this.fields.forget("/stops");
    this.stops.forEach((stop, i) => stop.number(i, this.fields, this.stops.length > 2));
    replace(this.stopsBox, ...this.stops.map(({ element }) => element));
  }

  private newStop(kind: "pickup" | "drop"): StopFields {
    return new StopFields(kind, this.fences, {
      pick: (stop) => this.pick(stop),
      remove: (stop) => this.remove(stop),
      moved: () => {
        this.forget();
        this.tell();
      },
    });
  }

  private pick(stop: StopFields): void {
    this.picking = this.picking === stop ? null : stop;
    for (const each of this.stops) each.showPicking(each === this.picking);
  }

  private addStop(): void {
    if (this.stops.length >= STOPS_MAX) {
      this.complain([{ detail: `A booking has at most ${STOPS_MAX} stops.` }]);
      return;
    }
    this.stops.push(this.newStop("drop"));
    this.forget();
    this.drawStops();
    this.stops.at(-1)?.element.querySelector("select")?.focus();
  }

  private remove(stop: StopFields): void {
    if (this.picking === stop) this.picking = null;
    this.stops = this.stops.filter((each) => each !== stop);
    this.forget();
    this.drawStops();
    this.tell();
  }

  private tell(): void {
    const known = this.stops.flatMap(({ at, isPickup }) => (at === null ? [] : [{ at, isPickup }]));
    this.placed.emit(known);
  }

  /** What was asked for has changed: its price says nothing any more. */
  private forget(): void {
    if (this.quote === null) return;
    this.quote = null;
    replace(this.priced);
    this.pricing.hidden = false;
  }

  private wish(): QuoteWish {
    const said = (input: HTMLInputElement): string => input.value.trim();
    return {
      load: {
        material: said(this.material),
        ...(said(this.tons) !== "" && { weight_t: Number(said(this.tons)) }),
        ...(said(this.truckClass) !== "" && { truck_class: said(this.truckClass) }),
        ...(said(this.body) !== "" && { body: said(this.body) }),
      },
      stops: this.stops.map((stop) => stop.wish()),
      ...(said(this.shipper) !== "" && { shipper: said(this.shipper) }),
    };
  }

  /** What can be said without asking the server. */
  private missing(wish: QuoteWish): FieldError[] {
    const errors: FieldError[] = [];
    const needs = (pointer: string, detail: string): void => void errors.push({ pointer, detail });
    if (wish.load.material === "") needs("/load/material", "Say what is to be carried.");
    const weights = [wish.load.weight_t, ...wish.stops.map(({ weight_t }) => weight_t)];
    weights.forEach((weight, i) => {
      const pointer = i === 0 ? "/load/weight_t" : `/stops/${i - 1}/weight_t`;
      if (weight !== undefined && !(weight > 0)) needs(pointer, "Give a number of tons.");
    });
    wish.stops.forEach(({ place }, i) => {
      if (Number.isNaN(place.lat))
        needs(`/stops/${i}/place`, "Choose it on the map, take a fence, or type two numbers.");
    });
    return errors;
  }

  private async ask(): Promise<void> {
    const wish = this.wish();
    const missing = this.missing(wish);
    this.complain(missing);
    if (missing.length > 0 || this.isBusy) return;
    await this.busy(async () => {
      this.quote = await this.api.quote(wish);
      this.pricing.hidden = true;
      this.wayWanted.emit(wish.stops.map(({ place }) => [place.lon, place.lat]));
      this.drawQuote(this.quote);
    });
  }

  private drawQuote(quote: Quote): void {
    const may = this.rights.may("bookings:write");
    const book = button("Book and confirm", () => void this.book(quote, true), {
      class: "primary",
    });
    const draft = button("Keep as a draft", () => void this.book(quote, false));
    const actions = may && h("div", { class: "actions" }, draft, book);
    const holds = h("p", { class: "soft" }, "This price holds for ", this.left, ".");
    replace(this.priced, priceView(quote), holds, actions);
    this.tick();
    if (may) book.focus();
    this.priced.scrollIntoView({ block: "end" });
  }

  private async book(quote: Quote, confirm: boolean): Promise<void> {
    if (this.isBusy) return;
    const reference = this.reference.value.trim();
    await this.busy(async () => {
      const made = await this.api.book(quote.id, reference === "" ? {} : { reference });
      this.forget();
      this.booked.emit({ booking: made, confirm });
    });
  }

  private async busy(work: () => Promise<void>): Promise<void> {
    this.isBusy = true;
    this.element.setAttribute("aria-busy", "true");
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const isSaid = error.errors.length > 0;
      this.complain(isSaid ? error.errors : [{ detail: problemWords(error) }]);
    } finally {
      this.isBusy = false;
      this.element.removeAttribute("aria-busy");
    }
  }

  private complain(errors: readonly FieldError[]): void {
    const left = this.fields.show(errors);
    this.problem.textContent = left.map(({ detail }) => detail).join("; ");
    this.problem.hidden = left.length === 0;
  }

  private tick(): void {
    if (this.quote === null) return;
    const ms = Date.parse(this.quote.expires_at) - Date.now();
    this.left.textContent = countdown(ms);
    if (ms > 0) return;
    this.forget();
    this.complain([{ detail: "The price does not hold any more. Ask for it again." }]);
  }
}
