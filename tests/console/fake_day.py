"""A truck's made-up day for the console's browser tests: stops, a detour, late truth."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from freight.cloudevents import rfc3339

MINUTE_MS = 60_000


class FakeDay:
    """Of the four hours before now; everything is said as the REST API says it."""

    def __init__(self, fixes: list[dict[str, Any]]) -> None:
        self.fixes = fixes
        self._now_ms = int(time.time() * 1000)

    def _at(self, minutes_ago: float) -> str:
        return rfc3339(int(self._now_ms - minutes_ago * MINUTE_MS))

    def _point(self, minutes_ago: float) -> dict[str, float]:
        nearest = min(self.fixes, key=lambda fix: abs(_ms(fix["ts"]) - _ms(self._at(minutes_ago))))
        return {"lat": nearest["lat"], "lon": nearest["lon"]}

    def spans(self, kind: str) -> list[dict[str, Any]]:
        strayed = {
            "left": {"position": self._point(100), "progress_km": 78.0},
            "farthest": {"position": self._point(85), "off_m": 2345.0},
            "extra_km": 4.2,
            "extra_cost": {"amount_minor": 51200, "currency": "INR"},
        }
        data: dict[str, list[tuple[float, float | None, dict[str, Any]]]] = {
            "trips": [(235, 150, {"distance_km": 61.4}), (120, None, {"distance_km": 80.1})],
            "stops": [(150, 120, {"point": self._point(150), "halt": "fuel", "fence": None})],
            "deviations": [(100, 70, strayed)],
            "journeys": [(235, None, {"about": "j1"})],
        }
        return [
            {
                "kind": kind.removesuffix("s"),
                "about": None,
                "from": self._at(start),
                "to": None if end is None else self._at(end),
                **rest,
            }
            for start, end, rest in data[kind]
        ]

    def events(self, truck: str) -> list[dict[str, Any]]:
        yard = {"fence": "f1", "fence_name": "Pune yard", "position": self._point(90)}
        told: list[tuple[str, str, float, dict[str, Any]]] = [
            ("e1", "truck.stopped", 150, {"halt": "fuel"} | self._point(150)),
            ("e2", "truck.fence.entered", 90, yard),
            ("e3", "truck.overspeed.started", 60, {"speed_kmh_max": 91.0} | self._point(60)),
            ("e4", "event.retracted", 90, {"replaces": "e2", "replaces_type": "x"}),
            ("e5", "event.corrected", 60, {"replaces": "e3", "after": {}}),
        ]
        return [
            {
                "specversion": "1.0",
                "id": number,
                "type": kind,
                "tenant": "demo",
                "subject": f"trucks/{truck}",
                "time": self._at(ago),
                "data": {**data, "known_at": self._at(ago - 1)},
            }
            for number, kind, ago, data in told
        ]


def _ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000
