// Alert rules: what is edited, in words; what a back-test compares; what a refusal points at.

import { describe, expect, it } from "vitest";
import { summaryWords } from "../src/rules/backtest_view";
import { changeWords } from "../src/rules/change_words";
import {
  compared,
  differences,
  duration,
  edited,
  fieldOf,
  stepsOf,
  totals,
  typedNumber,
  typedSteps,
} from "../src/rules/model";
import {
  editedOverrides,
  inOrder,
  laidOut,
  listOf,
  nameProblem,
  NEW,
  overridesOf,
  placeIn,
  removedOverrides,
  thenWords,
  whenWords,
} from "../src/rules/overrides";
import type { BacktestCount, KindRule } from "../src/rules/types";

const RULE: KindRule = {
  ...{ enabled: true, severity: "warning", trigger: 5, clear: 0, trigger_s: 60, clear_s: 30 },
  ...{ cool_down_s: 600, auto_resolve: true, escalation: [{ after_s: 900 }] },
  dedup: ["truck"],
};

describe("an edited rule", () => {
  it("is only what says something else, in whatever order it is written", () => {
    const turned = Object.fromEntries(Object.entries(RULE).reverse()) as KindRule;
    const holds = { overspeed: RULE, panic: RULE };
    expect(edited(holds, { overspeed: turned })).toEqual([]);
    const draft = { overspeed: { ...RULE, trigger: 10 } };
    expect(edited(holds, draft)).toEqual(["overspeed"]);
  });

  it("is told value by value", () => {
    const after = { ...RULE, trigger: null, trigger_s: 3600, escalation: [] };
    expect(differences(RULE, after)).toEqual([
      { name: "trigger", before: "5", after: "–" },
      { name: "trigger_s", before: "1 min", after: "1 h" },
      { name: "escalation", before: "L1 after 15 min", after: "never" },
    ]);
    expect([45, 90, 5400, 7200, 0].map(duration)).toEqual(["45 s", "90 s", "90 min", "2 h", "0 s"]);
  });

  it("takes what people type, and says what is no number", () => {
    expect(["", " 2,5 ", "12", "x"].map(typedNumber)).toEqual([null, 2.5, 12, undefined]);
    const [first, ...rest] = typedSteps(RULE.escalation);
    expect(first?.minutes).toBe("15");
    expect(rest.map(({ minutes }) => minutes)).toEqual(["", ""]);
    const step = { minutes: "30", inWorkingHours: true, thoughAcknowledged: false };
    expect(stepsOf([step, { ...step, minutes: "" }])).toEqual([
      { after_s: 1800, in_working_hours: true, though_acknowledged: false },
    ]);
    expect(stepsOf([{ ...step, minutes: "soon" }])).toBeUndefined();
  });

  it("finds the field that the server means", () => {
    expect(fieldOf("/value/kinds/overspeed/clear", "overspeed")).toBe("clear");
    expect(fieldOf("/rules/kinds/overspeed/escalation/0/after_s", "overspeed")).toBe("escalation");
    expect(fieldOf("/value/kinds/overspeed", "overspeed")).toBe("");
    expect(fieldOf("/value/kinds/panic/clear", "overspeed")).toBeNull();
  });
});

describe("the history", () => {
  it("tells of a version what it changed of which kind", () => {
    const path = "/demo/services/alerts/*/business/kinds/overspeed";
    const after = { ...RULE, trigger: 10 };
    expect(changeWords({ path, before: RULE, after }, {})).toEqual([
      "too fast: counts from 5 → 10",
    ]);
    // Nobody had set it: what was delivered held.
    expect(changeWords({ path, before: null, after }, { overspeed: RULE })).toEqual([
      "too fast: counts from 5 → 10",
    ]);
    expect(changeWords({ path, before: after, after: null }, { overspeed: RULE })).toEqual([
      "too fast, as delivered again: counts from 10 → 5",
    ]);
    const other = {
      ...{ path: "/demo/services/alerts/*/business/snooze_s_max", before: null, after: 60 },
    };
    expect(changeWords(other, {})).toEqual(["snooze max: – → 60"]);
  });

  it("tells of overrides", () => {
    const path = "/demo/services/alerts/*/business/overrides/steel";
    const before = { when: { materials: ["steel"] }, then: { severity: "critical" } };
    expect(changeWords({ path, before, after: { ...before, rank: 3 } }, {})).toEqual([
      "override steel: rank 0 → 3",
    ]);
    expect(changeWords({ path, before: null, after: before }, {})).toContain(
      "override steel, new: when Materials: steel",
    );
    expect(changeWords({ path, before, after: null }, {})).toEqual(["override steel: gone"]);
  });
});

describe("overrides", () => {
  const holds = overridesOf({
    kinds: {},
    overrides: {
      a: { when: { lanes: [], days: ["mon"], from_time: null }, then: { escalation: [] } },
      b: { rank: 2, when: {}, then: {} },
      c: { when: {}, then: {} },
    },
  });

  it("stand in the order in which they win: by rank, then by name", () => {
    expect(inOrder(holds).map(([name]) => name)).toEqual(["b", "c", "a"]);
  });

  it("say nothing where nothing is asked, but that nobody is called", () => {
    expect(holds["a"]?.when).toEqual({ days: ["mon"] });
    expect(thenWords(holds["a"]?.then ?? {})).toBe("escalates: never");
    expect(whenWords({ lanes: ["a>b", "c>d"], from_time: "22:00:00", to_time: "05:00" })).toBe(
      "Lanes: a>b, c>d · 22:00 to 05:00",
    );
    expect([whenWords({}), thenWords({})]).toEqual(["always", "nothing is otherwise"]);
  });

  it("leave nothing of what they are laid over", () => {
    const laid = laidOut({ kinds: [], rank: 0, when: { days: ["mon"] }, then: { clear: 2 } });
    expect(laid.when).toMatchObject({ days: ["mon"], lanes: [], is_loaded: null });
    expect(laid.then).toMatchObject({ clear: 2, trigger: null, escalation: null });
  });

  it("are edited and removed by name, and an error finds its field", () => {
    const { a: _gone, ...rest } = holds;
    expect(removedOverrides(holds, rest)).toEqual(["a"]);
    expect(editedOverrides(holds, { ...rest, d: NEW })).toEqual(["d"]);
    const error = { pointer: "/value/overrides/a/when", detail: "Value error, from_time and ..." };
    expect(placeIn(error)).toEqual({ name: "a", field: "/when/from_time" });
    expect(placeIn({ ...error, pointer: "/rules/kinds/panic" })).toBeNull();
    expect(listOf("Uttar Pradesh>Goa, a>b,,")).toEqual(["Uttar Pradesh>Goa", "a>b"]);
    expect([nameProblem("a", ["a"]), nameProblem("steel-1", [])]).toEqual([
      "there is one of this name",
      null,
    ]);
  });
});

describe("a back-test", () => {
  const count = (kind: string, lane: string | null, raised: number, now: number): BacktestCount => {
    return {
      kind,
      lane,
      severity: "warning",
      raised,
      now,
      resolved: 0,
      retracted: 0,
      escalated: 0,
    };
  };

  it("is a line a kind and lane, the greatest change first", () => {
    const lines = compared([
      count("panic", null, 2, 2),
      count("overspeed", "west", 3, 9),
      count("overspeed", "west", 1, 1),
      count("overspeed", "north", 4, 4),
    ]);
    expect(lines).toEqual([
      { kind: "overspeed", lane: "west", before: 10, after: 4 },
      { kind: "overspeed", lane: "north", before: 4, after: 4 },
      { kind: "panic", lane: null, before: 2, after: 2 },
    ]);
    expect(totals(lines)).toEqual({ before: 16, after: 10 });
  });

  it("is summed up in a sentence", () => {
    expect(summaryWords(16, 10)).toBe("10 alerts with these rules, 6 fewer than now (16).");
    expect(summaryWords(0, 1)).toBe("1 alert with these rules, 1 more than now (0).");
    expect(summaryWords(2, 2)).toBe("2 alerts with these rules, as many as now.");
  });
});
