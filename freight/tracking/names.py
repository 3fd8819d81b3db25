"""What a truck is called outside this system."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class TruckName:
    tenant: str
    truck: str
    truck_class: str | None = None
