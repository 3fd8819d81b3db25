"""Sends what is due: each attempt is committed before anybody is asked, and its answer after."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Sequence

import msgspec

from actors.booking_writing import TenantName
from actors.messages.notification_desk import MessageDesk, Scene
from actors.messages.notification_said import NoAddressError, Said, said_of
from actors.messages.notification_screening import obstacle
from actors.messages.notification_writing import take
from freight.notifying import decide
from freight.notifying.channels import Channel
from freight.notifying.decide import Told, Way
from freight.notifying.events import MessageEvent
from freight.notifying.state import Message, Status
from providers.errors import (
    ProviderAwayError,
    ProviderRefusedError,
    ProviderUndoneError,
)
from providers.messaging.port import MessageRefusedError, Reason, Repeats, Sender, Sent, State
from store import events, inbox, notification_work, notifications
from store.notification_work import Due
from store.notifications import Kept
from store.postgres import STORE_FAILURES
from telemetry import work

log = logging.getLogger(__name__)
MS = 1000
OURS = "inbox"
_IN_APP = Way(provider=OURS, is_repeatable=True, has_receipts=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Intent:
    """What is committed and has now to be asked for."""

    message: Message
    said: Said
    sender: Sender


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """What became of it instead of being taken."""

    why: str
    told: Told | None = None  # None: nothing was sent, or nothing is known
    after_s: float = 0.0
    is_known: bool = True


async def send_round(desk: MessageDesk) -> int:
    """So many of each tenant at a time; how many were moved."""
    limits = desk.settings.now.notifications
    async with desk.system.acquire() as conn:
        due = await notification_work.due(
            conn, desk.now_ms(), limits.due_max, limits.due_of_tenant_max
        )
    places = asyncio.Semaphore(limits.at_once_max)

    async def one(each: Due) -> bool:
        async with places:
            return await _guarded(desk, each)

    return sum(_all_or_raise(await asyncio.gather(*map(one, due), return_exceptions=True)))


async def send(desk: MessageDesk, tenant: TenantName, message_id: str) -> None:
    """One step of one message: as far as it goes until it waits for something."""
    sender = await _sender(desk, tenant, message_id)
    async with desk.writing(tenant) as conn:
        scene = Scene(desk, conn, tenant, desk.now_ms())
        intent = await _begin(scene, message_id, sender)
    if intent is None:
        return
    outcome = await _asked(intent)
    async with desk.writing(tenant) as conn:
        scene = Scene(desk, conn, tenant, desk.now_ms())
        await _note(scene, intent, outcome)


def _all_or_raise(done: Sequence[bool | BaseException]) -> list[bool]:
    for one in done:
        if isinstance(one, BaseException):
            raise one
    return [one for one in done if isinstance(one, bool)]


async def _guarded(desk: MessageDesk, due: Due) -> bool:
    """One that nobody understands stops no round, and is put off."""
    tenant = TenantName(due.tenant_key, due.tenant)
    try:
        await send(desk, tenant, due.id)
    except STORE_FAILURES:
        raise
    except Exception as failed:
        log.exception("message %s of %s", due.id, tenant.id)
        async with desk.writing(tenant) as conn:
            scene = Scene(desk, conn, tenant, desk.now_ms())
            kept = await notifications.get(conn, due.id, is_to_change=True)
            if kept.message.status is Status.WAITING:
                until_ms = scene.at_ms + round(scene.now.rules.retry_s_max * MS)
                why = f"{type(failed).__name__}: {failed}"
                chars_max = scene.policy.notifications.trouble_chars_max
                put_off = decide.put_off(kept.message, until_ms, why[:chars_max], scene.at_ms)
                await take(scene, kept.message, put_off)
                return True
        return False
    return True


async def _sender(desk: MessageDesk, tenant: TenantName, message_id: str) -> Sender | str:
    """Of the channel that is next, or why there is none: asked for outside of any transaction."""
    async with desk.writing(tenant) as conn:
        message = (await notifications.get(conn, message_id)).message
        work.begin(work.resumed(*await events.work_of(conn, message.cause)))
    work.note(tenant=tenant.id, booking=message.booking, truck=message.truck)
    channel = message.channel
    if channel is None or channel is Channel.IN_APP or message.status is not Status.WAITING:
        return "nobody is asked"
    try:
        return await desk.senders.sender(tenant, channel)
    except (ProviderAwayError, ProviderRefusedError) as nobody:
        return str(nobody)


async def _begin(scene: Scene, message_id: str, sender: Sender | str) -> Intent | None:
    """All that is decided before anybody is asked; None: there is nobody to ask now."""
    kept = await notifications.get(scene.conn, message_id, is_to_change=True)
    message = kept.message
    if message.due_ms is None or message.due_ms > scene.at_ms:
        return None  # somebody else was here
    stopped = _overdue(scene, message) or await obstacle(scene, kept)
    said: Said | None = None
    if not stopped:
        try:
            said = await said_of(scene, kept)
        except NoAddressError as nowhere:
            stopped = decide.skip(message, str(nowhere), scene.at_ms)
    if said is not None and message.channel is Channel.IN_APP:
        await _show(scene, message, said)
    elif said is not None and not isinstance(sender, str) and sender.channel is message.channel:
        return await _intend(scene, kept, said, sender)
    else:
        await take(scene, message, stopped or _without_sender(scene, message, sender))
    return None


def _overdue(scene: Scene, message: Message) -> list[MessageEvent]:
    """Of what is not to be sent now: what becomes of it."""
    if message.status is Status.SENT:
        return decide.chased(message, scene.at_ms)
    if message.status is Status.SENDING:
        why = "whoever sent it noted no answer"
        return decide.lost(message, message.nr, why, scene.now)
    return decide.expired(message, scene.at_ms)


async def _intend(scene: Scene, kept: Kept, said: Said, sender: Sender) -> Intent:
    way = Way(
        provider=sender.name,
        is_repeatable=sender.repeats is not Repeats.DOUBLED,
        has_receipts=sender.has_receipts,
    )
    made = decide.ask(kept.message, way, said.template, scene.now)
    sealed = scene.desk.personal.seal(msgspec.json.encode(said).decode())
    after = await take(scene, kept.message, made, said_sealed=sealed)
    return Intent(after, said, sender)


def _without_sender(scene: Scene, message: Message, sender: Sender | str) -> list[MessageEvent]:
    """On to the next channel; on the last one it waits until somebody sets an account up."""
    if not isinstance(sender, str):
        return decide.put_off(message, scene.at_ms, "its channel has changed", scene.at_ms)
    if message.place + 1 < len(message.channels):
        return decide.skip(message, sender, scene.at_ms)
    until_ms = scene.at_ms + round(scene.policy.notifications.unset_retry_s * MS)
    return decide.put_off(message, until_ms, sender, scene.at_ms)


async def _show(scene: Scene, message: Message, said: Said) -> None:
    """Ours is told by the commit itself."""
    letter = said.letter
    shown = msgspec.json.encode({"title": letter.subject, "text": letter.text}).decode()
    sealed = scene.desk.personal.seal(shown)
    key, at_ms = scene.tenant.key, scene.at_ms
    await inbox.put(scene.conn, key, message.attempt, message, sealed, at_ms)
    asked = await take(
        scene,
        message,
        decide.ask(message, _IN_APP, said.template, scene.now),
        said_sealed=scene.desk.personal.seal(msgspec.json.encode(said).decode()),
    )
    state = State.DELIVERED.value
    await take(scene, asked, decide.accepted(asked, asked.nr, "", state, scene.now))


async def _asked(intent: Intent) -> Sent | Failure:
    """Outside of any transaction."""
    try:
        return await intent.sender.send(intent.said.letter)
    except MessageRefusedError as refused:
        told = Told(state=State.FAILED.value, reason=refused.why.value, code=refused.code)
        return Failure(refused.detail, told)
    except ProviderRefusedError as refused:
        told = Told(state=State.FAILED.value, reason=refused.reason, code=refused.code)
        return Failure(refused.detail, told)
    except ProviderUndoneError as undone:
        return Failure(str(undone), after_s=undone.after_s)
    except ProviderAwayError as away:
        return Failure(str(away), is_known=False)


async def _note(scene: Scene, intent: Intent, outcome: Sent | Failure) -> None:
    kept = await notifications.get(scene.conn, intent.message.id, is_to_change=True)
    message, nr = kept.message, intent.message.nr
    if isinstance(outcome, Sent):
        state = outcome.state.value
        made = decide.accepted(message, nr, outcome.provider_id, state, scene.now)
    elif outcome.told is None and outcome.is_known:
        made = decide.undone(message, nr, outcome.why, outcome.after_s, scene.now)
    elif outcome.told is None:
        made = decide.lost(message, nr, outcome.why, scene.now)
    elif await _has_another_phone(scene, intent, outcome.told):
        made = decide.undone(message, nr, outcome.why, 0, scene.now)
    else:
        made = decide.refused(message, nr, outcome.why, outcome.told, scene.at_ms)
    said = {"message": message.id, "channel": message.channel, "taken": isinstance(outcome, Sent)}
    log.info("message sent", extra={"fields": said})
    await take(scene, message, made)


async def _has_another_phone(scene: Scene, intent: Intent, told: Told) -> bool:
    """A phone that the app is gone from is forgotten."""
    phone = intent.said.phone
    if phone is None or told.reason != Reason.INVALID_ADDRESS.value:
        return False
    await inbox.drop_token(scene.conn, intent.message.person, phone)
    return bool(await inbox.tokens_of(scene.conn, intent.message.person))
