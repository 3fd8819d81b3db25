"""The documents that a booking calls for: consignment notes, vouchers, invoices and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from actors.booking_writing import TenantName
from actors.money.desk import Desk
from actors.money.invoices import NoteWish, credit, issue, rulebook
from actors.money.parties import Known, known, seller_of
from config.policy import Policy
from freight.booking.state import Booking, Leg, TermKind
from freight.dues.charging import Open, charges, fee_minor, is_invoiced, still_open
from freight.dues.owing import loaded_ms, moment_of
from freight.dues.rules import Moment, Word
from freight.invoices import drafting
from freight.invoices.documents import (
    Consignment,
    Document,
    DocumentKind,
    FreightTerms,
    Head,
    Item,
    PartyBlock,
    Risk,
    Transport,
)
from freight.invoices.noting import left_of
from freight.invoices.postings import INVOICES
from freight.invoices.totals import Charge, totals_of
from freight.ledger.accounts import PLATFORM
from freight.payments.seen import RefundState
from freight.payments.state import Payment, Purpose, Refund
from freight.pricing.price import Price
from freight.tax.calendar import india_day, rate_day
from freight.tax.supply import Supply, freight_supply
from store import invoices, quotes, trucks
from store.errors import NotFoundError
from store.postgres import AnyConnection


@dataclass(frozen=True)
class Case:
    """A booking whose papers are looked at, in one transaction."""

    desk: Desk
    conn: AnyConnection
    tenant: TenantName
    booking: Booking
    payments: Sequence[Payment]
    at_ms: int

    @property
    def policy(self) -> Policy:
        return self.desk.policy_of(self.tenant)

    @property
    def party(self) -> str:
        shipper = self.booking.shipper
        return PLATFORM if shipper is None else f"shippers/{shipper}"

    @property
    def cause(self) -> str:
        return f"bookings/{self.booking.id}"


@dataclass(frozen=True)
class Sides:
    seller: PartyBlock
    buyer: PartyBlock
    supply: Supply


async def keep_papers(case: Case, *, is_final: bool) -> list[Document]:
    """All documents of the booking, with those that were missing."""
    documents = await invoices.of_booking(case.conn, case.booking.id)
    sides = await _sides(case)
    for leg in case.booking.legs:
        await _note_of(case, sides, leg, documents)
    if not is_invoiced(documents):
        for payment in case.payments:
            await _vouchers(case, sides, payment, documents)
        # Money may have come, gone and been earned since the last look: each paper takes up those
        # before it.
        documents = await invoices.of_booking(case.conn, case.booking.id)
    await _refund_vouchers(case, documents)
    if is_final:
        documents = await invoices.of_booking(case.conn, case.booking.id)
        await _charge(case, sides, documents)
    return await invoices.of_booking(case.conn, case.booking.id)


# ----------------------------------------------------------------------------------- who and how


async def _sides(case: Case) -> Sides:
    first = case.booking.load.stops[0].place
    seller = await seller_of(case.conn, case.tenant, case.policy)
    buyer = await _buyer(case)
    state = seller.address.state
    assert state is not None  # noqa: S101 - the tenant supplies from somewhere, seller_of says where
    supply = Supply(
        recipient=buyer.recipient,
        supplier_state=state,
        handed_over_in=first.state,
        material=case.booking.load.material,
        day=_day(case),
    )
    return Sides(seller, buyer.block, supply)


async def _buyer(case: Case) -> Known:
    found = await known(
        case.conn, case.desk.personal, case.policy, case.party, india_day(case.at_ms)
    )
    if case.booking.shipper is not None:
        return found
    words = case.policy.dues.words
    block = PartyBlock(party=PLATFORM, name=words[Word.UNNAMED_BUYER])
    return Known(block, type(found.recipient)(is_registered=False, state=None))


def _day(case: Case) -> date:
    """Whose rates hold: see section 14 of the CGST Act."""
    delivered_ms = moment_of(case.booking, Moment.DELIVERED)
    paid = [one.at_ms for payment in case.payments for one in payment.receipts]
    paid += [one.created_ms for payment in case.payments for one in payment.captured]
    today = india_day(case.at_ms)
    supplied = today if delivered_ms is None else india_day(delivered_ms)
    return rate_day(supplied, today, india_day(min(paid)) if paid else None)


# ----------------------------------------------------------------------------- consignment notes


async def _note_of(case: Case, sides: Sides, leg: Leg, documents: Sequence[Document]) -> None:
    """As soon as the goods are aboard. Where there is no agency there is no such note."""
    rate = case.policy.pricing.gst.modes[_mode(case, sides)]
    at_ms = loaded_ms(case.booking, leg)
    if at_ms is None or not rate.at(sides.supply.day).is_gta:
        return
    cause = f"{case.cause}/{leg.id}/consignment"
    if any(one.cause == cause for one in documents):
        return
    terms = {term.kind for term in case.booking.terms}
    to_pay = terms <= {TermKind.COD}
    draft = drafting.consignment_note(
        rulebook(case.policy),
        cause=cause,
        seller=sides.seller,
        buyer=sides.buyer,
        supply=sides.supply,
        transport=await _transport(case, sides, [leg]),
        consignment=Consignment(
            risk=Risk.OWNER,
            terms=FreightTerms.TO_PAY if to_pay else FreightTerms.TO_BE_BILLED,
            is_hazardous="hazardous" in case.booking.load.handling,
            driver=None if leg.carriage is None else leg.carriage.driver,
        ),
        booking=case.booking.id,
        leg=leg.id,
    )
    await issue(case.conn, case.tenant, draft, case.at_ms, case.policy)


def _mode(case: Case, sides: Sides) -> str:
    return freight_supply(case.policy.pricing.gst, sides.supply).mode


async def _transport(case: Case, sides: Sides, legs: Sequence[Leg]) -> Transport:
    booking, load = case.booking, case.booking.load
    names = {one.truck: None for leg in legs for one in leg.carriages if not one.void}
    plates = await trucks.registrations(case.conn, list(names))
    start, end = load.pickups[0], load.drops[-1]
    consignee = end.contact.name if end.contact is not None else None
    weight_kg = sum(leg.weight_kg for leg in legs)
    return Transport(
        consignor=sides.buyer,
        consignee=PartyBlock(party=case.party, name=consignee or end.place.name or end.id),
        origin=start.place.name or start.place.address or start.id,
        destination=end.place.name or end.place.address or end.id,
        vehicles=tuple(plates.get(name) or name for name in names),
        items=(Item(description=load.material, weight_kg=weight_kg),),
        gross_weight_kg=weight_kg,
        charged_weight_kg=weight_kg,
        references=tuple(sorted(booking.references.items())),
    )


# -------------------------------------------------------------------------------------- vouchers


async def _vouchers(
    case: Case, sides: Sides, payment: Payment, documents: Sequence[Document]
) -> None:
    """Of money that came in before there is an invoice."""
    if payment.purpose is not Purpose.DUE:
        return
    came = [(one.id, one.amount_minor) for one in payment.captured]
    came += [(str(one.nr), one.amount_minor) for one in payment.receipts]
    words = case.policy.dues.words
    for name, amount_minor in came:
        cause = f"payments/{payment.id}/{name}"
        if any(one.cause == cause for one in documents):
            continue
        draft = drafting.advance_receipt(
            rulebook(case.policy),
            cause=cause,
            seller=sides.seller,
            buyer=sides.buyer,
            supply=sides.supply,
            amount_minor=amount_minor,
            description=words[Word.ADVANCE],
            booking=case.booking.id,
        )
        await issue(case.conn, case.tenant, draft, case.at_ms, case.policy)


async def _refund_vouchers(case: Case, documents: Sequence[Document]) -> None:
    """Of advances that were given back before an invoice took them up."""
    taken_up = {ref.id for one in documents if one.kind in INVOICES for ref in one.references}
    known = list(documents)
    for payment in case.payments:
        for refund in payment.refunds:
            if refund.state is RefundState.PROCESSED:
                mine = _vouchers_of(payment, refund, known)
                free = [one for one in mine if one.id not in taken_up]
                known += await _given_back(case, refund, free, known)


async def _given_back(
    case: Case, refund: Refund, vouchers: Sequence[Document], known: Sequence[Document]
) -> list[Document]:
    """One refund may be of money that came in several times, and one such of several refunds."""
    cause = f"refunds/{refund.id}"
    said = [one for one in known if one.cause == cause or one.cause.startswith(f"{cause}/")]
    left_minor = refund.amount_minor - sum(one.total_minor for one in said)
    made: list[Document] = []
    for voucher in vouchers:
        amount_minor = min(left_minor, left_of(voucher, known).total_minor)
        if amount_minor <= 0:
            continue
        nr = len(said) + len(made) + 1
        wish = NoteWish(
            about=voucher.id,
            cause=cause if nr == 1 else f"{cause}/{nr}",
            reason=refund.reason or "refund",
            amount_minor=amount_minor,
        )
        made.append(await credit(case.conn, case.tenant, wish, case.at_ms, case.policy))
        left_minor -= amount_minor
    return made


def _vouchers_of(payment: Payment, refund: Refund, documents: Sequence[Document]) -> list[Document]:
    mine = [one for one in documents if one.cause.startswith(f"payments/{payment.id}/")]
    exact = [one for one in mine if one.cause == f"payments/{payment.id}/{refund.of}"]
    return exact or mine


# -------------------------------------------------------------------------------------- invoices


async def _charge(case: Case, sides: Sides, documents: Sequence[Document]) -> None:
    price = await _price(case)
    words = case.policy.dues.words
    wanted = charges(case.booking, price, words)
    missing = still_open(wanted, fee_minor(case.booking, price), documents)
    for note in missing.notes:
        wish = NoteWish(
            about=note.about,
            cause=_next_cause(case, documents, DocumentKind.CREDIT_NOTE, note.about),
            reason="less was carried, or waited, than was invoiced",
            taxable_by_line=note.taxable_by_line,
        )
        await credit(case.conn, case.tenant, wish, case.at_ms, case.policy)
    if missing.charges:
        await _invoice(case, sides, missing, documents)
    if missing.fee_minor:
        fee = Charge(
            head=Head.PLATFORM_FEE,
            description=words[Word.FEE],
            amount_minor=missing.fee_minor,
        )
        draft = drafting.fee_invoice(
            rulebook(case.policy),
            cause=_next_cause(case, documents, DocumentKind.TAX_INVOICE, "fee"),
            seller=sides.seller,
            buyer=sides.buyer,
            charges=[fee],
            day=sides.supply.day,
            booking=case.booking.id,
        )
        await issue(case.conn, case.tenant, draft, case.at_ms, case.policy)


async def _invoice(case: Case, sides: Sides, missing: Open, documents: Sequence[Document]) -> None:
    vouchers = [one for one in documents if one.kind is DocumentKind.RECEIPT_VOUCHER]
    is_first = not is_invoiced(documents)
    legs = case.booking.active_legs or case.booking.legs
    draft = drafting.freight_invoice(
        rulebook(case.policy),
        cause=_next_cause(case, documents, DocumentKind.TAX_INVOICE, "freight"),
        seller=sides.seller,
        buyer=sides.buyer,
        supply=sides.supply,
        charges=missing.charges,
        booking=case.booking.id,
        transport=await _transport(case, sides, legs),
        advances=[_left_of(one, documents) for one in vouchers] if is_first else (),
    )
    await issue(case.conn, case.tenant, draft, case.at_ms, case.policy)


def _left_of(voucher: Document, documents: Sequence[Document]) -> Document:
    """Without the tax of what was given back meanwhile."""
    left = left_of(voucher, documents)
    taxes = totals_of(list(left.lines.values()), 1).taxes
    return msgspec.structs.replace(voucher, taxes=taxes)


async def _price(case: Case) -> Price | None:
    """As it was quoted; None: nothing but its total is known."""
    if case.booking.price is None:
        return None
    try:
        return (await quotes.get(case.conn, case.booking.price.quote)).quote.price
    except NotFoundError:
        return None


def _next_cause(case: Case, documents: Sequence[Document], kind: DocumentKind, what: str) -> str:
    """Numbered by those there are: whoever looks again finds one more, and asks for none."""
    begins = f"{case.cause}/{kind.value}/{what}/"
    return f"{begins}{sum(one.cause.startswith(begins) for one in documents) + 1}"
