// Fetches one truck's day: its fixes and everything the rules made of them.

import type { ApiClient } from "../api/client";
import type { Story } from "./story";

const DAY_MS = 86_400_000;

/** The day that begins at `fromMs`, or as much of it as there has been. */
export async function loadDay(api: ApiClient, truck: string, fromMs: number): Promise<Story> {
  const toMs = Math.min(fromMs + DAY_MS, Date.now());
  const [points, trips, stops, deviations, events] = await Promise.all([
    api.trackBetween(truck, fromMs, toMs),
    api.spans(truck, "trips", fromMs, toMs),
    api.spans(truck, "stops", fromMs, toMs),
    api.spans(truck, "deviations", fromMs, toMs),
    api.eventsBetween(truck, fromMs, toMs),
  ]);
  return { truck, fromMs, toMs, points, trips, stops, deviations, events };
}
