// The calls about alerts.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import type { Alert, Comment, Evidence, Judged, Summary, WholeAlert } from "./types";

const PAGE = 100;
const PAGES_MAX = 5;

export class AlertApi {
  readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  /** Everything that is still open, as far as anybody could look through it. */
  async open(): Promise<Alert[]> {
    const items: Alert[] = [];
    let cursor: string | null = null;
    for (let nr = 0; nr < PAGES_MAX; nr += 1) {
      const page: Page<Alert> = await this.page("open", cursor);
      items.push(...page.items);
      cursor = page.next_cursor;
      if (cursor === null) break;
    }
    return items;
  }

  async done(): Promise<Alert[]> {
    const both = await Promise.all([this.page("resolved", null), this.page("retracted", null)]);
    return both.flatMap(({ items }) => items);
  }

  private page(state: string, cursor: string | null): Promise<Page<Alert>> {
    const query = new URLSearchParams({ state, limit: String(PAGE) });
    if (cursor !== null) query.set("cursor", cursor);
    return this.client.get(`/v1/alerts?${query}`);
  }

  summary(): Promise<Summary> {
    return this.client.get("/v1/alerts/summary");
  }

  whole(id: string): Promise<WholeAlert> {
    return this.client.get(pathOf(id));
  }

  evidence(id: string): Promise<Evidence> {
    return this.client.get(`${pathOf(id)}/evidence`);
  }

  acknowledge({ id, version }: Alert): Promise<Alert> {
    return this.client.post(`${pathOf(id)}/ack`, {}, { version });
  }

  resolve({ id, version }: Alert, note: string): Promise<Alert> {
    const said = note === "" ? {} : { note };
    return this.client.post(`${pathOf(id)}/resolve`, said, { version });
  }

  snooze({ id, version }: Alert, until: string): Promise<Alert> {
    return this.client.post(`${pathOf(id)}/snooze`, { until }, { version });
  }

  assign({ id, version }: Alert, to: string | null): Promise<Alert> {
    return this.client.post(`${pathOf(id)}/assign`, { to }, { version });
  }

  judge({ id, version }: Alert, judged: Judged): Promise<Alert> {
    return this.client.post(`${pathOf(id)}/judge`, { judged }, { version });
  }

  /** Whatever has happened meanwhile: what was said is said. */
  comment(id: string, text: string): Promise<Comment> {
    return this.client.post(`${pathOf(id)}/comments`, { text });
  }
}

function pathOf(id: string): string {
  return `/v1/alerts/${encodeURIComponent(id)}`;
}
