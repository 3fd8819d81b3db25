// Webhooks in words: how endpoints and deliveries stand, what an attempt met.

import type { Stage } from "../booking/words";
import { ago, clock, timeOfDay } from "../ui/format";
import type { Attempt, Delivery, DeliveryState, Endpoint } from "./types";

type Badge = readonly [words: string, stage: Stage];

export function endpointState({ state, why }: Endpoint): Badge {
  if (state === "active") return ["active", "moving"];
  if (state === "disabled") return [why === "gone" ? "gone: it answered 410" : "disabled", "done"];
  return [why === "failing" ? "paused: it fails" : "paused by hand", "lost"];
}

export function endpointTrouble(endpoint: Endpoint): string | null {
  const { state, why, failures, failing_since, probe_at } = endpoint;
  if (state === "active" && failures > 0) {
    const since = failing_since === null ? "" : ` since ${clock(failing_since)}`;
    return `${failures} ${failures === 1 ? "attempt" : "attempts"} in a row failed${since}.`;
  }
  if (state !== "paused" || why !== "failing") return null;
  const next = probe_at === null ? "" : ` It is tried again at ${timeOfDay(Date.parse(probe_at))}.`;
  return `Paused after ${failures} failures; what it is due waits and is not lost.${next}`;
}

export function filterWords({ types, subjects }: Pick<Endpoint, "types" | "subjects">): string {
  const what = types.includes("*") ? "all events" : types.join(", ");
  return subjects.includes("*") ? what : `${what} of ${subjects.join(", ")}`;
}

const STATES: Record<DeliveryState, Badge> = {
  pending: ["waits", "looking"],
  delivered: ["delivered", "moving"],
  failed: ["given up", "lost"],
  withdrawn: ["withdrawn", "done"],
};

export function deliveryState(state: DeliveryState): Badge {
  return STATES[state];
}

export function deliveryWords(delivery: Delivery, nowMs: number): string[] {
  const { attempts, due_at, state, origin, size_bytes, finished_at } = delivery;
  const tries = `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`;
  const dueMs = due_at === null ? null : Date.parse(due_at);
  const due =
    state !== "pending" || dueMs === null
      ? null
      : dueMs > nowMs
        ? `next in ${ago(dueMs - nowMs)}`
        : "due";
  const origins = { fact: null, replay: "a replay", test: "a test" };
  const ended = finished_at === null ? null : clock(finished_at);
  return [tries, due, origins[origin], ended, `${size_bytes} bytes`].filter(
    (each) => each !== null,
  );
}

export function attemptWords(attempt: Attempt): string {
  const { number, verdict, response, error, took_ms, is_probe } = attempt;
  const what = response === null ? (error ?? "no answer") : `HTTP ${response.status}`;
  const then = {
    success: "taken",
    retry: "tried again later",
    never: "not tried again",
    gone: "nobody there any more",
  }[verdict];
  const probe = is_probe ? ", to see whether it is back" : "";
  return `${number}: ${what} after ${Math.round(took_ms)} ms, ${then}${probe}`;
}

/** Lists as people type them. */
export function typedList(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((each) => each.trim())
    .filter((each) => each !== "");
}

/** "bookings/B1": what is only half typed is not asked for. */
export function isNamed(text: string): boolean {
  return /^[a-z0-9-]+\/[A-Za-z0-9_.:-]+$/.test(text);
}

export function isType(text: string): boolean {
  return /^[a-z0-9_]+(\.[a-z0-9_]+)+$/.test(text);
}

/** Of an input of local time, as the API takes it; null: none, or no time. */
export function momentOf(local: string): string | null {
  const ms = Date.parse(local);
  return local === "" || Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

/** The other way round, for what an input begins with. */
export function localOf(ms: number): string {
  const shifted = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, "2026-11-21T10:00".length);
}
