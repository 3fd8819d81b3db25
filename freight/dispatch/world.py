"""What dispatching knows of the world at one moment: trucks that may go, and legs that wait."""

from __future__ import annotations

import msgspec

NOTHING: frozenset[str] = frozenset()


class FreeTruck(msgspec.Struct, frozen=True, kw_only=True):
    """A truck that may be sent, or will be empty soon; what is unknown is None, never zero.

    One that is unfit stays in the list: so that everybody can be told why it was not chosen.
    """

    key: int  # the truck's number in the store
    id: str
    truck_class: str
    body: str
    payload_kg: int  # by its registration certificate
    lat: float  # where it is now
    lon: float
    seen_ms: int  # when it was there
    carrier: str | None = None  # None: the tenant's own
    # Where and when it is going to be empty, if it is finishing a load.
    free_at_ms: int | None = None
    free_lat: float | None = None
    free_lon: float | None = None
    papers_until_ms: int | None = None  # when the first of its papers expires
    handling: frozenset[str] = NOTHING  # what it is equipped for: "tarpaulin", "crane", ...
    hazardous: bool = False  # truck and driver may carry dangerous goods
    driver: str | None = None
    driver_minutes_left: int | None = None
    home_lat: float | None = None
    home_lon: float | None = None
    rating: float | None = None  # of its carrier
    price_minor_per_km: int | None = None  # what it is expected to ask for a loaded km
    last_load_ms: int | None = None  # when it got its last load; None: never
    barred_zones: int = 0  # a bit for each zone that it may not enter at the times in question
    online: bool = True
    available: bool = True  # by its calendar
    cleared: bool = True  # its carrier's KYC and whatever else somebody must have approved
    promised: bool = False  # it has an award that no load here may follow


class WaitingLeg(msgspec.Struct, frozen=True, kw_only=True):
    """One truck's share of a booking that has no truck yet, or none that is sure."""

    booking: str
    leg: str
    lat: float  # of the first pickup
    lon: float
    drop_lat: float  # of the last drop
    drop_lon: float
    weight_kg: int
    trip_km: float  # from pickup to last drop, by road
    waiting_since_ms: int
    trip_minutes: int | None = None  # None: by km and the usual speed
    from_ms: int | None = None  # the pickup's window
    to_ms: int | None = None
    classes: frozenset[str] | None = None  # None: any that carries it
    bodies: frozenset[str] | None = None
    handling: frozenset[str] = NOTHING
    hazardous: bool = False
    shipper: str | None = None
    exclusive: frozenset[str] | None = None  # only these carriers; None: any
    blocked: frozenset[str] = NOTHING  # carriers
    declined_trucks: frozenset[str] = NOTHING  # ids
    declined_carriers: frozenset[str] = NOTHING
    price_minor_max: int | None = None
    priority: int = 0
    zones: int = 0  # a bit for each zone that it leads through
    standing: str | None = None  # the id of the truck that is planned for it so far

    @property
    def id(self) -> str:
        return f"{self.booking}/{self.leg}"
