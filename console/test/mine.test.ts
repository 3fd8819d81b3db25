// One's own messages: what each leads to, and how many are counted.

import { describe, expect, it } from "vitest";
import type { InboxItem } from "../src/mine/types";
import { kept, kindsShown, quietChoice, USUAL, wishWords } from "../src/mine/wishes";
import { placesOf, placeWords } from "../src/mine/words";
import { countWords } from "../src/ui/format";

const ITEM: InboxItem = {
  ...{ id: "in-1", kind: "alert.raised", severity: "critical", title: "T", text: "t" },
  ...{ subject: "alerts/a1", booking: "b1", truck: "T1", at: "", read_at: null },
};

describe("a message", () => {
  it("leads to what it is about first, then to what else it names, each once", () => {
    expect(placesOf(ITEM).map(placeWords)).toEqual(["the alert", "booking b1", "truck T1"]);
    const cancelled = { ...ITEM, subject: "bookings/b1", truck: null };
    expect(placesOf(cancelled)).toEqual([{ kind: "bookings", id: "b1" }]);
    const byHand = { ...ITEM, subject: "notices/hand-1", booking: null, truck: null };
    expect(placesOf(byHand)).toEqual([]);
  });

  it("is counted as far as anybody counts", () => {
    expect([countWords(7), countWords(99), countWords(100)]).toEqual(["7", "99", "99+"]);
  });
});

describe("wishes", () => {
  it("are told in words, and kept only where they say something", () => {
    const quiet = { ...USUAL, without: ["sms", "voice"], digest: true };
    expect(wishWords(quiet)).toBe("not by SMS, call · together in a digest");
    expect(wishWords({ ...quiet, muted: true })).toBe("not at all");
    expect(wishWords(USUAL)).toBe("as your organisation has it");
    expect(kept({ alert: USUAL, booking: quiet })).toEqual({ booking: quiet });
  });

  it("show the families, what else was chosen, and the rest at last", () => {
    const shown = kindsShown({ kinds: { "alert.escalated": USUAL, "*": USUAL } });
    expect([shown[0], ...shown.slice(-2)]).toEqual(["alert", "alert.escalated", "*"]);
  });

  it("tell no hours from hours of one's own", () => {
    const hours = { from_clock: "22:00", to_clock: "06:00" };
    const never = { from_clock: "00:00", to_clock: "00:00" };
    expect([null, never, hours].map((quiet) => quietChoice({ quiet }))).toEqual([
      "usual",
      "never",
      "own",
    ]);
  });
});
