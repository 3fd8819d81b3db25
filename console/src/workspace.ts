// The signed-in console: wires feed, fleet, map and panels together.

import { ApiClient, ApiError } from "./api/client";
import type { SessionKeeper } from "./api/session";
import { AlertDesk } from "./alerts/desk";
import { Desk } from "./booking/desk";
import { Desks } from "./desks";
import { Fleet } from "./fleet/fleet";
import { exposeHook } from "./hook";
import { LiveConnection } from "./live/connection";
import { type BaseMap, BUILT_IN, rememberBase } from "./map/base_choice";
import { MapView } from "./map/map_view";
import { MineDesk } from "./mine/desk";
import type { Place } from "./mine/words";
import { MoneyDesk } from "./money/money_desk";
import { alertSections, SystemDesk } from "./system_desk";
import type { Theme } from "./theme";
import { ReplayPanel, type Scene } from "./story/replay_panel";
import { h, ICONS, iconButton, isTyping, replace } from "./ui/dom";
import { EventsPanel } from "./ui/events_panel";
import { HoverTip } from "./ui/hover_tip";
import { clock } from "./ui/format";
import { settingsDialog } from "./ui/settings";
import { Toasts } from "./ui/toast";
import { TopBar } from "./ui/top_bar";
import { TruckCard } from "./ui/truck_card";

const EVENTS_AT_START = 100;
const FENCES_EVERY_MS = 120_000;
const COUNTS_EVERY_MS = 500;
const SUGGESTIONS = 8;
const WATCH = "live:read";
const EMPTY =
  "No trucks here. Zoom out, or wait for a device to report: a truck appears with its first fix.";
const NOT_ALLOWED =
  "This client may not watch the live map. Ask your administrator for the permission live:read.";

export class Workspace {
  readonly element = h("div", { class: "workspace" });
  private readonly session: SessionKeeper;
  private readonly api: ApiClient;
  private readonly fleet = new Fleet();
  private readonly live: LiveConnection;
  private readonly events: EventsPanel;
  private readonly card: TruckCard;
  private readonly replay: ReplayPanel;
  private readonly bar: TopBar;
  private readonly toasts = new Toasts();
  private readonly note = h("div", { class: "map-note", role: "status", hidden: true });
  private readonly view: MapView;
  private readonly desk: Desk;
  private readonly money: MoneyDesk;
  private readonly alerts: AlertDesk;
  private readonly mine: MineDesk;
  private readonly desks: Desks;
  private base: BaseMap;

  constructor(root: HTMLElement, session: SessionKeeper, theme: Theme, base: BaseMap) {
    this.session = session;
    this.base = base;
    this.api = new ApiClient(session);
    this.live = new LiveConnection({
      token: () => session.current.value?.token ?? null,
      stillWelcome: (expired) => this.stillWelcome(expired),
    });
    this.events = new EventsPanel(
      (id) => void this.choose(id, true),
      (id) => void this.desk.openBooking(id),
    );
    this.card = new TruckCard(this.api, this.fleet);
    this.replay = new ReplayPanel(this.api);
    this.bar = new TopBar(this.live, theme, {
      search: (id) => void this.choose(id, true),
      suggest: (text) => this.fleet.idsLike(text, SUGGESTIONS),
      home: () => this.view.showHome(),
      desk: (key) => this.desks.toggle(key),
      settings: () => this.openSettings(),
      signOut: () => session.signOut(),
    });
    const canvas = h("div", { class: "map", id: "map" });
    const tip = new HoverTip(this.fleet);
    const side = this.side();
    const parts = [this.bar.element, canvas, this.note, this.card.element, side];
    this.element.append(...parts, this.replay.element, this.toasts.element, tip.element);
    root.replaceChildren(this.element);
    this.view = new MapView(canvas, this.fleet, theme, base);
    this.view.hovered.on((hover) => tip.show(hover));
    this.desk = new Desk(this.api, session, this.fleet, this.view);
    const now = (): number => Date.now() + this.fleet.clockOffsetMs;
    const { api: client, view, live } = this;
    const { rights } = this.desk;
    this.money = new MoneyDesk(client, rights, now);
    const others = alertSections(client, rights, now);
    this.alerts = new AlertDesk({ client, rights, view, live, now, others });
    const system = new SystemDesk(client, rights, now);
    this.mine = new MineDesk(client, rights, now);
    const places = [
      { key: "i", desk: this.alerts, isWide: true },
      { key: "b", desk: this.desk, isWide: false },
      { key: "m", desk: this.money, isWide: true },
      { key: "s", desk: system, isWide: true },
      { key: "n", desk: this.mine, isWide: false },
    ];
    this.desks = new Desks(places, () => this.showDesks());
    side.append(...places.map(({ desk }) => desk.element));
    this.element.append(this.alerts.banner.element);
    this.wire();
    this.wireDesks();
    exposeHook(this.fleet, this.live, this.view, this.events, this.alerts);
    if (this.desk.rights.may(WATCH)) this.live.start();
    else this.say(NOT_ALLOWED);
    void this.loadEvents();
    void this.loadFences();
  }

  private side(): HTMLElement {
    const toggle = iconButton(
      ICONS.list,
      "Show or hide events",
      () => {
        const hidden = this.element.classList.toggle("no-events");
        toggle.setAttribute("aria-expanded", String(!hidden));
      },
      { class: "icon-button events-toggle", "aria-expanded": "true" },
    );
    if (window.matchMedia("(max-width: 700px)").matches) this.element.classList.add("no-events");
    return h("aside", {}, toggle, this.events.element);
  }

  private wire(): void {
    const { live, fleet, view, card } = this;
    view.viewport.on((bbox) => live.look(bbox));
    live.opened.on(() => fleet.restart());
    live.frames.on((frame) => fleet.apply(frame, performance.now()));
    live.events.on((event) => this.events.add([event]));
    live.eventsMissed.on(() => void this.loadEvents());
    view.picked.on((id) => {
      if (this.desk.isPicking) return;
      if (id === null) card.close();
      else void this.choose(id, false);
    });
    view.styleFailed.on((message) => this.onStyleError(message));
    card.closed.on(() => view.choose(null));
    card.closed.on(() => this.replay.close());
    card.replayed.on((id) => void this.replay.open(id));
    this.replay.scene.on((scene) => this.playScene(scene));
    card.recent.on((story) => view.chosen.recent.show(story));
    card.followed.on((followed) => view.chosen.route.show(followed));
    card.routeWanted.on((line) => view.fit(line));
    card.located.on(({ lat, lon }) => view.flyTo(lat, lon));
    fleet.changed.on(() => this.follow());
    this.session.ending.on((at) =>
      this.toasts.say(
        `Your session ends at ${clock(at)}. Sign out and in again to stay connected.`,
      ),
    );
    this.session.current.on((session) => (session === null ? live.close() : live.refresh()));
    window.setInterval(() => this.showCounts(), COUNTS_EVERY_MS);
    window.setInterval(() => void this.loadFences(), FENCES_EVERY_MS);
    document.addEventListener("keydown", (event) => this.onKey(event));
  }

  private wireDesks(): void {
    const { desk, money, alerts, desks, bar, live } = this;
    bar.offer(desks.offered);
    money.bookingWanted.on((id) => void desk.openMoney(id));
    desk.settlementWanted.on((id) => void money.openSettlement(id));
    desk.truckWanted.on((id) => void this.choose(id, true));
    alerts.inbox.truckWanted.on((id) => void this.choose(id, false));
    alerts.inbox.bookingWanted.on((id) => void desk.openBooking(id));
    alerts.said.on((words) => this.toasts.say(words));
    alerts.unread.on((count) => bar.showCount("i", count));
    this.mine.unread.on((count) => bar.showCount("n", count));
    this.mine.wanted.on((place) => this.goTo(place));
    live.events.on((event) => desks.heard(event));
    live.eventsMissed.on(() => desks.lookSoon());
    // Whatever was told while nobody was connected is looked for.
    live.opened.on(() => alerts.lookSoon());
    desks.openAddressed();
    // A link that is pasted over the address of an open page loads nothing.
    window.addEventListener("hashchange", () => desks.openAddressed());
  }

  private goTo({ kind, id }: Place): void {
    if (kind === "alerts") this.alerts.openAlert(id);
    else if (kind === "bookings") void this.desk.openBooking(id);
    else void this.choose(id, true);
  }

  private showDesks(): void {
    const open = this.desks.openKey;
    this.element.classList.toggle("with-desk", open !== null);
    this.element.classList.toggle("with-money", this.desks.isWide);
    this.bar.press(open);
  }

  private async choose(id: string, locate: boolean): Promise<void> {
    const live = this.fleet.trucks.get(id);
    this.view.choose(id);
    if (this.replay.isOpen && id !== this.card.truckId) this.replay.close();
    if (locate && live !== undefined) this.view.flyTo(live.lat, live.lon);
    const opened = this.card.open(id, locate && live === undefined);
    if (locate) this.card.focus();
    await opened;
  }

  private playScene(scene: Scene | null): void {
    this.element.classList.toggle("replaying", scene !== null);
    this.view.showScene(scene);
  }

  private follow(): void {
    if (!this.card.following || this.card.truckId === null) return;
    const truck = this.fleet.trucks.get(this.card.truckId);
    if (truck !== undefined) this.view.follow(truck.lat, truck.lon);
  }

  private showCounts(): void {
    this.bar.showCounts(this.fleet.counts(this.view.onScreen()), this.fleet.settled);
    const state = this.live.state.value;
    this.element.classList.toggle("stale", state === "offline");
    if (!this.desk.rights.may(WATCH)) return;
    const empty = state === "live" && this.fleet.settled && this.fleet.trucks.size === 0;
    if (!empty) this.note.hidden = true;
    else if (this.note.hidden) this.say(EMPTY, () => this.view.showHome());
  }

  private say(message: string, home?: () => void): void {
    const button = home && h("button", { type: "button", onclick: home }, "Show all of India");
    replace(this.note, h("p", {}, message), button);
    this.note.hidden = false;
  }

  private async loadEvents(): Promise<void> {
    try {
      this.events.add(await this.api.recentEvents(EVENTS_AT_START));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.events.failed(error.message, () => void this.loadEvents());
    }
  }

  private async loadFences(): Promise<void> {
    try {
      const fences = await this.api.fences();
      this.view.overlays.setFences(fences);
      this.desk.know(fences);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 401) this.toasts.say(`Fences could not be loaded: ${error.message}`);
    }
  }

  /** After a refused connection: a token that no longer works ends the session. */
  private async stillWelcome(tokenExpired: boolean): Promise<boolean> {
    if (tokenExpired && this.session.canRenew()) return this.session.renew();
    try {
      await this.api.recentEvents(1);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
    return this.session.current.value !== null;
  }

  private openSettings(): void {
    const dialog = settingsDialog(this.base, (address) => {
      this.base = rememberBase(address);
      void this.view.restyle(this.base);
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  private onStyleError(message: string): void {
    if (this.base.kind === "built-in") {
      console.warn("map:", message);
      return;
    }
    this.toasts.say(`The base map does not load (${message}). Showing the built-in map.`);
    this.base = BUILT_IN;
    void this.view.restyle(BUILT_IN);
  }

  private onKey(event: KeyboardEvent): void {
    const isDialog = document.querySelector("dialog[open]") !== null;
    // An open dialog takes the key for itself.
    if (isDialog) return;
    if (event.key === "Escape") {
      if (this.replay.isOpen) this.replay.close();
      else if (this.card.truckId !== null) this.card.close();
      else this.desks.stepBack();
    }
    const typing = isTyping(event.target);
    if (!typing && this.desks.key(event)) return;
    if (this.replay.key(event)) event.preventDefault();
    if (event.key === "/" && !typing) {
      event.preventDefault();
      this.bar.focusSearch();
    }
  }
}
