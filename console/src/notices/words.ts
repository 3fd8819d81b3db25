// Messages in words: how they stand, what an attempt met, how many parts a text has.

import type { Stage } from "../booking/words";
import { clock } from "../ui/format";
import type { Notice, NoticeAttempt, NoticeState, Segments } from "./types";

const STATES: Record<NoticeState, readonly [words: string, stage: Stage]> = {
  waiting: ["waits", "looking"],
  collected: ["in the next digest", "looking"],
  sending: ["being sent", "looking"],
  sent: ["sent", "moving"],
  delivered: ["delivered", "moving"],
  read: ["read", "moving"],
  unknown: ["nobody knows", "lost"],
  dead: ["given up", "lost"],
  cancelled: ["called off", "done"],
  digested: ["within a digest", "done"],
};

export function noticeState(state: NoticeState): readonly [words: string, stage: Stage] {
  return STATES[state] ?? [state, "draft"];
}

/** A person may have it sent again when nothing came of it. */
export function isReplayable({ state }: Notice): boolean {
  return state === "unknown" || state === "dead" || state === "cancelled";
}

const CHANNELS: Record<string, string> = {
  in_app: "in the app",
  email: "e-mail",
  sms: "SMS",
  whatsapp: "WhatsApp",
  push: "push",
  slack: "Slack",
  teams: "Teams",
  voice: "call",
  any: "any channel",
};

export function channelWords(channel: string | null): string {
  return channel === null ? "no channel is left" : (CHANNELS[channel] ?? channel);
}

export function kindOfNotice(kind: string): string {
  return kind.replace(".", ": ").replace(/_/g, " ");
}

export function wayWords({ channels, channel }: Notice): string {
  const rest = channels.filter((each) => each !== channel).map(channelWords);
  const first = channelWords(channel);
  return rest.length === 0 ? first : `${first} (also ${rest.join(", ")})`;
}

const OUTCOMES: Record<string, string> = {
  asked: "asked for, no answer yet",
  accepted: "taken by the provider",
  sent: "sent on",
  delivered: "delivered",
  read: "read",
  undone: "not done, tried again",
  failed: "failed",
  unknown: "no answer: it may have gone out, so it is not sent again by itself",
};

export function attemptWords(attempt: NoticeAttempt): string {
  const { nr, channel, provider, outcome, why, reason, code } = attempt;
  const more = [why, reason, code].filter(Boolean).join(", ");
  const said = `${nr}: ${channelWords(channel)} by ${provider}, ${OUTCOMES[outcome] ?? outcome}`;
  return more === "" ? said : `${said} (${more})`;
}

export function attemptTimes({ asked_at, told_at, template, provider_id }: NoticeAttempt): string {
  const told = told_at === null ? null : `last word ${clock(told_at)}`;
  return [clock(asked_at), told, template, provider_id].filter(Boolean).join(" · ");
}

/** "GSM-7, 2 parts, 12 left"; and what makes it dear. */
export function segmentWords({ encoding, units, parts, left, strangers }: Segments): string {
  const count = `${parts} ${parts === 1 ? "part" : "parts"}`;
  const why = strangers === "" ? "" : `; these make it dearer: ${strangers}`;
  return `${encoding}, ${count}, ${units} long, ${left} left${why}`;
}
