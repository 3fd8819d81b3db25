// Offers of a booking, with the time they still have; withdrawn, or made by hand.

import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import { minorOf, money } from "./money";
import { Fields } from "./problems";
import type { Rights } from "./rights";
import { button, empty, Redraw } from "./rows";
import type { Booking, Leg, Offer, OfferWish } from "./types";
import { countdown, offerWords } from "./words";

const EVERY_MS = 1_000;
const MINUTE_S = 60;
const MINUTES = [5, 15, 60, 240];

export class OffersView {
  readonly element = h("section", { class: "offers", "aria-label": "Offers" });
  /** Somebody is to be asked for this leg. */
  readonly wanted = new Signal<string>();
  readonly withdrawn = new Signal<Offer>();
  readonly made = new Signal<OfferWish>();
  private readonly rights: Rights;
  private readonly list = h("ol", {});
  private readonly redraw = new Redraw(this.list);
  private readonly redrawAsking: Redraw;
  private readonly dialog = h("dialog", { class: "settings", "aria-label": "Make an offer" });
  private readonly now: () => number;
  private readonly asking = h("div", { class: "actions" });
  private offers: readonly Offer[] = [];

  constructor(rights: Rights, now: () => number) {
    this.rights = rights;
    this.now = now;
    this.redrawAsking = new Redraw(this.asking);
    this.element.append(h("h3", {}, "Offers"), this.list, this.asking, this.dialog);
    window.setInterval(() => this.tick(), EVERY_MS);
  }

  show({ legs }: Booking, offers: readonly Offer[]): void {
    this.offers = offers;
    const open = this.rights.may("offers:write") ? legs.filter(({ truck }) => truck === null) : [];
    this.redrawAsking.with(open, () => {
      const asked = open.filter(({ status }) => status === "dispatching");
      const ask = ({ id }: Leg): HTMLElement => {
        const words = `Offer ${id} to somebody …`;
        return button(words, () => this.wanted.emit(id), { "data-key": `ask-${id}` });
      };
      replace(this.asking, ...asked.map(ask));
    });
    this.redraw.with(offers, () => {
      const rows = offers.map((offer) => this.row(offer));
      replace(this.list, ...(rows.length > 0 ? rows : [empty("Nobody has been asked yet.")]));
    });
    this.tick();
  }

  private row(offer: Offer): HTMLElement {
    const whom = [offer.truck, offer.carrier].filter(Boolean).join(" of ") || "any carrier";
    const price = offer.bid ?? offer.price;
    const isOpen = offer.state === "made";
    const said = price === null ? "" : `${offer.bid === null ? "" : "bids "}${money(price)}`;
    const settled = offer.settled_at === null ? "" : ` · ${clock(offer.settled_at)}`;
    const reason = offer.reason ? ` · “${offer.reason}”` : "";
    const left = h("span", { class: "countdown", "data-until": offer.expires_at });
    const state = `${offerWords(offer.state)}${settled}${reason}`;
    const withdraw = button("Withdraw", () => this.withdrawn.emit(offer), {
      "data-key": `withdraw-${offer.id}`,
    });
    return h(
      "li",
      { "data-state": offer.state },
      h("b", {}, `${offer.leg} · ${whom}`),
      h("span", {}, said),
      h("span", { class: "soft" }, state, isOpen && " · ", isOpen && left),
      isOpen && this.rights.may("offers:write") && withdraw,
    );
  }

  private tick(): void {
    if (this.offers.length === 0) return;
    for (const left of this.list.querySelectorAll<HTMLElement>("[data-until]")) {
      const ms = Date.parse(left.dataset["until"] ?? "") - this.now();
      left.textContent = ms > 0 ? `${countdown(ms)} left` : "time is up";
      left.classList.toggle("soon", ms < MINUTE_S * 1000);
    }
  }

  /** By hand: whom to ask, for how much, until when. */
  ask(booking: Booking, leg: string, truck: string): void {
    const fields = new Fields("offer");
    const price = h("input", { inputmode: "decimal", placeholder: "as agreed otherwise" });
    const named = h("input", { value: truck, list: "truck-ids", placeholder: "any of its own" });
    const carrier = h("input", { placeholder: "whose the truck is" });
    const until = h("select", {});
    until.append(...MINUTES.map((value) => h("option", { value }, `${value} minutes`)));
    const form = h(
      "form",
      {},
      h("h2", {}, `Offer ${leg}`),
      fields.add("/truck", "Truck", named),
      fields.add("/carrier", "Carrier", carrier),
      fields.add("/price", "Price in rupees", price),
      fields.add("/expires_in_s", "To be answered within", until),
      h(
        "div",
        { class: "actions" },
        button("Not now", () => this.dialog.close()),
        h("button", { type: "submit", class: "primary" }, "Make the offer"),
      ),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const minor = minorOf(price.value);
      if (price.value.trim() !== "" && minor === null) {
        fields.show([{ pointer: "/price", detail: "Give rupees, such as 42500." }]);
        return;
      }
      const [whose, which] = [carrier.value.trim(), named.value.trim()];
      if (whose === "" && which === "") {
        fields.show([{ pointer: "/truck", detail: "Say whom to ask: a truck or a carrier." }]);
        return;
      }
      this.made.emit({
        ...{ booking: booking.id, leg },
        ...(which !== "" && { truck: which }),
        ...(whose !== "" && { carrier: whose }),
        expires_in_s: Number(until.value) * MINUTE_S,
        ...(minor !== null && { price: { amount_minor: minor } }),
      });
      this.dialog.close();
    });
    replace(this.dialog, form);
    this.dialog.showModal();
  }
}
