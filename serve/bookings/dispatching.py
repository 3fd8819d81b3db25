"""Why a booking's legs got the trucks they got: every truck in range, with its score or reasons."""

from __future__ import annotations

from datetime import datetime

import msgspec
from pydantic import BaseModel, Field

from freight.booking.state import Booking
from freight.dispatch.explanations import Explanation, Verdict, decode
from freight.dispatch.reasons import Reason
from serve.bookings.wire import Money
from serve.gateway import Gateway
from serve.identity.principal import Principal
from store import awards, bookings, dispatch, offers
from store.dispatch import Recorded
from store.postgres import AnyConnection, moment


class ReasonOut(BaseModel):
    code: str
    says: str

    @classmethod
    def of(cls, reason: Reason) -> ReasonOut:
        return cls(code=reason.word, says=reason.says)


class VerdictOut(BaseModel):
    truck: str
    excluded_by: list[ReasonOut] = Field(description="empty: it is a candidate")
    cost: Money | None = Field(description="what choosing it costs by the tenant's rules")
    parts: dict[str, Money] | None = Field(description="of the best candidates")
    dead_km: float | None
    eta: datetime | None


class LookOut(BaseModel):
    """One time when a truck was looked for."""

    leg: str
    at: datetime
    mode: str
    asked_before: int = Field(description="how many offers had been made by then")
    chosen: str | None
    in_range: int
    candidates: int
    excluded: dict[str, int] = Field(description="trucks by the rule that excluded them first")
    trucks: list[VerdictOut]


class LegState(BaseModel):
    leg: str
    status: str
    escalated: str | None = Field(description="why a person is to look at it")


class DispatchOut(BaseModel):
    booking: str
    legs: list[LegState]
    looks: list[LookOut] = Field(description="the newest first")


async def of_booking(
    gateway: Gateway, who: Principal, booking_id: str, *, looks: int, trucks: int
) -> DispatchOut:
    async with gateway.as_tenant(who) as conn:
        state = await bookings.get(conn, booking_id)
        booking = msgspec.json.decode(state, type=Booking)
        found = await dispatch.recorded(conn, booking_id, looks)
        legs = [
            LegState(
                leg=leg.id,
                status=leg.status,
                escalated=(await offers.load(conn, booking_id, leg.id)).state.escalated,
            )
            for leg in booking.legs
        ]
        shown = [await _look(conn, who, one, trucks) for one in found]
    return DispatchOut(booking=booking_id, legs=legs, looks=shown)


async def _look(conn: AnyConnection, who: Principal, one: Recorded, limit: int) -> LookOut:
    explained = decode(one.explanation)
    names = await awards.truck_names(conn, explained.keys.tolist())
    if who.carrier is not None:
        # Of a carrier's trucks only; of the others not even how many there were.
        explained = explained.only(names.keys())
    verdicts = [
        _verdict(verdict, names, with_costs=who.carrier is None)
        for verdict, _ in zip(_named(explained, names), range(limit), strict=False)
    ]
    chosen = one.truck if who.carrier is None or one.truck in names.values() else None
    return LookOut(
        leg=one.leg,
        at=moment(one.at_ms),
        mode=one.mode,
        asked_before=one.asked,
        chosen=chosen,
        in_range=len(explained.keys),
        candidates=explained.candidates(),
        excluded={reason.word: count for reason, count in explained.tally().items()},
        trucks=verdicts,
    )


def _named(explained: Explanation, names: dict[int, str]) -> list[Verdict]:
    return [verdict for verdict in explained.verdicts() if verdict.truck_key in names]


def _verdict(verdict: Verdict, names: dict[int, str], *, with_costs: bool) -> VerdictOut:
    cost, parts = (verdict.cost_minor, verdict.parts) if with_costs else (None, None)
    return VerdictOut(
        truck=names[verdict.truck_key],
        excluded_by=[ReasonOut.of(reason) for reason in verdict.reasons],
        cost=None if cost is None else Money.of(cost),
        parts=None if parts is None else {part.word: Money.of(n) for part, n in parts.items()},
        dead_km=None if verdict.dead_m is None else verdict.dead_m / 1000.0,
        eta=None if verdict.eta_ms is None else moment(verdict.eta_ms),
    )
