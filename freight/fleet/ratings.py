"""How good a carrier is, from what happened: never from stars, and never from too little."""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import Field

from freight.rules import Rules, Who, key

Share = Annotated[float, Field(ge=0, le=1)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(gt=0)]


class RatingRules(Rules):
    window_days: Count = key("What is older does not count.", who=Who.TENANT, live=True)
    prior_trips: NotNegative = key(
        "So many trips of an average carrier are added to everybody's, so that one bad day of a "
        "newcomer says little.",
        who=Who.TENANT,
        live=True,
    )
    prior_on_time_share: Share = key(
        "How an average carrier keeps times.", who=Who.TENANT, live=True
    )
    prior_decline_share: Share = key("How often one declines.", who=Who.TENANT, live=True)
    prior_deviations_per_trip: NotNegative = key(
        "How often one leaves its way.", who=Who.TENANT, live=True
    )
    on_time_weight: NotNegative = key("Of keeping times in a rating.", who=Who.TENANT, live=True)
    decline_weight: NotNegative = key("Of accepting offers.", who=Who.TENANT, live=True)
    deviation_weight: NotNegative = key("Of staying on the way.", who=Who.TENANT, live=True)
    deviations_per_trip_max: Annotated[float, Field(gt=0)] = key(
        "With so many deviations a trip, staying on the way counts as nothing.",
        who=Who.TENANT,
        live=True,
    )


class Counts(msgspec.Struct, frozen=True):
    """What was seen of one carrier in the window."""

    trips: int = 0  # all that ended
    promised: int = 0  # of them, those with a time to arrive by
    on_time: int = 0
    offers: int = 0  # that were answered, or ran out
    declines: int = 0  # or ran out
    deviations: int = 0


class Rating(msgspec.Struct, frozen=True):
    """Shares are of what was seen, None where nothing was; the score evens out small numbers."""

    counts: Counts
    on_time_share: float | None
    decline_share: float | None
    deviations_per_trip: float | None
    score: float  # 0 to 1


def rating(counts: Counts, rules: RatingRules) -> Rating:
    trips = rules.prior_trips
    on_time = _evened(counts.on_time, counts.promised, trips, rules.prior_on_time_share)
    declined = _evened(counts.declines, counts.offers, trips, rules.prior_decline_share)
    deviating = _evened(counts.deviations, counts.trips, trips, rules.prior_deviations_per_trip)
    parts = (
        (rules.on_time_weight, on_time),
        (rules.decline_weight, 1.0 - declined),
        (rules.deviation_weight, 1.0 - min(deviating / rules.deviations_per_trip_max, 1.0)),
    )
    weight = sum(each for each, _ in parts)
    score = sum(each * part for each, part in parts) / weight if weight else 0.0
    return Rating(
        counts,
        _share(counts.on_time, counts.promised),
        _share(counts.declines, counts.offers),
        _share(counts.deviations, counts.trips),
        score,
    )


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _evened(part: int, whole: int, prior: float, usual: float) -> float:
    """Towards what is usual, the more the less was seen."""
    total = whole + prior
    return (part + prior * usual) / total if total else usual
