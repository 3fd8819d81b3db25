"""Bookings of one leg for tests: the trucks that had it, what was charged, what was adjusted."""

from __future__ import annotations

from dataclasses import dataclass, field

from freight.booking.state import (
    Adjustment,
    Booking,
    Carriage,
    Charge,
    ChargeHead,
    Leg,
    Side,
)
from freight.booking.state import Status as LegStatus
from freight.load import Load, Place, Stop, StopKind
from freight.settlements.drafting import parts
from freight.settlements.state import Line
from tests.freight.settlements.written import RULES

PRICES = {"O1": 4_000_000, "O2": 3_000_000}
STOPS = (
    Stop("S1", StopKind.PICKUP, Place(18.5, 73.8), 20_000),
    Stop("S2", StopKind.DROP, Place(18.6, 73.8), 20_000),
)


@dataclass
class Story:
    """A booking of one leg, with the trucks that had it."""

    carriages: tuple[Carriage, ...]
    charges: tuple[Charge, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    status: LegStatus = LegStatus.DELIVERED
    others: tuple[Leg, ...] = ()
    leg: Leg = field(init=False)
    booking: Booking = field(init=False)

    def __post_init__(self) -> None:
        self.leg = Leg(
            id="L1",
            weight_kg=20_000,
            shares={"S1": 20_000, "S2": 20_000},
            standing=self.status,
            status=self.status,
            since_ms=900,
            carriages=self.carriages,
            delivered_ms=800 if self.status is LegStatus.DELIVERED else None,
        )
        self.booking = Booking(
            id="B1",
            shipper="acc",
            version=1,
            status=self.status,
            load=Load("cement", 20_000, STOPS),
            legs=(self.leg, *self.others),
            terms=(),
            price=None,
            needs_quote=False,
            created_ms=0,
            charges={charge.id: charge for charge in self.charges},
            adjustments=self.adjustments,
        )

    def owed(self, more: tuple[Line, ...] = ()) -> list[tuple[str, dict[str, int]]]:
        """Of each part: the carrier, and its lines by head."""
        found = parts(self.booking, self.leg, PRICES, RULES, more)
        return [
            (part.carrier, {line.head: line.amount_minor for line in part.due.lines})
            for part in found
        ]


def carried(carrier: str | None = "C1", offer: str | None = "O1", **changes: object) -> Carriage:
    fields = {"truck": "T1", "driver": None, "from_ms": 0, **changes}
    return Carriage(carrier=carrier, offer=offer, **fields)  # type: ignore[arg-type]


def waiting(stop: str, amount_minor: int, attempt: int = 1, payer: Side = Side.SHIPPER) -> Charge:
    name = f"detention/L1/{stop}/{attempt}"
    return Charge(name, ChargeHead.DETENTION, "L1", stop, payer, amount_minor)


def toll(amount_minor: int, leg: str | None = "L1", head: str = "toll") -> Adjustment:
    return Adjustment("A1", head, "trip", 1, 1, amount_minor, amount_minor, leg)
