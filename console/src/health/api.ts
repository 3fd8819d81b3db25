// The calls about the installation's own health; both are open to whoever reaches the gateway.

import type { ApiClient } from "../api/client";
import type { Readiness } from "./figures";
import { parseMetrics, type Sample } from "./metrics";

const NOT_READY = 503;

export class HealthApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  /** Not ready is an answer, too: it says what is missing. */
  async readiness(): Promise<Readiness> {
    const text = await this.client.text("/readyz", (status) => status === NOT_READY);
    return JSON.parse(text) as Readiness;
  }

  async samples(): Promise<Sample[]> {
    return parseMetrics(await this.client.text("/metrics"));
  }
}
