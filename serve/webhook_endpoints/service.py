"""What can be done with a tenant's webhook endpoints, and how their secrets change."""

from __future__ import annotations

import secrets

from actors.life import now_ms
from actors.messages.webhook_facts import new_delivery
from actors.messages.webhook_health import write_health
from config.snapshot import present_environment
from freight.refusal import Refusal
from freight.webhooks import endpoints
from freight.webhooks.deliveries import Origin
from freight.webhooks.endpoints import EndpointEvent
from freight.webhooks.filters import Filter
from freight.webhooks.messages import OF_ENDPOINTS, test_message
from freight.webhooks.signing import secret_of
from providers.webhooks import reach_of
from serve.gateway import Change, Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.payments.changing import tenant_of
from serve.problems import ConflictError, InvalidError
from serve.webhook_deliveries.wire import DeliveryOut
from serve.webhook_endpoints.addresses import objection_to
from serve.webhook_endpoints.wire import (
    EndpointChange,
    EndpointOut,
    EndpointWithSecret,
    NewEndpoint,
    Rotation,
)
from store import webhook_deliveries, webhooks
from store.errors import StaleVersionError
from store.webhooks import Endpoint

ID_BYTES = 9  # fixed: enough that no two are the same
KEY_BYTES = 32
MS = 1000


async def create(gateway: Gateway, who: Principal, new: NewEndpoint) -> EndpointWithSecret:
    rules = gateway.policy_of(who).webhooks
    _refuse_address(gateway, new.url)
    wanted = _filter_of(gateway, who, new.types, new.subjects)
    endpoint_id = f"whe-{secrets.token_hex(ID_BYTES)}"
    secret, sealed = _fresh_secret(gateway)
    subject = OF_ENDPOINTS + endpoint_id
    async with gateway.changing(who, "webhook_endpoints.create", subject) as change:
        if await webhooks.count(change.conn) >= rules.endpoints_max:
            raise ConflictError(f"there are {rules.endpoints_max} endpoints already")
        made = await webhooks.create(
            change.conn,
            who.tenant_key,
            endpoint_id,
            new.url,
            new.description,
            wanted,
            sealed,
            who.name,
            now_ms(),
        )
        change.after = shown = EndpointOut.of(made)
    return EndpointWithSecret(**dict(shown), secret=secret)


async def get(gateway: Gateway, who: Principal, endpoint_id: str) -> EndpointOut:
    async with gateway.as_tenant(who) as conn:
        return EndpointOut.of(await webhooks.get(conn, endpoint_id))


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[EndpointOut]:
    async with gateway.as_tenant(who) as conn:
        found = await webhooks.list_page(conn, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda one: one.id)
    return ListOf(items=[EndpointOut.of(one) for one in kept], next_cursor=next_cursor)


async def change(
    gateway: Gateway,
    who: Principal,
    endpoint_id: str,
    wanted: EndpointChange,
    expected: int | None,
) -> EndpointOut:
    """What waits goes to the new address; a filter holds for what comes from now on."""
    given = wanted.model_dump(exclude_unset=True)
    async with gateway.changing(who, "webhook_endpoints.change", _subject(endpoint_id)) as change:
        now = await _expected(change, endpoint_id, expected)
        url = wanted.url or now.url
        _refuse_address(gateway, url)
        types = wanted.types or list(now.filter.types)
        subjects = wanted.subjects or list(now.filter.subjects)
        changed = await webhooks.put(
            change.conn,
            endpoint_id,
            url=url,
            description=given.get("description", now.description),
            wanted=_filter_of(gateway, who, types, subjects),
            at_ms=now_ms(),
            version=now.version,
        )
        change.after = shown = EndpointOut.of(changed)
    return shown


async def rotate(
    gateway: Gateway, who: Principal, endpoint_id: str, wanted: Rotation, expected: int | None
) -> EndpointWithSecret:
    rules = gateway.policy_of(who).webhooks
    overlap_s = rules.overlap_s if wanted.overlap_s is None else wanted.overlap_s
    if overlap_s > rules.overlap_s_max:
        detail = f"an overlap is at most {rules.overlap_s_max:g} s"
        raise InvalidError.at("/overlap_s", detail)
    secret, sealed = _fresh_secret(gateway)
    async with gateway.changing(who, "webhook_endpoints.rotate", _subject(endpoint_id)) as change:
        now = await _expected(change, endpoint_id, expected)
        at_ms = now_ms()
        until_ms = at_ms + round(overlap_s * MS) if overlap_s else None
        rotated = await webhooks.rotate(
            change.conn, endpoint_id, sealed, until_ms, at_ms, now.version
        )
        change.after = shown = EndpointOut.of(rotated)
    return EndpointWithSecret(**dict(shown), secret=secret)


async def remove(gateway: Gateway, who: Principal, endpoint_id: str, expected: int | None) -> None:
    async with gateway.changing(who, "webhook_endpoints.remove", _subject(endpoint_id)) as change:
        now = await _expected(change, endpoint_id, expected)
        await webhooks.remove(change.conn, endpoint_id, now_ms(), now.version)


async def pause(
    gateway: Gateway, who: Principal, endpoint_id: str, expected: int | None
) -> EndpointOut:
    async with gateway.changing(who, "webhook_endpoints.pause", _subject(endpoint_id)) as change:
        now = await _expected(change, endpoint_id, expected)
        try:
            made = endpoints.pause(now.health, now_ms())
        except Refusal as refusal:
            raise ConflictError(refusal.detail) from refusal
        return await _fares(change, who, now, made)


async def resume(
    gateway: Gateway, who: Principal, endpoint_id: str, expected: int | None
) -> EndpointOut:
    async with gateway.changing(who, "webhook_endpoints.resume", _subject(endpoint_id)) as change:
        now = await _expected(change, endpoint_id, expected)
        return await _fares(change, who, now, endpoints.resume(now.health, now_ms()))


async def test(gateway: Gateway, who: Principal, endpoint_id: str) -> DeliveryOut:
    """Sent once, also to one that is paused or disabled, and to this endpoint alone."""
    async with gateway.changing(who, "webhook_endpoints.test", _subject(endpoint_id)) as change:
        endpoint = await webhooks.get(change.conn, endpoint_id)
        at_ms = now_ms()
        message_id = f"test-{secrets.token_hex(ID_BYTES)}"
        message = test_message(message_id, who.tenant, endpoint_id, at_ms)
        new = new_delivery(endpoint, message, at_ms, Origin.TEST)
        await webhook_deliveries.add(change.conn, who.tenant_key, [new], at_ms)
        stored = await webhook_deliveries.get(change.conn, new.id)
        change.after = shown = DeliveryOut.of(stored)
    return shown


def _subject(endpoint_id: str) -> str:
    return OF_ENDPOINTS + endpoint_id


async def _expected(change: Change, endpoint_id: str, expected: int | None) -> Endpoint:
    """Held until the transaction ends."""
    now = await webhooks.get(change.conn, endpoint_id, locked=True)
    if expected not in {None, now.version}:
        raise StaleVersionError("webhook endpoint", endpoint_id, expected or 0, now.version)
    change.before = EndpointOut.of(now)
    return now


async def _fares(
    change: Change, who: Principal, now: Endpoint, made: list[EndpointEvent]
) -> EndpointOut:
    await write_health(change.conn, tenant_of(who), now, made, now_ms())
    shown = EndpointOut.of(await webhooks.get(change.conn, now.id))
    change.after = shown
    return shown


def _fresh_secret(gateway: Gateway) -> tuple[str, bytes]:
    """As it is shown once, and as it is kept."""
    secret = secret_of(secrets.token_bytes(KEY_BYTES))
    return secret, gateway.webhook_secrets.seal(secret.encode())


def _refuse_address(gateway: Gateway, url: str) -> None:
    limits = gateway.policy.webhook_sending
    objection = objection_to(url, reach_of(limits, present_environment()))
    if objection is not None:
        raise InvalidError.at("/url", objection)


def _filter_of(gateway: Gateway, who: Principal, types: list[str], subjects: list[str]) -> Filter:
    most = gateway.policy_of(who).webhooks.patterns_max
    for name, patterns in (("types", types), ("subjects", subjects)):
        if len(patterns) > most:
            raise InvalidError.at(f"/{name}", f"at most {most} of them")
    return Filter(tuple(dict.fromkeys(types)), tuple(dict.fromkeys(subjects)))
