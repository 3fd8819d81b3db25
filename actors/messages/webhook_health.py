"""How an endpoint fares, written with the facts that tell it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from actors.booking_writing import TenantName
from freight.cloudevents import rfc3339
from freight.events import TruckEvent, aggregate_event_id
from freight.webhooks.endpoints import TOLD, EndpointEvent, Health, evolve
from freight.webhooks.messages import OF_ENDPOINTS
from store import events, webhooks
from store.postgres import AnyConnection
from store.webhooks import Endpoint


async def write_health(
    conn: AnyConnection,
    tenant: TenantName,
    endpoint: Endpoint,
    made: Sequence[EndpointEvent],
    at_ms: int,
) -> None:
    """The caller holds the endpoint's row. What people must know is a fact, for alerts too."""
    if not made:
        return
    after = endpoint.health
    for event in made:
        after = evolve(after, event)
    told = [TOLD[type(event)] for event in made if type(event) in TOLD]
    version = endpoint.version + bool(told)
    await webhooks.put_health(conn, endpoint.id, after, version, at_ms)
    facts = [
        _fact(tenant, endpoint, after, kind, version, nr, at_ms) for nr, kind in enumerate(told)
    ]
    await events.insert(conn, facts)


def _fact(  # noqa: PLR0917 - what it is made of
    tenant: TenantName,
    endpoint: Endpoint,
    after: Health,
    kind: str,
    version: int,
    nr: int,
    at_ms: int,
) -> TruckEvent:
    subject = OF_ENDPOINTS + endpoint.id
    before = endpoint.health
    since_ms = before.failing_since_ms
    return TruckEvent(
        id=aggregate_event_id(tenant.key, subject, version, nr),
        type=kind,
        tenant_key=tenant.key,
        truck_key=None,
        tenant=tenant.id,
        subject=subject,
        time_ms=at_ms,
        known_at_ms=at_ms,
        data={
            "endpoint": endpoint.id,
            "host": urlsplit(endpoint.url).hostname,
            "state": after.state.value,
            "why": None if after.why is None else after.why.value,
            "failures": max(before.failures, after.failures),
            "failing_since": None if since_ms is None else rfc3339(since_ms),
            "probe_at": None if after.probe_ms is None else rfc3339(after.probe_ms),
        },
    )
