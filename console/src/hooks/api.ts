// The calls about webhook endpoints and what is delivered to them.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import { pathOf, queryOf } from "../money/api";
import type {
  Delivery,
  DeliveryQuery,
  DeliveryWithAttempts,
  Endpoint,
  EndpointWish,
  EndpointWithSecret,
} from "./types";

const ENDPOINTS = "webhook-endpoints";
const DELIVERIES = "webhook-deliveries";

export class HooksApi {
  private readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  endpoints(cursor: string | null): Promise<Page<Endpoint>> {
    return this.client.get(`/v1/${ENDPOINTS}?${queryOf({ cursor })}`);
  }

  make(wish: EndpointWish): Promise<EndpointWithSecret> {
    return this.client.post(`/v1/${ENDPOINTS}`, wish);
  }

  change({ id, version }: Endpoint, wish: EndpointWish): Promise<Endpoint> {
    return this.client.patch(pathOf(ENDPOINTS, id), wish, version);
  }

  remove({ id, version }: Endpoint): Promise<void> {
    return this.client.remove(pathOf(ENDPOINTS, id), version);
  }

  rotate({ id, version }: Endpoint): Promise<EndpointWithSecret> {
    return this.client.post(`${pathOf(ENDPOINTS, id)}/rotate`, {}, { version });
  }

  tell({ id, version }: Endpoint, action: "pause" | "resume"): Promise<Endpoint> {
    return this.client.post(`${pathOf(ENDPOINTS, id)}/${action}`, {}, { version });
  }

  test({ id }: Endpoint): Promise<Delivery> {
    return this.client.post(`${pathOf(ENDPOINTS, id)}/test`, {});
  }

  replay(
    { id }: Endpoint,
    from: string,
    to: string,
    types: string[],
  ): Promise<{ deliveries: number }> {
    const wish = { from, to, ...(types.length > 0 ? { types } : {}) };
    return this.client.post(`${pathOf(ENDPOINTS, id)}/replay`, wish);
  }

  deliveries(query: DeliveryQuery, cursor: string | null): Promise<Page<Delivery>> {
    return this.client.get(`/v1/${DELIVERIES}?${queryOf({ ...query, cursor })}`);
  }

  delivery(id: string): Promise<DeliveryWithAttempts> {
    return this.client.get(pathOf(DELIVERIES, id));
  }

  retry(id: string): Promise<Delivery> {
    return this.client.post(`${pathOf(DELIVERIES, id)}/retry`, {});
  }
}
