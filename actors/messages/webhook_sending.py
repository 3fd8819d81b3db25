"""Sends what is due to webhook endpoints: at least once, in order per subject, not too many."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from actors.messages.webhook_health import write_health
from config.sections.webhook_sending import WebhookSending
from freight.webhooks import deliveries, endpoints
from freight.webhooks.answers import Heard, Judged, judged
from freight.webhooks.deliveries import DeliveryState, Origin
from freight.webhooks.signing import signed_headers
from providers.webhooks import Sent, WebhookSender
from store import webhook_attempts, webhook_deliveries, webhooks
from store.errors import NotFoundError
from store.postgres import STORE_FAILURES, AnyConnection
from store.sealing import Sealer
from store.webhook_attempts import Attempt
from store.webhook_deliveries import Due, EndpointName, StoredDelivery
from store.webhooks import Endpoint
from telemetry import tracing, work
from telemetry.spans import Kind

log = logging.getLogger(__name__)

MS = 1000
USER_AGENT = "UberTruck-Webhooks/1"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours to send, for a while."""

    tenant: TenantName
    endpoint: Endpoint
    stored: StoredDelivery
    by: uuid.UUID
    is_probe: bool

    @property
    def name(self) -> EndpointName:
        return EndpointName(self.tenant.key, self.endpoint.id)


@dataclass(frozen=True, slots=True)
class Tried:
    """What was sent, and what came back."""

    at_ms: int
    url: str
    headers: Mapping[str, str]
    sent: Sent


class WebhookRound:
    """What dies on the way is sent again once its claim is over: receivers know it by its id."""

    def __init__(
        self,
        desk: WorkDesk,
        sender: WebhookSender,
        sealer: Sealer,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._desk = desk
        self._sender = sender
        self._sealer = sealer
        self._draw = draw
        self._under_way: dict[asyncio.Task[None], EndpointName] = {}

    @property
    def _limits(self) -> WebhookSending:
        return self._desk.settings.now.webhook_sending

    async def go_on(self) -> int:
        """Until nothing is due, but not for ever. A slow endpoint holds up its own places only."""
        moved, until_ms = 0, self._desk.now_ms() + round(self._limits.round_s_max * MS)
        trouble: BaseException | None = None
        try:
            while True:
                try:
                    is_over = trouble is not None or self._desk.now_ms() > until_ms
                    moved += 0 if is_over else await self._begin_more()
                except STORE_FAILURES as error:
                    trouble = error
                if not self._under_way:
                    break
                trouble = await self._some_done() or trouble
        finally:
            left = list(self._under_way)
            for task in left:
                task.cancel()
            await asyncio.gather(*left, return_exceptions=True)
            self._under_way.clear()
        if trouble is not None:
            raise trouble
        return moved

    async def _some_done(self) -> BaseException | None:
        """Waits for one, but not for long: others may be due meanwhile."""
        done, _ = await asyncio.wait(
            self._under_way,
            timeout=self._desk.settings.now.messenger.every_s["webhooks"],
            return_when=asyncio.FIRST_COMPLETED,
        )
        trouble = None
        for task in done:
            del self._under_way[task]
            trouble = task.exception() or trouble
        return trouble

    async def _begin_more(self) -> int:
        limits, at_ms = self._limits, self._desk.now_ms()
        free = limits.at_once_max - len(self._under_way)
        if free <= 0:
            return 0
        busy = Counter(self._under_way.values())
        async with self._desk.system.acquire() as conn:
            found = await webhook_deliveries.due(
                conn, at_ms, busy, limits.of_endpoint_at_once_max, free
            )
        begun = 0
        by_tenant = sorted(found, key=lambda one: one.tenant_key)
        for _, group in groupby(by_tenant, key=lambda one: one.tenant_key):
            for claimed in await self._claim(list(group)):
                task = asyncio.create_task(self._deliver(claimed), name=claimed.stored.id)
                self._under_way[task] = claimed.name
                begun += 1
        return begun

    async def _claim(self, found: Sequence[Due]) -> list[Claimed]:
        tenant, by = TenantName(found[0].tenant_key, found[0].tenant), uuid.uuid4()
        probes = {one.nr for one in found if one.is_probe}
        at_ms = self._desk.now_ms()
        until_ms = at_ms + round(self._limits.claim_s * MS)
        async with self._desk.writing(tenant) as conn:
            nrs = [one.nr for one in found]
            stored = await webhook_deliveries.claim(conn, nrs, by, at_ms, until_ms)
            there = {one.id: one for one in await _endpoints_of(conn, stored)}
        return [
            Claimed(tenant, there[one.endpoint], one, by, one.nr in probes)
            for one in stored
            if one.endpoint in there
        ]

    async def _deliver(self, claimed: Claimed) -> None:
        """One that cannot be sent for a reason of ours is told, and holds up no other."""
        of = work.of_cloud_event(claimed.stored.message.body)
        endpoint = claimed.endpoint.id
        try:
            with work.doing(of), tracing.span("webhook.send", Kind.PRODUCER, endpoint=endpoint):
                tried = await self._try(claimed)
                async with self._desk.writing(claimed.tenant) as conn:
                    await self._note(conn, claimed, tried)
                said = {"delivery": claimed.stored.id, "endpoint": endpoint}
                log.info("webhook sent", extra={"fields": {**said, "status": tried.sent.status}})
        except STORE_FAILURES:
            raise
        except Exception:
            log.exception("delivery %s of %s", claimed.stored.id, claimed.tenant.id)

    async def _try(self, claimed: Claimed) -> Tried:
        endpoint, message, at_ms = claimed.endpoint, claimed.stored.message, self._desk.now_ms()
        secrets = [self._sealer.open(one).decode() for one in endpoint.sealed_at(at_ms)]
        headers = {
            "content-type": "application/json",
            "user-agent": USER_AGENT,
            **work.headers(),
            **signed_headers(secrets, message.id, at_ms // MS, message.body),
        }
        sent = await self._sender.send(endpoint.url, headers, message.body)
        return Tried(at_ms, endpoint.url, headers, sent)

    async def _note(self, conn: AnyConnection, claimed: Claimed, tried: Tried) -> None:
        """The attempt, what becomes of the delivery, and how its endpoint fares: all or nothing."""
        rules, at_ms = self._desk.policy_of(claimed.tenant).webhooks, self._desk.now_ms()
        # The endpoint first, as everybody does who changes both.
        endpoint = await _there(conn, claimed.endpoint.id, locked=True)
        stored = await webhook_deliveries.count_attempt(conn, claimed.stored.id)
        heard = _heard(tried.sent, at_ms)
        judgement = judged(heard, rules.retries.never_statuses)
        await webhook_attempts.add(
            conn, claimed.tenant.key, stored.id, _attempt(claimed, tried, stored, judgement)
        )
        is_ours = stored.delivery.state is DeliveryState.PENDING
        if is_ours:
            event = deliveries.after_attempt(
                stored.delivery,
                heard,
                judgement,
                rules.retries,
                draw=self._draw(),
                is_probe=claimed.is_probe,
            )
            after = deliveries.evolve(stored.delivery, event)
            is_ours = await webhook_deliveries.put(conn, stored.id, after, claimed.by)
        if endpoint is not None and is_ours:
            is_test = stored.delivery.origin is Origin.TEST
            made = endpoints.after_attempt(
                endpoint.health, judgement.verdict, at_ms, rules.pause, is_test=is_test
            )
            await write_health(conn, claimed.tenant, endpoint, made, at_ms)


async def _endpoints_of(conn: AnyConnection, stored: Sequence[StoredDelivery]) -> list[Endpoint]:
    names = sorted({one.endpoint for one in stored})
    found = [await _there(conn, name, locked=False) for name in names]
    return [one for one in found if one is not None]


async def _there(conn: AnyConnection, endpoint_id: str, *, locked: bool) -> Endpoint | None:
    """None: it was removed meanwhile."""
    try:
        return await webhooks.get(conn, endpoint_id, locked=locked)
    except NotFoundError:
        return None


def _heard(sent: Sent, at_ms: int) -> Heard:
    return Heard(at_ms, sent.status, sent.trouble, sent.asked_wait_s, sent.location)


def _attempt(claimed: Claimed, tried: Tried, stored: StoredDelivery, judgement: Judged) -> Attempt:
    sent = tried.sent
    has_answered = sent.status is not None
    return Attempt(
        number=stored.attempts,
        at_ms=tried.at_ms,
        took_ms=sent.took_ms,
        verdict=judgement.verdict,
        is_probe=claimed.is_probe,
        url=tried.url,
        address=sent.address,
        error=judgement.error,
        status=sent.status,
        request_headers=dict(tried.headers),
        response_headers=dict(sent.headers) if has_answered else None,
        body_sha256=hashlib.sha256(stored.message.body).digest(),
        response_body=sent.body if has_answered else None,
    )
