// What was sent to whom: each delivery with the request and the answer of every attempt.

import type { Rights } from "../booking/rights";
import { button } from "../booking/rows";
import { filterGroup, PagedList } from "../money/paged_list";
import { refusalWords, stateBadge } from "../money/rows";
import { h, replace } from "../ui/dom";
import { clock } from "../ui/format";
import type { HooksApi } from "./api";
import type {
  Attempt,
  Delivery,
  DeliveryQuery,
  DeliveryState,
  DeliveryWithAttempts,
} from "./types";
import { attemptWords, deliveryState, deliveryWords, isNamed, isType } from "./words";

const FILTERS: readonly (readonly [name: string, state: DeliveryState | ""])[] = [
  ["All", ""],
  ["Waiting", "pending"],
  ["Given up", "failed"],
  ["Delivered", "delivered"],
];
const SEARCH_AFTER_MS = 250;

export class DeliveriesView {
  readonly element = h("section", { class: "deliveries", "aria-label": "Webhook deliveries" });
  private readonly api: HooksApi;
  private readonly rights: Rights;
  private readonly now: () => number;
  private readonly list: PagedList<Delivery>;
  private readonly query: DeliveryQuery = { endpoint: "", state: "", type: "", subject: "" };
  private readonly whose = h("div", { class: "row" });
  private readonly opened = new Map<string, HTMLElement>();
  private timer: number | undefined;

  constructor(api: HooksApi, rights: Rights, now: () => number) {
    this.api = api;
    this.rights = rights;
    this.now = now;
    this.list = new PagedList<Delivery>(rights, {
      label: "Deliveries",
      permission: "webhooks:read",
      nothing: "There are none like that.",
      page: (cursor) => api.deliveries(this.query, cursor),
      row: (delivery) => this.row(delivery),
      facts: () => [...this.opened.keys()],
    });
    const filters = filterGroup(
      "Filter by state",
      FILTERS.map(([name]) => name),
      (i) => {
        this.query.state = FILTERS[i]?.[1] ?? "";
        void this.list.anew();
      },
    );
    const type = this.search(
      "Type, such as alert.raised",
      (words) => (this.query.type = isType(words) ? words : ""),
    );
    const subject = this.search(
      "About, such as bookings/B1",
      (words) => (this.query.subject = isNamed(words) ? words : ""),
    );
    const row = h("div", { class: "pair" }, type, subject);
    this.element.append(this.whose, filters, row, this.list.element);
  }

  refresh(): Promise<void> {
    return this.list.refresh();
  }

  /** Of one endpoint only; empty: of all. */
  of(endpoint: string): void {
    this.query.endpoint = endpoint;
    const all = button("show all", () => this.of(""), { class: "link" });
    replace(this.whose, ...(endpoint === "" ? [] : [h("span", {}, `Of ${endpoint}: `), all]));
    void this.list.anew();
  }

  private search(words: string, set: (typed: string) => void): HTMLElement {
    const input = h("input", { type: "search", placeholder: words, "aria-label": words });
    input.addEventListener("input", () => {
      set(input.value.trim());
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.list.anew(), SEARCH_AFTER_MS);
    });
    return input;
  }

  private row(delivery: Delivery): HTMLElement {
    const { id, type, subject, state, error } = delivery;
    const box = this.opened.get(id);
    const isOpen = box !== undefined;
    return h(
      "li",
      { class: "delivery", "data-state": state },
      h(
        "button",
        {
          type: "button",
          class: "money-row",
          "data-key": id,
          "aria-expanded": String(isOpen),
          "aria-label": `${type} about ${subject}, ${deliveryState(state)[0]}`,
          onclick: () => void this.toggle(id),
        },
        h("b", {}, type),
        stateBadge(deliveryState(state)),
        h(
          "span",
          { class: "soft" },
          `${subject} · ${deliveryWords(delivery, this.now()).join(" · ")}`,
        ),
        error !== null && state !== "delivered" && h("span", { class: "trouble" }, error),
      ),
      box ?? null,
    );
  }

  private async toggle(id: string): Promise<void> {
    if (this.opened.delete(id)) {
      await this.refresh();
      return;
    }
    const box = h("div", { class: "attempts" }, h("p", { class: "soft" }, "Loading …"));
    this.opened.set(id, box);
    await this.refresh();
    await this.fill(id, box);
  }

  private async fill(id: string, box: HTMLElement): Promise<void> {
    try {
      replace(box, ...this.whole(await this.api.delivery(id), box));
    } catch (error) {
      const words = refusalWords(error, this.rights, "webhooks:read");
      replace(box, h("p", { class: "notice bad", role: "alert" }, words));
    }
  }

  private whole(delivery: DeliveryWithAttempts, box: HTMLElement): HTMLElement[] {
    const { id, body, tried, message, state } = delivery;
    const may = this.rights.may("webhooks:write") && (state === "failed" || state === "pending");
    const again = button("Send it now", () => void this.retry(id, box));
    const sent = h(
      "details",
      { open: tried.length === 0 },
      h("summary", {}, "Body"),
      code(pretty(body)),
    );
    const head = h("p", { class: "soft" }, `webhook-id ${message}`);
    const rows = tried.toReversed().map((attempt, i) => attemptRow(attempt, i === 0));
    const list = h("ol", { class: "life", "aria-label": "Attempts" }, ...rows);
    return [head, ...(may ? [h("div", { class: "actions" }, again)] : []), list, sent];
  }

  private async retry(id: string, box: HTMLElement): Promise<void> {
    try {
      await this.api.retry(id);
    } catch (error) {
      const words = refusalWords(error, this.rights, "webhooks:write");
      box.prepend(h("p", { class: "notice bad", role: "alert" }, words));
      return;
    }
    await Promise.all([this.fill(id, box), this.refresh()]);
  }
}

function attemptRow(attempt: Attempt, isNewest: boolean): HTMLElement {
  const { request, response, error, address, at } = attempt;
  const where = `${request.url}${address === null ? "" : ` (${address})`}`;
  return h(
    "li",
    {},
    h("b", {}, attemptWords(attempt)),
    h("span", { class: "soft" }, clock(at)),
    error !== null && response !== null && h("span", { class: "trouble" }, error),
    h(
      "details",
      { open: isNewest },
      h("summary", {}, "Request and answer"),
      h("p", { class: "soft" }, where),
      code(headerLines(request.headers)),
      response !== null &&
        code(`HTTP ${response.status}\n${headerLines(response.headers)}\n\n${response.body}`),
    ),
  );
}

function code(text: string): HTMLElement {
  return h("pre", { tabindex: "0" }, text);
}

function headerLines(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

/** What is signed is one line; people read many. */
export function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
