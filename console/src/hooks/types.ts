// What the API says of webhook endpoints and deliveries, as far as the console reads it.

export interface Endpoint {
  id: string;
  url: string;
  description: string | null;
  types: string[];
  subjects: string[];
  state: "active" | "paused" | "disabled";
  why: "by_hand" | "failing" | "gone" | null;
  /** In a row. */
  failures: number;
  failing_since: string | null;
  paused_at: string | null;
  /** When it is tried next while it is paused. */
  probe_at: string | null;
  rotated_at: string | null;
  previous_until: string | null;
  created_at: string;
  version: number;
}

export interface EndpointWithSecret extends Endpoint {
  secret: string;
}

export interface EndpointWish {
  url: string;
  description: string | null;
  types: string[];
  subjects: string[];
}

export type DeliveryState = "pending" | "delivered" | "failed" | "withdrawn";

export interface Delivery {
  id: string;
  endpoint: string;
  message: string;
  type: string;
  subject: string;
  time: string;
  origin: "fact" | "replay" | "test";
  replay: string | null;
  state: DeliveryState;
  attempts: number;
  due_at: string | null;
  created_at: string;
  finished_at: string | null;
  error: string | null;
  size_bytes: number;
}

export interface Attempt {
  number: number;
  at: string;
  took_ms: number;
  verdict: "success" | "retry" | "never" | "gone";
  is_probe: boolean;
  address: string | null;
  request: { url: string; headers: Record<string, string>; body_sha256: string };
  response: { status: number; headers: Record<string, string>; body: string } | null;
  error: string | null;
}

export interface DeliveryWithAttempts extends Delivery {
  /** As it is signed and sent, to the byte. */
  body: string;
  tried: Attempt[];
}

export interface DeliveryQuery {
  endpoint: string;
  state: DeliveryState | "";
  type: string;
  subject: string;
}
