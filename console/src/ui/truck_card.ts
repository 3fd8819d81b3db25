// The card of one truck: who it is, what it last said and how long ago, its journey and track.

import { type ApiClient, ApiError } from "../api/client";
import type { LatLon, Position, TruckInfo } from "../api/types";
import type { Fleet, Truck } from "../fleet/fleet";
import type { Followed } from "../journey/journey";
import { Journeys } from "../journey/load";
import { Signal } from "../signal";
import { loadStory } from "../story/load";
import { type Story, summary } from "../story/story";
import { h, ICONS, iconButton, replace } from "./dom";
import { ago, clock, compass, latLon, number, UNKNOWN } from "./format";
import { JourneyView } from "./journey_view";
import { RecentView } from "./recent_view";

const STATUS_NAMES = ["unknown", "moving", "stopped", "offline"] as const;
const REFRESH_MS = 5_000;
const FACTS_EVERY_MS = 1_000;
const TRACK_EVERY_MS = 60_000;
const TRACK_HOURS = [1, 6, 24];
const HOUR_MS = 3_600_000;

export class TruckCard {
  readonly element = h("section", {
    class: "panel truck-card",
    "aria-label": "Truck",
    tabindex: "-1",
    hidden: true,
  });
  readonly closed = new Signal<void>();
  /** What the truck did lately. */
  readonly recent = new Signal<Story | null>();
  readonly followed = new Signal<Followed | null>();
  readonly routeWanted = new Signal<GeoJSON.Position[]>();
  /** The dispatcher wants to see this truck's day again. */
  readonly replayed = new Signal<string>();
  readonly located = new Signal<LatLon>();
  truckId: string | null = null;
  following = false;
  private readonly api: ApiClient;
  private readonly fleet: Fleet;
  private info: TruckInfo | null = null;
  private position: Position | null = null;
  private journey: Followed | null = null;
  private readonly journeys: Journeys;
  private problem: string | null = null;
  private trackHours = 1;
  private trackNote = "";
  private timer: number | undefined;
  private trackTimer: number | undefined;
  private readonly happened = new RecentView();
  private readonly way = new JourneyView(() => {
    if (this.journey?.line) this.routeWanted.emit(this.journey.line.coordinates);
  });
  private readonly facts = h("dl", {});
  private readonly head = h("div", { class: "card-head" });
  private readonly note = h("p", { class: "track-note", role: "status" });
  private readonly pressed = new Map<HTMLElement, () => boolean>();

  constructor(api: ApiClient, fleet: Fleet) {
    this.api = api;
    this.fleet = fleet;
    this.journeys = new Journeys(api);
    this.happened.located.on((place) => this.located.emit(place));
    const parts = [this.head, this.way.element, this.facts, this.happened.element];
    this.element.append(...parts, this.note, this.madeFoot());
    window.setInterval(() => this.drawFacts(), FACTS_EVERY_MS);
  }

  /** Opens on a truck; when it was searched for, the map goes to it once it is found. */
  async open(id: string, locate: boolean): Promise<void> {
    if (id !== this.truckId) {
      this.info = null;
      this.position = null;
      this.following = false;
      this.forget();
    }
    this.truckId = id;
    this.problem = null;
    this.element.hidden = false;
    this.draw();
    await Promise.all([this.loadInfo(id), this.refresh(id), this.loadTrack()]);
    if (locate && this.truckId === id && this.position !== null) this.located.emit(this.position);
  }

  /** For those who came by keyboard: from here Tab reaches the card's controls. */
  focus(): void {
    this.element.focus();
  }

  close(): void {
    if (this.truckId === null) return;
    window.clearTimeout(this.timer);
    window.clearTimeout(this.trackTimer);
    this.truckId = null;
    this.element.hidden = true;
    this.forget();
    this.closed.emit();
  }

  private forget(): void {
    this.follow(null);
    this.happened.show(null);
    this.recent.emit(null);
  }

  private follow(followed: Followed | null): void {
    this.journey = followed;
    this.followed.emit(followed);
    this.way.show(followed, this.nowMs());
  }

  private async loadInfo(id: string): Promise<void> {
    try {
      const info = await this.api.truck(id);
      if (id === this.truckId) this.info = info;
    } catch (error) {
      this.explain(id, error, `There is no truck “${id}” in your fleet. Check the id.`);
    }
    this.draw();
  }

  private async refresh(id: string): Promise<void> {
    window.clearTimeout(this.timer);
    if (id !== this.truckId) return;
    try {
      const [position] = await Promise.all([this.api.position(id), this.loadJourney(id)]);
      if (id === this.truckId) this.position = position;
    } catch (error) {
      const silent = error instanceof ApiError && error.status === 404;
      if (!silent) this.explain(id, error, null);
    }
    if (id !== this.truckId) return;
    this.drawFacts();
    this.timer = window.setTimeout(() => void this.refresh(id), REFRESH_MS);
  }

  /** A failure leaves the last known one: the next refresh asks again. */
  private async loadJourney(id: string): Promise<void> {
    try {
      const followed = await this.journeys.of(id);
      if (id === this.truckId) this.follow(followed);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  private async loadTrack(): Promise<void> {
    const [id, hours] = [this.truckId, this.trackHours];
    window.clearTimeout(this.trackTimer);
    if (id === null) return;
    const toMs = Date.now();
    try {
      const story = await loadStory(this.api, id, toMs - hours * HOUR_MS, toMs);
      if (id !== this.truckId || hours !== this.trackHours) return;
      this.trackNote = this.happened.tells(story) ? "" : summary(story);
      this.happened.show(story);
      this.recent.emit(story);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (id !== this.truckId) return;
      this.trackNote = error.message;
    }
    this.drawFoot();
    window.clearTimeout(this.trackTimer);
    this.trackTimer = window.setTimeout(() => void this.loadTrack(), TRACK_EVERY_MS);
  }

  private nowMs(): number {
    return Date.now() + this.fleet.clockOffsetMs;
  }

  private explain(id: string, error: unknown, notFound: string | null): void {
    if (!(error instanceof ApiError)) throw error;
    if (id !== this.truckId) return;
    this.problem = error.status === 404 && notFound !== null ? notFound : error.message;
  }

  private draw(): void {
    const id = this.truckId;
    if (id === null) return;
    const title = h("h2", { tabindex: "-1" }, id);
    const close = iconButton(ICONS.close, "Close truck card", () => this.close());
    const about = [this.info?.registration, this.info?.class].filter(Boolean).join(" · ");
    const capacity = this.info?.capacity_t ? ` · ${this.info.capacity_t} t` : "";
    replace(
      this.head,
      h("div", {}, title, h("p", { class: "about" }, about + capacity)),
      close,
      this.problem !== null && h("p", { class: "notice bad", role: "alert" }, this.problem),
    );
    this.drawFacts();
    this.drawFoot();
  }

  private drawFacts(): void {
    if (this.truckId === null) return;
    const live = this.fleet.trucks.get(this.truckId) ?? null;
    if (this.problem !== null && live === null) {
      replace(this.facts);
      return;
    }
    const rows = [...lastWords(live, this.position, this.fleet), ...readings(this.position)];
    replace(
      this.facts,
      ...rows.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))),
    );
  }

  /** Made once: a button that is replaced while it has the focus loses it. */
  private madeFoot(): HTMLElement {
    const follow = iconButton(ICONS.follow, "Keep this truck in the middle", () => {
      this.following = !this.following;
      this.drawFoot();
    });
    this.pressed.set(follow, () => this.following);
    const hours = TRACK_HOURS.map((count) => {
      const button = h("button", { type: "button" }, `${count} h`);
      button.addEventListener("click", () => {
        this.trackHours = count;
        this.trackNote = "loading …";
        this.drawFoot();
        void this.loadTrack();
      });
      this.pressed.set(button, () => count === this.trackHours);
      return button;
    });
    const replay = iconButton(ICONS.replay, "Replay a day of this truck", () => {
      if (this.truckId !== null) this.replayed.emit(this.truckId);
    });
    const segmented = h("div", { class: "segmented" }, ...hours);
    const label = h("span", { class: "label" }, "Track");
    const spring = h("span", { class: "spring" });
    return h("div", { class: "card-foot" }, label, segmented, spring, replay, follow);
  }

  private drawFoot(): void {
    for (const [button, is] of this.pressed) button.setAttribute("aria-pressed", String(is()));
    replace(this.note, this.trackNote);
    this.note.hidden = this.trackNote === "";
  }
}

function lastWords(
  live: Truck | null,
  position: Position | null,
  fleet: Fleet,
): [string, Node | string][] {
  const tsMs = live?.tsMs ?? (position === null ? null : Date.parse(position.ts));
  if (tsMs === null) return [["Last fix", "This truck has not reported a position yet."]];
  const status = live === null ? position?.status : STATUS_NAMES[live.status];
  const at = live ?? position;
  const age = Math.max(0, Date.now() + fleet.clockOffsetMs - tsMs);
  return [
    ["Status", status ? h("span", { class: `status ${status}` }, status) : UNKNOWN],
    ["Speed", number(live === null ? position?.speed_kmh : live.speedKmh, "km/h")],
    ["Heading", compass(live === null ? position?.heading_deg : live.headingDeg)],
    ["Last fix", `${ago(age)} ago · ${clock(tsMs)}`],
    ["Position", at === null ? UNKNOWN : latLon(at.lat, at.lon)],
  ];
}

/** Only what the device said: a row for every sensor it does not have would be noise. */
function readings(position: Position | null): [string, string][] {
  if (position === null) return [];
  const rows: [string, string | null][] = [
    ["Odometer", said(position.odometer_km, "km", 1)],
    ["Fuel", said(position.fuel_pct, "%")],
    ["Ignition", position.ignition == null ? null : position.ignition ? "on" : "off"],
    ["Battery", said(position.external_v ?? position.battery_v, "V", 1)],
    ["Accuracy", said(position.accuracy_m, "m")],
  ];
  return rows.filter((row): row is [string, string] => row[1] !== null);
}

function said(value: number | null | undefined, unit: string, digits = 0): string | null {
  return value === null || value === undefined ? null : number(value, unit, digits);
}
