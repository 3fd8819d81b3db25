"""Fences as the store gives them."""

from __future__ import annotations

import dataclasses
from typing import Any

TENANT_KEY = 7


@dataclasses.dataclass(frozen=True)
class Change:
    """A fence version as the store gives it."""

    fence_id: str
    shape: dict[str, Any] | None
    revision: int
    tenant_key: int = TENANT_KEY
    name: str = "Yard"
    kind: str | None = "depot"
    version: int = 1
    valid_from_ms: int = 0
    group: str | None = None
    dwell_s: float | None = None
    speed_limit_kmh: float | None = None
    schedule: dict[str, Any] | None = None
    crossings: bool = False
    notify: tuple[str, ...] | None = None
    truck_classes: tuple[str, ...] | None = None


def square(west: float, south: float, size: float = 1.0) -> dict[str, Any]:
    ring = [
        [west, south],
        [west + size, south],
        [west + size, south + size],
        [west, south + size],
        [west, south],
    ]
    return {"type": "Polygon", "coordinates": [ring]}
