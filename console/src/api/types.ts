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

export interface LatLon {
  lat: number;
  lon: number;
}

export interface TrackPoint extends LatLon {
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

/** Either end may be open. */
export interface TimeWindow {
  from: string | null;
  until: string | null;
}

export interface JourneyStop {
  name: string | null;
  point: LatLon;
}

/** When so many of a hundred such trucks have arrived. */
export interface ExpectedArrival {
  p50: string;
  p80: string;
  p95: string;
  /** That the promise is broken; null: there is none. */
  late_probability: number | null;
}

/** How a journey goes, as of the newest fix; what is not known is null. */
export interface JourneyProgress {
  mode: "awaited" | "under_way" | "over";
  share: number | null;
  alternate: number | null;
  off_m: number | null;
  /** Off every way of the journey; a deviation only when it has been for long enough. */
  away: { since: string; farthest_m: number; is_deviation: boolean } | null;
  is_wrong_way: boolean;
  expected: ExpectedArrival | null;
}

/** Which route a truck follows, and what was promised. */
export interface Journey {
  id: string;
  state: "planned" | "active" | "arrived" | "ended";
  route: { id: string; version: number; name: string; length_m: number };
  alternates: { name: string }[];
  from: string;
  arrival: TimeWindow | null;
  stops: JourneyStop[];
  arrived_at: string | null;
  /** Null until a fix was held against it. */
  progress: JourneyProgress | null;
}

/** A route as it is drawn. */
export interface RouteLine {
  name: string;
  coordinates: GeoJSON.Position[];
}

export interface RouteAnswer {
  properties: { name: string };
  geometry: GeoJSON.LineString;
}
