// Degrees to and from the unit square of web Mercator, and what a pixel of it is worth.

const EARTH_CIRCUMFERENCE_M = 40_075_016.686;
const TILE_PX = 512;
const LAT_MAX = 85.051129;

export function mercatorX(lon: number): number {
  return (lon + 180) / 360;
}

export function mercatorY(lat: number): number {
  const bounded = Math.min(LAT_MAX, Math.max(-LAT_MAX, lat));
  const rad = (bounded * Math.PI) / 180;
  return (1 - Math.log(Math.tan(rad) + 1 / Math.cos(rad)) / Math.PI) / 2;
}

export function lonOf(x: number): number {
  return x * 360 - 180;
}

export function latOf(y: number): number {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

/** How many screen pixels the whole world is wide. */
export function worldPx(zoom: number): number {
  return TILE_PX * 2 ** zoom;
}

export function metresPerPx(lat: number, zoom: number): number {
  return (EARTH_CIRCUMFERENCE_M * Math.cos((lat * Math.PI) / 180)) / worldPx(zoom);
}
