"""What is to be carried, and from where to where: what prices, bookings and dispatch are about."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class StopKind(StrEnum):
    PICKUP = "pickup"
    DROP = "drop"


class Place(msgspec.Struct, frozen=True):
    lat: float
    lon: float
    name: str | None = None
    address: str | None = None
    fence: str | None = None  # of the tenant: arriving there is arriving here
    state: str | None = None  # as GST numbers begin: "27" is Maharashtra


class Window(msgspec.Struct, frozen=True):
    """Device and wall time alike; an open end is None."""

    from_ms: int | None = None
    to_ms: int | None = None


class Contact(msgspec.Struct, frozen=True):
    name: str | None = None
    phone: str | None = None


class Stop(msgspec.Struct, frozen=True):
    """Stops are driven in their order; each thing dropped was picked up before."""

    id: str  # "S1", "S2", ... in that order
    kind: StopKind
    place: Place
    weight_kg: int  # taken on or put down here
    window: Window = Window()
    contact: Contact | None = None
    reference: str | None = None


class Load(msgspec.Struct, frozen=True):
    """Weights are whole kilograms and volumes whole litres, so that sums are exact."""

    material: str
    weight_kg: int
    stops: tuple[Stop, ...]
    volume_l: int | None = None
    truck_class: str | None = None  # None: whichever carries it
    body: str | None = None  # "open", "container", "tipper", ...; None: any
    handling: frozenset[str] = frozenset()  # "tarpaulin", "crane", "hazardous", ...

    @property
    def pickups(self) -> tuple[Stop, ...]:
        return tuple(stop for stop in self.stops if stop.kind is StopKind.PICKUP)

    @property
    def drops(self) -> tuple[Stop, ...]:
        return tuple(stop for stop in self.stops if stop.kind is StopKind.DROP)
