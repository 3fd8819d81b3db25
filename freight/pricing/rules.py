"""Everything that makes up a price, as a tenant may set it: cards, charges, terms and taxes."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from freight.dated import Dated
from freight.pricing.amounts import (
    OTHERS,
    Bp,
    GstState,
    Id,
    Paise,
    PaisePerL,
    ShareBp,
    Word,
)
from freight.pricing.cards import RateCard, Timed, overlapping, ties
from freight.pricing.gst import GstRules
from freight.pricing.surge import SurgeRules
from freight.rules import Rules, Who, key

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Hour = Annotated[int, Field(ge=0, le=23)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a time zone of the IANA database") from error
    return name


TimeZone = Annotated[str, AfterValidator(_known_zone)]


class FuelRules(Rules):
    share_bp: Dated[ShareBp] = key(
        "How much of the freight follows the diesel price; 0: none.", who=Who.TENANT, live=True
    )
    base_minor_per_l: Dated[PaisePerL] = key(
        "The diesel price that the rates were made at.", who=Who.TENANT, live=True
    )
    diesel_minor_per_l: dict[Name, Dated[PaisePerL]] = key(
        f"Diesel prices by the GST code of the pickup's state; {OTHERS}: wherever none is named.",
        who=Who.TENANT,
        live=True,
    )


class Night(Rules):
    """Loading between these hours, on the clock of `time_zone`; it may pass midnight."""

    from_hour: Hour
    to_hour: Hour
    share_bp: Bp

    def covers(self, hour: int) -> bool:
        if self.from_hour <= self.to_hour:
            return self.from_hour <= hour < self.to_hour
        return hour >= self.from_hour or hour < self.to_hour


class HandlingCharge(Rules):
    share_bp: Bp = Field(default=0, description="of the freight")
    amount_minor: Paise = Field(default=0, description="for each truck")


class DetentionTerms(Rules):
    """What waiting costs; a price only quotes it."""

    free_minutes: Annotated[int, Field(ge=0, le=100_000)] = Field(description="at each stop")
    minor_per_hour: dict[Id, Paise] = Field(description=f"by truck class, or {OTHERS}")


class Fee(Rules):
    share_bp: ShareBp = 0
    minimum_minor: Paise = 0
    maximum_minor: Paise | None = None

    @model_validator(mode="after")
    def _bounds_do_not_cross(self) -> Fee:
        if self.maximum_minor is not None and self.maximum_minor < self.minimum_minor:
            raise ValueError("maximum_minor is below minimum_minor")
        return self


class Discount(Timed):
    """Off the freight and its surcharges; a shipper's own goes before one for all."""

    in_use: bool = True
    shipper: Id | None = None
    share_bp: ShareBp = 0
    amount_minor: Paise = 0
    floor_minor: Paise = Field(default=0, description="a discount leaves at least this")


class Contract(Timed):
    """What is agreed with a shipper beside the rates of its cards."""

    shipper: Id
    gst_registered: bool
    gst_state: GstState | None = None
    gst_mode: Word | None = Field(default=None, description="default: the tenant's")


class PricingRules(Rules):
    """All that a price depends on beside its request and facts; kept with every quote."""

    time_zone: TimeZone = key(
        "Whose days and hours count for dates and nights.", who=Who.TENANT, live=True
    )
    cards: dict[Name, RateCard] = key(
        "Rate cards by name. The most specific holds: by shipper, then lane (fences before "
        "states), then truck class, then material.",
        who=Who.TENANT,
        live=True,
    )
    contracts: dict[Name, Contract] = key(
        "What is agreed with shippers, by name.", who=Who.TENANT, live=True
    )
    discounts: dict[Name, Discount] = key("Discounts by name.", who=Who.TENANT, live=True)
    material_factors_bp: Dated[dict[Word, Bp]] = key(
        "Factors by material, for cards that name none; 10000 changes nothing.",
        who=Who.TENANT,
        live=True,
    )
    class_factors_bp: Dated[dict[Id, Bp]] = key(
        "Factors by truck class, for cards that name none; 10000 changes nothing.",
        who=Who.TENANT,
        live=True,
    )
    fuel: FuelRules
    surge: SurgeRules
    night: Dated[Night] = key("What loading at night adds.", who=Who.TENANT, live=True)
    handling: Dated[dict[Word, HandlingCharge]] = key(
        "What needs in handling add, such as hazardous.", who=Who.TENANT, live=True
    )
    tolls_minor_per_km: Dated[dict[Id, Paise]] = key(
        f"Tolls by truck class or {OTHERS}, where a card says none of its own.",
        who=Who.TENANT,
        live=True,
    )
    loading_minor_per_t: Dated[Paise] = key("For taking on a ton.", who=Who.TENANT, live=True)
    unloading_minor_per_t: Dated[Paise] = key("For putting down a ton.", who=Who.TENANT, live=True)
    extra_stop_minor: Dated[Paise] = key(
        "For each stop beyond one pickup and one drop.", who=Who.TENANT, live=True
    )
    detention: Dated[DetentionTerms] = key(
        "Free time at a stop, and what waiting beyond it costs.", who=Who.TENANT, live=True
    )
    platform_fee: Dated[Fee] = key("What the platform adds.", who=Who.OPERATOR, live=True)
    gst: GstRules
    round_off_minor: Annotated[int, Field(gt=0, le=10_000)] = key(
        "Totals are rounded to whole multiples, with a line of their own; 1: not at all.",
        who=Who.TENANT,
        live=True,
    )
    total_minor_max: Annotated[int, Field(gt=0, le=10**15)] = key(
        "A higher price is refused: something must be wrong.", who=Who.TENANT, live=True
    )

    @model_validator(mode="after")
    def _one_of_each_goes_before(self) -> PricingRules:
        tied = ties(self.cards)
        if tied:
            raise ValueError(tied[0])
        for what, named in (("contracts", self.contracts), ("discounts", self._used_discounts)):
            by_shipper: dict[str | None, list[tuple[str, Contract | Discount]]] = {}
            for name, one in named.items():
                by_shipper.setdefault(one.shipper, []).append((name, one))
            for group in by_shipper.values():
                tie = overlapping(group)
                if tie is not None:
                    day = tie[2].isoformat()
                    raise ValueError(f"{what} {tie[0]} and {tie[1]} hold for the same on {day}")
        for name, contract in self.contracts.items():
            if contract.gst_mode is not None and contract.gst_mode not in self.gst.modes:
                raise ValueError(f"contract {name}: there is no GST mode {contract.gst_mode!r}")
        return self

    @property
    def _used_discounts(self) -> dict[str, Discount]:
        return {name: one for name, one in self.discounts.items() if one.in_use}

    def contract(self, shipper: str, day: date) -> Contract | None:
        for one in self.contracts.values():
            if one.shipper == shipper and one.holds_on(day):
                return one
        return None

    def discount(self, shipper: str | None, day: date) -> tuple[str, Discount] | None:
        """The shipper's own, or else the one for all."""
        holding = {
            one.shipper: (name, one)
            for name, one in self._used_discounts.items()
            if one.holds_on(day)
        }
        return holding.get(shipper) or holding.get(None)
