// What the REST API and the live feed say, as far as the console reads it.

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface TruckInfo {
  id: string;
  registration?: string | null;
  class?: string | null;
  capacity_t?: number | null;
}

export type StatusName = "unknown" | "moving" | "stopped" | "offline";

export interface Position {
  lat: number;
  lon: number;
  ts: string;
  speed_kmh?: number | null;
  heading_deg?: number | null;
  accuracy_m?: number | null;
  altitude_m?: number | null;
  odometer_km?: number | null;
  ignition?: boolean | null;
  battery_v?: number | null;
  external_v?: number | null;
  fuel_pct?: number | null;
  status?: StatusName | null;
}

export interface Fence {
  id: string;
  name: string;
  kind?: string | null;
  shape: Record<string, unknown>;
  speed_limit_kmh?: number | null;
}

export interface CloudEvent {
  id: string;
  type: string;
  subject?: string;
  time: string;
  tenant?: string;
  data?: Record<string, unknown>;
}

export interface TrackPoint {
  lat: number;
  lon: number;
  tsMs: number;
}

/** A track in its dense form: one line and the time of each of its points. */
export interface TrackAnswer {
  features: { geometry: GeoJSON.Geometry | null; properties: { coordTimes?: string[] } }[];
  next_cursor: string | null;
}

/** Something that lasted: a trip, a stop, an episode off the route; data by its kind. */
export interface Span {
  kind: string;
  about: string | null;
  from: string;
  to: string | null;
  [name: string]: unknown;
}
