"""What providers told us by webhook, worked on after it was stored: each in one transaction."""

from __future__ import annotations

import logging

import msgspec

from actors.booking_writing import TenantName
from actors.money import payouts
from actors.money.desk import Desk
from actors.money.payments import Till, backoff_ms, observe
from actors.money.telling import seen_link, seen_order, seen_payment, seen_refund
from config.sections.payment_work import PaymentWork
from freight.payments.observing import concerns
from freight.payments.seen import Seen
from freight.refusal import Refusal
from providers.razorpay.payments import NAME as RAZORPAY
from providers.razorpay.webhooks import Told, UnreadableError, read
from store import provider_inbox
from store.errors import AlreadyExistsError
from store.postgres import STORE_FAILURES, epoch_ms
from store.provider_inbox import InboxState, KeptLetter

log = logging.getLogger(__name__)
MS = 1000
DAY_MS = 86_400_000
# Whose letters are about money.
PROVIDERS = (RAZORPAY,)
NAME_CHARS_MAX = 64  # fixed: longer than any name of a provider's


class Outcome(msgspec.Struct, frozen=True):
    state: InboxState
    why: str | None = None
    look_ms: int | None = None


def seen_in(told: Told) -> list[Seen]:
    """Orders and links first: they say whose the payments are."""
    return [
        *(seen_order(one) for one in told.orders),
        *(seen_link(one) for one in told.links),
        *(seen_payment(one) for one in told.payments),
        *(seen_refund(one) for one in told.refunds),
    ]


def refs_of(told: Told) -> list[str]:
    """All names of all that it is about."""
    refs = {name: None for seen in seen_in(told) for name in concerns(seen)}
    refs |= {name: None for one in told.payouts for name in (one.id, one.reference) if name}
    return [name for name in refs if len(name) <= NAME_CHARS_MAX]


async def work_on(desk: Desk, tenant: TenantName, nr: int) -> InboxState:
    """Once for all; what is done with is not done again unless a person wishes so."""
    try:
        async with desk.writing(tenant) as conn:
            letter = await provider_inbox.get(conn, nr, is_to_change=True)
            if letter.state not in (InboxState.NEW, InboxState.WAITING):
                return InboxState(letter.state)
            till = Till(conn, tenant, desk.policy_of(tenant), desk.now_ms())
            outcome = await _outcome(desk, till, letter)
            await _note(till, nr, outcome)
    except STORE_FAILURES:
        raise
    except Exception as failed:  # one that we do not understand must not stop the others
        if not isinstance(failed, Refusal | AlreadyExistsError | UnreadableError):
            log.exception("webhook %s of %s", nr, tenant.id)
        chars_max = desk.policy_of(tenant).payment_work.trouble_chars_max
        outcome = Outcome(InboxState.FAILED, str(failed)[:chars_max])
        async with desk.writing(tenant) as conn:
            await _note(Till(conn, tenant, desk.policy_of(tenant), desk.now_ms()), nr, outcome)
    return outcome.state


async def _note(till: Till, nr: int, outcome: Outcome) -> None:
    await provider_inbox.note(
        till.conn, nr, outcome.state, outcome.why, till.at_ms, outcome.look_ms
    )


async def _outcome(desk: Desk, till: Till, letter: KeptLetter) -> Outcome:
    told = read(letter.body)
    seen = seen_in(told)
    if not seen and not told.payouts:
        return Outcome(InboxState.IGNORED, f"{told.kind} is nothing that is followed here")
    by = f"webhook:{letter.provider}"
    found: list[object] = [await observe(till, letter.provider, each, by) for each in seen]
    found += [await payouts.observe(desk, till.conn, till.tenant, one) for one in told.payouts]
    if any(one is not None for one in found):
        return Outcome(InboxState.DONE)
    return _waiting(letter, till.policy.payment_work, till.at_ms)


def _waiting(letter: KeptLetter, work: PaymentWork, now_ms: int) -> Outcome:
    """Its payment may become known yet: its name is written when the provider's answer is."""
    received_ms = epoch_ms(letter.received_at)
    if now_ms - received_ms > work.letter_waits_s_max * MS:
        return Outcome(InboxState.FAILED, "nothing of ours became known by these names")
    wait_ms = backoff_ms(letter.tries, work.letter_retry_s, work.letter_retry_s_max)
    return Outcome(InboxState.WAITING, "nothing is known by these names yet", now_ms + wait_ms)


async def letters_round(desk: Desk) -> int:
    """What was stored and not worked on, and what waits for its payment."""
    work = desk.settings.now.payment_work
    async with desk.system.acquire() as conn:
        await provider_inbox.adopt(conn, desk.now_ms())
        due = await provider_inbox.due(conn, desk.now_ms(), work.letters_at_once, PROVIDERS)
    moved = 0
    for one in due:
        state = await work_on(desk, TenantName(one.tenant_key, one.tenant), one.nr)
        moved += state is not InboxState.WAITING
    return moved


async def letters_sweep(desk: Desk) -> int:
    """Removes what has been kept for long enough."""
    work = desk.settings.now.payment_work
    before_ms = desk.now_ms() - work.letters_kept_days * DAY_MS
    async with desk.system.acquire() as conn:
        return await provider_inbox.sweep(
            conn, before_ms, work.letters_refused_max, work.sweep_rows
        )
