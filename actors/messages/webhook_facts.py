"""From facts to webhook deliveries: one for each endpoint whose filter a fact passes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from freight.webhooks.deliveries import Delivery, DeliveryState, Origin
from freight.webhooks.messages import Message, is_about_itself, message_of
from freight.webhooks.rules import WebhookRules
from store import webhook_deliveries, webhooks
from store.events import StoredEvent
from store.postgres import AnyConnection
from store.webhook_deliveries import NewDelivery
from store.webhooks import Endpoint

FOLLOWER = "webhooks"


class WebhookFacts:
    """What the follower of this name does with facts, in the transaction that takes them up."""

    def __init__(self, desk: WorkDesk) -> None:
        self._desk = desk

    async def take_up(
        self, conn: AnyConnection, tenant: TenantName, facts: Sequence[StoredEvent]
    ) -> None:
        endpoints = await webhooks.wanting(conn)
        if not endpoints:
            return
        rules, at_ms = self._desk.policy_of(tenant).webhooks, self._desk.now_ms()
        waiting = await webhook_deliveries.waiting(conn)
        room = {one.id: rules.waiting_max - waiting.get(one.id, 0) for one in endpoints}
        new = list(_deliveries(endpoints, facts, room, rules, at_ms))
        if new:
            await webhook_deliveries.add(conn, tenant.key, new, at_ms)


def _deliveries(
    endpoints: Sequence[Endpoint],
    facts: Sequence[StoredEvent],
    room: dict[str, int],
    rules: WebhookRules,
    at_ms: int,
) -> Iterator[NewDelivery]:
    for fact in facts:
        wanting = [one for one in endpoints if wants(one, fact)]
        if not wanting:
            continue
        message = message_of(fact, rules.body_bytes_max)
        for endpoint in wanting:
            room[endpoint.id] -= 1
            yield new_delivery(endpoint, message, at_ms, is_full=room[endpoint.id] < 0)


def wants(endpoint: Endpoint, fact: StoredEvent) -> bool:
    passes = endpoint.filter.passes(fact.type, fact.subject)
    return passes and not is_about_itself(fact.subject, endpoint.id)


def new_delivery(
    endpoint: Endpoint,
    message: Message,
    at_ms: int,
    origin: Origin = Origin.FACT,
    replay: str = "",
    *,
    is_full: bool = False,
) -> NewDelivery:
    """`is_full`: too many wait already, so that it is a dead letter, to be replayed."""
    delivery = Delivery(origin=origin, due_ms=at_ms)
    if is_full:
        says = "as many wait for this endpoint as may; a replay brings it"
        state = DeliveryState.FAILED
        delivery = Delivery(origin=origin, state=state, finished_ms=at_ms, error=says)
    return NewDelivery(f"whd-{uuid.uuid4().hex}", endpoint.id, message, delivery, replay)
