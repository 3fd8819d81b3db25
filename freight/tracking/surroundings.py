"""What stands around one truck while its fixes are folded: rules, fences, names, the time."""

from __future__ import annotations

import msgspec

from freight.tracking.fences import FenceBook
from freight.tracking.journeys import JourneyBook
from freight.tracking.names import TruckName
from freight.tracking.rules import TrackingRules


class Surroundings(msgspec.Struct, frozen=True):
    tenant_key: int
    truck_key: int
    name: TruckName
    rules: TrackingRules
    fences: FenceBook
    known_at_ms: int
    truck_class: str | None = None
    journeys: JourneyBook = msgspec.field(default_factory=JourneyBook)
    # How often this device is expected to speak; None: as the rules say.
    interval_s: float | None = None
