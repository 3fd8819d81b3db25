"""What a tenant may set about dispatching: how far it looks, what excludes, what costs how much."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from freight.rules import Rules, Who, key

Whole = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Minor = Annotated[int, Field(ge=0)]
Resolution = Annotated[int, Field(ge=2, le=8)]


class Mode(StrEnum):
    INSTANT = "instant"  # each leg by itself, the cheapest truck at once
    WINDOW = "window"  # all that wait, together, at the least total cost
    TENDER = "tender"  # carriers are asked for bids
    MANUAL = "manual"  # people choose; candidates are only explained


class Style(StrEnum):
    BROADCAST = "broadcast"  # all carriers of a round at once
    WATERFALL = "waterfall"  # one after another


class RangeRules(Rules):
    """Who is near enough to be looked at: rings of H3 cells round the pickup."""

    h3_resolution: Resolution = key(
        "How fine the cells are in which trucks are looked for: 5 is some 17 km from one to the "
        "next, 6 some 6.5 km.",
        who=Who.TENANT,
        live=True,
    )
    rings_first: Count = key(
        "How many rings round the pickup's cell are looked at first.", who=Who.TENANT, live=True
    )
    rings_more: Whole = key(
        "So many rings come to it each time a leg has waited on.", who=Who.TENANT, live=True
    )
    widen_every_s: Positive = key(
        "How long a leg waits before its range is widened, each time.", who=Who.TENANT, live=True
    )
    rings_max: Count = key("At most so many rings are looked at.", who=Who.TENANT, live=True)

    @model_validator(mode="after")
    def _begins_within(self) -> RangeRules:
        if self.rings_max < self.rings_first:
            raise ValueError("rings_max must not be below rings_first")
        return self


class TravelRules(Rules):
    """What is assumed of a way that no route was asked for."""

    road_factor: Annotated[float, Field(ge=1)] = key(
        "How many times as long as the straight way a road is.", who=Who.TENANT, live=True
    )
    speed_kmh: Positive = key("How fast trucks get on, halts included.", who=Who.TENANT, live=True)
    loading_minutes: Whole = key(
        "How long loading takes before a truck leaves its pickup.", who=Who.TENANT, live=True
    )
    unloading_minutes: Whole = key(
        "How long unloading takes before a truck is empty.", who=Who.TENANT, live=True
    )


class ConstraintRules(Rules):
    """From when on a truck is excluded."""

    position_age_s_max: Positive = key(
        "A truck whose last position is older is not considered.", who=Who.TENANT, live=True
    )
    late_minutes_max: Whole = key(
        "A truck that would reach the pickup later than this after its window's end is excluded.",
        who=Who.TENANT,
        live=True,
    )
    papers_margin_minutes: Whole = key(
        "How long a truck's papers must be valid beyond the predicted delivery.",
        who=Who.TENANT,
        live=True,
    )
    allow_unknown_papers: bool = key(
        "Whether a truck may go whose papers' validity nobody has entered.",
        who=Who.TENANT,
        live=True,
    )
    driver_trip_minutes_max: Whole = key(
        "So much of the trip itself, besides the way to the pickup, must lie within the driver's "
        "remaining hours; the rest is driven after a rest.",
        who=Who.TENANT,
        live=True,
    )
    allow_unknown_hours: bool = key(
        "Whether a truck may go whose driver's remaining hours are unknown.",
        who=Who.TENANT,
        live=True,
    )
    free_within_minutes_max: Whole = key(
        "A truck that is still finishing a load is considered when it will be empty this soon.",
        who=Who.TENANT,
        live=True,
    )
    refuse_declined_carrier: bool = key(
        "Whether a carrier that declined a leg is not asked for it again with another truck.",
        who=Who.TENANT,
        live=True,
    )


class CostRules(Rules):
    """What one unit of each thing is worth, all in paise, so that they add up."""

    dead_km_minor: Minor = key("Paise for a km driven empty.", who=Who.TENANT, live=True)
    dead_km_minor_of_class: dict[str, Minor] = key(
        "The same for single truck classes, where it differs.", who=Who.TENANT, live=True
    )
    late_minor_per_minute: Minor = key(
        "Paise for a minute of arriving after the pickup's window.", who=Who.TENANT, live=True
    )
    early_minor_per_minute: Minor = key(
        "Paise for a minute that a truck waits for the pickup's window to open.",
        who=Who.TENANT,
        live=True,
    )
    rating_minor_per_point: Minor = key(
        "Paise for each point that a carrier's rating lacks of the best.",
        who=Who.TENANT,
        live=True,
    )
    rating_best: Positive = key("The best rating there is.", who=Who.TENANT, live=True)
    rating_unknown: NotNegative = key(
        "What counts for a carrier that nobody has rated yet.", who=Who.TENANT, live=True
    )
    fairness_minor_per_hour: Minor = key(
        "Paise for each hour that a truck has waited less for a load than it could have.",
        who=Who.TENANT,
        live=True,
    )
    fairness_hours_max: NotNegative = key(
        "Waiting longer than this makes no difference any more.", who=Who.TENANT, live=True
    )
    home_minor_per_km: Minor = key(
        "Paise for each km that the drop is farther from the truck's home than the truck is now; "
        "nearer counts in its favour.",
        who=Who.TENANT,
        live=True,
    )
    home_km_max: NotNegative = key(
        "More km than this to or from home make no difference.", who=Who.TENANT, live=True
    )
    price_percentage: Annotated[int, Field(ge=0, le=100)] = key(
        "How much of the price that a truck is expected to ask for is counted.",
        who=Who.TENANT,
        live=True,
    )
    usual_minor_per_km: Minor = key(
        "What a loaded km is expected to cost where a truck has said nothing.",
        who=Who.TENANT,
        live=True,
    )
    unfinished_minor_per_hour: Minor = key(
        "Paise for each hour until a truck is empty that is still finishing a load: its promise is "
        "less sure.",
        who=Who.TENANT,
        live=True,
    )


class MatchingRules(Rules):
    """How legs and trucks are brought together, and what is kept about it."""

    window_s: Positive = key(
        "How long legs are gathered before they are matched together.", who=Who.TENANT, live=True
    )
    legs_max: Count = key(
        "At most so many legs are matched at once: the most urgent, then the longest waiting.",
        who=Who.OPERATOR,
        live=True,
    )
    unassigned_minor: Minor = key(
        "What leaving a leg without a truck costs: no dearer truck is taken.",
        who=Who.TENANT,
        live=True,
    )
    unassigned_minor_per_priority: Minor = key(
        "And so much more for each step of its priority.", who=Who.TENANT, live=True
    )
    unassigned_minor_per_minute: Minor = key(
        "And so much more for each minute it has waited.", who=Who.TENANT, live=True
    )
    candidates_first: Count = key(
        "With how many trucks a leg's matching begins; more are taken where the optimum may need "
        "them.",
        who=Who.OPERATOR,
        live=True,
    )
    explained_in_parts: Count = key(
        "For how many of a leg's best candidates each part of the score is recorded; for the "
        "others only their sum.",
        who=Who.OPERATOR,
        live=True,
    )


class ReplanRules(Rules):
    """How much of what was planned may be turned over."""

    changes_max: Whole = key(
        "At most so many legs get another truck than planned in one window.",
        who=Who.TENANT,
        live=True,
    )
    change_minor: Minor = key("What such a change must save to be made.", who=Who.TENANT, live=True)


class OfferRules(Rules):
    """How carriers are asked, and when a person takes over."""

    expires_s: Positive = key("How long an offer may be answered.", who=Who.TENANT, live=True)
    bid_holds_s: NotNegative = key(
        "How long a bid holds after the time for bidding, so that bids can be weighed.",
        who=Who.TENANT,
        live=True,
    )
    offers_total_max: Count = key(
        "How many offers are made for a leg at most, those by hand among them.",
        who=Who.OPERATOR,
        live=True,
    )
    offers_max: Count = key(
        "After so many offers that came to nothing a person takes over.",
        who=Who.TENANT,
        live=True,
    )
    escalate_after_s: Positive = key(
        "A leg that has waited this long is a person's, however many offers were made.",
        who=Who.TENANT,
        live=True,
    )


class TenderRules(Rules):
    """How carriers are asked for bids."""

    style: Style = key("broadcast or waterfall.", who=Who.TENANT, live=True)
    carriers_per_round: Count = key(
        "How many carriers a broadcast asks at once.", who=Who.TENANT, live=True
    )
    rounds_max: Count = key(
        "After so many rounds without a bid a person takes over.", who=Who.TENANT, live=True
    )
    round_s: Positive = key("How long the bids of a round are awaited.", who=Who.TENANT, live=True)
    bids_enough: Count = key(
        "A round ends early when so many carriers have bid.", who=Who.TENANT, live=True
    )
    rating_minor_per_point: Minor = key(
        "So much dearer counts a bid for each point that its carrier's rating lacks.",
        who=Who.TENANT,
        live=True,
    )
    late_minor_per_minute: Minor = key(
        "So much dearer counts a bid for each minute its truck arrives too late.",
        who=Who.TENANT,
        live=True,
    )


class DispatchRules(Rules):
    """How one tenant's legs find their trucks."""

    mode: Mode = key("instant, window, tender or manual.", who=Who.TENANT, live=True)
    range: RangeRules
    travel: TravelRules
    constraints: ConstraintRules
    costs: CostRules
    matching: MatchingRules
    replan: ReplanRules
    offers: OfferRules
    tender: TenderRules
