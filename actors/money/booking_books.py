"""What a booking's papers and payments do to each other: money taken up, and money given back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from actors.money.booking_papers import Case
from actors.money.payments import Till, refund
from freight.booking.state import OVER
from freight.invoices.documents import Document
from freight.ledger.accounts import Role
from freight.ledger.entries import Cause, Posting, entry
from freight.payments.commands import Refund
from freight.payments.seen import RefundState
from freight.payments.state import Payment, Purpose
from freight.settlements.state import Head, Line, Source
from freight.weights import debit_of
from store import ledger, payments

BOOKS = "system:books"


def received_minor(payments: Sequence[Payment]) -> int:
    return sum(one.kept_minor for one in payments if one.purpose is Purpose.DUE)


def shortages(case: Case) -> dict[str, Line]:
    """By leg: what its carrier answers for, as its proofs say it."""
    found: dict[str, Line] = {}
    for leg in case.booking.legs:
        debit = debit_of(case.booking, leg, case.policy.weights)
        if debit is None or not debit.amount_minor or leg.delivered_ms is None:
            continue
        found[leg.id] = Line(
            id=f"shortage/{leg.id}",
            head=Head.SHORTAGE,
            amount_minor=-debit.amount_minor,
            source=Source.BOOKING,
            memo=f"{debit.shortage.charged_kg} kg missing beyond {debit.shortage.tolerated_kg} kg",
            booking=case.booking.id,
            leg=leg.id,
            evidence=tuple(f"{case.cause}/{leg.id}/{proof.stop}" for proof in leg.proofs),
        )
    return found


async def claim(case: Case, lines: Iterable[Line]) -> int:
    """Goods that were lost are taken off what their shipper owes; how much. No tax is changed by
    it: it is paid for, not carried for less."""
    if not case.policy.dues.shortage_from_shipper:
        return 0
    wanted = sum(-line.amount_minor for line in lines)
    posted = await ledger.balance(case.conn, Role.SHORTAGE_COST, booking=case.booking.id)
    if wanted != posted:
        made = entry(
            f"shortage/{case.booking.id}/{case.booking.version}/{posted}",
            case.at_ms,
            Cause("shortage", case.cause, case.booking.version),
            f"Goods missing of {case.booking.id}",
            [
                Posting(Role.SHORTAGE_COST, wanted - posted, None, case.booking.id),
                Posting(Role.RECEIVABLES, posted - wanted, case.party, case.booking.id),
            ],
        )
        await ledger.post(case.conn, case.tenant.key, [made])
    return wanted


async def take_up(case: Case, documents: Sequence[Document]) -> None:
    """What was paid goes against what is owed; what is owed no more is the payer's again, and what
    was given back after it had been taken up is owed again."""
    owed = await ledger.balance(case.conn, Role.RECEIVABLES, case.party, case.booking.id)
    held = -await ledger.balance(case.conn, Role.CUSTOMER_ADVANCES, case.party, case.booking.id)
    amount_minor = min(owed, held)
    if not amount_minor:
        return
    booking = case.booking
    # The same only as long as nothing at all has changed.
    seen = f"{booking.version}.{len(documents)}.{sum(one.version for one in case.payments)}"
    made = entry(
        f"taken-up/{booking.id}/{seen}/{owed}.{held}",
        case.at_ms,
        Cause("allocation", case.cause, booking.version),
        f"Payments taken up by the invoices of {booking.id}",
        [
            Posting(Role.CUSTOMER_ADVANCES, amount_minor, case.party, booking.id),
            Posting(Role.RECEIVABLES, -amount_minor, case.party, booking.id),
        ],
    )
    await ledger.post(case.conn, case.tenant.key, [made])


async def give_back(case: Case) -> list[str]:
    """Of a booking that is over: what was paid beyond what it comes to, the newest payment first.
    From which payments."""
    policy = case.policy
    if case.booking.status not in OVER or not policy.dues.refunds_by_itself:
        return []
    # Held first: what somebody gives back by hand just now is off the balance when we read it.
    held = [await payments.load(case.conn, one.id, is_to_change=True) for one in case.payments]
    left = -await ledger.balance(case.conn, Role.CUSTOMER_ADVANCES, case.party, case.booking.id)
    till = Till(case.conn, case.tenant, policy, case.at_ms)
    begun: list[str] = []
    for payment in reversed(held):
        if payment is None or payment.purpose is not Purpose.DUE:
            continue
        # What the provider would not give back a person looks at, who may find another way.
        failed_minor = min(_failed_minor(payment), payment.kept_minor)
        amount_minor = min(left, payment.kept_minor) - failed_minor
        left -= failed_minor
        if amount_minor <= 0:
            continue
        wish = Refund(
            id=f"{payment.id}-over-{payment.version}",
            amount_minor=amount_minor,
            by=BOOKS,
            reason=f"booking {case.booking.id} is {case.booking.status}",
        )
        await refund(till, payment.id, wish)
        left -= amount_minor
        begun.append(payment.id)
    return begun


def _failed_minor(payment: Payment) -> int:
    return sum(
        one.amount_minor
        for one in payment.refunds
        if one.by == BOOKS and one.state is RefundState.FAILED
    )
