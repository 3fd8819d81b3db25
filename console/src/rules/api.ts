// The calls about a tenant's alert rules.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import type { Backtest, ConfigTree, ConfigVersion, Kinds } from "./types";

const PATH = "/v1/config/services/alerts/business";
const VERSIONS = 20;

export class RulesApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  rules(): Promise<ConfigTree> {
    return this.client.get(PATH);
  }

  /** Answers as saving would, and changes nothing. */
  check(kinds: Kinds): Promise<{ valid: boolean }> {
    return this.client.post(`${PATH}/validate`, { value: { kinds } });
  }

  save(kinds: Kinds, reason: string, version: number): Promise<ConfigTree> {
    return this.client.put(PATH, { value: { kinds }, reason }, version);
  }

  async history(): Promise<ConfigVersion[]> {
    const found = await this.client.get<Page<ConfigVersion>>(`${PATH}/history?limit=${VERSIONS}`);
    return found.items;
  }

  rollBack(to: number, reason: string, version: number): Promise<ConfigTree> {
    return this.client.post(`${PATH}/rollback`, { version: to, reason }, { version });
  }

  /** What the edited rules would have raised, beside what those that hold would have. */
  backtest(days: number, kinds: Kinds, lane: string): Promise<Backtest> {
    const wish = { days, rules: { kinds }, ...(lane === "" ? {} : { lane }) };
    return this.client.post("/v1/alerts/backtest", wish);
  }
}
