"""Folds what a provider says into a payment: news become events, repetitions nothing."""

from __future__ import annotations

from freight.payments import events as happened
from freight.payments.commands import Observe
from freight.payments.events import PaymentEvent
from freight.payments.evolve import evolve
from freight.payments.rules import PaymentRules, Unasked
from freight.payments.seen import (
    RefundState,
    Seen,
    SeenLink,
    SeenOrder,
    SeenPayment,
    SeenRefund,
    joined,
    later_link,
    later_refund,
)
from freight.payments.state import Payment, Refund, RefundCause, RefundTo
from freight.refusal import Refusal


def observed(
    state: Payment, command: Observe, rules: PaymentRules, now_ms: int
) -> list[PaymentEvent]:
    seen, by = command.seen, command.by
    match seen:
        case SeenOrder():
            known = seen.id in state.orders
            told = happened.OrderOpened(at_ms=now_ms, by=by, order=seen.id)
            return [] if known else [told]
        case SeenLink():
            return _link(state, seen, by, now_ms)
        case SeenRefund():
            return _refund(state, seen, by, rules, now_ms)
        case SeenPayment():
            return _payment(state, seen, by, rules, now_ms)


def concerns(seen: Seen) -> tuple[str, ...]:
    """All names by which the payment may be known that something was seen of; ours come first."""
    match seen:
        case SeenOrder():
            names: tuple[str | None, ...] = (seen.receipt, seen.id)
        case SeenLink():
            names = (seen.reference, seen.id, seen.order)
        case SeenRefund():
            names = (seen.receipt, seen.id, seen.payment)
        case SeenPayment():
            names = (seen.id, seen.order)
    return tuple(name for name in names if name)


def _link(state: Payment, seen: SeenLink, by: str, now_ms: int) -> list[PaymentEvent]:
    link_state = later_link(state.link_state, seen.state)
    is_known = state.link == seen.id and state.link_state is link_state
    if is_known and (seen.order is None or seen.order in state.orders):
        return []
    return [
        happened.LinkSeen(
            at_ms=now_ms,
            by=by,
            link=seen.id,
            url=seen.url or state.link_url or "",
            order=seen.order,
            state=link_state,
        )
    ]


def _payment(
    state: Payment, seen: SeenPayment, by: str, rules: PaymentRules, now_ms: int
) -> list[PaymentEvent]:
    before = next((one for one in state.seen if one.id == seen.id), None)
    now = joined(before, seen)
    if now == before:
        return []
    if before is None and len(state.seen) >= rules.attempts_max and not now.is_captured:
        raise Refusal("too_many_attempts", f"{rules.attempts_max} attempts are known already")
    news: list[PaymentEvent] = [happened.PaymentSeen(at_ms=now_ms, by=by, seen=now)]
    after = evolve(state, news[0])
    if now.is_captured and (before is None or not before.is_captured):
        news += [
            happened.RefundAsked(at_ms=now_ms, by=by, refund=one)
            for one in _unasked(after, by, rules, now_ms)
        ]
    return news


def _unasked(state: Payment, by: str, rules: PaymentRules, now_ms: int) -> list[Refund]:
    """What is to go back at once. Which of several payments does follows from all of them, not
    from which came first."""
    wanted: dict[str, tuple[int, RefundCause]] = {}
    if rules.surplus is Unasked.REFUND:
        wanted |= {name: (over, RefundCause.SURPLUS) for name, over in state.surplus.items()}
    if rules.late is Unasked.REFUND:
        wanted |= {one.id: (one.amount_minor, RefundCause.LATE) for one in state.late}
    made: list[Refund] = []
    for name, (amount_minor, cause) in wanted.items():
        before = [one for one in state.refunds if one.of == name]
        # Also what failed: a person looks at that.
        missing = amount_minor - sum(one.amount_minor for one in before)
        if missing <= 0:
            continue
        refund_id = f"rf-{name}-{len(before) + 1}"
        made.append(
            Refund(
                id=refund_id,
                request=refund_id,
                amount_minor=missing,
                asked_ms=now_ms,
                by=by,
                cause=cause,
                to=RefundTo.SOURCE,
                of=name,
            )
        )
    return made


def _refund(
    state: Payment, seen: SeenRefund, by: str, rules: PaymentRules, now_ms: int
) -> list[PaymentEvent]:
    known = next((one for one in state.refunds if _is_of(one, seen)), None)
    news: list[PaymentEvent] = []
    if known is None:
        if len(state.refunds) >= rules.refunds_max:
            raise Refusal("too_many_refunds", f"{rules.refunds_max} refunds are known already")
        known = Refund(
            id=seen.id,
            request=seen.id,
            amount_minor=seen.amount_minor,
            asked_ms=seen.created_ms,
            by=by,
            cause=RefundCause.ELSEWHERE,
            to=RefundTo.SOURCE,
            of=seen.payment,
        )
        news.append(happened.RefundAsked(at_ms=now_ms, by=by, refund=known))
    told = happened.RefundSeen(
        at_ms=now_ms,
        by=by,
        refund=known.id,
        state=later_refund(known.state, seen.state),
        has_failed=known.has_failed or seen.state is RefundState.FAILED,
        provider_refund=seen.id,
        reference=seen.reference or known.reference,
        failure="the provider could not give it back"
        if later_refund(known.state, seen.state) is RefundState.FAILED
        else None,
        made_ms=seen.created_ms,
    )
    is_news = (known.state, known.provider_refund, known.reference, known.has_failed) != (
        *(told.state, told.provider_refund, told.reference, told.has_failed),
    )
    return [*news, told] if is_news else news


def _is_of(refund: Refund, seen: SeenRefund) -> bool:
    known = (refund.provider_refund, refund.id)
    return seen.id in known or seen.receipt in (refund.receipt, refund.id)
