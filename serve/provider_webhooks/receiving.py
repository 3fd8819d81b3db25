"""Takes what providers send: stored first, whatever it is, and worked on after the answer."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Mapping

from actors.booking_writing import TenantName
from actors.life import now_ms
from actors.money.letters import refs_of, work_on
from providers.errors import ProviderAwayError
from providers.razorpay.payments import NAME as RAZORPAY
from providers.razorpay.signatures import is_webhook
from providers.razorpay.webhooks import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    Told,
    UnreadableError,
    kept,
    read,
)
from serve.gateway import Gateway
from serve.payments.changing import desk_of
from serve.problems import (
    BadRequestError,
    ConflictError,
    InvalidError,
    NotFoundError,
    ProblemError,
    TooLargeError,
    UnauthorisedError,
)
from store import provider_inbox, tenants
from store.postgres import STORE_FAILURES, as_tenant
from store.provider_inbox import Arrival, Letter

logger = logging.getLogger("ubertruck.provider_webhooks")

PROVIDERS = frozenset({RAZORPAY})
# Whoever shares the platform's account; what holds for it is what holds for everybody.
SHARED = TenantName(0, "everybody")
# What is kept of the headers: the others say nothing, or what we must not keep.
KEPT_HEADERS = ("content-type", EVENT_HEADER, SIGNATURE_HEADER)
HEADER_CHARS_MAX = 200
REFUSED_CHARS_MAX = 4096  # fixed: what a person looks at of something that nobody believes
MS = 1000


@dataclasses.dataclass(frozen=True, slots=True)
class Arrived:
    """A request's body as it came, and whose it is said to be."""

    provider: str
    body: bytes
    headers: Mapping[str, str]
    at_ms: int
    tenant: TenantName | None

    @property
    def event(self) -> str:
        """The provider's name for it; whoever sends none is known by the body."""
        return self._header(EVENT_HEADER) or f"body-{hashlib.sha256(self.body).hexdigest()}"

    @property
    def signature(self) -> str:
        return self._header(SIGNATURE_HEADER)

    def letter(self, told: Told | None, chars_max: int) -> Letter:
        return Letter(
            received_ms=self.at_ms,
            told_ms=None if told is None else told.told_ms,
            provider=self.provider,
            event=self.event,
            type=None if told is None else told.kind[:HEADER_CHARS_MAX],
            refs=() if told is None else refs_of(told),
            digest=hashlib.sha256(self.body).digest(),
            headers={name: self._header(name) for name in KEPT_HEADERS if name in self.headers},
            body=kept(self.body, chars_max),
        )

    def _header(self, name: str) -> str:
        return self.headers.get(name, "")[:HEADER_CHARS_MAX].replace("\x00", "?")


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """What is to be worked on now; None: nothing is."""

    tenant: TenantName
    nr: int | None


async def addressed(
    gateway: Gateway, provider: str, tenant_id: str | None, body: bytes, headers: Mapping[str, str]
) -> Arrived:
    """To a provider and tenant that are there."""
    if provider not in PROVIDERS:
        raise NotFoundError("nobody of this name sends us anything")
    tenant: TenantName | None = None
    if tenant_id is not None:
        async with gateway.system_pool.acquire() as conn:
            found = await tenants.find(conn, tenant_id)
        if found is None:
            raise NotFoundError("there is nothing under this name")
        tenant = TenantName(found.key, found.id)
    return Arrived(provider, body, headers, now_ms(), tenant)


async def receive(gateway: Gateway, arrived: Arrived) -> Stored | None:
    """Verified and stored; a problem, and a stored refusal, for what is not to be believed.

    None: it is about nothing that we know yet, of an account that all tenants share.
    """
    work = gateway.policy.payment_work
    if len(arrived.body) > work.letter_bytes_max:
        says = f"at most {work.letter_bytes_max} bytes are read"
        raise await _refused(gateway, arrived, None, TooLargeError(says))
    told = await _told(gateway, arrived)
    tenant = arrived.tenant or await _owner(gateway, arrived, told)
    await _believe(gateway, arrived, tenant, told)
    letter = arrived.letter(told, work.letter_bytes_max)
    if tenant is None:
        async with gateway.system_pool.acquire() as conn:
            await provider_inbox.keep_nobodys(conn, letter)
        return None
    async with as_tenant(gateway.app_pool, tenant.key) as conn:
        found = await provider_inbox.keep(conn, tenant.key, letter)
    if found.arrival is Arrival.FORGED:
        says = "this event was told otherwise before, or this body as another event"
        raise await _refused(gateway, arrived, told, ConflictError(says))
    return Stored(tenant, found.nr if found.arrival is Arrival.NEW else None)


async def work(gateway: Gateway, stored: Stored) -> None:
    """After the answer; whatever is not done now, the bookkeeper does."""
    if stored.nr is None:
        return
    try:
        await work_on(desk_of(gateway), stored.tenant, stored.nr)
    except STORE_FAILURES as failed:
        logger.warning("webhook %s is worked on later: %s", stored.nr, failed)
    except Exception:  # the round comes to it again, and this task has nobody to tell
        logger.exception("webhook %s is worked on later", stored.nr)


async def _told(gateway: Gateway, arrived: Arrived) -> Told:
    try:
        return read(arrived.body)
    except UnreadableError as unreadable:
        problem = BadRequestError("this is not what the provider sends")
        raise await _refused(gateway, arrived, None, problem) from unreadable


async def _owner(gateway: Gateway, arrived: Arrived, told: Told) -> TenantName | None:
    """Of what is sent for all tenants: whose payment it is about."""
    async with gateway.system_pool.acquire() as conn:
        key = await provider_inbox.tenant_of(conn, arrived.provider, refs_of(told))
        if key is None:
            return None
        return TenantName(key, (await tenants.by_key(conn, key)).id)


async def _believe(
    gateway: Gateway, arrived: Arrived, tenant: TenantName | None, told: Told
) -> None:
    """Signed over the very bytes with a secret that is good, and about something recent."""
    try:
        secrets = await gateway.providers.webhook_secrets(tenant or SHARED)
    except ProviderAwayError:
        secrets = []
    if not is_webhook(arrived.body, arrived.signature, secrets):
        gateway.metrics.refused.labels("webhook").inc()
        says = "the signature is not the provider's"
        raise await _refused(gateway, arrived, told, UnauthorisedError(says))
    work = gateway.policy.payment_work
    age_ms = arrived.at_ms - told.told_ms
    if age_ms > work.letter_age_s_max * MS or age_ms < -work.letter_ahead_s_max * MS:
        gateway.metrics.refused.labels("webhook").inc()
        problem = InvalidError.at("/created_at", "it is stale, or of the future")
        raise await _refused(gateway, arrived, told, problem)


async def _refused(
    gateway: Gateway, arrived: Arrived, told: Told | None, problem: ProblemError
) -> ProblemError:
    """Kept with the reason before it is answered."""
    letter = arrived.letter(told, REFUSED_CHARS_MAX)
    tenant_key = None if arrived.tenant is None else arrived.tenant.key
    async with gateway.system_pool.acquire() as conn:
        await provider_inbox.keep_refused(conn, tenant_key, letter, str(problem.detail))
    return problem
