// Numbers and times as a dispatcher reads them; what is not known is a dash, never a zero.

export const UNKNOWN = "–";

export function ago(ageMs: number): string {
  const s = Math.max(0, Math.round(ageMs / 1000));
  if (s < 60) return `${s} s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min} min`;
  const hours = Math.floor(min / 60);
  if (hours < 48) return `${hours} h ${min % 60} min`;
  return `${Math.floor(hours / 24)} days`;
}

export function number(value: number | null | undefined, unit: string, digits = 0): string {
  if (value === null || value === undefined || Number.isNaN(value)) return UNKNOWN;
  const text = value.toLocaleString("en-IN", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${text} ${unit}`;
}

/** Beside a button; more than this nobody counts. */
export function countWords(count: number): string {
  return count > 99 ? "99+" : String(count);
}

const POINTS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"];

export function compass(deg: number | null | undefined): string {
  if (deg === null || deg === undefined) return UNKNOWN;
  return `${POINTS[Math.round(deg / 45) % 8]} ${Math.round(deg)}°`;
}

export function clock(iso: string | number): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  const time = date.toLocaleTimeString("en-GB");
  const today = date.toDateString() === new Date().toDateString();
  return today
    ? time
    : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })} ${time}`;
}

/** To the minute, with the day if it is another than today. */
export function timeOfDay(ms: number): string {
  const text = clock(ms);
  return text === UNKNOWN ? text : text.slice(0, -":00".length);
}

export function latLon(lat: number, lon: number): string {
  return `${lat.toFixed(5)}, ${lon.toFixed(5)}`;
}
