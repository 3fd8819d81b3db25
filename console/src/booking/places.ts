// Places of stops: typed as latitude and longitude, chosen on the map, or the middle of a fence.

import type { Fence, LatLon } from "../api/types";
import { outline } from "../map/shapes";

const LAT_MAX = 90;
const LON_MAX = 180;
const SHOWN_DIGITS = 5;

/** Null: not two numbers, or none on earth. */
export function placeOf(text: string): LatLon | null {
  const found = /^\s*(-?\d+(?:\.\d+)?)\s*[,; ]\s*(-?\d+(?:\.\d+)?)\s*$/.exec(text);
  if (found === null) return null;
  const [lat, lon] = [Number(found[1]), Number(found[2])];
  return Math.abs(lat) > LAT_MAX || Math.abs(lon) > LON_MAX ? null : { lat, lon };
}

export function placeText({ lat, lon }: LatLon): string {
  return `${lat.toFixed(SHOWN_DIGITS)}, ${lon.toFixed(SHOWN_DIGITS)}`;
}

/** The middle of a fence's box, or null for a corridor, which has no one place. */
export function middleOf(fence: Fence): LatLon | null {
  const geometry = outline(fence)?.geometry;
  if (geometry?.type !== "Polygon" && geometry?.type !== "MultiPolygon") return null;
  const rings = geometry.type === "Polygon" ? geometry.coordinates : geometry.coordinates.flat();
  const points = rings.flat();
  const middle = (values: number[]): number => (Math.min(...values) + Math.max(...values)) / 2;
  if (points.length === 0) return null;
  return {
    lat: middle(points.map(([, lat = 0]) => lat)),
    lon: middle(points.map(([lon = 0]) => lon)),
  };
}
