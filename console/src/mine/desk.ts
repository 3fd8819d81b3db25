// What is for whoever is signed in: their messages, counted at the bell, and what they wish.

import { type ApiClient, ApiError } from "../api/client";
import type { CloudEvent } from "../api/types";
import type { Rights } from "../booking/rights";
import { Signal } from "../signal";
import { type Section, TabbedDesk } from "../ui/tabbed_desk";
import { MineApi } from "./api";
import { InboxView } from "./inbox_view";
import { PreferencesView } from "./preferences_view";
import type { Place } from "./words";

// What people are told of; the message is written a moment after the fact.
const TELLING = /^(alert|booking|payment|payout|task|notification)\./;
const LOOK_AFTER_MS = 2_000;
// For what no event tells, such as a notice by hand.
const COUNT_EVERY_MS = 15_000;

export class MineDesk extends TabbedDesk {
  /** How many messages are unread. */
  readonly unread = new Signal<number>();
  readonly wanted: Signal<Place>;
  private readonly api: MineApi;
  private counting: number | undefined;

  constructor(client: ApiClient, rights: Rights, now: () => number) {
    const api = new MineApi(client);
    const inbox = new InboxView(api, rights, now);
    const messages: Section = { name: "My messages", permissions: [], view: inbox };
    const preferences: Section = {
      name: "My preferences",
      permissions: [],
      view: new PreferencesView(api, rights),
    };
    super(rights, {
      name: "For you",
      address: "mine",
      sections: [messages, ...(rights.isPerson ? [preferences] : [])],
    });
    this.api = api;
    this.wanted = inbox.wanted;
    inbox.changed.on(() => void this.count());
    void this.count();
    window.setInterval(() => {
      if (document.visibilityState === "visible") void this.count();
    }, COUNT_EVERY_MS);
  }

  override heard(event: CloudEvent): void {
    if (TELLING.test(event.type)) this.countSoon();
  }

  override lookSoon(): void {
    super.lookSoon();
    this.countSoon();
  }

  private countSoon(): void {
    this.counting ??= window.setTimeout(() => {
      this.counting = undefined;
      void this.count();
      super.lookSoon();
    }, LOOK_AFTER_MS);
  }

  private async count(): Promise<void> {
    try {
      this.unread.emit((await this.api.unread()).unread);
    } catch (error) {
      // The last count stands: that the server is away is said over the map.
      if (!(error instanceof ApiError)) throw error;
    }
  }
}
