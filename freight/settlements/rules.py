"""What a tenant decides about paying its carriers: cycles, shares, fees, and who must approve."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from freight.dated import Dated
from freight.rules import Rules, Who, key

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[int, Field(ge=0, le=10_000)]


class Cycle(StrEnum):
    LEG = "leg"  # each leg for itself
    WEEKLY = "weekly"
    FORTNIGHTLY = "fortnightly"  # from the first and from the sixteenth of a month
    MONTHLY = "monthly"


class ChargeShares(Rules):
    """How much of what the shipper is charged for is the carrier's, of 10 000."""

    detention: Share = key("Of waiting at stops.", who=Who.TENANT, live=True)
    cancellation: Share = key(
        "Of what a shipper pays that cancels after a truck was given.", who=Who.TENANT, live=True
    )
    goods_return: Share = key("Of taking goods back.", who=Who.TENANT, live=True)


class AdvanceRules(Rules):
    share_bp_max: Share = key(
        "So much of what a leg has earned may be paid before it is delivered, of 10 000.",
        who=Who.TENANT,
        live=True,
    )


class SettlementRules(Rules):
    time_zone: str = key("On whose clock a period begins.", who=Who.TENANT, live=True)
    cycle: Cycle = key("How often carriers are settled with.", who=Who.TENANT, live=True)
    cycle_of_carrier: dict[str, Cycle] = key(
        "For carriers that have agreed on another one, by id.", who=Who.TENANT, live=True
    )
    charge_shares_bp: ChargeShares
    passed_on_bp: dict[str, Share] = key(
        "Heads of a booking's adjustments that are the carrier's, and how much, of 10 000.",
        who=Who.TENANT,
        live=True,
    )
    platform_fee_bp: Dated[Share] = key(
        "What carriers pay for a load, of 10 000 of its freight.", who=Who.TENANT, live=True
    )
    advance: AdvanceRules
    two_persons_above_minor: Count = key(
        "Two persons approve what is larger, in paise.", who=Who.TENANT, live=True
    )
    hold_hours: Count = key(
        "So long after delivery a settlement may be proposed.", who=Who.TENANT, live=True
    )
    proposes_itself: bool = key(
        "Whether what is ready is proposed without anybody asking.", who=Who.TENANT, live=True
    )
    lines_max: Positive = key("Lines of one settlement.", who=Who.OPERATOR, live=True)
    members_max: Positive = key("Legs in a period's settlement.", who=Who.OPERATOR, live=True)

    def cycle_of(self, carrier: str) -> Cycle:
        return self.cycle_of_carrier.get(carrier, self.cycle)
