"""What an actor tells about itself, for readiness, metrics and `status`."""

from __future__ import annotations

import dataclasses
import os

import psutil

from telemetry.figures import Family, families


@dataclasses.dataclass(frozen=True, slots=True)
class ActorStats:
    role: str
    name: str
    pid: int
    # Metric name without prefix -> value; names ending in _total only grow.
    values: dict[str, float]
    # Why the actor does not work at the moment; None when it does.
    trouble: str | None = None
    # What its process counts in more than one series: histograms, figures with labels.
    families: tuple[Family, ...] = ()


def stats_of(
    role: str, name: str, values: dict[str, float], trouble: str | None = None
) -> ActorStats:
    memory = {"resident_memory_bytes": float(psutil.Process().memory_info().rss)}
    return ActorStats(role, name, os.getpid(), {**values, **memory}, trouble, families())
