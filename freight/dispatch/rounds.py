"""Whom to ask next for a leg: in which order, until when, and when a person takes over."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
import numpy as np

from freight.dispatch.columns import Fleet
from freight.dispatch.matching import Plan
from freight.dispatch.offer_messages import Escalate, Expire, Make, OfferCommand
from freight.dispatch.offer_state import Asked, LegOffers, Offer, OfferState
from freight.dispatch.offers import MILLIS, expires_ms
from freight.dispatch.rules import DispatchRules, Mode
from freight.dispatch.world import FreeTruck, WaitingLeg

TOO_MANY_FAILED = "too many offers came to nothing"
WAITED_TOO_LONG = "it has waited too long"


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A truck that may be offered a leg, and what is expected of it."""

    truck: str
    carrier: str | None
    driver: str | None
    rating: float | None
    price_minor: int
    cost_minor: int
    eta_ms: int
    late_ms: int


def ranked(
    plan: Plan, leg: str, fleet: Fleet, rules: DispatchRules, taken: Collection[str] = ()
) -> list[Candidate]:
    """A leg's truck by the plan first, then the others from the cheapest on.

    Left out is who goes to another leg by the plan, who is `taken` otherwise (by open offers), and,
    where costs decide, who is dearer than leaving the leg.
    """
    if leg not in plan.recorded:
        return []
    waiting, planned = plan.legs[leg], plan.by_leg.get(leg)
    decides = rules.mode in (Mode.INSTANT, Mode.WINDOW)
    found = []
    if planned is not None and planned.truck.id not in taken:
        cost_minor, eta_ms = planned.cost_minor, planned.eta_ms
        found.append(_candidate(waiting, planned.truck, rules, cost_minor, eta_ms))
    for verdict in plan.explanation(leg).best_candidates():
        truck = fleet.trucks[int(np.searchsorted(fleet.keys, verdict.truck_key))]
        if verdict.eta_ms is None or verdict.cost_minor is None or truck.id in taken:
            continue
        if truck.id in plan.by_truck or (decides and verdict.cost_minor >= plan.leaving[leg]):
            continue
        found.append(_candidate(waiting, truck, rules, verdict.cost_minor, verdict.eta_ms))
    return found


def _candidate(
    waiting: WaitingLeg, truck: FreeTruck, rules: DispatchRules, cost_minor: int, eta_ms: int
) -> Candidate:
    per_km = truck.price_minor_per_km
    usual = rules.costs.usual_minor_per_km
    return Candidate(
        truck=truck.id,
        carrier=truck.carrier,
        driver=truck.driver,
        rating=truck.rating,
        price_minor=round((usual if per_km is None else per_km) * waiting.trip_km),
        cost_minor=cost_minor,
        eta_ms=eta_ms,
        late_ms=0 if waiting.to_ms is None else max(0, eta_ms - waiting.to_ms),
    )


def next_offer(
    state: LegOffers,
    candidates: Sequence[Candidate],
    rules: DispatchRules,
    waiting_since_ms: int,
    now_ms: int,
) -> OfferCommand | None:
    """One truck at a time, in the order given; None: wait for an answer, or for a person.

    Who has declined is not asked again; who has not answered is, after all the others.
    """
    if is_settled(state):
        return None
    if overdue(state, rules, now_ms):
        return Expire()
    if state.open:
        return None
    if state.failed - state.forgiven >= rules.offers.offers_max:
        return Escalate(TOO_MANY_FAILED)
    if has_waited_enough(state, rules, waiting_since_ms, now_ms):
        return Escalate(WAITED_TOO_LONG)
    return _ask_first(state, candidates, rules, now_ms)


def _ask_first(
    state: LegOffers, candidates: Sequence[Candidate], rules: DispatchRules, now_ms: int
) -> OfferCommand | None:
    declined = {each.asked.truck for each in _of(state, OfferState.DECLINED)}
    silent = [each.asked.truck for each in _of(state, OfferState.EXPIRED)]
    able = [each for each in candidates if each.truck not in declined]
    if not able:
        return None
    first = min(able, key=lambda each: silent.count(each.truck))
    expires = now_ms + round(rules.offers.expires_s * MILLIS)
    return Make((asked_of(state, 1, first, expires),))


def is_settled(state: LegOffers) -> bool:
    """Nothing is to be done but by a carrier or a person."""
    return state.accepted is not None or state.escalated is not None


def has_waited_enough(
    state: LegOffers, rules: DispatchRules, waiting_since_ms: int, now_ms: int
) -> bool:
    """Since a person has looked at it last, if one has."""
    since_ms = max(waiting_since_ms, state.resumed_ms)
    return now_ms - since_ms >= rules.offers.escalate_after_s * MILLIS


def overdue(state: LegOffers, rules: DispatchRules, now_ms: int) -> bool:
    return any(expires_ms(each, rules.offers) <= now_ms for each in state.open)


def _of(state: LegOffers, which: OfferState) -> list[Offer]:
    return [each for each in state.offers if each.state is which]


def asked_of(state: LegOffers, nth: int, candidate: Candidate, expires: int) -> Asked:
    """Numbered within its leg: who asks again after a crash asks the same by the same name."""
    number = len(state.offers) + nth
    return Asked(
        id=f"{state.booking}-{state.leg}-{number}",
        carrier=candidate.carrier,
        truck=candidate.truck,
        driver=candidate.driver,
        price_minor=candidate.price_minor,
        expires_ms=expires,
        round=number,
    )
