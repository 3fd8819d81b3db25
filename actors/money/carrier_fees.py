"""The tax invoice for what the platform keeps of a carrier's settlement: the settlement has posted
its money, this is the paper that the tax on it is reported by."""

from __future__ import annotations

import dataclasses

import msgspec

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from actors.money.invoices import NoteWish, credit, issue, rulebook
from freight.dues.rules import Word
from freight.invoices.documents import Head as Charged
from freight.invoices.drafting import Rulebook, fee_invoice
from freight.invoices.totals import Charge
from freight.settlements.state import Head, Settlement
from freight.tax.calendar import india_day
from store import invoices, parties
from store.parties import Party
from store.postgres import AnyConnection

WHOLE_PAISE = 1


async def supplier_for(conn: AnyConnection, carrier: Party) -> Party | None:
    """By the registration in the carrier's state, else by the first; None: there is none, and
    nothing is taxed."""
    registered = [each for each in await parties.registrations(conn) if each.gstin is not None]
    at_home = (each for each in registered if each.gst_state == carrier.gst_state)
    return next(at_home, registered[0] if registered else None)


async def bill(desk: Desk, conn: AnyConnection, tenant: TenantName, approved: Settlement) -> None:
    """In the approval's transaction."""
    fee_minor = -approved.sum_of(frozenset({Head.PLATFORM_FEE}))
    carrier = await parties.get(conn, desk.personal, f"{parties.CARRIERS}/{approved.carrier}")
    supplier = await supplier_for(conn, carrier)
    if fee_minor <= 0 or supplier is None or approved.approved_ms is None:
        return
    rules = desk.policy_of(tenant)
    description = rules.dues.words[Word.FEE]
    draft = fee_invoice(
        _to_the_paisa(rulebook(rules)),
        cause=_cause(approved),
        seller=supplier.block(rules.tax),
        buyer=carrier.block(rules.tax),
        charges=[
            Charge(head=Charged.PLATFORM_FEE, description=description, amount_minor=fee_minor)
        ],
        day=india_day(approved.approved_ms),
    )
    draft = msgspec.structs.replace(draft, reason=approved.id)
    await issue(conn, tenant, draft, approved.approved_ms, rules, is_posted=False)


async def take_back(
    desk: Desk, conn: AnyConnection, tenant: TenantName, approved: Settlement, reason: str
) -> None:
    """Its approval is taken back, and with it the fee, which the next one charges anew."""
    cause = _cause(approved)
    billed = await invoices.by_cause(conn, cause)
    if billed is not None:
        wish = NoteWish(about=billed.id, cause=f"{cause}/taken-back", reason=reason)
        rules = desk.policy_of(tenant)
        await credit(conn, tenant, wish, desk.now_ms(), rules, is_posted=False)


def _cause(approved: Settlement) -> str:
    return f"settlements/{approved.id}/fee/{approved.approved_version}"


def _to_the_paisa(book: Rulebook) -> Rulebook:
    """It says what the settlement took, which is rounded to no whole rupee."""
    exact = book.invoices.model_copy(update={"round_off_minor": WHOLE_PAISE})
    return dataclasses.replace(book, invoices=exact)
