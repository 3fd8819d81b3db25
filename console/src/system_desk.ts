// Seeing inside: messages and their templates, webhooks and what they delivered, health.

import type { ApiClient } from "./api/client";
import type { Rights } from "./booking/rights";
import { HealthApi } from "./health/api";
import { HealthPage } from "./health/health_page";
import { HooksApi } from "./hooks/api";
import { DeliveriesView } from "./hooks/deliveries_view";
import { EndpointsView } from "./hooks/endpoints_view";
import { NoticesApi } from "./notices/api";
import { MessagesView } from "./notices/messages_view";
import { OnCallView } from "./notices/on_call_view";
import { TemplatesView } from "./notices/templates_view";
import { RulesApi } from "./rules/api";
import { RulesView } from "./rules/rules_view";
import { type Section, TabbedDesk } from "./ui/tabbed_desk";

const DELIVERIES = "Deliveries";

/** What stands beside the inbox. */
export function alertSections(client: ApiClient, rights: Rights, now: () => number): Section[] {
  const rules = new RulesView(new RulesApi(client), rights);
  const onCall = new OnCallView(new NoticesApi(client), rights, now);
  return [
    { name: "Rules", permissions: ["config:read"], view: rules },
    { name: "On call", permissions: ["notifications:read"], view: onCall },
  ];
}

export class SystemDesk extends TabbedDesk {
  constructor(client: ApiClient, rights: Rights, now: () => number) {
    const notices = new NoticesApi(client);
    const hooks = new HooksApi(client);
    const endpoints = new EndpointsView(hooks, rights, now);
    const deliveries = new DeliveriesView(hooks, rights, now);
    const told = ["notifications:read"];
    const sent = ["webhooks:read"];
    // What most messages and deliveries are about; the rest is looked at every few seconds.
    const hears = /^(alert|booking|payment|payout|task|notification|webhook)\./;
    super(rights, {
      name: "System",
      address: "system",
      sections: [
        { name: "Health", permissions: [], view: new HealthPage(new HealthApi(client)) },
        {
          name: "Messages",
          permissions: told,
          view: new MessagesView(notices, rights, now),
          hears,
        },
        { name: "Templates", permissions: told, view: new TemplatesView(notices, rights) },
        { name: "Webhooks", permissions: sent, view: endpoints },
        { name: DELIVERIES, permissions: sent, view: deliveries, hears },
      ],
    });
    endpoints.opened.on((id) => {
      this.openTab(DELIVERIES);
      deliveries.of(id);
    });
  }
}
