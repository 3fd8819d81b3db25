// One booking: how far it is, who could carry it, what it costs, and everything that happened.

import { type ApiClient, ApiError } from "../api/client";
import { MoneyApi } from "../money/api";
import { StoryView } from "../money/story_view";
import { PapersView } from "../papers/papers_view";
import { PaperViewer } from "../papers/viewer";
import { Signal } from "../signal";
import { h, replace } from "../ui/dom";
import { BookingApi } from "./api";
import { CancelDialog } from "./cancel_dialog";
import { ChargesView } from "./charges_view";
import { DispatchPanel } from "./dispatch_panel";
import { OffersView } from "./offers_view";
import { problemWords } from "./problems";
import { ProgressView } from "./progress_view";
import type { Rights } from "./rights";
import { badge, button, Redraw } from "./rows";
import { Tabs } from "./tabs";
import { TimelineView } from "./timeline_view";
import type { Booking } from "./types";
import { loadWords, referenceWords, wayWords } from "./words";

const NEEDS_QUOTE = "Its load, its stops or its trucks have changed: it needs a new quote.";
const OVER = new Set(["delivered", "closed", "cancelled"]);
const FORBIDDEN = 403;
const CHANGED = new Set([409, 412]);

export class BookingPage {
  readonly element = h("div", { class: "booking-page" });
  readonly closed = new Signal<void>();
  readonly shown = new Signal<Booking | null>();
  readonly truckWanted = new Signal<string>();
  bookingId: string | null = null;
  private booking: Booking | null = null;
  private readonly api: BookingApi;
  private readonly rights: Rights;
  private readonly head = h("div", { class: "booking-head", tabindex: "-1" });
  private readonly redraw = new Redraw(this.head);
  private readonly problem = h("p", { class: "notice bad", role: "alert", hidden: true });
  private readonly nothing = h("p", { class: "empty" }, "Loading …");
  private readonly tabs: Tabs;
  private readonly progress: ProgressView;
  private readonly dispatch: DispatchPanel;
  private readonly offers: OffersView;
  private readonly charges: ChargesView;
  private readonly timeline = new TimelineView();
  readonly money: StoryView;
  private readonly papers: PapersView;
  private readonly cancelling = new CancelDialog();
  private isBusy = false;
  /** It could not be looked at: what is said of that goes away by itself. */
  private isLost = false;

  constructor(client: ApiClient, rights: Rights, now: () => number) {
    const api = new BookingApi(client);
    this.api = api;
    this.rights = rights;
    this.progress = new ProgressView(now);
    this.dispatch = new DispatchPanel(rights);
    this.offers = new OffersView(rights, now);
    this.charges = new ChargesView(api, rights);
    const viewer = new PaperViewer();
    this.money = new StoryView(new MoneyApi(client), rights, viewer, now);
    this.papers = new PapersView(client, rights, viewer);
    const given = h("div", {}, this.dispatch.element, this.offers.element);
    this.tabs = new Tabs(
      [
        ["Progress", this.progress.element],
        ["Dispatch", given],
        ["Price", this.charges.element],
        ["Timeline", this.timeline.element],
        ...tabIf(rights.may("payments:read"), "Money", this.money.element),
        ...tabIf(rights.may("documents:read"), "Papers", this.papers.element),
      ],
      () => void this.refresh(),
    );
    const dialogs = [this.cancelling.element, viewer.element];
    this.element.append(this.head, this.problem, this.nothing, this.tabs.element, ...dialogs);
    this.wire();
  }

  async open(id: string): Promise<void> {
    this.bookingId = id;
    this.booking = null;
    this.problem.hidden = true;
    this.nothing.hidden = false;
    this.tabs.element.hidden = true;
    replace(this.head);
    this.redraw.forget();
    await this.refresh();
    this.head.focus();
  }

  close(): void {
    if (this.bookingId === null) return;
    this.bookingId = null;
    this.booking = null;
    this.shown.emit(null);
    this.closed.emit();
  }

  /** Opens with it, or goes there in the one that is open. */
  async openMoney(id: string): Promise<void> {
    this.tabs.choose("Money");
    await this.open(id);
  }

  async confirm(): Promise<void> {
    await this.tell("confirm", {}, "bookings:write");
  }

  /** What is seen of it; what is on other tabs is asked for when they are opened. */
  async refresh(): Promise<void> {
    const id = this.bookingId;
    if (id === null) return;
    try {
      const booking = await this.api.booking(id);
      if (id !== this.bookingId) return;
      await this.take(booking);
      if (this.isLost) this.problem.hidden = true;
      this.isLost = false;
    } catch (error) {
      if (id !== this.bookingId) return;
      this.say(problemWords(error));
      this.isLost = true;
    }
  }

  private wire(): void {
    const { dispatch, offers, progress } = this;
    for (const each of [dispatch, progress])
      each.truckWanted.on((truck) => this.truckWanted.emit(truck));
    const may = "bookings:dispatch";
    dispatch.assigned.on(({ leg, truck }) => void this.tell("assign", { leg, truck }, may));
    dispatch.unassigned.on((leg) => void this.tell("unassign", { leg }, may));
    dispatch.started.on((leg) => void this.tell("start-dispatch", { leg }, may));
    dispatch.offered.on(({ leg, truck }) => {
      if (this.booking !== null) offers.ask(this.booking, leg, truck);
    });
    offers.wanted.on((leg) => {
      if (this.booking !== null) offers.ask(this.booking, leg, "");
    });
    offers.made.on((wish) => void this.act(() => this.api.makeOffer(wish), "offers:write"));
    offers.withdrawn.on(({ id }) => {
      void this.act(() => this.api.withdraw(id, "withdrawn by the dispatcher"), "offers:write");
    });
    this.cancelling.decided.on((reason) => {
      void this.tell("cancel", reason === "" ? {} : { reason }, "bookings:cancel");
    });
  }

  private async tell(action: string, body: object, permission: string): Promise<void> {
    const booking = this.booking;
    if (booking === null) return;
    await this.act(() => this.api.tell(booking, action, body), permission);
  }

  /** Then everything is looked at anew, whether it was done or refused. */
  private async act(work: () => Promise<unknown>, permission: string): Promise<void> {
    if (this.isBusy) return;
    this.isBusy = true;
    this.element.setAttribute("aria-busy", "true");
    let message = "";
    try {
      await work();
    } catch (error) {
      message = problemWords(error);
      if (error instanceof ApiError && error.status === FORBIDDEN) this.rights.refuse(permission);
      if (error instanceof ApiError && !CHANGED.has(error.status)) this.redraw.forget();
    } finally {
      this.isBusy = false;
      this.element.removeAttribute("aria-busy");
    }
    await this.refresh();
    if (message === "") this.problem.hidden = true;
    else this.say(message);
  }

  private say(message: string): void {
    this.nothing.hidden = true;
    this.problem.textContent = message;
    this.problem.hidden = false;
  }

  private async take(booking: Booking): Promise<void> {
    this.booking = booking;
    this.nothing.hidden = true;
    this.tabs.element.hidden = false;
    this.drawHead(booking);
    this.shown.emit(booking);
    const { id, legs } = booking;
    const tab = this.tabs.chosen;
    if (tab === "Progress") this.progress.show(booking, await this.api.clocks(id));
    if (tab === "Dispatch") {
      this.dispatch.show(booking, await this.api.dispatch(id, legs.length));
      const mayOffers = this.rights.may("offers:read");
      this.offers.element.hidden = !mayOffers;
      if (mayOffers) this.offers.show(booking, await this.api.offers(id));
    }
    if (tab === "Price") await this.charges.show(booking);
    if (tab === "Timeline") this.timeline.show(booking, await this.api.steps(id));
    if (tab === "Money") await this.money.show(booking);
    if (tab === "Papers") await this.papers.show(booking);
  }

  private drawHead(booking: Booking): void {
    this.redraw.with(booking, () => {
      const named = new Set([booking.shipper, referenceWords(booking), booking.id]);
      const about = [...named].filter(Boolean).join(" · ");
      replace(
        this.head,
        h("h2", {}, wayWords(booking)),
        badge(booking.status),
        h("p", {}, loadWords(booking)),
        h("p", { class: "soft" }, about),
        booking.needs_quote && !isOver(booking) && h("p", { class: "soft" }, NEEDS_QUOTE),
        this.headActions(booking),
      );
    });
  }

  private headActions(booking: Booking): HTMLElement {
    const { status } = booking;
    const mayDispatch = this.rights.may("bookings:dispatch");
    const canConfirm = status === "created" && this.rights.may("bookings:write");
    const canStart = status === "confirmed" && mayDispatch;
    const canClose = status === "delivered" && mayDispatch;
    const canCancel = !isOver(booking) && this.rights.may("bookings:cancel");
    const main = { class: "primary" };
    const start = (): void => {
      this.tabs.choose("Dispatch");
      void this.tell("start-dispatch", {}, "bookings:dispatch");
    };
    return h(
      "div",
      { class: "actions" },
      canCancel && button("Cancel booking …", () => this.cancelling.ask(booking)),
      canClose &&
        button("Close", () => void this.tell("close", {}, "bookings:dispatch"), main),
      canConfirm && button("Confirm", () => void this.confirm(), main),
      canStart && button("Start dispatch", start, main),
    );
  }
}

function tabIf(may: boolean, name: string, view: HTMLElement): [string, HTMLElement][] {
  return may ? [[name, view]] : [];
}

function isOver({ status }: Booking): boolean {
  return OVER.has(status);
}
