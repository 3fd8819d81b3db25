// What somebody wishes of messages, in words, and as it is chosen. Pure.

import { channelWords, kindOfNotice } from "../notices/words";
import type { KindWish, Wishes } from "./types";

/** Those of a person; Slack and Teams are rooms. */
export const CHANNELS = ["in_app", "push", "whatsapp", "sms", "email", "voice"] as const;
/** What most messages are about; `*` is all that has no wish of its own. */
export const FAMILIES = ["*", "alert", "booking", "payment", "payout", "task", "notice"] as const;
export const USUAL: KindWish = { muted: false, without: [], digest: null };

const NAMES: Record<string, string> = {
  "*": "Everything else",
  alert: "Alerts",
  booking: "Bookings",
  payment: "Payments",
  payout: "Payouts to carriers",
  task: "Tasks",
  notice: "Notices by hand",
};

export function wishName(kind: string): string {
  return NAMES[kind] ?? kindOfNotice(kind);
}

/** The families, then what else was chosen; all that is left comes last. */
export function kindsShown({ kinds }: Pick<Wishes, "kinds">): string[] {
  const others = Object.keys(kinds).filter((kind) => !FAMILIES.some((each) => each === kind));
  return [...FAMILIES.slice(1), ...others.sort(), FAMILIES[0]];
}

export function wishWords({ muted, without, digest }: KindWish): string {
  if (muted) return "not at all";
  const words = [
    without.length > 0 && `not by ${without.map(channelWords).join(", ")}`,
    digest === true && "together in a digest",
    digest === false && "each by itself",
  ].filter(Boolean);
  return words.length === 0 ? "as your organisation has it" : words.join(" · ");
}

/** What says nothing is not kept: a wish for a kind would go before that for its family. */
export function kept(kinds: Record<string, KindWish>): Record<string, KindWish> {
  const said = Object.entries(kinds).filter(([, { muted, without, digest }]) => {
    return muted || without.length > 0 || digest !== null;
  });
  return Object.fromEntries(said);
}

export type QuietChoice = "usual" | "never" | "own";

export function quietChoice({ quiet }: Pick<Wishes, "quiet">): QuietChoice {
  if (quiet === null) return "usual";
  return quiet.from_clock === quiet.to_clock ? "never" : "own";
}
