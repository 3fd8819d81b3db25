// The calls about e-way bills, and the tasks that watching them makes.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import { pathOf } from "../money/api";
import type { BillStatus, EwayBill, ExtensionWish, PartBWish, Task } from "./types";

// More than that many at once is nothing that a person watches.
const PAGE = 500;

export class EwayApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  async bills(statuses: readonly BillStatus[]): Promise<EwayBill[]> {
    const asked = statuses.map((status) => {
      const query = new URLSearchParams({ status, limit: String(PAGE) });
      return this.client.get<Page<EwayBill>>(`/v1/eway-bills?${query}`);
    });
    return (await Promise.all(asked)).flatMap(({ items }) => items);
  }

  async tasks(): Promise<Task[]> {
    const query = new URLSearchParams({ state: "open", limit: String(PAGE) });
    return (await this.client.get<Page<Task>>(`/v1/tasks?${query}`)).items;
  }

  /** To this version of it; the portal's answer is in the bill soon. */
  extend({ id, version }: EwayBill, wish: ExtensionWish): Promise<EwayBill> {
    return this.client.post(`${pathOf("eway-bills", id)}/extend`, wish, { version });
  }

  partB({ id, version }: EwayBill, wish: PartBWish): Promise<EwayBill> {
    return this.client.post(`${pathOf("eway-bills", id)}/part-b`, wish, { version });
  }

  finish({ id, version }: Task, note: string): Promise<Task> {
    const given = note === "" ? {} : { note };
    return this.client.post(`${pathOf("tasks", id)}/done`, given, { version });
  }

  dismiss({ id, version }: Task, note: string): Promise<Task> {
    return this.client.post(`${pathOf("tasks", id)}/dismiss`, { note }, { version });
  }
}
