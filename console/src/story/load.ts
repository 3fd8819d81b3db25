// Fetches what one truck did in a stretch of time: its fixes and what the rules made of them.

import { type ApiClient, ApiError } from "../api/client";
import type { RouteLine, Span } from "../api/types";
import type { Story } from "./story";

const DAY_MS = 86_400_000;
// Of one day; more than these would be a scribble.
const ROUTES_MAX = 5;

/** The day that begins at `fromMs`, or as much of it as there has been, with its routes. */
export async function loadDay(api: ApiClient, truck: string, fromMs: number): Promise<Story> {
  const toMs = Math.min(fromMs + DAY_MS, Date.now());
  const [story, routes] = await Promise.all([
    loadStory(api, truck, fromMs, toMs),
    routesOf(api, truck, fromMs, toMs),
  ]);
  return { ...story, routes };
}

export async function loadStory(
  api: ApiClient,
  truck: string,
  fromMs: number,
  toMs: number,
): Promise<Story> {
  const [points, trips, stops, deviations, events] = await Promise.all([
    api.trackBetween(truck, fromMs, toMs),
    ifMay(api.spans(truck, "trips", fromMs, toMs)),
    ifMay(api.spans(truck, "stops", fromMs, toMs)),
    ifMay(api.spans(truck, "deviations", fromMs, toMs)),
    ifMay(api.eventsBetween(truck, fromMs, toMs)),
  ]);
  const named = stops.map((stop) => ({ ...stop, fence_name: nameOf(api, stop) }));
  return { truck, fromMs, toMs, points, trips, stops: named, deviations, events, routes: [] };
}

function nameOf(api: ApiClient, { fence }: Span): string | null {
  return typeof fence === "string" ? (api.fenceNames.get(fence) ?? null) : null;
}

async function routesOf(
  api: ApiClient,
  truck: string,
  fromMs: number,
  toMs: number,
): Promise<RouteLine[]> {
  const drives = await ifMay(api.spans(truck, "spans", fromMs, toMs, "journey"));
  const ids = new Set(drives.map(({ about }) => about).filter((id) => id !== null));
  const lines = [...ids].slice(0, ROUTES_MAX).map(async (id) => {
    const { route } = await api.journey(id);
    return [await api.routeLine(route.id, route.version)];
  });
  return (await Promise.all(lines.map((line) => ifMay(line)))).flat();
}

/** Nothing, instead of a refusal, for what this client may not read or what is gone. */
export async function ifMay<T>(items: Promise<T[]>): Promise<T[]> {
  try {
    return await items;
  } catch (error) {
    if (error instanceof ApiError && (error.status === 403 || error.status === 404)) return [];
    throw error;
  }
}
