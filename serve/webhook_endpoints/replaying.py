"""Sends once more what an endpoint was told, or was to be told, in a while that is over."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

from actors.life import now_ms
from actors.messages.webhook_facts import new_delivery, wants
from freight.webhooks.deliveries import Origin
from freight.webhooks.filters import Filter
from freight.webhooks.messages import OF_ENDPOINTS, Message, message_of
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import InvalidError
from serve.webhook_endpoints.wire import ReplayOut, ReplayWish
from store import events, webhook_deliveries, webhooks
from store.events import StoredEvent
from store.postgres import AnyConnection, epoch_ms
from store.webhook_deliveries import NewDelivery
from store.webhooks import Endpoint

ID_BYTES = 9  # fixed: enough that no two are the same


async def replay(gateway: Gateway, who: Principal, endpoint_id: str, wish: ReplayWish) -> ReplayOut:
    """Deliveries of their own, with the ids and bodies that there were: behind all that waits."""
    from_ms, to_ms = epoch_ms(wish.since), epoch_ms(wish.until)
    if to_ms <= from_ms:
        raise InvalidError.at("/to", "it lies behind `from`")
    rules, replay_id = gateway.policy_of(who).webhooks, f"whr-{secrets.token_hex(ID_BYTES)}"
    subject = OF_ENDPOINTS + endpoint_id
    async with gateway.changing(who, "webhook_endpoints.replay", subject) as change:
        endpoint = await webhooks.get(change.conn, endpoint_id)
        facts = await _wanted(gateway, change.conn, endpoint, wish, rules.replay_max)
        waiting = (await webhook_deliveries.waiting(change.conn)).get(endpoint_id, 0)
        if len(facts) > min(rules.replay_max, rules.waiting_max - waiting):
            detail = f"more than {rules.replay_max} facts, or more than may wait: ask for less"
            raise InvalidError.at("/from", detail)
        at_ms = now_ms()
        bodies = await webhook_deliveries.bodies(
            change.conn, endpoint_id, [str(fact.id) for fact in facts]
        )
        new: list[NewDelivery] = []
        for fact in facts:
            message = _as_it_was(message_of(fact, rules.body_bytes_max), bodies)
            new.append(new_delivery(endpoint, message, at_ms, Origin.REPLAY, replay_id))
        if new:
            await webhook_deliveries.add(change.conn, who.tenant_key, new, at_ms)
        shown = ReplayOut(id=replay_id, endpoint=endpoint_id, deliveries=len(new))
        change.after = shown
    return shown


async def _wanted(
    gateway: Gateway, conn: AnyConnection, endpoint: Endpoint, wish: ReplayWish, most: int
) -> Sequence[StoredEvent]:
    """In the order of the log; one more than may be, when there are too many."""
    narrower = Filter(tuple(wish.types)) if wish.types else Filter()
    from_ms, to_ms = epoch_ms(wish.since), epoch_ms(wish.until)
    found: list[StoredEvent] = []
    size, seqs = gateway.policy.api.page_limit_max, await events.seqs_between(conn, from_ms, to_ms)
    while seqs is not None and len(found) <= most:
        page = await events.list_between(conn, from_ms, to_ms, seqs, size)
        found += [
            fact
            for fact in page
            if wants(endpoint, fact) and narrower.passes(fact.type, fact.subject)
        ]
        if len(page) < size:
            break
        seqs = (page[-1].seq + 1, seqs[1])
    return found[: most + 1]


def _as_it_was(message: Message, bodies: dict[str, bytes]) -> Message:
    body = bodies.get(message.id)
    return message if body is None else msgspec.structs.replace(message, body=body)
