// What the API says of e-way bills and tasks, as far as the console reads it.

import type { Money } from "../booking/types";

export type BillStatus =
  | "draft"
  | "part_a"
  | "active"
  | "expired"
  | "cancelled"
  | "rejected"
  | "closed";

/** When its validity may be extended. */
export interface ExtensionWindow {
  since: string;
  until: string;
}

export interface EwayBill {
  id: string;
  booking: string;
  leg: string;
  status: BillStatus;
  number: string | null;
  document: { number: string };
  sender: { place: string };
  receiver: { place: string };
  value: Money;
  distance_km: number;
  vehicle: string | null;
  valid_until: string | null;
  extendable: ExtensionWindow | null;
  extensions: number;
  pending: { operation: string } | null;
  refused: { operation: string; code: string; detail: string; at: string } | null;
  trouble: string | null;
  version: number;
}

export interface Task {
  id: string;
  kind: string;
  /** `eway-bills/x`: what it is about. */
  about: string;
  title: string;
  booking: string | null;
  state: "open" | "done" | "dismissed" | "lapsed";
  since: string | null;
  until: string | null;
  escalated_at: string | null;
  assigned_to: string | null;
  version: number;
}

export interface ExtensionWish {
  place: string;
  pin: number;
  state: string;
  remaining_km: number;
  reason: number;
  remark: string;
  vehicle?: string;
}

export interface PartBWish {
  vehicle: string;
  place: string;
  state: string;
  reason: number;
  remark?: string;
}
