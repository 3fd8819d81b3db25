"""The round of payouts: sends what is written down, and asks about what is not over yet.

The intent stands in the store before the provider hears of it. Who finds an intent without an
answer asks by our own reference first, and sends it again only with the same key.
"""

from __future__ import annotations

import logging

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from actors.money.payouts import observe, take_and_tell
from actors.money.settlements import id_from
from freight.money import INR
from freight.payouts import messages as m
from freight.payouts.decide import mode_for
from freight.payouts.outlook import look_again_ms
from freight.payouts.state import Attempt, Payout, Status
from freight.refusal import Refusal
from providers import payouts as provider
from providers.errors import ProviderAwayError, ProviderRefusedError
from store import parties, payouts
from store.errors import NotFoundError
from store.payouts import Waiting
from store.postgres import STORE_FAILURES

log = logging.getLogger(__name__)

MS = 1000
NO_ACCOUNT = "no bank account of the carrier is known"
TROUBLE_CHARS_MAX = 200  # fixed: enough of a message for a person
OTHER_WORDS = "idempotency"  # what a refusal speaks of that says nothing of the first asking


async def payouts_round(desk: Desk) -> int:
    """Each by itself: one that cannot go on holds up no other."""
    async with desk.system.acquire() as conn:
        limit = desk.settings.now.payouts.at_once
        waiting = await payouts.due(conn, desk.now_ms(), limit)
    return sum([await _look(desk, one) for one in waiting])


async def _look(desk: Desk, one: Waiting) -> bool:
    try:
        return await look(desk, one)
    except STORE_FAILURES:
        raise
    except Exception as error:  # one that we do not understand must not stop the others
        log.exception("payout %s of %s", one.payout, one.tenant)
        tenant = TenantName(one.tenant_key, one.tenant)
        again_ms = desk.now_ms() + round(desk.settings.now.bookkeeper.put_off_s_max * MS)
        told = f"{type(error).__name__}: {error}"[:TROUBLE_CHARS_MAX]
        async with desk.writing(tenant) as conn:
            await payouts.put_off(conn, one.payout, again_ms, told)
        return False


async def look(desk: Desk, one: Waiting) -> bool:
    """Whether it stands otherwise now."""
    tenant = TenantName(one.tenant_key, one.tenant)
    trouble: str | None = None
    async with desk.writing(tenant) as conn:
        before = await payouts.get(conn, one.payout)
    try:
        await move(desk, tenant, before)
    except ProviderAwayError as error:
        trouble = f"the provider does not answer: {error}"
    except ProviderRefusedError as error:
        trouble = f"the provider refuses: {error.code}: {error.detail}"
    except Refusal as refusal:
        trouble = f"{refusal.code}: {refusal.detail}"
        log.exception("payout %s of %s cannot go on", one.payout, one.tenant)
    async with desk.writing(tenant) as conn:
        after = await payouts.get(conn, one.payout)
        if after.version != before.version:
            return True
        rules = desk.policy_of(tenant).payouts
        again_ms = look_again_ms(after, one.looks, rules, desk.now_ms())
        told = None if trouble is None else trouble[:TROUBLE_CHARS_MAX]
        await payouts.put_off(conn, one.payout, again_ms, told)
    return False


async def move(desk: Desk, tenant: TenantName, payout: Payout) -> None:
    """One step on: it is sent, or asked about."""
    if payout.status is Status.CREATED:
        await _send(desk, tenant, payout)
        return
    attempt = payout.attempt
    if attempt is None:
        return
    asked = await desk.providers.payouts(tenant)
    if attempt.provider_id is not None:
        await _note(desk, tenant, await asked.fetch_payout(attempt.provider_id))
        return
    found = await asked.payouts_by_reference(attempt.reference)
    if found:
        for seen in found:
            await _note(desk, tenant, seen)
        return
    if not payout.is_held:
        await _ask(desk, tenant, asked, payout, attempt, is_first=False)


async def _send(desk: Desk, tenant: TenantName, payout: Payout) -> None:
    if payout.is_held:
        return
    asked = await desk.providers.payouts(tenant)
    try:
        account = await _account(desk, tenant, asked, payout)
    except ProviderRefusedError as error:
        # Nothing was sent: whoever mends the carrier's details has it go on.
        await _hold(desk, tenant, payout, f"{error.code}: {error.detail}")
        return
    if account is None:
        await _hold(desk, tenant, payout, NO_ACCOUNT)
        return
    try:
        rules = desk.policy_of(tenant).payouts
        mode = mode_for(rules.modes, payout.amount_minor, has_vpa=False)
    except Refusal as refusal:
        await _hold(desk, tenant, payout, refusal.detail)
        return
    async with desk.writing(tenant) as conn:
        narration = f"{rules.narration} {payout.booking or ''}".strip()
        request = m.Request(fund_account=account.id, mode=mode, narration=narration)
        taken = await take_and_tell(desk, conn, tenant, payout.id, request)
    attempt = taken.after.attempt
    # Two that send at once: who wrote the intent down sends it.
    if taken.events and attempt is not None:
        await _ask(desk, tenant, asked, taken.after, attempt, is_first=True)


async def _account(
    desk: Desk, tenant: TenantName, asked: provider.PayoutProvider, payout: Payout
) -> provider.FundAccount | None:
    """The same details are the same account there, however often it is asked for."""
    async with desk.writing(tenant) as conn:
        try:
            party = await parties.get(conn, desk.personal, f"carriers/{payout.carrier}")
        except NotFoundError:
            return None
    ifsc, number = party.account
    if ifsc is None or number is None:
        return None
    reference = id_from("carrier", tenant.id, payout.carrier)
    contact = await asked.contact(
        provider.NewContact(name=party.name, reference=reference, kind="vendor")
    )
    details = provider.BankDetails(holder=party.name, ifsc=ifsc, account_number=number)
    return await asked.fund_account(contact.id, details)


async def _ask(
    desk: Desk,
    tenant: TenantName,
    asked: provider.PayoutProvider,
    payout: Payout,
    attempt: Attempt,
    *,
    is_first: bool,
) -> None:
    """A no to the first asking is certain. A no to a repetition is one too, for the same key and
    words get the first one's answer; unless it says that the words were others."""
    new = provider.NewPayout(
        fund_account=attempt.fund_account,
        amount_minor=payout.amount_minor,
        currency=INR,
        mode=provider.PayoutMode(attempt.mode),
        reference=attempt.reference,
        narration=attempt.narration,
        notes={"payout": payout.id},
    )
    try:
        seen = await asked.payout(new, attempt.key)
    except ProviderRefusedError as error:
        reason = f"{error.code}: {error.detail}"
        command: m.Command = m.Refuse(reason=reason, nr=attempt.nr)
        if not is_first and OTHER_WORDS in error.detail.lower():
            command = m.Hold(reason)
        async with desk.writing(tenant) as conn:
            await take_and_tell(desk, conn, tenant, payout.id, command)
        return
    await _note(desk, tenant, seen)


async def _note(desk: Desk, tenant: TenantName, seen: provider.Payout) -> None:
    async with desk.writing(tenant) as conn:
        await observe(desk, conn, tenant, seen)


async def _hold(desk: Desk, tenant: TenantName, payout: Payout, reason: str) -> None:
    async with desk.writing(tenant) as conn:
        await take_and_tell(desk, conn, tenant, payout.id, m.Hold(reason))
