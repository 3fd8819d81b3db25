"""A made-up fleet for the console's browser tests: trucks that drift between cities, seeded."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from freight.cloudevents import rfc3339
from serve.live.frames import MISSING_U16, encode, name_entry
from tests.console.fake_drive import KMH, FakeDrive

CITIES = np.array(
    [
        (28.61, 77.21), (19.08, 72.88), (22.57, 88.36), (13.08, 80.27), (12.97, 77.59),
        (17.39, 78.49), (23.02, 72.57), (26.91, 75.79), (21.15, 79.09), (26.14, 91.74),
        (26.85, 80.95), (18.52, 73.86),
    ]
)  # fmt: skip
MOVING, STOPPED, OFFLINE = 1, 2, 3
KMH_TO_DEG_PER_S = 1 / 3600 / 111.0


@dataclasses.dataclass
class FakeWorld:
    """Columns of the fleet; `step` moves them, `frame` says what a viewer is sent."""

    count: int
    seed: int = 1

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        a = CITIES[rng.integers(0, len(CITIES), self.count)]
        b = CITIES[rng.integers(0, len(CITIES), self.count)]
        along = rng.beta(0.6, 0.6, (self.count, 1))
        place = a + (b - a) * along + rng.normal(0, 0.25, (self.count, 2))
        self.ids = [f"TRK-{i + 1:04d}" for i in range(self.count)]
        self.lat, self.lon = place[:, 0].copy(), place[:, 1].copy()
        away = b - a + rng.normal(0, 0.01, (self.count, 2))
        self.heading = np.degrees(np.arctan2(away[:, 1], away[:, 0])) % 360
        self.status = rng.choice(
            [MOVING, STOPPED, OFFLINE, 0], self.count, p=[0.7, 0.2, 0.08, 0.02]
        )
        self.speed = np.where(self.status == MOVING, rng.uniform(25, 80, self.count), 0.0)
        self.ts_ms = np.full(self.count, time.time() * 1000.0)
        self.changed = np.zeros(self.count, bool)
        self.drives: dict[str, FakeDrive] = {}

    def send(self, truck: str, *towns: str) -> None:
        """Has this truck drive along a route, as it has done for some hours."""
        start, middle, end = towns
        self.drives[truck] = FakeDrive(truck, (start, middle, end))
        row = self.ids.index(truck)
        self.status[row], self.speed[row] = MOVING, KMH
        self._drive_on()

    def _drive_on(self) -> None:
        for truck, drive in self.drives.items():
            row, here = self.ids.index(truck), drive.now()
            self.lat[row], self.lon[row] = here.lat, here.lon
            self.heading[row] = drive.heading_deg()

    def step(self, seconds: float, who: npt.NDArray[np.bool_] | None = None) -> None:
        chosen = (self.status == MOVING) if who is None else who & (self.status == MOVING)
        way = self.speed * KMH_TO_DEG_PER_S * seconds * chosen
        rad = np.radians(self.heading)
        self.lat += way * np.cos(rad)
        self.lon += way * np.sin(rad) / np.cos(np.radians(self.lat))
        self._drive_on()
        self.ts_ms[chosen] = time.time() * 1000.0
        self.changed |= chosen

    def put(self, truck: str, lat: float, lon: float, *, ts_ms: float | None = None) -> None:
        row = self.ids.index(truck)
        self.lat[row], self.lon[row] = lat, lon
        self.ts_ms[row] = time.time() * 1000.0 if ts_ms is None else ts_ms
        self.changed[row] = True

    def inside(self, bbox: list[float] | None) -> npt.NDArray[np.bool_]:
        if bbox is None:
            return np.ones(self.count, bool)
        west, south, east, north = bbox
        inside: npt.NDArray[np.bool_] = (
            (self.lon >= west) & (self.lon <= east) & (self.lat >= south) & (self.lat <= north)
        )
        return inside

    def frame(
        self, seq: int, rows: npt.NDArray[np.intp], left: npt.NDArray[np.intp], named: set[int],
        *, full: bool,
    ) -> bytes:  # fmt: skip
        base = time.time() * 1000.0
        both = np.concatenate([rows, left])
        fresh = [int(row) for row in both if int(row) not in named]
        named.update(fresh)
        status = np.concatenate([self.status[rows], np.full(len(left), 4)])
        speed = np.where(self.status[both] == 0, MISSING_U16, self.speed[both] * 10)
        columns: list[npt.NDArray[Any]] = [
            both.astype("<u4"),
            (self.lat[both] * 1e7).astype("<i4"),
            (self.lon[both] * 1e7).astype("<i4"),
            speed.astype("<u2"),
            (self.heading[both] * 10).astype("<u2"),
            (base - self.ts_ms[both]).astype("<i4"),
            status.astype("<u1"),
        ]
        entries = [name_entry(row, self.ids[row]) for row in fresh]
        return encode(
            seq=seq, base_ts_ms=base, is_snapshot=full, name_entries=entries, columns=columns
        )

    def position(self, truck: str) -> dict[str, Any] | None:
        if truck not in self.ids:
            return None
        row = self.ids.index(truck)
        return {
            "lat": float(self.lat[row]),
            "lon": float(self.lon[row]),
            "ts": rfc3339(int(self.ts_ms[row])),
            "speed_kmh": float(self.speed[row]),
            "heading_deg": float(self.heading[row]),
            "odometer_km": 48211.4,
            "ignition": True,
            "fuel_pct": 62.0,
            "status": ("unknown", "moving", "stopped", "offline")[int(self.status[row])],
        }

    def track(self, truck: str, hours: float) -> list[dict[str, Any]]:
        """Where the truck has been, bending a little, with one gap."""
        if truck in self.drives:
            return self.drives[truck].track(hours * 60)
        row = self.ids.index(truck)
        minutes = np.arange(hours * 60, 0, -1)
        rad = np.radians(self.heading[row]) + 0.25 * np.sin(minutes / 20)
        step = self.speed[row] * KMH_TO_DEG_PER_S * 60
        lat = self.lat[row] - np.cumsum((np.cos(rad) * step)[::-1])[::-1]
        lon = self.lon[row] - np.cumsum((np.sin(rad) * step)[::-1])[::-1]
        now = float(self.ts_ms[row])
        return [
            {"lat": float(a), "lon": float(b), "ts": rfc3339(int(now - m * 60_000))}
            for a, b, m in zip(lat, lon, minutes, strict=True)
            if not 20 < m < 34
        ]
