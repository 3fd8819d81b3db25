// Lines as the map's sources take them, cut where nobody saw the way.

import type { TrackPoint } from "../api/types";
import { UNSEEN_MS } from "../story/story";

export function collection(features: GeoJSON.Feature[]): GeoJSON.FeatureCollection {
  return { type: "FeatureCollection", features };
}

export function line(
  coordinates: GeoJSON.Position[],
  properties: GeoJSON.GeoJsonProperties,
): GeoJSON.Feature {
  return { type: "Feature", properties, geometry: { type: "LineString", coordinates } };
}

/** Longitudes that go on beyond 180 degrees instead of jumping to the other side of the map. */
export function unwrapped(line: GeoJSON.Position[]): GeoJSON.Position[] {
  let last: number | undefined;
  return line.map(([lon = 0, lat = 0]) => {
    last = lon - 360 * Math.round((lon - (last ?? lon)) / 360);
    return [last, lat];
  });
}

export function dot(
  lat: number,
  lon: number,
  properties: GeoJSON.GeoJsonProperties,
): GeoJSON.Feature {
  return { type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } };
}

/** Solid where fixes follow each other; the straight lines over the gaps have `gap` set. */
export function trackFeatures(points: TrackPoint[]): GeoJSON.Feature[] {
  const runs: GeoJSON.Position[][] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    if (point.tsMs - last > UNSEEN_MS) runs.push([]);
    runs[runs.length - 1]?.push([point.lon, point.lat]);
    last = point.tsMs;
  }
  const solid = runs.filter((run) => run.length > 1).map((run) => line(run, { gap: false }));
  const gaps = runs.slice(1).map((run, i) => {
    return line([runs[i]?.at(-1) ?? [], run[0] ?? []], { gap: true });
  });
  return [...solid, ...gaps];
}
