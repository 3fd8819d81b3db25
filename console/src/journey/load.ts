// Fetches the journey of a truck, and its route's line once for each version.

import { type ApiClient, ApiError } from "../api/client";
import type { RouteLine } from "../api/types";
import type { Followed } from "./journey";

// Whether a truck that has no journey has been given one.
const AGAIN_MS = 60_000;

export class Journeys {
  private readonly api: ApiClient;
  private name = "";
  private line: RouteLine | null = null;
  private without = { truck: "", untilMs: 0 };

  constructor(api: ApiClient) {
    this.api = api;
  }

  /** Null for a truck that follows no route, or whose route this client may not see. */
  async of(truck: string): Promise<Followed | null> {
    if (truck === this.without.truck && Date.now() < this.without.untilMs) return null;
    try {
      const journey = await this.api.journeyOf(truck);
      return { journey, line: await this.lineOf(journey.route.id, journey.route.version) };
    } catch (error) {
      if (!(error instanceof ApiError && (error.status === 403 || error.status === 404))) {
        throw error;
      }
      this.without = { truck, untilMs: Date.now() + AGAIN_MS };
      return null;
    }
  }

  private async lineOf(route: string, version: number): Promise<RouteLine | null> {
    const name = `${route} ${version}`;
    if (name !== this.name) {
      this.line = await this.api.routeLine(route, version);
      this.name = name;
    }
    return this.line;
  }
}
