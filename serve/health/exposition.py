"""The figures of this replica and of all actors in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from actors.stats import ActorStats
from serve.metrics import PREFIX

LABELS = ("role", "actor")
TOTAL = "_total"


class _Replica:
    """Each replica counts for itself, and a load balancer answers with any: its pid tells which."""

    def __init__(self, registry: CollectorRegistry, pid: int) -> None:
        self._registry = registry
        self._pid = str(pid)

    def collect(self) -> Iterator[Metric]:
        for family in self._registry.collect():
            family.samples = [
                sample._replace(labels={**sample.labels, "replica": self._pid})
                for sample in family.samples
            ]
            yield family


class _Actors:
    def __init__(self, stats: list[ActorStats]) -> None:
        self._stats = stats

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily(PREFIX + "actor_up", "The actor works", labels=LABELS)
        families: dict[str, Metric] = {}
        for stats in self._stats:
            labels = [stats.role, stats.name]
            up.add_metric(labels, 0.0 if stats.trouble else 1.0)
            for name, value in stats.values.items():
                full = f"{PREFIX}{stats.role}_{name}"
                if full not in families:
                    families[full] = _family(full, stats.role, name)
                family = families[full]
                assert isinstance(family, CounterMetricFamily | GaugeMetricFamily)  # noqa: S101
                family.add_metric(labels, value)
        yield up
        yield from families.values()


def _family(full: str, role: str, name: str) -> CounterMetricFamily | GaugeMetricFamily:
    text = f"{name.replace('_', ' ')} of each {role.replace('_', ' ')}"
    if full.endswith(TOTAL):
        return CounterMetricFamily(full, text, labels=LABELS)
    return GaugeMetricFamily(full, text, labels=LABELS)


def exposition(registry: CollectorRegistry, stats: list[ActorStats], pid: int) -> bytes:
    together = CollectorRegistry()
    together.register(_Replica(registry, pid))
    together.register(_Actors(stats))
    return generate_latest(together)
