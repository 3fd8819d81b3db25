// Alerts: which are shown and in what order, keys, words, conflicts, what may be heard.

import { describe, expect, it } from "vitest";
import { quietTimes } from "../src/alerts/dialogs";
import { commandOf, KEYS } from "../src/alerts/keys";
import { drawnWords, proofOf } from "../src/alerts/proof";
import {
  alarming,
  type Filter,
  grouped,
  heir,
  isUnread,
  merged,
  shown,
  stepped,
} from "../src/alerts/queue";
import type { Alert, Sight, Turn } from "../src/alerts/types";
import {
  blindWords,
  conflictWords,
  groupWords,
  kindWords,
  missedWords,
  nameWords,
  personWords,
  rowWords,
  standing,
  turnWords,
  valueWords,
} from "../src/alerts/words";
import { evidenceFeatures } from "../src/map/evidence_layer";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const at = (minutes: number): string => new Date(NOW + minutes * 60_000).toISOString();

function alertWith(part: Partial<Alert>): Alert {
  return {
    ...{ id: "a1", kind: "overspeed", severity: "warning", state: "raised", level: 0 },
    ...{ title: "", text: "", subject: "trucks/TRK-1", truck: "TRK-1", booking: null },
    ...{ place: null, began_at: at(-12), raised_at: at(-10), acknowledged_at: null },
    ...{ acknowledged_by: null, resolved_at: null, resolved_by: null, resolution: null },
    ...{ snoozed_until: null, assigned_to: null, group: null, count: 1, comments_count: 0 },
    evidence: {
      events: ["e1"],
      rule: ["kinds/overspeed"],
      version: "9f",
      facts: {},
      from: at(-12),
      to: at(-11),
    },
    ...{ judged: null, version: 1 },
    ...part,
  } as Alert;
}

const OPEN: Filter = { scope: "open", severity: "", words: "" };
const isMe = (name: string | null): boolean => name === "client:me";
const ids = (alerts: readonly Alert[]): string[] => alerts.map(({ id }) => id);

describe("the queue", () => {
  const all = [
    alertWith({ id: "new-warning", raised_at: at(-1) }),
    alertWith({ id: "old-critical", severity: "critical", raised_at: at(-60) }),
    alertWith({
      id: "seen-critical",
      severity: "critical",
      state: "acknowledged",
      raised_at: at(-50),
    }),
    alertWith({ id: "escalated", severity: "critical", level: 2, raised_at: at(-90) }),
    alertWith({ id: "quiet", snoozed_until: at(5) }),
    alertWith({ id: "awake", snoozed_until: at(-5), assigned_to: "client:me", raised_at: at(-3) }),
    alertWith({ id: "over", state: "resolved" }),
    alertWith({ id: "wrong", state: "retracted" }),
  ];

  it("has the worst first, and keeps what was acknowledged in its place", () => {
    expect(ids(shown(all, OPEN, NOW, isMe))).toEqual([
      "escalated",
      "seen-critical",
      "old-critical",
      "new-warning",
      "awake",
    ]);
  });

  it("is looked through by scope, severity and words", () => {
    const of = (part: Partial<Filter>): string[] =>
      ids(shown(all, { ...OPEN, ...part }, NOW, isMe));
    expect(of({ scope: "mine" })).toEqual(["awake"]);
    expect(of({ scope: "snoozed" })).toEqual(["quiet"]);
    expect(of({ scope: "done" }).sort()).toEqual(["over", "wrong"]);
    expect(of({ severity: "warning" })).toEqual(["new-warning", "awake"]);
    expect(of({ words: "too FAST trk-1" })).toHaveLength(5);
    expect(of({ words: "fuel" })).toEqual([]);
  });

  it("keeps groups together where their first one stands", () => {
    const group = "g";
    const alerts = [
      alertWith({ id: "1", group }),
      alertWith({ id: "2" }),
      alertWith({ id: "3", group }),
    ];
    expect(grouped(alerts).map((each) => ids(each.alerts))).toEqual([["1", "3"], ["2"]]);
  });

  it("is walked without running over its ends", () => {
    expect(stepped(["1", "2"], null, 1)).toBe("1");
    expect(stepped(["1", "2"], "2", 1)).toBe("2");
    expect(stepped(["1", "2"], "2", -1)).toBe("1");
    expect(stepped([], null, 1)).toBeNull();
  });

  it("passes on to what came into the place of one that left", () => {
    expect(heir(["1", "2", "3"], ["1", "3"], "2")).toBe("3");
    expect(heir(["1", "2"], ["1"], "2")).toBe("1");
    expect(heir(["1"], [], "1")).toBeNull();
    expect(heir(["1", "2"], ["2", "1"], "2")).toBe("2");
  });

  it("takes no older word for a newer one", () => {
    const known = new Map([["a1", alertWith({ version: 5, state: "resolved" })]]);
    expect(merged(known, [alertWith({ version: 4 })]).get("a1")?.state).toBe("resolved");
    expect(merged(known, [alertWith({ version: 6 })]).get("a1")?.state).toBe("raised");
  });

  it("counts as unseen what nobody acknowledged and nobody silenced", () => {
    expect(all.filter((each) => isUnread(each, NOW)).map(({ id }) => id)).toEqual([
      "new-warning",
      "old-critical",
      "escalated",
      "awake",
    ]);
  });

  it("is heard for what is critical and new, or went up a level, once", () => {
    const critical = alertWith({ severity: "critical" });
    const before = new Map([["a1", critical]]);
    expect(alarming(new Map(), [critical], NOW)).toHaveLength(1);
    expect(alarming(before, [critical], NOW)).toHaveLength(0);
    expect(alarming(before, [{ ...critical, level: 1 }], NOW)).toHaveLength(1);
    expect(alarming(new Map(), [alertWith({})], NOW)).toHaveLength(0);
    const quiet = { ...critical, snoozed_until: at(5) };
    expect(alarming(new Map(), [quiet], NOW)).toHaveLength(0);
    expect(alarming(new Map([["a1", quiet]]), [critical], NOW)).toHaveLength(1);
  });
});

describe("keys", () => {
  const plain = { ctrlKey: false, metaKey: false, altKey: false };

  it("do one thing each", () => {
    expect(new Set(KEYS.map(([key]) => key)).size).toBe(KEYS.length);
    expect(new Set(KEYS.map(([, command]) => command)).size).toBe(KEYS.length);
  });

  it("are taken with caps lock, and left to the browser with a modifier", () => {
    expect(commandOf({ ...plain, key: "J" })).toBe("next");
    expect(commandOf({ ...plain, key: "?" })).toBe("help");
    expect(commandOf({ ...plain, key: "r", ctrlKey: true })).toBeNull();
    expect(commandOf({ ...plain, key: "Enter" })).toBeNull();
  });

  it("silence till a morning that is still to come", () => {
    const times = quietTimes(NOW).map(({ untilMs }) => untilMs);
    expect(times.slice(0, 3)).toEqual([15, 60, 240].map((minutes) => NOW + minutes * 60_000));
    expect(times[3]).toBeGreaterThan(NOW);
    expect(new Date(times[3] ?? 0).getHours()).toBe(8);
  });
});

describe("words", () => {
  it("say of a row what a listener needs", () => {
    const row = alertWith({ severity: "critical", kind: "fuel_drop", booking: "BK-7" });
    expect(rowWords(row, NOW)).toBe("critical, fuel lost, TRK-1 · BK-7, new, 10 min");
    expect(kindWords("brand_new.kind")).toBe("brand new kind");
  });

  it("say what those of a group have in common", () => {
    const both = [alertWith({ kind: "panic" }), alertWith({ truck: "TRK-2", kind: "panic" })];
    expect(groupWords(both)).toBe("2 together: panic button");
    expect(groupWords([alertWith({}), alertWith({ kind: "panic" })])).toBe("2 together: TRK-1");
    expect(groupWords([alertWith({}), alertWith({ kind: "panic", truck: null })])).toBe(
      "2 together",
    );
  });

  it("say who has it and how it ended", () => {
    const seen = alertWith({ state: "acknowledged", acknowledged_by: "user:asha", level: 2 });
    expect(standing(seen, NOW)).toEqual(["escalated to level 2", "seen by asha"]);
    const over = alertWith({ state: "resolved", resolution: "auto", judged: "false_alert" });
    expect(standing(over, NOW)).toEqual(["ended by itself", "judged false"]);
    expect(standing(alertWith({ snoozed_until: at(-1) }), NOW)).toEqual([]);
  });

  it("tell a life's turns", () => {
    const turn = (type: string, data: Turn["data"]): string =>
      turnWords({ version: 1, at: at(0), by: "user:asha", type, data });
    expect(turn("escalated", { level: 2 })).toBe("escalated to level 2");
    expect(turn("assigned", { to: null })).toBe("assigned to nobody");
    expect(turn("judged", { judged: "false_alert" })).toBe("judged a false alert");
    expect(turn("snoozed", { until_ms: NOW })).toMatch(/^snoozed until .*\d\d:00:00$/);
    expect(turn("cause_gone", {})).toBe("its cause never was");
    expect(personWords("0190c7a2-1111-7222-8333-444455556666")).toBe("a fact");
    expect(turn("resolved", { note: "a puncture" })).toBe("resolved “a puncture”");
  });

  it("read the unit off a value's name", () => {
    expect([nameWords("speed_kmh_max"), valueWords("speed_kmh_max", 92.4)]).toEqual([
      "speed max",
      "92 km/h",
    ]);
    expect(valueWords("probability", 0.87)).toBe("87 %");
    expect(valueWords("off_m", 640)).toBe("640 m");
    expect(valueWords("loaded", true)).toBe("yes");
    expect(valueWords("fuel_pct", null)).toBe("–");
  });

  it("say that nobody watches, and what was missed", () => {
    const sight: Sight = { watching: "unknown", since: at(0), why: [], missed_possible: [] };
    expect(blindWords(sight)).toMatch(/^We do not see your trucks since .*\d\d:00/);
    expect(blindWords({ ...sight, watching: "ok" })).toBeNull();
    const trucks = [{ truck: "TRK-1", from: null, to: null }];
    const gap = { cause: "stream", detail: "the broker was away", from: at(-30), to: at(-20) };
    expect(missedWords({ ...gap, trucks, trucks_count: 3, late_alerts: null })).toMatch(
      /the broker was away \(TRK-1, 2 more\)$/,
    );
    expect(missedWords({ ...gap, trucks: null, trucks_count: null, late_alerts: null })).toMatch(
      /away$/,
    );
  });

  it("tell who was faster", () => {
    const mine = alertWith({});
    const theirs = alertWith({ state: "resolved", resolved_by: "user:ravi", version: 2 });
    expect(conflictWords(mine, theirs)).toMatch(
      /^Not done, too fast of TRK-1: ravi resolved it meanwhile/,
    );
    expect(conflictWords(mine, alertWith({ level: 1 }))).toMatch(/escalated it to level 1/);
  });
});

describe("the proof", () => {
  const fixes = [0, 1, 2].map((i) => ({ lat: 19 + i / 100, lon: 73, ts: at(i) }));
  const rule = { trigger: 5, trigger_s: 60, escalation: [], severity: "warning", cases: [] };
  const fact = { id: "e", type: "truck.overspeed.started", subject: "trucks/TRK-1", time: at(0) };
  const evidence = { facts: [fact], rule, is_same_rule: false };

  it("says what decided, in words", () => {
    const proof = proofOf({ ...evidence, tracks: [{ truck: "TRK-1", is_cut: false, fixes }] });
    expect(proof.rule).toEqual([
      ["counts from", "5"],
      ["must last", "1 min"],
    ]);
    expect(proof.isSameRule).toBe(false);
    expect(proof.facts[0]).toMatch(/ TRK-1 is over the speed limit$/);
    expect(proof.drawn).toMatch(/^On the map: 3 fixes from .* to .*\.$/);
    expect(drawnWords([], false)).toBe("No fixes are stored of that time.");
  });

  it("is drawn as its way, its fixes and its place", () => {
    const { tracks } = proofOf({ ...evidence, tracks: [{ truck: "TRK-1", is_cut: true, fixes }] });
    const drawn = evidenceFeatures({ tracks, place: { lat: 19, lon: 73 }, words: "too fast" });
    const kinds = ["LineString", "Point", "Point", "Point", "Point"];
    expect(drawn.map(({ geometry }) => geometry.type)).toEqual(kinds);
  });
});
