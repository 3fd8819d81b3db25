"""What providers told of messages, worked on after it was stored; and what people answered."""

from __future__ import annotations

import logging

import msgspec

from actors.booking_writing import TenantName
from actors.messages.notification_desk import MessageDesk, Scene
from actors.messages.notification_writing import take
from freight.notifying import decide
from freight.notifying.consent import Standing
from freight.notifying.decide import Told
from freight.notifying.state import Status
from providers.messaging.port import Receipt, State
from providers.messaging.receipts.reading import PARSERS
from store import notification_wishes, notifications, provider_inbox
from store.postgres import STORE_FAILURES, epoch_ms
from store.provider_inbox import InboxState, KeptLetter

log = logging.getLogger(__name__)
MS = 1000
DOUBLINGS_MAX = 30  # fixed: beyond any wait that is configured
PROVIDERS = tuple(PARSERS)


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody answered STOP, or the opposite; whose number it was is not kept."""

    channel: str
    address_index: str
    shown: str
    standing: Standing


class Contents(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a letter: nothing of what says who somebody is."""

    receipts: tuple[Receipt, ...] = ()
    answers: tuple[Withdrawn, ...] = ()


def refs_of(contents: Contents) -> list[str]:
    """All names of all that it is about."""
    names = [name for one in contents.receipts for name in (one.provider_id, one.message_id)]
    return list(dict.fromkeys(name for name in names if name))


async def work_on(desk: MessageDesk, tenant: TenantName, nr: int) -> InboxState:
    """Once for all; what is done with is not done again unless a person wishes so."""
    state, why, again_ms = InboxState.FAILED, None, None
    try:
        async with desk.writing(tenant) as conn:
            letter = await provider_inbox.get(conn, nr, is_to_change=True)
            if letter.state not in {InboxState.NEW, InboxState.WAITING}:
                return InboxState(letter.state)
            scene = Scene(desk, conn, tenant, desk.now_ms())
            state, why, again_ms = await _outcome(scene, letter)
            await provider_inbox.note(conn, nr, state, why, scene.at_ms, again_ms)
    except STORE_FAILURES:
        raise
    except Exception as failed:  # one that we do not understand must not stop the others
        log.exception("receipt %s of %s", nr, tenant.id)
        state = InboxState.FAILED
        why = str(failed)[: desk.policy_of(tenant).notifications.trouble_chars_max]
        async with desk.writing(tenant) as conn:
            await provider_inbox.note(conn, nr, state, why, desk.now_ms())
    return state


async def receipts_round(desk: MessageDesk) -> int:
    """What was stored and not worked on, and what waits for its message."""
    limits = desk.settings.now.notifications
    async with desk.system.acquire() as conn:
        await provider_inbox.adopt(conn, desk.now_ms())
        due = await provider_inbox.due(conn, desk.now_ms(), limits.receipts_at_once, PROVIDERS)
    moved = 0
    for one in due:
        state = await work_on(desk, TenantName(one.tenant_key, one.tenant), one.nr)
        moved += state is not InboxState.WAITING
    return moved


async def _outcome(scene: Scene, letter: KeptLetter) -> tuple[InboxState, str | None, int | None]:
    contents = msgspec.json.decode(letter.body, type=Contents)
    for answer in contents.answers:
        await _agree(scene, letter, answer)
    if not contents.receipts:
        done = InboxState.DONE if contents.answers else InboxState.IGNORED
        return done, None if contents.answers else "it tells nothing of a message", None
    found = [await _heard(scene, letter.provider, one) for one in contents.receipts]
    if all(found):
        return InboxState.DONE, None, None
    return _waiting(scene, letter)


async def _heard(scene: Scene, provider: str, receipt: Receipt) -> bool:
    """Whether it is about a message that we know."""
    place = await notifications.of_attempt(
        scene.conn, provider, receipt.provider_id, receipt.message_id
    )
    if place is None:
        return False
    kept = await notifications.get(scene.conn, place[0], is_to_change=True)
    state = Status.SENT.value if receipt.state is State.ACCEPTED else receipt.state.value
    told = Told(
        state=state,
        reason=None if receipt.reason is None else receipt.reason.value,
        code=receipt.code or None,
        told_ms=receipt.at_ms,
    )
    await take(scene, kept.message, decide.heard(kept.message, place[1], told, scene.at_ms))
    return True


async def _agree(scene: Scene, letter: KeptLetter, answer: Withdrawn) -> None:
    await notification_wishes.agree(
        scene.conn,
        scene.tenant.key,
        at_ms=scene.at_ms,
        address_index=bytes.fromhex(answer.address_index),
        shown=answer.shown,
        channel=answer.channel,
        standing=answer.standing,
        source="an answer to a message",
        by=f"webhook:{letter.provider}",
    )


def _waiting(scene: Scene, letter: KeptLetter) -> tuple[InboxState, str | None, int | None]:
    """Its message may become known yet: its name is written when the provider's answer is."""
    limits = scene.policy.notifications
    if scene.at_ms - epoch_ms(letter.received_at) > limits.receipt_waits_s_max * MS:
        return InboxState.FAILED, "nothing of ours became known by these names", None
    longest_s = limits.receipt_retry_s * 2.0 ** min(letter.tries, DOUBLINGS_MAX)
    again_ms = scene.at_ms + round(min(longest_s, limits.receipt_retry_s_max) * MS)
    return InboxState.WAITING, "nothing is known by these names yet", again_ms
