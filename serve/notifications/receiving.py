"""Takes what those who carry messages send: believed or refused, stored, and worked on after."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from collections.abc import Mapping, Sequence

import msgspec
from fastapi import Request

from actors.booking_writing import TenantName
from actors.life import now_ms
from actors.messages.notification_receipts import (
    PROVIDERS,
    Contents,
    Withdrawn,
    refs_of,
    work_on,
)
from freight.notifying.consent import keyword
from freight.personal import PersonalKind, mask_phone
from providers.messaging import whatsapp
from providers.messaging.port import Receipt
from providers.messaging.receipts.inbound import answers
from providers.messaging.receipts.letter import ForgedError, Letter, UnreadableError
from providers.messaging.receipts.reading import parse
from providers.messaging.receipts.whatsapp import challenge
from serve.gateway import Gateway
from serve.notifications.service import desk_of
from serve.problems import (
    BadRequestError,
    NotFoundError,
    ProblemError,
    TooLargeError,
    UnauthorisedError,
)
from store import provider_inbox, tenants
from store.postgres import STORE_FAILURES, as_tenant
from store.provider_inbox import Arrival

logger = logging.getLogger("ubertruck.receipts")

KEPT_HEADERS = ("content-type",)
HEADER_CHARS_MAX = 200
NAME_CHARS_MAX = 64  # fixed: longer than any name of a kind of receipt


@dataclasses.dataclass(frozen=True, slots=True)
class Stored:
    """What is to be worked on now; without a number: nothing is."""

    tenant: TenantName
    nr: int | None


def is_of_messages(provider: str) -> bool:
    return provider in PROVIDERS


async def receive(
    gateway: Gateway, provider: str, tenant_id: str | None, request: Request
) -> Stored | None:
    """Verified and stored; a problem, and a stored refusal, for what is not to be believed. None:
    it is about nothing that we know yet, of an account that all tenants share."""
    body = await request.body()
    tenant = None if tenant_id is None else await _tenant(gateway, tenant_id)
    most = gateway.policy.notifications.letter_bytes_max
    if len(body) > most:
        says = f"at most {most} bytes are read"
        raise await _refused(gateway, provider, tenant, body, TooLargeError(says))
    letter = Letter(_address(gateway, provider, tenant, request), _headers(request), body)
    receipts = await _believed(gateway, provider, tenant, letter)
    contents = Contents(
        receipts=tuple(receipts), answers=tuple(_answers(gateway, provider, tenant, letter))
    )
    return await _keep(gateway, provider, tenant, contents, letter)


async def work(gateway: Gateway, stored: Stored) -> None:
    """After the answer; whatever is not done now, the messenger does."""
    if stored.nr is None:
        return
    try:
        await work_on(desk_of(gateway), stored.tenant, stored.nr)
    except STORE_FAILURES as failed:
        logger.warning("receipt %s is worked on later: %s", stored.nr, failed)
    except Exception:  # the round comes to it again, and this task has nobody to tell
        logger.exception("receipt %s is worked on later", stored.nr)


async def answer_question(
    gateway: Gateway, provider: str, tenant_id: str | None, query: Mapping[str, str]
) -> str:
    """By which Meta knows that an address is ours."""
    if provider != whatsapp.NAME:
        raise NotFoundError("nobody of this name asks us anything")
    tenant = None if tenant_id is None else await _tenant(gateway, tenant_id)
    try:
        return challenge(query, await gateway.channels.verify_tokens(tenant))
    except ForgedError as forged:
        raise UnauthorisedError(str(forged)) from forged


async def _tenant(gateway: Gateway, tenant_id: str) -> TenantName:
    async with gateway.system_pool.acquire() as conn:
        found = await tenants.find(conn, tenant_id)
    if found is None:
        raise NotFoundError("there is nothing under this name")
    return TenantName(found.key, found.id)


def _address(gateway: Gateway, provider: str, tenant: TenantName | None, request: Request) -> str:
    """As the provider was given it: what is before us may have changed host and scheme."""
    told = "" if tenant is None else gateway.channels.receipts_url(tenant, provider)
    base = told or str(request.url.replace(query=""))
    return f"{base}?{request.url.query}" if request.url.query else base


def _headers(request: Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


async def _believed(
    gateway: Gateway, provider: str, tenant: TenantName | None, letter: Letter
) -> list[Receipt]:
    secrets = await gateway.channels.receipt_secrets(tenant, provider)
    try:
        return parse(provider, letter, secrets)
    except ForgedError as forged:
        gateway.metrics.refused.labels("webhook").inc()
        problem: ProblemError = UnauthorisedError(str(forged))
        raise await _refused(gateway, provider, tenant, letter.body, problem) from forged
    except UnreadableError as unreadable:
        problem = BadRequestError("this is not what the provider sends")
        raise await _refused(gateway, provider, tenant, letter.body, problem) from unreadable


def _answers(
    gateway: Gateway, provider: str, tenant: TenantName | None, letter: Letter
) -> Sequence[Withdrawn]:
    """Of what people answered only whether they wish to be left alone."""
    if tenant is None:
        return []
    rules, personal = gateway.settings.of(tenant.id).notifying, gateway.personal
    found = []
    for answer in answers(provider, letter):
        standing = keyword(answer.text, rules)
        if standing is not None:
            index = personal.blind_index(PersonalKind.PHONE, answer.phone)
            found.append(
                Withdrawn(
                    channel=answer.channel.value,
                    address_index=index.hex(),
                    shown=mask_phone(answer.phone),
                    standing=standing,
                )
            )
    return found


async def _keep(
    gateway: Gateway,
    provider: str,
    tenant: TenantName | None,
    contents: Contents,
    letter: Letter,
) -> Stored | None:
    written = _written(provider, contents, letter.body, letter.headers)
    owner = tenant
    if owner is None:
        async with gateway.system_pool.acquire() as conn:
            key = await provider_inbox.tenant_of(conn, provider, refs_of(contents))
            if key is None:
                await provider_inbox.keep_nobodys(conn, written)
                return None
            owner = TenantName(key, (await tenants.by_key(conn, key)).id)
    async with as_tenant(gateway.app_pool, owner.key) as conn:
        found = await provider_inbox.keep(conn, owner.key, written)
    return Stored(owner, found.nr if found.arrival is Arrival.NEW else None)


def _written(
    provider: str, contents: Contents, body: bytes, headers: Mapping[str, str]
) -> provider_inbox.Letter:
    """Without the numbers and texts that stand in the body; the digest is of all of it."""
    digest = hashlib.sha256(body)
    kinds = [one.state.value for one in contents.receipts]
    kinds += [one.standing.value for one in contents.answers]
    times = [one.at_ms for one in contents.receipts if one.at_ms is not None]
    return provider_inbox.Letter(
        received_ms=now_ms(),
        told_ms=max(times, default=None),
        provider=provider,
        event=f"body-{digest.hexdigest()}",
        type=", ".join(dict.fromkeys(kinds))[:NAME_CHARS_MAX] or None,
        refs=refs_of(contents),
        digest=digest.digest(),
        headers={
            name: headers[name][:HEADER_CHARS_MAX].replace("\x00", "?")
            for name in KEPT_HEADERS
            if name in headers
        },
        body=msgspec.json.encode(contents).decode(),
    )


async def _refused(
    gateway: Gateway,
    provider: str,
    tenant: TenantName | None,
    body: bytes,
    problem: ProblemError,
) -> ProblemError:
    """Kept with the reason before it is answered; of its body only the digest."""
    written = _written(provider, Contents(), body, {})
    tenant_key = None if tenant is None else tenant.key
    async with gateway.system_pool.acquire() as conn:
        await provider_inbox.keep_refused(conn, tenant_key, written, str(problem.detail))
    return problem
