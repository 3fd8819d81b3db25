// The calls about a tenant's alert rules.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import { laidOut } from "./overrides";
import type { Backtest, ConfigTree, ConfigVersion, Edits } from "./types";

// In whatever environment.
const PATH = "/v1/config/services/alerts/*/business";
const VERSIONS = 20;

export class RulesApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  rules(): Promise<ConfigTree> {
    return this.client.get(PATH);
  }

  /** What is edited, and no more: the rest goes on as it is inherited. */
  save({ kinds, overrides, removed }: Edits, reason: string, version: number): Promise<ConfigTree> {
    const unset = removed.map((name) => `overrides/${name}`);
    return this.client.put(PATH, { value: { kinds, overrides }, unset, reason }, version);
  }

  async history(): Promise<ConfigVersion[]> {
    const found = await this.client.get<Page<ConfigVersion>>(`${PATH}/history?limit=${VERSIONS}`);
    return found.items;
  }

  rollBack(to: number, reason: string, version: number): Promise<ConfigTree> {
    return this.client.post(`${PATH}/rollback`, { version: to, reason }, { version });
  }

  /** What the edited rules would have raised, beside what those that hold would have. */
  backtest(days: number, { kinds, overrides, removed }: Edits, lane: string): Promise<Backtest> {
    const laid = Object.entries(overrides).map(([name, each]) => [name, laidOut(each)] as const);
    const gone = removed.map((name) => [name, null] as const);
    const rules = { kinds, overrides: Object.fromEntries([...laid, ...gone]) };
    return this.client.post("/v1/alerts/backtest", { days, rules, ...(lane && { lane }) });
  }
}
