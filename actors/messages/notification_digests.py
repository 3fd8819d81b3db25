"""Makes of what was collected for a person one message, and forgets what is long over."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from actors.booking_writing import TenantName
from actors.messages.notification_desk import MessageDesk, Scene
from actors.messages.notification_people import Address
from actors.messages.notification_said import address
from actors.messages.notification_writing import take
from freight.notifying.channels import Channel
from freight.notifying.events import Digested
from freight.notifying.planning import Person
from freight.notifying.state import Message, Severity, Status, message_id
from freight.notifying.variables import clock, rows_of
from store import inbox, notification_work, notifications
from store.notification_work import DueDigest
from store.notifications import Kept, Sealed
from store.postgres import STORE_FAILURES

log = logging.getLogger(__name__)
KIND = "digest"
MS = 1000
DAY_MS = 86_400_000


async def digests_round(desk: MessageDesk) -> int:
    """How many digests were made; one that cannot be is told and holds up no other."""
    at_once = desk.settings.now.notifications.digests_at_once
    async with desk.system.acquire() as conn:
        due = await notification_work.digests_due(conn, desk.now_ms(), at_once)
    made = 0
    for one in due:
        try:
            made += await _digest(desk, one)
        except STORE_FAILURES:
            raise
        except Exception:
            log.exception("the digest of %s of %s", one.person, one.tenant)
    return made


async def sweep_round(desk: MessageDesk) -> int:
    """Texts and addresses are kept for as long as the tenants' strictest rule for all says."""
    limits, days = desk.settings.now.notifications, desk.settings.now.notifying.kept_days
    before_ms = desk.now_ms() - days * DAY_MS
    async with desk.system.acquire() as conn:
        moved = await notification_work.forget(conn, before_ms, limits.swept_at_once)
        return moved + await notification_work.empty_inboxes(conn, before_ms, limits.swept_at_once)


async def _digest(desk: MessageDesk, due: DueDigest) -> bool:
    """One transaction: the digest is there, and what went into it says so."""
    async with desk.writing(TenantName(due.tenant_key, due.tenant)) as conn:
        scene = Scene(desk, conn, TenantName(due.tenant_key, due.tenant), desk.now_ms())
        limits = desk.settings.now.notifications
        kept = await notifications.collected(conn, due.person, scene.at_ms, limits.digest_takes_max)
        if not kept:
            return False
        message = await _message(scene, kept)
        facts = scene.desk.personal.seal(msgspec.json.encode(_facts(scene, kept)).decode())
        sealed = Sealed(kept[0].address_sealed, facts)
        await notifications.insert(conn, due.tenant_key, message, sealed, scene.at_ms)
        for one in kept:
            await take(scene, one.message, [Digested(at_ms=scene.at_ms, into=message.id)])
    return True


async def _message(scene: Scene, kept: Sequence[Kept]) -> Message:
    rules, first = scene.policy.notifying, kept[0].message
    cause = f"digest/{first.id}"
    return Message(
        id=message_id(scene.tenant.key, cause, KIND, first.person, 0),
        version=1,
        kind=KIND,
        severity=Severity.INFO,
        subject=first.person,
        person=first.person,
        language=first.language,
        channels=await _channels(scene, kept),
        cause=cause,
        created_ms=scene.at_ms,
        expires_ms=scene.at_ms + round(rules.sending.valid_s.get(Severity.INFO, 0) * MS),
        status=Status.WAITING,
        due_ms=scene.at_ms,
    )


async def _channels(scene: Scene, kept: Sequence[Kept]) -> tuple[Channel, ...]:
    """The route of digests, else the channels that the messages would have gone by."""
    rules = scene.policy.notifying
    found: Address = address(scene, kept[0])
    who = kept[0].message.person
    phones = await inbox.with_phones(scene.conn, [who])
    person = Person(key=who, email=found.email, phone=found.phone, has_push=who in phones)
    reached = tuple(one for one in rules.routes[rules.digest.route] if person.reached_by(one))
    usual = dict.fromkeys(one for each in kept for one in each.message.channels)
    return reached or tuple(usual)


def _facts(scene: Scene, kept: Sequence[Kept]) -> dict[str, Any]:
    rules = scene.policy.notifying
    shown = kept[: rules.digest.items_max]
    said = [_said(scene, one) for one in shown]
    more = len(kept) - len(shown)
    return {
        "count": str(len(kept)),
        "more": str(more) if more else "",
        "items": rows_of(said),
        "title": f"{len(kept)}",
        "kind": KIND,
        "tenant": scene.tenant.id,
        "time": clock(scene.at_ms, rules.texts.time_zone),
    }


def _said(scene: Scene, kept: Kept) -> dict[str, str]:
    if kept.facts_sealed is None:
        return {"title": kept.message.kind}
    facts: dict[str, str] = msgspec.json.decode(scene.desk.personal.open(kept.facts_sealed))
    return {"title": _headline(kept.message, facts), **facts}


def _headline(message: Message, facts: dict[str, str]) -> str:
    """Of what has no title of its own."""
    words = message.kind.replace(".", " ").replace("_", " ")
    about = facts.get("booking") or facts.get("truck") or ""
    return f"{words} {about}".strip()
