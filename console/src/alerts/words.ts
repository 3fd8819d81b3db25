// Alerts in a dispatcher's words: kinds, states, the turns of a life, rules and their values.

import type { Stage } from "../booking/words";
import { ago, clock, number, timeOfDay, UNKNOWN } from "../ui/format";
import type { Alert, AlertState, Missed, Severity, Sight, Turn } from "./types";

const TRUCKS_NAMED = 6;

const KINDS: Record<string, string> = {
  long_stoppage: "long stop",
  overspeed: "too fast",
  night_driving: "drives at night",
  continuous_driving: "no rest",
  tracking_interrupted: "stopped reporting",
  untracked_trip: "trip without tracking",
  route_deviation: "off its route",
  wrong_way: "wrong way",
  trip_not_started: "has not set out",
  promise_at_risk: "promise at risk",
  detention_running: "waiting costs money",
  eway_bill_expiring: "e-way bill runs out",
  document_expiring: "papers run out",
  geofence_breach: "fence crossed",
  no_entry: "no entry here",
  fuel_drop: "fuel lost",
  panic: "panic button",
  tampering: "device tampered with",
  weight_shortage: "weight is short",
  payment_overdue: "payment overdue",
  dispatch_exhausted: "no truck found",
  several_trucks: "trucks at one unknown place",
  webhook_paused: "webhook paused",
  watch_impaired: "we do not see everything",
};

export function kindWords(kind: string): string {
  return KINDS[kind] ?? kind.replace(/[._]/g, " ");
}

const STATES: Record<AlertState, readonly [words: string, stage: Stage]> = {
  pending: ["building up", "draft"],
  raised: ["new", "lost"],
  acknowledged: ["acknowledged", "looking"],
  resolved: ["resolved", "done"],
  retracted: ["withdrawn", "done"],
};

export function stateWords(state: AlertState): readonly [words: string, stage: Stage] {
  return STATES[state] ?? [state, "draft"];
}

export const SEVERITY_WORDS: Record<Severity, string> = {
  critical: "critical",
  warning: "warning",
  info: "notice",
};

type Whose = Pick<Alert, "truck" | "booking" | "subject">;

/** Truck and booking that it is about, else its subject. */
export function whoseWords({ truck, booking, subject }: Whose): string {
  const named = [truck, booking].filter((each) => each !== null && each !== "");
  return named.length > 0 ? named.join(" · ") : subject;
}

/** What those of a group have in common, as far as they all do. */
export function groupWords(members: readonly Alert[]): string {
  const shared = (of: (alert: Alert) => string | null): string | null => {
    const values = new Set(members.map(of));
    return values.size === 1 ? ([...values][0] ?? null) : null;
  };
  const kind = shared((alert) => kindWords(alert.kind));
  const about = shared((alert) => alert.booking) ?? shared((alert) => alert.truck);
  const words = [kind, about].filter((each) => each !== null).join(" · ");
  return `${members.length} together${words === "" ? "" : `: ${words}`}`;
}

/** For who hears the list instead of seeing it. */
export function rowWords(alert: Alert, nowMs: number): string {
  const parts = [
    SEVERITY_WORDS[alert.severity],
    kindWords(alert.kind),
    whoseWords(alert),
    stateWords(alert.state)[0],
    ageWords(alert, nowMs),
  ];
  return parts.join(", ");
}

export function ageWords({ raised_at, began_at }: Alert, nowMs: number): string {
  return ago(nowMs - Date.parse(raised_at ?? began_at));
}

/** Where it stands with people: who has it, till when it is quiet, who ended it. */
export function standing(alert: Alert, nowMs: number): string[] {
  const { snoozed_until, assigned_to, acknowledged_by, resolved_by, resolution, judged } = alert;
  const snoozed = snoozed_until !== null && Date.parse(snoozed_until) > nowMs;
  const ended = {
    auto: "ended by itself",
    manual: `resolved by ${personWords(resolved_by)}`,
    expired: "ended by itself, nothing more came",
    corrected: "late fixes showed that it was not so",
  }[resolution ?? ""];
  const said = [
    alert.level > 0 && `escalated to level ${alert.level}`,
    snoozed && `quiet until ${timeOfDay(Date.parse(snoozed_until))}`,
    assigned_to !== null && `with ${personWords(assigned_to)}`,
    alert.state === "acknowledged" && `seen by ${personWords(acknowledged_by)}`,
    alert.state === "resolved" && (ended ?? "resolved"),
    alert.state === "retracted" && "late fixes showed that it was not so",
    judged === "true_alert" && "judged true",
    judged === "false_alert" && "judged false",
  ];
  return said.filter((each) => typeof each === "string");
}

const IS_FACT = /^[0-9a-f]{8}-[0-9a-f-]{27}$|^survey-/;

/** `user:asha` is asha; what a fact told of, nobody did. */
export function personWords(name: string | null | undefined): string {
  if (!name || name === "watch") return "the watch";
  if (IS_FACT.test(name)) return "a fact";
  return name.replace(/^(user|client|api_key|service):/, "");
}

const TURNS: Record<string, string> = {
  opened: "its cause was seen",
  cause_seen: "the same again",
  cause_changed: "its cause is otherwise than it was said to be",
  cause_ended: "its cause is over",
  cause_resumed: "its cause goes on after all",
  cause_gone: "its cause never was",
  cause_handed_over: "its cause belongs to a newer alert by now",
  held: "held back",
  lapsed: "over before anybody had to be told",
  rearmed: "to be told after all",
  renewed: "raised again: it happened once more after somebody had seen it",
  woken: "loud again",
  reopened: "open again",
  retracted: "withdrawn: late fixes showed that it was not so",
};

export function turnWords({ type, data }: Turn): string {
  const untilMs = data["until_ms"];
  const more = [
    type === "escalated" && `to level ${String(data["level"])}`,
    typeof untilMs === "number" && `until ${clock(untilMs)}`,
    type === "snoozed" && typeof untilMs !== "number" && "no longer",
    type === "assigned" && (data["to"] ? `to ${personWords(String(data["to"]))}` : "to nobody"),
    type === "judged" && judgedWords(data["judged"]),
    type === "resolved" && data["resolution"] === "auto" && "by itself",
    typeof data["note"] === "string" && data["note"] !== "" && `“${data["note"]}”`,
  ];
  return [TURNS[type] ?? type.replace(/_/g, " "), ...more].filter(Boolean).join(" ");
}

function judgedWords(judged: unknown): string {
  if (judged === null || judged === undefined) return "not any more";
  return judged === "false_alert" ? "a false alert" : "a true alert";
}

const UNITS: Record<string, readonly [unit: string, digits?: number, factor?: number]> = {
  kmh: ["km/h"],
  s: ["s"],
  ms: ["ms"],
  minutes: ["min"],
  min: ["min"],
  hours: ["h", 1],
  days: ["days"],
  km: ["km", 1],
  m: ["m"],
  pct: ["%"],
  t: ["t", 1],
  kg: ["kg"],
  share: ["%", 0, 100],
  probability: ["%", 0, 100],
  minor: ["₹", 2, 0.01],
};

/** `speed_kmh_max` 92 -> "92 km/h": the end of a name says the unit. */
export function valueWords(name: string, value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "string") return isTime(value) ? clock(value) : value;
  if (typeof value !== "number") return JSON.stringify(value);
  if (/_ms$/.test(name) && value > 1e11) return clock(value);
  const ends =
    name
      .replace(/_(max|min)$/, "")
      .split("_")
      .at(-1) ?? "";
  const [unit, digits, factor] = UNITS[ends] ?? ["", Number.isInteger(value) ? 0 : 2];
  return number(value * (factor ?? 1), unit, digits).trim();
}

/** `speed_kmh_max` -> "speed max", without the unit that stands at the value. */
export function nameWords(name: string): string {
  const parts = name.split("_");
  const words = parts.filter((part, i) => i === 0 || UNITS[part] === undefined);
  return words.join(" ");
}

function isTime(value: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T/.test(value);
}

/** The one sentence that must not be overlooked; null: everything is seen. */
export function blindWords({ watching, since }: Sight): string | null {
  if (watching === "ok") return null;
  const when = since === null ? "" : ` since ${timeOfDay(Date.parse(since))}`;
  return `We do not see your trucks${when}`;
}

/** Trucks that were not heard of then are named, as far as a line has room. */
export function missedWords({ from, to, detail, cause, trucks, trucks_count }: Missed): string {
  const till = to === null ? "now" : timeOfDay(Date.parse(to));
  const names = (trucks ?? []).slice(0, TRUCKS_NAMED).map(({ truck }) => truck);
  const count = trucks_count ?? trucks?.length ?? null;
  const rest = count === null ? 0 : count - names.length;
  const whose = [...names, ...(rest > 0 ? [`${rest} more`] : [])].join(", ");
  const why = detail || cause.replace(/[._]/g, " ");
  return `${timeOfDay(Date.parse(from))} to ${till}: ${why}${whose === "" ? "" : ` (${whose})`}`;
}

/** What happened to it meanwhile, when somebody else was faster. */
export function conflictWords(mine: Alert, theirs: Alert): string {
  const whose = `${kindWords(theirs.kind)} of ${whoseWords(theirs)}`;
  const [who, what] =
    theirs.state === "resolved" && mine.state !== "resolved"
      ? [theirs.resolved_by, "resolved it"]
      : theirs.state === "retracted"
        ? [null, "withdrew it after late fixes"]
        : theirs.state === "acknowledged" && mine.state === "raised"
          ? [theirs.acknowledged_by, "acknowledged it"]
          : theirs.level > mine.level
            ? [null, `escalated it to level ${theirs.level}`]
            : theirs.assigned_to !== mine.assigned_to && theirs.assigned_to !== null
              ? [theirs.assigned_to, "took it"]
              : [null, "changed it"];
  const faster = `${personWords(who)} ${what} meanwhile`;
  return `Not done, ${whose}: ${faster}. Repeat it if you still want to.`;
}
