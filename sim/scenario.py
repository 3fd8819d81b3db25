"""A whole simulated drive worked out beforehand: what is sent, in which order, and what is true."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from config.sections.simulation import Simulation
from freight.fixes import FIX_DTYPE, FixArray
from geo.roads import RoadGraph
from sim.radio import Outbox, Radio
from sim.sensors import Sensors
from sim.world import World


class Drive:
    """World, sensors and radio in step: one seed, one stream of messages."""

    def __init__(
        self,
        graph: RoadGraph,
        policy: Simulation,
        *,
        trucks: int,
        rate_hz: float,
        seed: int,
        start_ms: int,
    ) -> None:
        self.world = World(graph, policy, trucks=trucks, seed=seed, start_ms=start_ms)
        self.sensors = Sensors(self.world, policy, rate_hz=rate_hz, seed=seed)
        self.radio = Radio(graph, policy.radio, trucks=trucks, seed=seed)

    @property
    def step_s(self) -> float:
        return self.sensors.step_s

    def step(self) -> tuple[FixArray, Outbox]:
        """The fixes of the coming step, and what the radio sends in it."""
        fixes = self.sensors.read()
        outbox = self.radio.carry(fixes, self.world.edge[fixes["truck_key"]])
        self.world.step(self.step_s)
        return fixes, outbox


@dataclass(frozen=True, slots=True)
class Scenario:
    fixes: FixArray  # every fix once, by the time it was taken; `truck_key` is the truck's row
    messages: list[tuple[int, FixArray]]  # (truck's row, fixes of one message), as sent


def scenario(
    graph: RoadGraph,
    policy: Simulation,
    *,
    trucks: int,
    rate_hz: float,
    seed: int,
    start_ms: int,
    duration_s: float,
) -> Scenario:
    drive = Drive(graph, policy, trucks=trucks, rate_hz=rate_hz, seed=seed, start_ms=start_ms)
    taken: list[FixArray] = [np.empty(0, dtype=FIX_DTYPE)]
    messages: list[tuple[int, FixArray]] = []
    for _ in range(round(duration_s / drive.step_s)):
        fixes, outbox = drive.step()
        taken.append(fixes)
        messages += _messages(outbox)
    messages += _messages(drive.radio.flush())
    return Scenario(np.concatenate(taken), messages)


def perfect_network(policy: Simulation) -> Simulation:
    """The same fleet without dead zones, repeats, late fixes or alarms."""
    silent = {"dead_share": {}, "duplicate_share": 0.0, "late_share": 0.0}
    radio = policy.radio.model_copy(update={**silent, "alarms_per_truck_day": 0.0})
    return policy.model_copy(update={"radio": radio})


def _messages(outbox: Outbox) -> list[tuple[int, FixArray]]:
    return [(truck, outbox.fixes[start:stop]) for truck, start, stop in outbox.messages]
