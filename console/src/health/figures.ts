// Which figures say whether the installation is well: actors, followers, breakers, queues. Pure.

import { ago, number } from "../ui/format";
import type { Sample } from "./metrics";

const PREFIX = "ubertruck_";

export type Mood = "good" | "doubtful" | "bad";

/** One line of the page; its key is the same from look to look. */
export interface Figure {
  key: string;
  name: string;
  of: string;
  value: number;
  words: string;
  mood: Mood;
}

export interface Finding {
  ok: boolean;
  latency_ms: number;
  detail: string | null;
  needed: boolean;
}

export interface Readiness {
  status: string;
  dependencies: Record<string, Finding>;
}

export interface Health {
  actors: Figure[];
  followers: Figure[];
  breakers: Figure[];
  queues: Figure[];
}

// Behind by more than this is worth a look, by more than that it is bad.
const LAG_S: readonly [doubtful: number, bad: number] = [30, 300];
const QUEUE: readonly [doubtful: number, bad: number] = [1_000, 20_000];
const DEPTH = /_(pending|waiting|queued|queue|depth|backlog|due|outbox|unsent|held|in_flight)(_|$)/;
const NO_DEPTH = /_(total|bucket|sum|count|created|max|limit)$/;
const WAITS: ReadonlySet<string> = new Set(["pending", "waiting", "sending"]);

export function healthOf(samples: readonly Sample[]): Health {
  const ours = samples.filter(({ name }) => name.startsWith(PREFIX));
  return {
    actors: actors(ours),
    followers: followers(ours),
    breakers: breakers(ours),
    queues: queues(ours),
  };
}

function actors(samples: readonly Sample[]): Figure[] {
  return samples
    .filter(({ name }) => name === `${PREFIX}actor_up`)
    .map(({ labels, value }) => {
      const isUp = value === 1;
      const named = labels["actor"] ?? "?";
      const [words, mood] = isUp ? (["works", "good"] as const) : (["in trouble", "bad"] as const);
      return { key: named, name: named, of: plain(labels["role"] ?? ""), value, words, mood };
    })
    .sort(byName);
}

/** `ubertruck_watch_alerts_waiting` and `..._oldest_s` are two figures of one follower. */
function followers(samples: readonly Sample[]): Figure[] {
  return samples
    .filter(({ name }) => name.endsWith("_oldest_s"))
    .map((sample) => {
      const stem = sample.name.slice(0, -"_oldest_s".length);
      const waiting =
        valueOf(samples, `${stem}_waiting`, sample.labels) ??
        valueOf(samples, `${stem}_rows`, sample.labels);
      const troubles = valueOf(samples, `${stem}_troubles`, sample.labels) ?? 0;
      const behind = sample.value > 0 ? `${ago(sample.value * 1000)} behind` : "up to date";
      const said = [
        behind,
        waiting === null ? null : `${count(waiting)} waiting`,
        troubles > 0 ? `${count(troubles)} in trouble` : null,
      ];
      const role = sample.labels["role"] ?? "";
      return {
        key: keyOf(sample),
        name: plain(stem.slice(PREFIX.length).replace(new RegExp(`^${role}_`), "")),
        of: plain(role),
        value: sample.value,
        words: said.filter(Boolean).join(", "),
        mood: troubles > 0 ? "bad" : moodOf(sample.value, LAG_S),
      } satisfies Figure;
    })
    .sort(byName);
}

/** Open: whoever failed is left alone for a while. */
function breakers(samples: readonly Sample[]): Figure[] {
  return samples
    .filter(({ name }) => name.endsWith("_breaker_open"))
    .map((sample) => {
      const { labels, value } = sample;
      const isOpen = value > 0;
      return {
        key: keyOf(sample),
        name: plain(labels["provider"] ?? "?"),
        of: plain(labels["role"] ?? labels["actor"] ?? "gateway"),
        value,
        words: isOpen ? "open: not called for a while" : "closed: calls go through",
        mood: isOpen ? "doubtful" : "good",
      } satisfies Figure;
    })
    .sort(byName);
}

/** What waits, of all tenants together. */
function queues(samples: readonly Sample[]): Figure[] {
  const found = new Map<string, Figure>();
  for (const { name, labels, value } of samples.filter((each) => isQueue(each, samples))) {
    const role = labels["role"] ?? "";
    const state = labels["state"] ?? "";
    const named = name.slice(PREFIX.length).replace(new RegExp(`^${role}_`), "");
    const of = labels["actor"] ?? labels["queue"] ?? labels["stage"] ?? role;
    const key = `${name}|${of}|${state}`;
    const sum = (found.get(key)?.value ?? 0) + value;
    const words = count(sum);
    const full = plain([named, state].filter(Boolean).join(" "));
    found.set(key, { key, name: full, of: plain(of), value: sum, words, mood: moodOf(sum, QUEUE) });
  }
  return [...found.values()].sort((a, b) => b.value - a.value || byName(a, b));
}

function isQueue({ name, labels }: Sample, samples: readonly Sample[]): boolean {
  if (WAITS.has(labels["state"] ?? "")) return !NO_DEPTH.test(name);
  if (labels["state"] !== undefined || !DEPTH.test(name) || NO_DEPTH.test(name)) return false;
  // Those of followers stand with them.
  const stem = name.replace(/_(waiting|rows)$/, "");
  return !samples.some((other) => other.name === `${stem}_oldest_s`);
}

/** The worst of what is known, for the head of the page. */
export function worst(health: Health, readiness: Readiness | null): Mood {
  const found = [health.actors, health.followers, health.breakers, health.queues].flat();
  const moods = new Set(found.map(({ mood }) => mood));
  const isDown = Object.values(readiness?.dependencies ?? {}).some(({ ok }) => !ok);
  if (readiness === null || readiness.status === "not ready" || moods.has("bad")) return "bad";
  return isDown || moods.has("doubtful") ? "doubtful" : "good";
}

/** How each figure was the last times it was looked at, oldest first. */
export class Trail {
  private readonly kept = new Map<string, number[]>();
  private readonly looks: number;

  constructor(looks: number) {
    this.looks = looks;
  }

  add(figures: readonly Figure[]): void {
    for (const { key, value } of figures) {
      const values = [...(this.kept.get(key) ?? []), value].slice(-this.looks);
      this.kept.set(key, values);
    }
  }

  of(key: string): readonly number[] {
    return this.kept.get(key) ?? [];
  }
}

/** A line through the values, within a box; null: there is none to draw yet. */
export function sparkline(values: readonly number[], width: number, height: number): string | null {
  if (values.length < 2) return null;
  const most = Math.max(...values, 1);
  const points = values.map((value, i) => {
    const x = (i / (values.length - 1)) * width;
    return `${x.toFixed(1)} ${(height - (value / most) * height).toFixed(1)}`;
  });
  return `M${points.join("L")}`;
}

function valueOf(
  samples: readonly Sample[],
  name: string,
  labels: Sample["labels"],
): number | null {
  const wanted = JSON.stringify(labels);
  return (
    samples.find((each) => each.name === name && JSON.stringify(each.labels) === wanted)?.value ??
    null
  );
}

function moodOf(value: number, [doubtful, bad]: readonly [number, number]): Mood {
  return value >= bad ? "bad" : value >= doubtful ? "doubtful" : "good";
}

function keyOf({ name, labels }: Sample): string {
  return `${name}${JSON.stringify(labels)}`;
}

function plain(name: string): string {
  return name.replace(/_/g, " ");
}

function count(value: number): string {
  return number(value, "").trim();
}

function byName(a: Figure, b: Figure): number {
  return a.name.localeCompare(b.name) || a.of.localeCompare(b.of);
}
