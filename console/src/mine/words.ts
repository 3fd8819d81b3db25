// One's own messages in words: what each is about, and where that is to be seen. Pure.

import type { InboxItem } from "./types";

export type PlaceKind = "alerts" | "bookings" | "trucks";

/** Something of the console that a message leads to. */
export interface Place {
  kind: PlaceKind;
  id: string;
}

const NAMES: Record<PlaceKind, string> = {
  alerts: "the alert",
  bookings: "booking",
  trucks: "truck",
};

/** What it is about first, then the booking and the truck that it names. */
export function placesOf({ subject, booking, truck }: InboxItem): Place[] {
  const [kind = "", id = ""] = subject.split("/");
  const found: Place[] = [];
  if (kind in NAMES && id !== "") found.push({ kind: kind as PlaceKind, id });
  if (booking) found.push({ kind: "bookings", id: booking });
  if (truck) found.push({ kind: "trucks", id: truck });
  return found.filter((each, i) => found.findIndex((one) => isSame(one, each)) === i);
}

/** An alert's id says nothing to anybody. */
export function placeWords({ kind, id }: Place): string {
  return kind === "alerts" ? NAMES.alerts : `${NAMES[kind]} ${id}`;
}

function isSame(one: Place, other: Place): boolean {
  return one.kind === other.kind && one.id === other.id;
}
