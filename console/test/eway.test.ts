// E-way bills: what comes first, when they may be extended, how long they are still good.

import { describe, expect, it } from "vitest";
import type { EwayBill } from "../src/eway/types";
import {
  billTrouble,
  byUrgency,
  statesOfIndia,
  validWords,
  windowState,
  windowWords,
} from "../src/eway/words";

const NOW = Date.parse("2026-11-21T10:00:00Z");
const HOUR_MS = 3_600_000;

function billEnding(id: string, hours: number | null): EwayBill {
  const at = (h: number): string => new Date(NOW + h * HOUR_MS).toISOString();
  const window = hours === null ? null : { since: at(hours - 8), until: at(hours + 8) };
  return {
    ...{ id, booking: "b1", leg: "L1", status: "active" as const, number: "1", version: 1 },
    ...{ document: { number: "A" }, sender: { place: "A" }, receiver: { place: "B" } },
    ...{ value: { amount_minor: 1, currency: "INR" }, distance_km: 1, vehicle: null },
    ...{ extensions: 0, pending: null, refused: null, trouble: null },
    valid_until: hours === null ? null : at(hours),
    extendable: window,
  };
}

describe("the watch", () => {
  it("shows first what ends next, and last what cannot be saved any more", () => {
    const bills = [billEnding("late", -9), billEnding("far", 30), billEnding("none", null)];
    const sorted = byUrgency([...bills, billEnding("soon", 2), billEnding("over", -1)], NOW);
    expect(sorted.map(({ id }) => id)).toEqual(["over", "soon", "far", "none", "late"]);
  });

  it("knows the eight hours around the end", () => {
    const states = [-9, -8, 8, 9, null].map((hours) => windowState(billEnding("x", hours), NOW));
    expect(states).toEqual(["over", "open", "open", "before", "none"]);
    expect(windowWords(billEnding("x", 2), NOW)).toBe("may be extended for 10 h 0 min more");
    expect(windowWords(billEnding("x", 9), NOW)).toContain("may be extended from");
    expect(windowWords(billEnding("x", null), NOW)).toBe("cannot be extended");
  });

  it("says how long a bill is good, or for how long it is not", () => {
    expect(validWords(billEnding("x", 0.5), NOW)).toContain("ends in 30 min,");
    expect(validWords(billEnding("x", -3), NOW)).toContain("ended 3 h 0 min ago,");
    expect(validWords(billEnding("x", null), NOW)).toBe("no end yet");
  });

  it("tells what the portal said no to", () => {
    const refused = { operation: "extend", code: "382", detail: "too early", at: "" };
    const bill = { ...billEnding("x", 2), refused };
    expect(billTrouble(bill)).toBe("The portal says no: too early (382)");
    expect(billTrouble(billEnding("x", 2))).toBeNull();
  });

  it("offers the states by their codes", () => {
    expect(statesOfIndia()).toContainEqual(["27", "27 Maharashtra"]);
    expect(statesOfIndia()).toHaveLength(36);
  });
});
