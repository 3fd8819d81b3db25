// What the API says of quotes, bookings, dispatching and offers, as far as the console reads it.

export interface Money {
  amount_minor: number;
  currency: string;
}

/** Either end may be open. */
export interface StopWindow {
  from: string | null;
  to: string | null;
}

export interface StopPlace {
  lat: number;
  lon: number;
  name: string | null;
  address: string | null;
  fence: string | null;
  state: string | null;
}

export interface Stop {
  id: string;
  kind: "pickup" | "drop";
  place: StopPlace;
  weight_kg: number;
  window: StopWindow | null;
  contact: { name: string | null; phone: string | null } | null;
}

export interface LoadWords {
  material: string;
  weight_kg: number;
  truck_class: string | null;
  body: string | null;
  handling: string[];
}

/** When a milestone was reached, and who says so. */
export interface Mark {
  at: string;
  source: "truck" | "hand" | "proof" | "inferred";
  about: string | null;
}

export interface StopProgress {
  stop: string;
  arrived: Mark | null;
  working: Mark | null;
  done: Mark | null;
  left: Mark | null;
  proven: boolean;
}

export const STATUSES = [
  "created",
  "confirmed",
  "dispatching",
  "assigned",
  "en_route",
  "at_pickup",
  "loaded",
  "in_transit",
  "at_drop",
  "delivered",
  "closed",
  "failed",
  "cancelled",
] as const;

export type BookingStatus = (typeof STATUSES)[number];

export interface Leg {
  id: string;
  status: BookingStatus;
  since: string;
  weight_kg: number;
  truck: string | null;
  carrier: string | null;
  driver: string | null;
  en_route: Mark | null;
  stops: StopProgress[];
  delivered_at: string | null;
}

export interface Charge {
  head: string;
  leg: string;
  stop: string | null;
  payer: string;
  amount: Money;
}

export interface Booking {
  id: string;
  version: number;
  status: BookingStatus;
  shipper: string | null;
  load: LoadWords;
  stops: Stop[];
  legs: Leg[];
  /** Null: there is none yet, or it is not for us. */
  price: { quote: string | null; agreed: Money; charges: Charge[] } | null;
  needs_quote: boolean;
  references: Record<string, string>;
  documents: string[];
  created_at: string;
  confirmed_at: string | null;
}

/** One thing that happened to a booking, and what made it happen. */
export interface Step {
  version: number;
  type: string;
  at: string;
  known_at: string;
  leg: string | null;
  stop: string | null;
  status: BookingStatus;
  by: { kind: string; name: string };
  cause: { kind: string; about?: string | null; reason?: string | null };
  data: Record<string, unknown>;
}

export interface DetentionClock {
  leg: string;
  stop: string;
  since: string;
  free_until: string;
  running_since: string | null;
  until: string | null;
  excluded_minutes: number;
  minutes: number;
  charge: Money;
  payer: string;
}

/** The amount is quantity * rate / per. */
export interface PriceLine {
  key: string;
  subject: string | null;
  amount: Money;
  quantity: number;
  unit: string;
  rate: number;
  per: number;
  path: string;
  version: number;
}

export interface Price {
  day: string;
  card: string;
  revision: number;
  lines: PriceLine[];
  subtotal: Money;
  tax: Money;
  total: Money;
  reverse_charge: PriceLine[];
  reverse_charge_total: Money;
  detention: { free_minutes: number; per_hour: Money; path: string; version: number } | null;
}

export interface Quote {
  id: string;
  expires_at: string;
  facts: { distance_km: number; router: string; trucks: number };
  price: Price;
}

/** What became of one truck in range; without `excluded_by` it is a candidate. */
export interface Verdict {
  truck: string;
  excluded_by: { code: string; says: string }[];
  cost: Money | null;
  parts: Record<string, Money> | null;
  dead_km: number | null;
  eta: string | null;
}

/** One time when a truck was looked for. */
export interface Look {
  leg: string;
  at: string;
  mode: string;
  asked_before: number;
  chosen: string | null;
  in_range: number;
  candidates: number;
  excluded: Record<string, number>;
  trucks: Verdict[];
}

export interface Dispatch {
  booking: string;
  legs: { leg: string; status: BookingStatus; escalated: string | null }[];
  looks: Look[];
}

export interface Offer {
  id: string;
  version: number;
  booking: string;
  leg: string;
  state: "made" | "accepted" | "declined" | "expired" | "withdrawn";
  carrier: string | null;
  truck: string | null;
  driver: string | null;
  price: Money | null;
  bid: Money | null;
  bidding: boolean;
  reason: string | null;
  made_at: string;
  expires_at: string;
  settled_at: string | null;
}

export interface StopWish {
  kind: Stop["kind"];
  place: { lat: number; lon: number; name?: string; fence?: string; state?: string };
  weight_t?: number;
  window?: { from?: string; to?: string };
}

export interface QuoteWish {
  load: { material: string; weight_t?: number; truck_class?: string; body?: string };
  stops: StopWish[];
  shipper?: string;
}

export interface OfferWish {
  booking: string;
  leg: string;
  truck?: string;
  carrier?: string;
  price?: { amount_minor: number };
  expires_in_s?: number;
}
