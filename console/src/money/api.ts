// The calls about dues, payments, tax documents, settlements and payouts.

import type { ApiClient } from "../api/client";
import type { Page } from "../api/types";
import type {
  Ageing,
  Due,
  Payment,
  PaymentWish,
  Payout,
  Recording,
  Settlement,
  SettlementStatus,
  Story,
} from "./types";

const PAGE = 50;
const PAYOUTS_PAGE = 20;
export const PDF = "application/pdf";

export interface DuesQuery {
  state: string;
  shipper: string;
  cursor: string | null;
}

export class MoneyApi {
  readonly client: ApiClient;

  constructor(client: ApiClient) {
    this.client = client;
  }

  story(booking: string): Promise<Story> {
    return this.client.get(`/v1/bookings/${encodeURIComponent(booking)}/money`);
  }

  dues({ state, shipper, cursor }: DuesQuery): Promise<Page<Due>> {
    return this.client.get(`/v1/dues?${queryOf({ state, shipper, cursor })}`);
  }

  ageing(): Promise<Ageing> {
    return this.client.get("/v1/ledger/ageing");
  }

  payment(id: string): Promise<Payment> {
    return this.client.get(pathOf("payments", id));
  }

  ask(wish: PaymentWish): Promise<Payment> {
    return this.client.post("/v1/payments", wish);
  }

  record({ id, version }: Payment, given: Recording): Promise<Payment> {
    return this.client.post(`${pathOf("payments", id)}/record`, given, { version });
  }

  cancelPayment({ id, version }: Payment): Promise<Payment> {
    return this.client.post(`${pathOf("payments", id)}/cancel`, {}, { version });
  }

  printed(of: "invoices" | "settlements", id: string): Promise<Blob> {
    return this.client.blob(`${pathOf(of, id)}/pdf`, PDF);
  }

  settlements(status: SettlementStatus | "", cursor: string | null): Promise<Page<Settlement>> {
    return this.client.get(`/v1/settlements?${queryOf({ status, cursor })}`);
  }

  settlement(id: string): Promise<Settlement> {
    return this.client.get(pathOf("settlements", id));
  }

  /** To this version of it: whoever changed it meanwhile is looked at first. */
  tell({ id, version }: Settlement, action: string, body: object): Promise<Settlement> {
    return this.client.post(`${pathOf("settlements", id)}/${action}`, body, { version });
  }

  async payouts(settlement: string): Promise<Payout[]> {
    const query = new URLSearchParams({ settlement, limit: String(PAYOUTS_PAGE) });
    return (await this.client.get<Page<Payout>>(`/v1/payouts?${query}`)).items;
  }

  retry({ id, version }: Payout): Promise<Payout> {
    return this.client.post(`${pathOf("payouts", id)}/retry`, {}, { version });
  }
}

export function pathOf(things: string, id: string): string {
  return `/v1/${things}/${encodeURIComponent(id)}`;
}

/** What is empty is not asked for. */
export function queryOf(wanted: Record<string, string | null>): URLSearchParams {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value);
  return query;
}
