"""A booking's weights from loading to unloading, what is missing, and what is due for it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from freight.booking.state import Booking, Leg
from freight.weights import (
    Chain,
    Debit,
    Measured,
    RateFrom,
    Source,
    WeightRules,
    chain_of,
    debit_of,
)
from serve.bookings.reading import standing
from serve.bookings.wire import Money
from serve.gateway import Gateway
from serve.identity.principal import Principal


class MeasuredOut(BaseModel):
    stop: str
    kg: int | None = Field(description="null: nobody has said")
    source: Source | None = Field(description="who says so; booked: nobody has weighed it")
    damaged_kg: int
    tare_kg: int | None
    gross_kg: int | None
    slip: str | None = Field(description="of the weighbridge: the document")

    @classmethod
    def of(cls, measured: Measured) -> MeasuredOut:
        tare_kg, gross_kg = measured.weighed_kg or (None, None)
        return cls(
            stop=measured.stop,
            kg=measured.kg,
            source=measured.source,
            damaged_kg=measured.damaged_kg,
            tare_kg=tare_kg,
            gross_kg=gross_kg,
            slip=measured.slip,
        )


class ShortageOut(BaseModel):
    tolerated_kg: int
    missing_kg: int
    excess_kg: int
    charged_kg: int
    rate: Money | None = Field(description="for `per_kg`; null: what it is worth is not known")
    per_kg: int | None
    rate_from: RateFrom | None
    debit: Money | None

    @classmethod
    def of(cls, debit: Debit) -> ShortageOut:
        found, rate = debit.shortage, debit.rate
        return cls(
            tolerated_kg=found.tolerated_kg,
            missing_kg=found.missing_kg,
            excess_kg=found.excess_kg,
            charged_kg=found.charged_kg,
            rate=None if rate is None else Money.of(rate.minor),
            per_kg=None if rate is None else rate.per_kg,
            rate_from=None if rate is None else rate.source,
            debit=None if debit.amount_minor is None else Money.of(debit.amount_minor),
        )


class LegWeightsOut(BaseModel):
    leg: str
    booked_kg: int
    loaded_kg: int | None
    unloaded_kg: int | None = Field(description="null: not all of it is said")
    damaged_kg: int
    loaded: list[MeasuredOut]
    unloaded: list[MeasuredOut]
    shortage: ShortageOut | None = Field(description="null until all of it is unloaded")

    @classmethod
    def of(cls, chain: Chain, debit: Debit | None) -> LegWeightsOut:
        return cls(
            leg=chain.leg,
            booked_kg=chain.booked_kg,
            loaded_kg=chain.loaded_kg,
            unloaded_kg=chain.unloaded_kg,
            damaged_kg=chain.damaged_kg,
            loaded=[MeasuredOut.of(one) for one in chain.loaded],
            unloaded=[MeasuredOut.of(one) for one in chain.unloaded],
            shortage=None if debit is None else ShortageOut.of(debit),
        )


class WeightsOut(BaseModel):
    booking: str
    legs: list[LegWeightsOut]


async def of_booking(gateway: Gateway, who: Principal, booking_id: str) -> WeightsOut:
    """For a carrier, of its own legs."""
    rules = gateway.policy_of(who).weights
    async with gateway.as_tenant(who) as conn:
        booking = await standing(conn, booking_id)
    legs = [leg for leg in booking.active_legs if _concerns(who, leg)]
    return WeightsOut(booking=booking_id, legs=[_weights(booking, leg, rules) for leg in legs])


def _concerns(who: Principal, leg: Leg) -> bool:
    return who.carrier is None or any(one.carrier == who.carrier for one in leg.carriages)


def _weights(booking: Booking, leg: Leg, rules: WeightRules) -> LegWeightsOut:
    return LegWeightsOut.of(chain_of(booking, leg), debit_of(booking, leg, rules))
