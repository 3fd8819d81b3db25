"""How a payment stands after what has happened to it."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from freight.payments import events as happened
from freight.payments.events import PaymentEvent
from freight.payments.seen import SeenPayment
from freight.payments.state import Payment, Receipt, Refund


def evolve(state: Payment | None, event: PaymentEvent) -> Payment:
    """Never fails on a log that began with a demand."""
    if isinstance(event, happened.Demanded):
        return _demanded(event)
    if state is None:
        raise ValueError("a payment begins with a demand")
    return replace(_changed(state, event), version=state.version + 1)


def replayed(events: Iterable[PaymentEvent], before: Payment | None = None) -> Payment | None:
    now = before
    for event in events:
        now = evolve(now, event)
    return now


def _demanded(event: happened.Demanded) -> Payment:
    return Payment(
        id=event.id,
        version=1,
        method=event.method,
        amount_minor=event.amount_minor,
        created_ms=event.at_ms,
        by=event.by,
        purpose=event.purpose,
        booking=event.booking,
        due=event.due,
        shipper=event.shipper,
        description=event.description,
        expires_ms=event.expires_ms,
        is_link=event.is_link,
        provider=event.provider,
    )


def _changed(state: Payment, event: PaymentEvent) -> Payment:
    match event:
        case happened.OrderOpened():
            after = replace(state, orders=_with(state.orders, event.order))
        case happened.LinkSeen():
            orders = state.orders if event.order is None else _with(state.orders, event.order)
            linked = {"link": event.link, "link_url": event.url, "link_state": event.state}
            after = replace(state, orders=orders, **linked)
        case happened.PaymentSeen():
            others = [one for one in state.seen if one.id != event.seen.id]
            after = replace(state, seen=tuple(sorted([*others, event.seen], key=_earliest)))
        case happened.CaptureAsked():
            after = replace(state, capturing=_with(state.capturing, event.payment))
        case happened.ReceiptRecorded():
            after = replace(state, receipts=(*state.receipts, event.receipt))
        case happened.HandedIn():
            after = replace(state, receipts=_handed_in(state.receipts, event))
        case happened.RefundAsked() | happened.RefundSeen():
            after = replace(state, refunds=_refunded(state.refunds, event))
        case _:
            after = _ended(state, event)
    return after


def _ended(state: Payment, event: PaymentEvent) -> Payment:
    if isinstance(event, happened.Closed):
        return replace(state, closed=event.closing)
    if isinstance(event, happened.OpeningRefused):
        return replace(state, refused=event.detail)
    return state


def _handed_in(receipts: tuple[Receipt, ...], event: happened.HandedIn) -> tuple[Receipt, ...]:
    told = {"handed_in_ms": event.at_ms, "handed_in_as": event.reference}
    return tuple(replace(one, **told) if one.nr == event.nr else one for one in receipts)


def _refunded(
    refunds: tuple[Refund, ...], event: happened.RefundAsked | happened.RefundSeen
) -> tuple[Refund, ...]:
    if isinstance(event, happened.RefundAsked):
        return (*refunds, event.refund)
    return tuple(_refund_seen(one, event) if one.id == event.refund else one for one in refunds)


def _refund_seen(refund: Refund, event: happened.RefundSeen) -> Refund:
    return replace(
        refund,
        state=event.state,
        has_failed=event.has_failed,
        provider_refund=event.provider_refund or refund.provider_refund,
        reference=event.reference or refund.reference,
        failure=event.failure,
        made_ms=refund.made_ms if event.made_ms is None else event.made_ms,
    )


def _with(known: tuple[str, ...], name: str) -> tuple[str, ...]:
    return known if name in known else (*known, name)


def _earliest(one: SeenPayment) -> tuple[int, str]:
    return one.created_ms, one.id
