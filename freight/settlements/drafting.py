"""What a booking owes the carrier of a leg as it stands: freight, waiting, tolls, penalties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from freight.booking.state import Booking, Carriage, Charge, ChargeHead, Leg, Side
from freight.booking.state import Status as LegStatus
from freight.load import StopKind
from freight.money import rounded
from freight.pricing.amounts import WHOLE_BP
from freight.settlements.commands import Due
from freight.settlements.deciding import FREIGHT_UNKNOWN
from freight.settlements.evolve import LOST, line_of
from freight.settlements.rules import SettlementRules
from freight.settlements.state import Head, Line, Settlement, Source

_HEADS = {
    ChargeHead.DETENTION: Head.DETENTION,
    ChargeHead.CANCELLATION: Head.CANCELLATION,
    ChargeHead.RETURN: Head.RETURN,
}
_OVER = frozenset({LegStatus.DELIVERED, LegStatus.CLOSED, LegStatus.CANCELLED})


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One truck's share of a leg: what its carrier is settled with for."""

    nr: int  # the first, second ... truck of the leg
    carrier: str
    truck: str
    due: Due


def parts(
    booking: Booking,
    leg: Leg,
    prices: Mapping[str, int],
    rules: SettlementRules,
    more: Sequence[Line] = (),
) -> list[Part]:
    """Of every carrier that had the leg; our own trucks are owed nothing. `prices` are those of
    the accepted offers; `more` is what was found out about the delivery, such as a shortage."""
    found: list[Part] = []
    for index, carriage in enumerate(leg.carriages):
        if carriage.carrier is None:
            continue
        lines = [
            *_freight(booking, leg, index, prices),
            *_charges(booking, leg, index, rules),
            *(_adjustments(booking, leg, rules) if _is_last(leg, index) else ()),
            *(more if _is_last(leg, index) else ()),
        ]
        due = Due(
            lines=tuple(lines),
            questions=_questions(leg, index, prices),
            ready_ms=_ready_ms(leg, carriage),
        )
        found.append(Part(nr=index + 1, carrier=carriage.carrier, truck=carriage.truck, due=due))
    return found


def _is_last(leg: Leg, index: int) -> bool:
    """The one that brings the goods, and answers for them."""
    return index == len(leg.carriages) - 1 and not leg.carriages[index].void


def _ready_ms(leg: Leg, carriage: Carriage) -> int | None:
    if carriage.to_ms is not None:
        return carriage.to_ms
    if leg.delivered_ms is not None:
        return leg.delivered_ms
    return leg.since_ms if leg.status in _OVER else None


# ------------------------------------------------------------------------------------- freight


def _freight(booking: Booking, leg: Leg, index: int, prices: Mapping[str, int]) -> list[Line]:
    share = _share(leg, index)
    carriage = leg.carriages[index]
    price = None if carriage.offer is None else prices.get(carriage.offer)
    if share is None or price is None or not share[0]:
        return []
    return [
        _line(
            booking,
            leg,
            id=f"freight/{leg.id}/{index + 1}",
            head=Head.FREIGHT,
            amount_minor=rounded(price * share[0], share[1]),
            memo=carriage.truck,
            evidence=(f"offers/{carriage.offer}",),
        )
    ]


def _questions(leg: Leg, index: int, prices: Mapping[str, int]) -> tuple[str, ...]:
    share, offer = _share(leg, index), leg.carriages[index].offer
    if share is None:
        return (FREIGHT_UNKNOWN,)
    is_priced = offer is not None and offer in prices
    return () if is_priced or not share[0] else (FREIGHT_UNKNOWN,)


def _share(leg: Leg, index: int) -> tuple[int, int] | None:
    """Of the price: all for who carried it alone; by the way of each after a handover; nothing for
    who gave the leg back, or lost it before anything was aboard. None: the ways are not known."""
    carriage = leg.carriages[index]
    if carriage.void or leg.standing is LegStatus.CANCELLED:
        return 0, 1
    carried = [each for each in leg.carriages if not each.void]
    if len(carried) == 1:
        return 1, 1
    ways = [each.driven_m for each in carried]
    if any(way is None for way in ways):
        return None
    return carriage.driven_m or 0, max(sum(way or 0 for way in ways), 1)


# ------------------------------------------------------------------- what comes beside the price


def _charges(booking: Booking, leg: Leg, index: int, rules: SettlementRules) -> list[Line]:
    lines: list[Line] = []
    for charge in booking.charges.values():
        if charge.leg != leg.id or _concerned(booking, leg, charge) != index:
            continue
        by_carrier = charge.payer is Side.CARRIER
        share_bp = -WHOLE_BP if by_carrier else _share_bp(charge.head, rules)
        amount_minor = rounded(charge.amount_minor * share_bp, WHOLE_BP)
        if charge.payer is Side.OPERATOR or not amount_minor:
            continue
        lines.append(
            _line(
                booking,
                leg,
                id=charge.id,
                head=Head.PENALTY if by_carrier else _HEADS[charge.head],
                amount_minor=amount_minor,
                memo=charge.stop or "",
                evidence=(f"bookings/{booking.id}/charges/{charge.id}",),
            )
        )
    return lines


def _share_bp(head: ChargeHead, rules: SettlementRules) -> int:
    shares = rules.charge_shares_bp
    return {
        ChargeHead.DETENTION: shares.detention,
        ChargeHead.CANCELLATION: shares.cancellation,
        ChargeHead.RETURN: shares.goods_return,
    }[head]


def _concerned(booking: Booking, leg: Leg, charge: Charge) -> int | None:
    """Which truck it was that waited: of those of one attempt the first at a pickup, the last at a
    drop; an attempt ends with a truck that gives the leg back."""
    attempt = _attempt_of(charge)
    indexes = [
        index
        for index in range(len(leg.carriages))
        if attempt is None or attempt == 1 + sum(each.void for each in leg.carriages[:index])
    ]
    if not indexes:
        return None
    stop = next((stop for stop in booking.load.stops if stop.id == charge.stop), None)
    return indexes[0] if stop is not None and stop.kind is StopKind.PICKUP else indexes[-1]


def _attempt_of(charge: Charge) -> int | None:
    if charge.head is not ChargeHead.DETENTION:
        return None
    last = charge.id.rpartition("/")[2]
    return int(last) if last.isdecimal() else None


def _adjustments(booking: Booking, leg: Leg, rules: SettlementRules) -> list[Line]:
    """Agreed later with the shipper, and the carrier's by its head; for the booking as a whole by
    the weight that each leg carries."""
    lines: list[Line] = []
    for each in booking.adjustments:
        share_bp = rules.passed_on_bp.get(each.head, 0)
        if each.leg not in (None, leg.id) or not share_bp:
            continue
        amount_minor = rounded(each.amount_minor * share_bp, WHOLE_BP)
        if each.leg is None:
            amount_minor = _by_weight(booking, leg, amount_minor)
        if amount_minor:
            head = Head.TOLL if each.head == Head.TOLL and amount_minor > 0 else Head.ADJUSTMENT
            lines.append(
                _line(
                    booking,
                    leg,
                    id=f"adjustment/{leg.id}/{each.id}",
                    head=head,
                    amount_minor=amount_minor,
                    memo=each.head,
                    evidence=(f"bookings/{booking.id}/adjustments/{each.id}",),
                )
            )
    return lines


def _by_weight(booking: Booking, leg: Leg, amount_minor: int) -> int:
    """Sums of shares, not shares of sums: what all legs get is the whole, to the paisa."""
    whole_kg = sum(each.weight_kg for each in booking.active_legs) or 1
    before_kg = 0
    for each in booking.active_legs:
        if each.id == leg.id:
            until = rounded(amount_minor * (before_kg + each.weight_kg), whole_kg)
            return until - rounded(amount_minor * before_kg, whole_kg)
        before_kg += each.weight_kg
    return 0


def _line(
    booking: Booking,
    leg: Leg,
    *,
    id: str,  # noqa: A002 - its name in the line
    head: Head,
    amount_minor: int,
    memo: str,
    evidence: tuple[str, ...],
) -> Line:
    return Line(
        id=id,
        head=head,
        amount_minor=amount_minor,
        source=Source.BOOKING,
        memo=memo,
        booking=booking.id,
        leg=leg.id,
        evidence=evidence,
    )


# --------------------------------------------------------------------------------- supplements


def remaining(due: Due, settled: Sequence[Settlement]) -> Due:
    """What is still to be settled of a part, beyond what its settlements have fixed already: each
    line's difference, and advances that came back after they had been taken up."""
    fixed: dict[str, Line] = {}
    sums: dict[str, int] = {}
    for each in settled:
        for line in each.lines:
            if line.source is Source.BOOKING:
                fixed.setdefault(line.id, line)
                sums[line.id] = sums.get(line.id, 0) + line.amount_minor
    wanted = {line.id: line for line in (*due.lines, *_returned(settled))}
    lines: list[Line] = []
    for name in (*wanted, *(name for name in fixed if name not in wanted)):
        line = wanted.get(name) or fixed[name]
        now_minor = wanted[name].amount_minor if name in wanted else 0
        amount_minor = now_minor - sums.get(name, 0)
        if amount_minor:
            lines.append(_difference(line, amount_minor, is_first=name not in fixed))
    by_hand = any(
        line.head is Head.FREIGHT and line.source is Source.HAND
        for each in settled
        for line in each.lines
    )
    questions = () if by_hand else due.questions
    return Due(lines=tuple(lines), questions=questions, ready_ms=due.ready_ms)


def _difference(line: Line, amount_minor: int, *, is_first: bool) -> Line:
    head = line.head if is_first else Head.ADJUSTMENT
    return msgspec.structs.replace(line, head=head, amount_minor=amount_minor)


def _returned(settled: Sequence[Settlement]) -> list[Line]:
    """Taken off, and never had: the carrier is owed it again."""
    return [
        Line(
            id=f"returned/{advance.id}",
            head=Head.ADVANCE,
            amount_minor=advance.amount_minor,
            source=Source.BOOKING,
            memo=advance.memo,
            booking=each.booking,
            leg=each.leg,
            evidence=(f"payouts/{advance.id}",),
        )
        for each in settled
        for advance in each.advances
        if advance.status in LOST and each.line(line_of(advance.id)) is not None
    ]
