"""The figures of this replica and of all actors in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from actors.stats import ActorStats
from serve.metrics import PREFIX
from telemetry.figures import REGISTRY, Family, Sample, families

TOTAL = "_total"
Labels = dict[str, str]


class _Together(Collector):
    """Whoever counts something under a name that another has, too, counts into the same family;
    labels tell them apart."""

    def __init__(self) -> None:
        self._families: dict[str, Metric] = {}

    def add(self, family: Family, who: Labels) -> None:
        metric = self._families.get(family.name)
        if metric is None:
            metric = Metric(family.name, family.text, family.kind)
            self._families[family.name] = metric
        for sample in family.samples:
            metric.add_sample(sample.name, {**sample.labels, **who}, sample.value)

    def collect(self) -> Iterator[Metric]:
        yield from self._families.values()


def _plain(stats: ActorStats) -> Iterator[Family]:
    """What an actor tells as one number each."""
    works = Sample(f"{PREFIX}actor_up", {}, 0.0 if stats.trouble else 1.0)
    yield Family(works.name, "gauge", "The actor works", (works,))
    for name, value in stats.values.items():
        full = f"{PREFIX}{stats.role}_{name}"
        kind = "counter" if full.endswith(TOTAL) else "gauge"
        text = f"{name.replace('_', ' ')} of each {stats.role.replace('_', ' ')}"
        yield Family(full.removesuffix(TOTAL), kind, text, (Sample(full, {}, value),))


def exposition(registry: CollectorRegistry, stats: Iterable[ActorStats], pid: int) -> bytes:
    """Each replica counts for itself, and a load balancer answers with any: its pid tells which."""
    together = _Together()
    for family in (*families(registry), *families(REGISTRY)):
        together.add(family, {"replica": str(pid)})
    for actor in stats:
        who = {"role": actor.role, "actor": actor.name}
        for family in (*_plain(actor), *actor.families):
            together.add(family, who)
    collected = CollectorRegistry()
    collected.register(together)
    return generate_latest(collected)
