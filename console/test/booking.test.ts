// Bookings: money, words, what a dispatch look says, the clock of waiting, places on the map.

import { describe, expect, it } from "vitest";
import { candidatesOf, emptyWords, excludedOf, partsOf } from "../src/booking/candidates";
import { minorOf, rupees, sumOf, tons } from "../src/booking/money";
import { middleOf, placeOf } from "../src/booking/places";
import { originWords } from "../src/booking/price_view";
import { nearestPointer } from "../src/booking/problems";
import { clockWords } from "../src/booking/progress_view";
import type { Booking, DetentionClock, Look, PriceLine, Step } from "../src/booking/types";
import { causeWords, countdown, stepWords, wayWords } from "../src/booking/words";
import { chosenFeatures, pinsOf } from "../src/map/booking_layer";
import { eventLine } from "../src/ui/event_text";

const inr = (amount_minor: number) => ({ amount_minor, currency: "INR" });

function lineOf(part: Partial<PriceLine>): PriceLine {
  const nothing = { key: "freight", subject: null, amount: inr(0), path: "p", version: 0 };
  return { ...nothing, quantity: 1, unit: "truck", rate: 1, per: 1, ...part };
}

function bookingOf(): Booking {
  const stop = (id: string, kind: "pickup" | "drop", lat: number, name: string | null) => ({
    id,
    kind,
    place: { lat, lon: 73, name, address: null, fence: null, state: null },
    weight_kg: 9000,
    window: null,
    contact: null,
  });
  const gone = { at: "2026-11-20T10:00:00Z", source: "truck" as const, about: null };
  const none = { arrived: null, working: null, done: null, left: null, proven: false };
  const at = "2026-11-20T09:00:00Z";
  return {
    id: "bk-1",
    version: 4,
    status: "in_transit",
    shipper: null,
    load: { material: "steel", weight_kg: 9000, truck_class: null, body: null, handling: [] },
    stops: [stop("S1", "pickup", 19, "Plant"), stop("S2", "drop", 18, null)],
    legs: [
      {
        ...{ id: "L1", status: "in_transit" as const, since: at, weight_kg: 9000 },
        ...{ truck: "T1", carrier: null, driver: null, en_route: null, delivered_at: null },
        stops: [
          { ...none, stop: "S1", left: gone },
          { ...none, stop: "S2" },
        ],
      },
    ],
    price: null,
    needs_quote: false,
    references: {},
    documents: [],
    created_at: at,
    confirmed_at: at,
  };
}

describe("money", () => {
  it("shows paise only where there are any", () => {
    expect(rupees(1234500)).toBe("₹12,345");
    expect(rupees(1234505)).toBe("₹12,345.05");
    expect([9000, 9500, 9125].map(tons)).toEqual(["9 t", "9.5 t", "9.125 t"]);
  });

  it("takes rupees as they are typed, and nothing else", () => {
    expect(minorOf("₹42,500")).toBe(4250000);
    expect(minorOf("42500.5")).toBe(4250050);
    expect(["", "-1", "1.234", "much"].map(minorOf)).toEqual([null, null, null, null]);
  });

  it("says the sum behind a line", () => {
    const km = lineOf({ unit: "kg_m", quantity: 6_511_100_000, rate: 350, per: 1_000_000 });
    expect(sumOf(km)).toBe("6,511.1 t·km × ₹3.50");
    expect(sumOf(lineOf({ unit: "kg", quantity: 9000, rate: 10_000, per: 1000 }))).toBe(
      "9 t × ₹100",
    );
    expect(sumOf(lineOf({ unit: "minor", quantity: 100_000, rate: 450, per: 10_000 }))).toBe(
      "4.50 % of ₹1,000",
    );
    expect(sumOf(lineOf({ quantity: 2, rate: 50_000 }))).toBe("2 trucks × ₹500");
    expect(sumOf(lineOf({ unit: "minor", quantity: 77, rate: 1, per: 1 }))).toBe(null);
  });

  it("names where a rate stands", () => {
    expect(originWords({ path: "/x", version: 0 })).toBe("/x · as delivered");
    expect(originWords({ path: "/x", version: 7 })).toBe("/x · version 7");
  });
});

describe("errors of fields", () => {
  it("stand at the field, or at what holds it, or at the first of a stop", () => {
    const known = ["/load/material", "/stops/0/kind", "/stops/0/place"];
    expect(nearestPointer("/stops/0/place/lat", known)).toBe("/stops/0/place");
    expect(nearestPointer("/stops/0", known)).toBe("/stops/0/kind");
    expect(nearestPointer("/load/material", known)).toBe("/load/material");
    expect(["/load", "/at", ""].map((each) => nearestPointer(each, known))).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe("a look for a truck", () => {
  const none = { cost: null, parts: null, dead_km: null, eta: null };
  const says = { promised: "it is promised to another load", capacity: "the load is too heavy" };
  const because = (...codes: (keyof typeof says)[]) =>
    codes.map((code) => ({ code, says: says[code] }));
  const look: Look = {
    ...{ leg: "L1", at: "2026-11-20T09:00:00Z", mode: "window", asked_before: 0, chosen: null },
    in_range: 5,
    candidates: 1,
    excluded: { promised: 1, capacity: 3 },
    trucks: [
      {
        ...{ truck: "A", excluded_by: [], dead_km: 3, eta: null, cost: inr(900) },
        parts: { dead_km: inr(200), price: inr(700), late: inr(0) },
      },
      { truck: "B", excluded_by: because("capacity", "promised"), ...none },
      { truck: "C", excluded_by: because("promised"), ...none },
    ],
  };

  it("tells candidates from the excluded, which are counted by their first reason", () => {
    expect(candidatesOf(look).map(({ truck }) => truck)).toEqual(["A"]);
    const groups = excludedOf(look).map((group) => [
      group.count,
      group.says,
      group.trucks.map(({ truck }) => truck),
    ]);
    expect(groups).toEqual([
      [3, "the load is too heavy", ["B"]],
      [1, "it is promised to another load", ["C"]],
    ]);
  });

  it("names the parts of a score that weigh, the heaviest first", () => {
    expect(partsOf(look.trucks[0]!).map(({ words }) => words)).toEqual([
      "price ₹7",
      "empty way ₹2",
    ]);
  });

  it("says why there is nothing to choose from", () => {
    expect(emptyWords(null, "created")).toContain("draft");
    expect(emptyWords(null, "confirmed")).toContain("Start dispatching");
    expect(emptyWords({ ...look, in_range: 0 }, "dispatching")).toContain("in range");
  });
});

describe("the clock of waiting", () => {
  const at = (time: string) => Date.parse(`2026-11-20T${time}Z`);
  const waiting: DetentionClock = {
    ...{ leg: "L1", stop: "S1", since: "2026-11-20T10:00:00Z" },
    ...{ free_until: "2026-11-20T14:00:00Z", running_since: null, until: null },
    ...{ excluded_minutes: 0, minutes: 0, charge: inr(0), payer: "shipper" },
  };

  it("counts down what is free, then up what is not", () => {
    expect(clockWords(waiting, at("13:58:30")).words).toBe("Waiting is free for 1:30 more");
    const later = { ...waiting, running_since: waiting.free_until, charge: inr(30_000) };
    expect(clockWords(later, at("15:30:00")).words).toBe(
      "Detention runs for 1:30:00: ₹300 by the shipper",
    );
  });

  it("says in the end what it came to", () => {
    const over = { ...waiting, until: "2026-11-20T12:00:00Z" };
    const said = { words: "Waited 2:00:00, free", mood: "over" };
    expect(clockWords(over, at("23:00:00"))).toEqual(said);
  });

  it("never goes below nothing", () => {
    expect([-5, 0, 61_000, 3_661_000].map(countdown)).toEqual(["0:00", "0:00", "1:01", "1:01:01"]);
  });
});

describe("a step", () => {
  const step = (type: string, data: object, cause: Step["cause"]): Step => ({
    ...{ version: 1, type, at: "", known_at: "", leg: "L1", stop: null, status: "assigned" },
    ...{ by: { kind: "client", name: "desk" }, cause, data: data as Record<string, unknown> },
  });
  const command = { kind: "command", about: "assign" };

  it("says what it was", () => {
    expect(stepWords(step("assigned", { carriage: { truck: "T1" } }, command))).toBe("Given to T1");
    expect(stepWords(step("reached", { milestone: "arrived" }, command))).toBe("Arrived");
    const charge = { amount_minor: 50_000 };
    expect(stepWords(step("leg_cancelled", { side: "shipper", charge }, command))).toBe(
      "Cancelled by the shipper, ₹500 to pay",
    );
    expect(stepWords(step("something_new", {}, command))).toBe("Something new");
  });

  it("says what made it happen, and why", () => {
    expect(causeWords(step("assigned", {}, { ...command, reason: "nearest" }))).toBe(
      "client desk (assign): “nearest”",
    );
    const seen = step("reached", {}, { kind: "truck", about: "event-1" });
    expect(causeWords({ ...seen, by: { kind: "truck", name: "T1" } })).toBe("what T1 did");
  });

  it("is told in the list of events with the booking's reference", () => {
    const event = {
      ...{ id: "e", type: "booking.at_pickup", subject: "bookings/bk-1", time: "" },
      data: { references: { po: "4711" } },
    };
    expect(eventLine(event)).toMatchObject({ booking: "bk-1", truck: null, about: "4711" });
    expect(eventLine(event).words).toBe("booking at pickup");
    expect(eventLine({ ...event, type: "offer.expired" }).words).toBe("offer ran out");
  });
});

describe("places", () => {
  it("are read as latitude and longitude", () => {
    expect(placeOf("18.52, 73.86")).toEqual({ lat: 18.52, lon: 73.86 });
    expect(placeOf("-1 30")).toEqual({ lat: -1, lon: 30 });
    expect(["", "Pune", "91, 0", "18.52"].map(placeOf)).toEqual([null, null, null, null]);
  });

  it("are in the middle of a fence, unless it is a corridor", () => {
    const ring = [
      [72, 18],
      [74, 18],
      [74, 20],
      [72, 18],
    ];
    const area = { id: "f", name: "F", shape: { type: "Polygon", coordinates: [ring] } };
    expect(middleOf(area)).toEqual({ lat: 19, lon: 73 });
    const line = { line: [ring[0], ring[1]], width_m: 100 };
    expect(middleOf({ id: "f", name: "F", shape: line })).toBe(null);
  });

  it("are pins of their booking, told apart by what is done there", () => {
    const booking = bookingOf();
    expect(wayWords(booking)).toBe("Plant → 18.000, 73.000");
    const kinds = pinsOf(booking).map(({ properties }) => properties?.["kind"]);
    expect(kinds).toEqual(["pickup", "drop"]);
  });

  it("are the way of a chosen booking, with its truck and the stop that it goes to", () => {
    const carrier = { leg: "L1", truck: "T1", lat: 18.5, lon: 73.1 };
    const drawn = chosenFeatures(bookingOf(), [carrier]);
    const parts = drawn.map(({ properties }) => properties?.["part"]);
    expect(parts).toEqual(["way", "stop", "stop", "ahead", "truck"]);
    expect(drawn[3]?.geometry).toMatchObject({ coordinates: [[73.1, 18.5], [73, 18]] });
  });
});
