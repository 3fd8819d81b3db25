// The alert inbox: the list, why one of them is there, and everything that is done by one key.

import { ApiError } from "../api/client";
import type { Rights } from "../booking/rights";
import type { MapView } from "../map/map_view";
import { Signal } from "../signal";
import { h } from "../ui/dom";
import type { AlertApi } from "./api";
import type { AlertBook, Step } from "./book";
import { AlertDialogs } from "./dialogs";
import { InboxList } from "./inbox_list";
import { type Command, commandOf } from "./keys";
import { type Proof, proofOf } from "./proof";
import type { Alert, Judged } from "./types";
import { kindWords, whoseWords } from "./words";
import { WhyPanel } from "./why_panel";

// Whoever runs through the list by key looks at few of them.
const LOOK_AFTER_MS = 150;
const MAP_COVERED = 0.1;

export class Inbox {
  readonly element = h("div", { class: "inbox" });
  readonly truckWanted = new Signal<string>();
  readonly bookingWanted = new Signal<string>();
  private readonly api: AlertApi;
  private readonly book: AlertBook;
  private readonly rights: Rights;
  private readonly view: MapView;
  private readonly now: () => number;
  private readonly list: InboxList;
  private readonly why: WhyPanel;
  private readonly dialogs = new AlertDialogs();
  private timer: number | undefined;
  private drawn: { id: string; way: GeoJSON.Position[] } | null = null;
  private wantsFit = false;

  constructor(api: AlertApi, book: AlertBook, rights: Rights, view: MapView, now: () => number) {
    this.api = api;
    this.book = book;
    this.rights = rights;
    this.view = view;
    this.now = now;
    this.list = new InboxList(book, rights, now);
    this.why = new WhyPanel(api, rights, now);
    this.element.append(this.list.element, this.why.element, this.dialogs.element);
    this.list.chosen.on(() => this.chosenChanged());
    this.list.scoped.on((scope) => {
      if (scope === "done") void book.loadDone();
    });
    this.why.commanded.on((command) => this.command(command));
    this.why.commented.on((text) => this.comment(text));
    this.why.bookingWanted.on((id) => this.bookingWanted.emit(id));
    book.changed.on(() => this.draw());
  }

  get chosenId(): string | null {
    return this.list.chosenId;
  }

  /** What the page's address names. */
  open(id: string): void {
    this.list.choose(id);
    if (this.book.get(id) === null) void this.fetchOne(id);
  }

  refresh(): Promise<void> {
    return this.book.load();
  }

  draw(): void {
    this.list.draw();
    const alert = this.alert;
    if (alert !== null) this.why.show(alert);
  }

  focus(): void {
    if (this.list.chosenId === null) this.list.step(1);
    else this.list.focusChosen();
  }

  /** Back to the list alone; false when nothing is looked at. */
  stepBack(): boolean {
    if (this.list.chosenId === null) return false;
    const last = this.list.chosenId;
    this.list.choose(null);
    this.element.querySelector<HTMLElement>(`[data-key="${CSS.escape(last)}"]`)?.focus();
    return true;
  }

  /** Nothing of it stays on the map. */
  leave(): void {
    this.list.choose(null);
  }

  key(event: KeyboardEvent): boolean {
    const command = commandOf(event);
    if (command === null) return false;
    event.preventDefault();
    this.command(command);
    return true;
  }

  private get alert(): Alert | null {
    return this.list.chosenId === null ? null : this.book.get(this.list.chosenId);
  }

  private command(command: Command): void {
    if (command === "next") this.list.step(1);
    else if (command === "previous") this.list.step(-1);
    else if (command === "search") this.list.focusSearch();
    else if (command === "help") this.dialogs.help();
    else if (this.alert !== null) this.about(this.alert, command);
  }

  private about(alert: Alert, command: Command): void {
    if (command === "open") {
      this.openOnMap(alert);
      return;
    }
    if (!this.rights.may("alerts:write")) {
      this.book.said.emit("You may look at alerts, and not change them (alerts:write).");
      return;
    }
    const isOver = alert.state === "resolved" || alert.state === "retracted";
    const named = `${kindWords(alert.kind)}, ${whoseWords(alert)}`;
    if (command === "comment") this.why.focusComment();
    else if (command === "true_alert") this.take(alert, this.judging("true_alert"));
    else if (command === "false_alert") this.take(alert, this.judging("false_alert"));
    else if (isOver) this.book.said.emit(`It is over: ${named}.`);
    else if (command === "acknowledge") this.acknowledge(alert);
    else if (command === "assign") this.assign(alert);
    else if (command === "snooze")
      this.dialogs.snooze(named, this.now(), (untilMs) => this.take(alert, this.quiet(untilMs)));
    else if (command === "resolve")
      this.dialogs.resolve(named, (note) => this.take(alert, this.resolving(note)));
  }

  private take(alert: Alert, step: Step): void {
    void this.book.take(alert.id, step);
  }

  /** In its turn: a comment makes another version of the alert. */
  private comment(text: string): void {
    const id = this.list.chosenId;
    if (id === null) return;
    const send = async (one: Alert): Promise<Alert> => {
      await this.api.comment(one.id, text);
      return this.api.whole(one.id);
    };
    const failed = (): void => this.why.giveBack(text);
    void this.book.take(id, { looks: {}, send, failed });
  }

  private acknowledge(alert: Alert): void {
    if (alert.state !== "raised") return;
    const looks = { state: "acknowledged", acknowledged_by: this.rights.me } as const;
    this.take(alert, { looks, send: (one) => this.api.acknowledge(one) });
  }

  private assign(alert: Alert): void {
    const me = this.rights.me;
    if (me === null) return;
    const to = this.rights.isMe(alert.assigned_to) ? null : me;
    this.take(alert, { looks: { assigned_to: to }, send: (one) => this.api.assign(one, to) });
  }

  private quiet(untilMs: number): Step {
    const until = new Date(untilMs).toISOString();
    return { looks: { snoozed_until: until }, send: (one) => this.api.snooze(one, until) };
  }

  private resolving(note: string): Step {
    const looks = { state: "resolved", resolution: "manual", resolved_by: this.rights.me } as const;
    return { looks, send: (one) => this.api.resolve(one, note) };
  }

  private judging(judged: Judged): Step {
    return { looks: { judged }, send: (one) => this.api.judge(one, judged) };
  }

  private chosenChanged(): void {
    const alert = this.alert;
    this.element.classList.toggle("with-one", this.list.chosenId !== null);
    window.clearTimeout(this.timer);
    this.why.show(alert);
    this.wantsFit = false;
    if (alert === null) {
      this.drawn = null;
      this.view.evidence.show(null);
    } else this.timer = window.setTimeout(() => void this.prove(alert), LOOK_AFTER_MS);
  }

  private async prove(alert: Alert): Promise<void> {
    let proof: Proof;
    try {
      proof = proofOf(await this.api.evidence(alert.id));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.list.chosenId === alert.id) this.why.unproven(`No proof: ${error.message}`);
      return;
    }
    if (this.list.chosenId !== alert.id) return;
    this.why.proven(proof);
    const { tracks } = proof;
    this.view.evidence.show({ tracks, place: alert.place, words: kindWords(alert.kind) });
    const way = tracks.flat().map(({ lat, lon }) => [lon, lat]);
    const place = alert.place === null ? [] : [[alert.place.lon, alert.place.lat]];
    this.drawn = { id: alert.id, way: [...way, ...place] };
    if (this.wantsFit) this.openOnMap(alert);
  }

  private openOnMap(alert: Alert): void {
    if (alert.truck !== null) this.truckWanted.emit(alert.truck);
    if (this.drawn?.id !== alert.id) {
      // As soon as its fixes are there.
      this.wantsFit = true;
      return;
    }
    this.wantsFit = false;
    const [only] = this.drawn.way;
    if (this.drawn.way.length > 1) this.view.fit(this.drawn.way, MAP_COVERED);
    else if (only !== undefined) this.view.flyTo(only[1] ?? 0, only[0] ?? 0);
  }

  private async fetchOne(id: string): Promise<void> {
    try {
      this.book.put(await this.api.whole(id));
    } catch {
      this.list.choose(null);
      this.book.said.emit("There is no such alert, or it is not yours to see.");
      return;
    }
    this.chosenChanged();
  }
}
