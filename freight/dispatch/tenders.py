"""Asks carriers for bids on a leg, all at once or one after another, and weighs what they bid."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from freight.dispatch.offer_messages import Award, Escalate, Expire, Make, OfferCommand
from freight.dispatch.offer_state import LegOffers, Offer
from freight.dispatch.offers import MILLIS
from freight.dispatch.rounds import (
    WAITED_TOO_LONG,
    Candidate,
    asked_of,
    has_waited_enough,
    is_settled,
    overdue,
)
from freight.dispatch.rules import DispatchRules, Style

NO_BIDS = "nobody has bid"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    waiting_since_ms: int
    price_minor_max: int | None = None  # None: any bid is weighed


def next_of_tender(
    state: LegOffers,
    candidates: Sequence[Candidate],
    rules: DispatchRules,
    terms: Terms,
    now_ms: int,
) -> OfferCommand | None:
    """Asks carriers round by round, each once, until the best bid is awarded.

    A round ends when its time is up, when all have answered, or when bids enough have come.
    """
    if is_settled(state):
        return None
    if overdue(state, rules, now_ms):
        return Expire()
    if state.open:
        return _close(state.open, candidates, rules)
    fresh = _not_asked(state, candidates, rules)
    if fresh:
        return _ask(state, fresh, rules, terms, now_ms)
    if any(each.made_ms >= state.resumed_ms for each in state.offers):
        return Escalate(NO_BIDS)
    # The range may still widen.
    waited = has_waited_enough(state, rules, terms.waiting_since_ms, now_ms)
    return Escalate(WAITED_TOO_LONG) if waited else None


def _close(
    asked: Sequence[Offer], candidates: Sequence[Candidate], rules: DispatchRules
) -> Award | None:
    bids = [each for each in asked if each.bid is not None]
    if not bids or len(asked) > len(bids) < rules.tender.bids_enough:
        return None
    return Award(best_bid(bids, candidates, rules).asked.id)


def _not_asked(
    state: LegOffers, candidates: Sequence[Candidate], rules: DispatchRules
) -> list[Candidate]:
    """The best truck of each carrier of the next round."""
    tender = rules.tender
    asked = {each.asked.carrier for each in state.offers if each.made_ms >= state.resumed_ms}
    fresh: dict[str | None, Candidate] = {}
    for each in candidates:
        if each.carrier not in asked:
            fresh.setdefault(each.carrier, each)
    at_once = 1 if tender.style is Style.WATERFALL else tender.carriers_per_round
    left = tender.carriers_per_round * tender.rounds_max - len(asked)
    return list(fresh.values())[: max(0, min(at_once, left))]


def _ask(
    state: LegOffers,
    fresh: Sequence[Candidate],
    rules: DispatchRules,
    terms: Terms,
    now_ms: int,
) -> Make:
    number = 1 + max((each.asked.round for each in state.offers), default=0)
    expires = now_ms + round(rules.tender.round_s * MILLIS)
    return Make(
        tuple(
            replace(
                asked_of(state, n, each, expires),
                price_minor=terms.price_minor_max,
                bidding=True,
                round=number,
            )
            for n, each in enumerate(fresh, start=1)
        )
    )


def best_bid(bids: Sequence[Offer], candidates: Sequence[Candidate], rules: DispatchRules) -> Offer:
    """The least price, with what a poor rating and a late arrival are worth added to it.

    Of equal ones the earlier bid. A truck that nobody has weighed counts as if it were in time.
    """
    known = {each.truck: each for each in candidates}
    ratings = {each.carrier: each.rating for each in candidates}

    def counts(offer: Offer) -> tuple[float, int, str]:
        if offer.bid is None:
            raise ValueError(f"nobody has bid on {offer.asked.id}")
        rating = ratings.get(offer.asked.carrier)
        rating = rules.costs.rating_unknown if rating is None else rating
        lacks = max(0.0, rules.costs.rating_best - rating)
        truck = known.get(offer.bid.truck)
        late_minutes = 0.0 if truck is None else truck.late_ms / MILLIS / 60.0
        minor = (
            offer.bid.price_minor
            + lacks * rules.tender.rating_minor_per_point
            + late_minutes * rules.tender.late_minor_per_minute
        )
        return minor, offer.bid.at_ms, offer.asked.id

    return min(bids, key=counts)
