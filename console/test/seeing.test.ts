// Seeing inside: figures of the metrics page, who is on call, messages and webhooks in words.

import { describe, expect, it } from "vitest";
import { pretty } from "../src/hooks/deliveries_view";
import type { Delivery, Endpoint } from "../src/hooks/types";
import {
  deliveryWords,
  endpointState,
  endpointTrouble,
  filterWords,
  typedList,
} from "../src/hooks/words";
import { healthOf, sparkline, Trail, worst } from "../src/health/figures";
import { parseMetrics } from "../src/health/metrics";
import { turnsBetween } from "../src/notices/turns";
import type { Calendar, NoticeAttempt } from "../src/notices/types";
import { attemptWords, segmentWords } from "../src/notices/words";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const HOUR = 3_600_000;

const TEXT = `# HELP ubertruck_actor_up The actor works
# TYPE ubertruck_actor_up gauge
ubertruck_actor_up{actor="watch",role="watch"} 1.0
ubertruck_actor_up{actor="messenger",role="messenger"} 0.0
ubertruck_watch_alerts_waiting{actor="watch",role="watch"} 1234.0
ubertruck_watch_alerts_oldest_s{actor="watch",role="watch"} 40.0
ubertruck_watch_alerts_troubles{actor="watch",role="watch"} 0.0
ubertruck_outbox_relay_pending{actor="relay",role="outbox_relay"} 7
ubertruck_webhook_deliveries{state="pending",tenant="a"} 3
ubertruck_webhook_deliveries{state="pending",tenant="b"} 4
ubertruck_webhook_deliveries{state="delivered",tenant="b"} 400
ubertruck_provider_breaker_open{provider="msg91",actor="messenger"} 0.0
ubertruck_provider_breaker_open{provider="fcm",actor="messenger"} 1.0
ubertruck_http_requests_total{method="GET",route="/a\\"b"} 3e2
something_else 5
not a line at all
`;

describe("metrics", () => {
  it("are read with their labels, and what cannot be read is passed over", () => {
    const samples = parseMetrics(TEXT);
    expect(samples).toHaveLength(13);
    expect(samples[11]).toEqual({
      name: "ubertruck_http_requests_total",
      labels: { method: "GET", route: '/a"b' },
      value: 300,
    });
    expect(parseMetrics('x{le="+Inf"} +Inf')[0]?.value).toBe(Number.POSITIVE_INFINITY);
  });

  it("say who works, who is behind and what waits", () => {
    const { actors, followers, queues, breakers } = healthOf(parseMetrics(TEXT));
    expect(actors.map(({ name, words }) => `${name} ${words}`)).toEqual([
      "messenger in trouble",
      "watch works",
    ]);
    expect(followers.map(({ name, words, mood }) => [name, words, mood])).toEqual([
      ["alerts", "40 s behind, 1,234 waiting", "doubtful"],
    ]);
    expect(queues.map(({ name, words, mood }) => [name, words, mood])).toEqual([
      ["pending", "7", "good"],
      ["webhook deliveries pending", "7", "good"],
    ]);
    expect(breakers.map(({ name, words }) => `${name} ${words}`)).toEqual([
      "fcm open: not called for a while",
      "msg91 closed: calls go through",
    ]);
  });

  it("are as bad as the worst of them", () => {
    const fine = { ok: true, latency_ms: 1, detail: null, needed: true };
    const ready = { status: "ok", dependencies: { postgres: fine } };
    const quiet = { actors: [], followers: [], breakers: [], queues: [] };
    expect(worst(quiet, ready)).toBe("good");
    expect(worst(quiet, { ...ready, dependencies: { redis: { ...fine, ok: false } } })).toBe(
      "doubtful",
    );
    expect(worst(healthOf(parseMetrics(TEXT)), ready)).toBe("bad");
    expect(worst(quiet, null)).toBe("bad");
  });

  it("leave a trail of so many looks", () => {
    const trail = new Trail(2);
    const figure = { key: "q", name: "q", of: "", words: "", mood: "good" as const };
    for (const value of [1, 2, 4]) trail.add([{ ...figure, value }]);
    expect(trail.of("q")).toEqual([2, 4]);
    expect(sparkline([2, 4], 10, 8)).toBe("M0.0 4.0L10.0 0.0");
    expect(sparkline([2], 10, 8)).toBeNull();
  });
});

describe("who is on call", () => {
  const calendar: Calendar = {
    ...{ id: "c", name: "Control room", time_zone: "Asia/Kolkata", version: 1 },
    rotations: [
      {
        ...{ level: 1, people: ["asha", "ravi"], turn_hours: 12, hours: null },
        begins_at: new Date(NOW - 24 * HOUR).toISOString(),
      },
    ],
    overrides: [
      {
        ...{ id: "o", level: 1, person: "meena" },
        from: new Date(NOW + 6 * HOUR).toISOString(),
        to: new Date(NOW + 18 * HOUR).toISOString(),
      },
    ],
  };
  const told = (made: Calendar): string[] =>
    turnsBetween(made, NOW, NOW + 24 * HOUR).map(({ person, fromMs, toMs }) => {
      return `${person} ${(fromMs - NOW) / HOUR}-${(toMs - NOW) / HOUR}`;
    });

  it("takes turns, and whoever stands in goes before", () => {
    expect(told({ ...calendar, overrides: [] })).toEqual(["asha 0-12", "ravi 12-24"]);
    expect(told(calendar)).toEqual(["asha 0-6", "meena 6-18", "ravi 18-24"]);
  });

  it("is nobody before the first turn", () => {
    const [rotation] = calendar.rotations;
    const later = { ...rotation, begins_at: new Date(NOW + 20 * HOUR).toISOString() };
    expect(told({ ...calendar, rotations: [later as never], overrides: [] })).toEqual([
      "asha 20-24",
    ]);
  });
});

describe("messages and webhooks", () => {
  it("say what an attempt met", () => {
    const attempt = {
      nr: 2,
      channel: "sms",
      provider: "msg91",
      outcome: "failed",
      why: "no such number",
    };
    expect(attemptWords({ ...attempt, reason: null, code: "311" } as NoticeAttempt)).toBe(
      "2: SMS by msg91, failed (no such number, 311)",
    );
    const parts = { encoding: "UCS-2", units: 80, parts: 2, left: 54, strangers: "₹" };
    expect(segmentWords(parts)).toBe("UCS-2, 2 parts, 80 long, 54 left; these make it dearer: ₹");
  });

  it("say how an endpoint fares and what it wants", () => {
    const endpoint = { state: "paused", why: "failing", failures: 5, probe_at: null } as Endpoint;
    expect(endpointState(endpoint)).toEqual(["paused: it fails", "lost"]);
    expect(endpointTrouble(endpoint)).toMatch(/^Paused after 5 failures; what it is due waits/);
    expect(endpointTrouble({ ...endpoint, why: "by_hand" })).toBeNull();
    expect(filterWords({ types: ["alert.*"], subjects: ["trucks/*"] })).toBe("alert.* of trucks/*");
    expect(filterWords({ types: ["*"], subjects: ["*"] })).toBe("all events");
    expect(typedList(" booking.*, alert.raised\n")).toEqual(["booking.*", "alert.raised"]);
  });

  it("say when a delivery is tried again", () => {
    const due_at = new Date(NOW + 90_000).toISOString();
    const waits = {
      attempts: 1,
      due_at,
      state: "pending",
      origin: "replay",
      size_bytes: 12,
      finished_at: null,
    };
    expect(deliveryWords(waits as Delivery, NOW)).toEqual([
      "1 attempt",
      "next in 1 min",
      "a replay",
      "12 bytes",
    ]);
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(pretty("no json")).toBe("no json");
  });
});
