// Waits, words and numbers: the small pure parts.

import { describe, expect, it } from "vitest";
import type { CloudEvent } from "../src/api/types";
import { waitMs } from "../src/live/backoff";
import { eventLine, withdrawnIds } from "../src/ui/event_text";
import { ago, compass, number, UNKNOWN } from "../src/ui/format";

describe("backoff", () => {
  const backoff = { firstMs: 500, maxMs: 15_000 };

  it("doubles up to its ceiling and spreads below it", () => {
    expect(waitMs(0, backoff, () => 1)).toBe(500);
    expect(waitMs(2, backoff, () => 1)).toBe(2_000);
    expect(waitMs(50, backoff, () => 1)).toBe(15_000);
    expect(waitMs(2, backoff, () => 0)).toBe(1_000);
  });
});

describe("words", () => {
  it("never shows a missing value as zero", () => {
    expect(number(null, "km/h")).toBe(UNKNOWN);
    expect(number(undefined, "km/h")).toBe(UNKNOWN);
    expect(number(0, "km/h")).toBe("0 km/h");
    expect(compass(null)).toBe(UNKNOWN);
    expect(compass(359)).toBe("N 359°");
  });

  it("tells ages in the unit that matters", () => {
    expect([900, 59_400, 61_000, 7_260_000, 3 * 86_400_000].map(ago)).toEqual([
      "1 s",
      "59 s",
      "1 min",
      "2 h 1 min",
      "3 days",
    ]);
  });

  it("tells of alerts by their truck and how grave they are", () => {
    const data = { truck: "T1", booking: null, severity: "critical", title: "Fuel dropped: T1" };
    const event = { id: "1", type: "alert.raised", subject: "alerts/a", time: "", data };
    const told = { truck: "T1", booking: null, about: "Fuel dropped: T1" };
    expect(eventLine(event)).toEqual({ ...told, words: "alert:", tone: "alarm" });
    const over = { ...event, type: "alert.resolved" };
    expect(eventLine(over)).toEqual({ ...told, words: "alert is over:", tone: "calm" });
  });

  it("says what happened to whom", () => {
    const data = { fence: "f", fence_name: "Pune yard" };
    const base = { id: "1", time: "2026-01-01T00:00:00Z", subject: "trucks/TRK-1" };
    expect(eventLine({ ...base, type: "truck.fence.entered", data })).toEqual({
      truck: "TRK-1",
      booking: null,
      words: "entered",
      about: "Pune yard",
      tone: "calm",
    });
    const first = eventLine({
      ...base,
      type: "truck.fence.entered",
      data: { ...data, initial: true },
    });
    expect(first.words).toBe("was first seen in");
    const unheard = eventLine({ ...base, type: "truck.door.left_open" });
    expect(unheard.words).toBe("door left open");
  });

  it("tells what the rules tell of routes, alarms and fuel", () => {
    const said = (type: string, data: Record<string, unknown> = {}): string => {
      const line = eventLine({ id: "1", type, time: "2026-01-01T00:00:00Z", data });
      return [line.words, line.about].filter(Boolean).join(" ");
    };
    const yard = { fence: "f", fence_name: "Pune yard" };
    expect([
      said("truck.fence.no_entry_violated", yard),
      said("truck.fence.entered", { ...yard, crossed: true }),
      said("truck.fence.exited", { ...yard, schedule: "closed" }),
      said("truck.route.not_started"),
      said("truck.promise.at_risk", { probability: 0.62 }),
      said("truck.fuel.dropped", { change_pct: -12.4 }),
      said("truck.stopped", { halt: "toll", fence: "f" }),
      said("truck.moved", { halt: "toll", fence: "f" }),
      said("truck.alarm.raised", { alarm: "power_cut" }),
      said("event.retracted", { replaces_type: "truck.alarm.raised" }),
    ]).toEqual([
      "is where it may not go: Pune yard",
      "drove through Pune yard",
      "was inside at the closing of Pune yard",
      "has not set out in time",
      "will probably be late 62 %",
      "lost fuel -12 %",
      "stopped at a toll plaza",
      "is moving again",
      "raised an alarm: power cut",
      "withdrawn: raised an alarm",
    ]);
  });

  it("follows the newest word on an event that late fixes have turned", () => {
    const about = { replaces: "e1", replaces_type: "truck.fence.entered", fence_name: "Yard" };
    const word = (type: string, known_at: string): CloudEvent => ({
      id: known_at,
      type,
      time: "2026-01-01T00:00:00Z",
      subject: "trucks/T",
      data: { ...about, known_at },
    });
    const back = word("event.retracted", "2026-01-01T00:01:00Z");
    const again = word("event.corrected", "2026-01-01T00:02:00Z");
    expect(withdrawnIds([back])).toEqual(new Set(["e1"]));
    expect(withdrawnIds([again, back])).toEqual(new Set());
    expect(eventLine(back).words).toBe("withdrawn: entered");
  });
});
