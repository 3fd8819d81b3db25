// The alerts' side of the workspace: inbox, rules and who is on call; and what calls for attention.

import type { ApiClient } from "../api/client";
import type { CloudEvent } from "../api/types";
import type { Rights } from "../booking/rights";
import type { LiveConnection } from "../live/connection";
import type { MapView } from "../map/map_view";
import { Signal } from "../signal";
import { ICONS, iconButton } from "../ui/dom";
import { type Section, TabbedDesk } from "../ui/tabbed_desk";
import { AlertApi } from "./api";
import { BlindBanner } from "./blind_banner";
import { AlertBook } from "./book";
import { Inbox } from "./inbox";
import { AlertSound } from "./sound";
import { kindWords, whoseWords } from "./words";

const INBOX = "Inbox";
const OURS = /^alert\./;
const WATCH_IMPAIRED = "watch_impaired";
const LOOK_AFTER_MS = 300;
// Also for what no event tells: that nobody watches.
const LOOK_EVERY_MS = 10_000;
// Ages and the ends of snoozes.
const DRAW_EVERY_MS = 10_000;
const TITLE = document.title;

export interface AlertDeskParts {
  client: ApiClient;
  rights: Rights;
  view: MapView;
  live: LiveConnection;
  now: () => number;
  others: readonly Section[];
}

export class AlertDesk {
  readonly desk: TabbedDesk;
  readonly toggled: Signal<boolean>;
  readonly banner = new BlindBanner();
  readonly unread = new Signal<number>();
  /** To be said at once, whatever is open. */
  readonly said = new Signal<string>();
  readonly inbox: Inbox;
  readonly sound = new AlertSound();
  private readonly book: AlertBook;
  private readonly mayRead: boolean;
  private timer: number | undefined;
  private cutSinceMs: number | null = null;

  constructor({ client, rights, view, live, now, others }: AlertDeskParts) {
    const api = new AlertApi(client);
    this.mayRead = rights.may("alerts:read");
    this.book = new AlertBook(api, rights, now);
    this.inbox = new Inbox(api, this.book, rights, view, now);
    const mine: Section = { name: INBOX, permissions: ["alerts:read"], view: this.inbox };
    const sections = [mine, ...others];
    this.desk = new TabbedDesk(rights, { name: "Alerts", address: "alerts", sections });
    this.toggled = this.desk.toggled;
    this.desk.head.insertBefore(this.bell(), this.desk.head.lastChild);
    this.wire();
    this.watchLink(live);
    if (!this.mayRead) return;
    void this.look();
    window.setInterval(() => void this.look(), LOOK_EVERY_MS);
    window.setInterval(() => this.inbox.draw(), DRAW_EVERY_MS);
  }

  get element(): HTMLElement {
    return this.desk.element;
  }

  get isOpen(): boolean {
    return this.desk.isOpen;
  }

  get mayOpen(): boolean {
    return this.desk.mayOpen;
  }

  get unreadCount(): number {
    return this.book.unread;
  }

  toggle(): void {
    this.desk.toggle();
    if (this.showsInbox) this.inbox.focus();
  }

  close(): void {
    this.desk.close();
  }

  openAddressed(): void {
    const id = this.desk.openAddressed();
    if (id !== null && this.desk.chosen === INBOX) this.inbox.open(decodeURIComponent(id));
  }

  /** From elsewhere in the console. */
  openAlert(id: string): void {
    this.desk.openTab(INBOX);
    this.inbox.open(id);
  }

  stepBack(): boolean {
    return (this.showsInbox && this.inbox.stepBack()) || this.desk.stepBack();
  }

  /** The inbox's own keys go before those of the page. */
  key(event: KeyboardEvent): boolean {
    return this.showsInbox && this.inbox.key(event);
  }

  heard(event: CloudEvent): void {
    if (OURS.test(event.type)) this.lookSoon();
    // Whether anything is seen at all is not waited for.
    if (event.data?.["kind"] === WATCH_IMPAIRED) void this.look();
    this.desk.heard(event);
  }

  lookSoon(): void {
    if (!this.mayRead) return;
    this.timer ??= window.setTimeout(() => {
      this.timer = undefined;
      void this.book.load();
    }, LOOK_AFTER_MS);
  }

  private get showsInbox(): boolean {
    return this.desk.isOpen && this.desk.chosen === INBOX;
  }

  private async look(): Promise<void> {
    await Promise.all([this.book.load(), this.book.loadSight()]);
  }

  private bell(): HTMLElement {
    const words = "Sound for critical alerts";
    const button = iconButton(ICONS.speaker, words, () => this.sound.toggle());
    this.sound.isOn.watch((isOn) => button.setAttribute("aria-pressed", String(isOn)));
    return button;
  }

  private wire(): void {
    const { book, banner, inbox, desk } = this;
    book.changed.on(() => {
      const count = book.unread;
      document.title = count === 0 ? TITLE : `(${count}) ${TITLE}`;
      this.unread.emit(count);
    });
    book.said.on((words) => this.said.emit(words));
    book.sight.on((sight) => banner.show(sight));
    book.trouble.on((trouble) => banner.failed(trouble));
    book.alarmed.on((alerts) => {
      this.sound.play();
      const [first] = alerts;
      if (first !== undefined && !this.isOpen)
        this.said.emit(`Critical: ${kindWords(first.kind)}, ${whoseWords(first)} (i opens it)`);
    });
    desk.toggled.on((isOpen) => {
      if (!isOpen) inbox.leave();
    });
    desk.turned.on((name) => {
      if (name !== INBOX) inbox.leave();
    });
  }

  /** What the live feed does not bring is looked for; that it is gone is said. */
  private watchLink(live: LiveConnection): void {
    live.state.watch((state) => {
      if (state === "offline") this.cutSinceMs ??= Date.now();
      else if (state === "live") this.cutSinceMs = null;
      this.banner.cutOff(this.cutSinceMs);
    });
  }
}
