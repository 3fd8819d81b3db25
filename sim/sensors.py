"""What a truck's tracker makes of the truth: fixes with noise, clocks, fuel and alarms."""

from __future__ import annotations

import numpy as np

from config.sections.simulation import Simulation
from freight.fixes import FIX_DTYPE, MISSING_INT8, Alarm, FixArray
from sim.journeys import HaltKind
from sim.tracks import Floats, Ints, moved
from sim.world import World

DAY_S = 86_400.0
ALARMS = (Alarm.PANIC, Alarm.TAMPER, Alarm.POWER_CUT)
# Six decimals of a degree are 11 cm, finer than any tracker.
DEGREE_DECIMALS = 6


class Sensors:
    """One tracker per truck; each reports at its own moment of the interval."""

    def __init__(self, world: World, policy: Simulation, *, rate_hz: float, seed: int) -> None:
        self._world = world
        self._policy = policy
        self._rng = np.random.default_rng([seed, 3])
        self.step_s = min(policy.tick_s, 1.0 / rate_hz)
        self._steps_between = max(1, round(1.0 / rate_hz / self.step_s))
        trucks = len(world)
        self._phase: Ints = self._rng.integers(0, self._steps_between, trucks)
        self._offset_ms: Ints = self._rng.integers(0, round(self.step_s * 1000), trucks)
        self._step_no = 0
        self._seq: Ints = np.zeros(trucks, dtype=np.int64)
        self._noise: Floats = self._rng.normal(size=(trucks, 2))

    @property
    def interval_s(self) -> float:
        return self._steps_between * self.step_s

    def read(self) -> FixArray:
        """The fixes of the coming step, by device time; `truck_key` is the truck's row."""
        due = np.flatnonzero((self._step_no + self._phase) % self._steps_between == 0)
        due = due[np.argsort(self._offset_ms[due], kind="stable")]
        self._step_no += 1
        world, count = self._world, len(due)
        offset_ms = self._offset_ms[due]
        place = world.places(due, offset_ms / 1000.0)
        north_m, east_m = self._drift_m(due)
        lat, lon = moved(place.lat, place.lon, north_m, east_m)
        fixes = np.zeros(count, dtype=FIX_DTYPE)
        fixes["truck_key"] = due
        fixes["ts_ms"] = world.now_ms + offset_ms
        fixes["lat"] = np.round(lat, DEGREE_DECIMALS)
        fixes["lon"] = np.round(lon, DEGREE_DECIMALS)
        self._read_motion(fixes, due, place.heading_deg)
        self._read_quality(fixes, count)
        self._read_vehicle(fixes, due)
        self._seq[due] += 1
        fixes["seq"] = self._seq[due]
        return fixes

    def _drift_m(self, due: Ints) -> tuple[Floats, Floats]:
        """Position noise remembers itself: a standing truck wanders, it does not jump about."""
        rule = self._policy.gps
        memory = np.exp(-self.interval_s / rule.jitter_memory_s)
        fresh = self._rng.normal(size=(len(due), 2))
        noise = memory * self._noise[due] + np.sqrt(1 - memory**2) * fresh
        self._noise[due] = np.clip(noise, -rule.jitter_sigma_max, rule.jitter_sigma_max)
        drift_m = rule.jitter_m * self._noise[due]
        return drift_m[:, 0], drift_m[:, 1]

    def _read_motion(self, fixes: FixArray, due: Ints, heading_deg: Floats) -> None:
        moving = self._world.speed_mps[due] > 0.0
        noise = self._rng.normal(size=(len(due), 2))
        speed_kmh = np.maximum(self._world.speed_mps[due] * 3.6 + 0.4 * noise[:, 0], 0.0)
        fixes["speed_kmh"] = np.round(np.where(moving, speed_kmh, 0.0), 1)
        wobble_deg = np.where(moving, 1.5 * noise[:, 1], 0.0)
        fixes["heading_deg"] = np.round((heading_deg + wobble_deg) % 360.0, 1) % 360.0
        fixes["odometer_km"] = np.round(self._world.driven_m[due] / 1000.0, 2)

    def _read_quality(self, fixes: FixArray, count: int) -> None:
        rule = self._policy.gps
        good = self._rng.uniform(size=count)  # one sky for accuracy, satellites and hdop
        least, most = rule.accuracy_m
        fixes["accuracy_m"] = np.round(most + good * (least - most), 1)
        fewest, all_seen = rule.satellites
        fixes["satellites"] = np.round(fewest + good * (all_seen - fewest))
        fixes["hdop"] = np.round(1.8 - 1.1 * good, 1)
        fixes["altitude_m"] = np.nan  # the roads are drawn flat

    def _read_vehicle(self, fixes: FixArray, due: Ints) -> None:
        world = self._world
        on = world.driving[due] | (world.halt[due] == HaltKind.TOLL)
        noise = self._rng.normal(size=len(due))
        fixes["ignition"] = on
        fixes["external_v"] = np.round(np.where(on, 27.6, 25.1) + 0.1 * noise, 1)
        fixes["battery_v"] = np.round(4.1 + 0.01 * noise, 2)
        fixes["fuel_pct"] = np.round(100.0 * world.fuel_l[due] / self._policy.gps.tank_l, 1)
        raised = self._rng.uniform(size=len(due)) < (
            self._policy.radio.alarms_per_truck_day * self.interval_s / DAY_S
        )
        kinds = self._rng.choice([int(alarm) for alarm in ALARMS], size=len(due))
        fixes["alarm"] = np.where(raised, kinds, MISSING_INT8)
