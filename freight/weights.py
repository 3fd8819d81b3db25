"""What a truck carried by weight: loaded, unloaded, what is missing beyond measure, and its price.

A figure that nobody has said is missing, not zero: then nothing is short, and nothing is due.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from freight.booking.state import Booking, Leg, Proof
from freight.load import Stop, StopKind
from freight.load_rules import Word
from freight.money import rounded
from freight.rules import Rules, Who, key

WHOLE_BP = 10_000  # basis points in a whole
KG_PER_T = 1000

Share = Annotated[int, Field(ge=0, le=WHOLE_BP)]
Count = Annotated[int, Field(ge=0)]


class Tolerance(BaseModel):
    """So much may be missing; the smaller of the share and the weight."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    share_bp: Share
    kg_max: Count | None = None


class RateFrom(StrEnum):
    DECLARED = "declared"  # the value of the goods as the booking says it; else as agreed
    AGREED = "agreed"  # as the tenant has it by material; else as declared


class WeightRules(Rules):
    tolerance_bp: Share = key(
        "So much of a load may be missing before anything is due.", who=Who.TENANT, live=True
    )
    tolerance_kg_max: Count = key(
        "The same in kilograms, where that is less.", who=Who.TENANT, live=True
    )
    tolerance_of: dict[Word, Tolerance] = key(
        "Both for materials that have their own.", who=Who.TENANT, live=True
    )
    beyond_only: bool = key(
        "Whether only what is missing beyond the tolerance is charged, or all of it then.",
        who=Who.TENANT,
        live=True,
    )
    damaged_counts: bool = key(
        "Whether what was received damaged counts as missing.", who=Who.TENANT, live=True
    )
    rate_from: RateFrom = key(
        "What a missing tonne costs: by the declared value of the goods, or as agreed.",
        who=Who.TENANT,
        live=True,
    )
    agreed_minor_per_t: dict[Word, Count] = key(
        "What a missing tonne of a material costs, in paise.", who=Who.TENANT, live=True
    )

    def tolerance_for(self, material: str) -> Tolerance:
        usual = Tolerance(share_bp=self.tolerance_bp, kg_max=self.tolerance_kg_max)
        return self.tolerance_of.get(material, usual)


class Source(StrEnum):
    """Who says what was moved at a stop; the first that says anything is believed."""

    WEIGHBRIDGE = "weighbridge"
    RECEIVED = "received"
    BOOKED = "booked"


class Measured(msgspec.Struct, frozen=True):
    stop: str
    kg: int | None  # None: nobody has said
    source: Source | None
    damaged_kg: int = 0
    weighed_kg: tuple[int, int] | None = None  # tare, gross
    slip: str | None = None


class Chain(msgspec.Struct, frozen=True):
    """A leg's weights, stop by stop."""

    leg: str
    booked_kg: int
    loaded: tuple[Measured, ...]
    unloaded: tuple[Measured, ...]

    @property
    def loaded_kg(self) -> int | None:
        return _sum(self.loaded)

    @property
    def unloaded_kg(self) -> int | None:
        return _sum(self.unloaded)

    @property
    def damaged_kg(self) -> int:
        return sum(one.damaged_kg for one in self.unloaded)


class Shortage(msgspec.Struct, frozen=True):
    loaded_kg: int
    unloaded_kg: int  # without what counts as missing for its damage
    tolerated_kg: int
    missing_kg: int
    excess_kg: int
    charged_kg: int


class Rate(msgspec.Struct, frozen=True):
    minor: int
    per_kg: int
    source: RateFrom


class Debit(msgspec.Struct, frozen=True):
    """What is due for a shortage, and why."""

    shortage: Shortage
    rate: Rate | None  # None: nobody has said what the goods are worth
    amount_minor: int | None


def shortage(
    loaded_kg: int, unloaded_kg: int, tolerance: Tolerance, *, beyond_only: bool
) -> Shortage:
    tolerated_kg = loaded_kg * tolerance.share_bp // WHOLE_BP
    if tolerance.kg_max is not None:
        tolerated_kg = min(tolerated_kg, tolerance.kg_max)
    missing_kg = max(loaded_kg - unloaded_kg, 0)
    charged_kg = 0
    if missing_kg > tolerated_kg:
        charged_kg = missing_kg - tolerated_kg if beyond_only else missing_kg
    return Shortage(
        loaded_kg=loaded_kg,
        unloaded_kg=unloaded_kg,
        tolerated_kg=tolerated_kg,
        missing_kg=missing_kg,
        excess_kg=max(unloaded_kg - loaded_kg, 0),
        charged_kg=charged_kg,
    )


def debit_minor(charged_kg: int, rate: Rate) -> int:
    return rounded(charged_kg * rate.minor, rate.per_kg)


def rate_of(booking: Booking, rules: WeightRules) -> Rate | None:
    """The one that the tenant prefers, or the other."""
    declared = agreed = None
    if booking.declared_value_minor is not None:
        declared = Rate(booking.declared_value_minor, booking.load.weight_kg, RateFrom.DECLARED)
    minor_per_t = rules.agreed_minor_per_t.get(booking.load.material)
    if minor_per_t is not None:
        agreed = Rate(minor_per_t, KG_PER_T, RateFrom.AGREED)
    return (declared or agreed) if rules.rate_from is RateFrom.DECLARED else (agreed or declared)


def chain_of(booking: Booking, leg: Leg) -> Chain:
    """As its proofs say it; what was loaded is what was booked, if nobody has weighed it."""
    stops = booking.stops_of(leg)
    return Chain(
        leg=leg.id,
        booked_kg=leg.weight_kg,
        loaded=tuple(_measured(leg, stop) for stop in stops if stop.kind is StopKind.PICKUP),
        unloaded=tuple(_measured(leg, stop) for stop in stops if stop.kind is StopKind.DROP),
    )


def debit_of(booking: Booking, leg: Leg, rules: WeightRules) -> Debit | None:
    """None: it is not known what was unloaded, or not all of it."""
    chain = chain_of(booking, leg)
    loaded_kg, unloaded_kg = chain.loaded_kg, chain.unloaded_kg
    if loaded_kg is None or unloaded_kg is None:
        return None
    if rules.damaged_counts:
        unloaded_kg -= chain.damaged_kg
    tolerance = rules.tolerance_for(booking.load.material)
    found = shortage(loaded_kg, unloaded_kg, tolerance, beyond_only=rules.beyond_only)
    rate = rate_of(booking, rules)
    if found.charged_kg == 0:
        return Debit(found, rate, 0)
    return Debit(found, rate, None if rate is None else debit_minor(found.charged_kg, rate))


def _measured(leg: Leg, stop: Stop) -> Measured:
    """Of several proofs the last that says a weight counts; a weighbridge before anybody's word."""
    proofs = [proof for proof in leg.proofs if proof.stop == stop.id]
    damaged_kg = max((_damaged_kg(proof) for proof in proofs), default=0)
    for proof in reversed(proofs):
        weighing = proof.weighing
        if weighing is not None:
            weighed = (weighing.tare_kg, weighing.gross_kg)
            source = Source.WEIGHBRIDGE
            return Measured(stop.id, weighing.net_kg, source, damaged_kg, weighed, weighing.slip)
    for proof in reversed(proofs):
        said = [one.quantity_kg for one in proof.received if one.quantity_kg is not None]
        if said:
            return Measured(stop.id, sum(said), Source.RECEIVED, damaged_kg)
    if stop.kind is StopKind.PICKUP:
        return Measured(stop.id, leg.shares[stop.id], Source.BOOKED)
    return Measured(stop.id, None, None, damaged_kg)


def _damaged_kg(proof: Proof) -> int:
    return sum(one.damaged_kg or 0 for one in proof.received)


def _sum(measured: tuple[Measured, ...]) -> int | None:
    total_kg = 0
    for one in measured:
        if one.kg is None:
            return None
        total_kg += one.kg
    return total_kg
