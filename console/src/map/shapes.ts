// Fence shapes as the API tells them -> GeoJSON; a corridor stays a line with a width.

import type { Fence } from "../api/types";
import { metresPerPx } from "../fleet/mercator";

type LonLat = [number, number];
const EARTH_RADIUS_M = 6_371_008.8;
const CIRCLE_STEPS = 64;

/** The outline of a fence, or null for a shape this console does not know. */
export function outline(fence: Fence): GeoJSON.Feature | null {
  const geometry = geometryOf(fence.shape);
  if (geometry === null) return null;
  const properties = { id: fence.id, name: fence.name, px0: widthAtZoom0(fence.shape, geometry) };
  return { type: "Feature", properties, geometry };
}

function geometryOf(shape: Record<string, unknown>): GeoJSON.Geometry | null {
  if (shape["type"] === "Polygon" || shape["type"] === "MultiPolygon") {
    return shape as unknown as GeoJSON.Geometry;
  }
  if (shape["center"] !== undefined && typeof shape["radius_m"] === "number") {
    const centre = lonLat(shape["center"]);
    return centre === null ? null : polygon(circle(centre, shape["radius_m"]));
  }
  if (shape["line"] !== undefined && typeof shape["width_m"] === "number") {
    const line = lineOf(shape["line"]);
    return line.length < 2 ? null : { type: "LineString", coordinates: line };
  }
  return null;
}

/** A corridor's width in pixels at zoom 0, which doubles with every zoom; 0 for areas. */
function widthAtZoom0(shape: Record<string, unknown>, geometry: GeoJSON.Geometry): number {
  if (geometry.type !== "LineString") return 0;
  const lat = geometry.coordinates[0]?.[1] ?? 0;
  return Number(shape["width_m"]) / metresPerPx(lat, 0);
}

function polygon(ring: LonLat[]): GeoJSON.Polygon {
  return { type: "Polygon", coordinates: [ring] };
}

function lonLat(value: unknown): LonLat | null {
  if (Array.isArray(value)) return [Number(value[0]), Number(value[1])];
  const point = value as { lat?: number; lon?: number; coordinates?: LonLat };
  if (point.coordinates !== undefined) return point.coordinates;
  return point.lat === undefined || point.lon === undefined ? null : [point.lon, point.lat];
}

function lineOf(value: unknown): LonLat[] {
  const list = Array.isArray(value) ? value : (value as { coordinates?: unknown[] }).coordinates;
  return (list ?? []).map(lonLat).filter((point): point is LonLat => point !== null);
}

function degreesPerMetre(lat: number): { lon: number; lat: number } {
  const perMetre = 180 / (Math.PI * EARTH_RADIUS_M);
  return { lon: perMetre / Math.max(0.01, Math.cos((lat * Math.PI) / 180)), lat: perMetre };
}

function circle([lon, lat]: LonLat, radiusM: number): LonLat[] {
  const scale = degreesPerMetre(lat);
  return Array.from({ length: CIRCLE_STEPS + 1 }, (_, i): LonLat => {
    const angle = (2 * Math.PI * (i % CIRCLE_STEPS)) / CIRCLE_STEPS;
    return [
      lon + radiusM * scale.lon * Math.cos(angle),
      lat + radiusM * scale.lat * Math.sin(angle),
    ];
  });
}
