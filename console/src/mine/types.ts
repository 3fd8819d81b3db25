// What the API says to whoever is signed in of themselves: their messages and what they wish.

import type { Severity } from "../alerts/types";

/** A message on the screen. */
export interface InboxItem {
  id: string;
  kind: string;
  severity: Severity;
  title: string;
  text: string;
  subject: string;
  booking: string | null;
  truck: string | null;
  at: string;
  read_at: string | null;
}

export interface Unread {
  unread: number;
  unread_critical: number;
}

export interface KindWish {
  muted: boolean;
  /** Not by these channels. */
  without: string[];
  /** Null: as the organisation has it. */
  digest: boolean | null;
}

/** What somebody wishes of messages; null: as the organisation has it. */
export interface Wishes {
  language: string | null;
  time_zone: string | null;
  /** The same time twice: at no time. */
  quiet: { from_clock: string; to_clock: string } | null;
  /** By kind (`alert.raised`), family (`alert`), or `*` for all others: the nearest counts. */
  kinds: Record<string, KindWish>;
}

export interface Preferences extends Wishes {
  person: string;
  /** 0: nothing was chosen yet. */
  version: number;
}

/** That pushes reach. */
export interface Phone {
  id: string;
  app: string;
  created_at: string;
}
