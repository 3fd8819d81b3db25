"""This process's own figures for Prometheus, as they are handed to whoever is asked for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from telemetry.spans import Waiting

PREFIX = "ubertruck_"
# The series of histograms: changing them breaks every dashboard.
# fixed: part of what is published
DURATION_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
# fixed: the same
LAG_BUCKETS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 3600.0)
# fixed: the same
SIZE_BUCKETS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3000.0, 10_000.0)

REGISTRY = CollectorRegistry()


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    name: str
    labels: Mapping[str, str]
    value: float


@dataclasses.dataclass(frozen=True, slots=True)
class Family:
    """One metric with all its series, plain enough for a message."""

    name: str
    kind: str
    text: str
    samples: tuple[Sample, ...]


def families(registry: CollectorRegistry = REGISTRY) -> tuple[Family, ...]:
    return tuple(family_of(metric) for metric in registry.collect())


def family_of(metric: Metric) -> Family:
    """Without the times of creation, which nobody draws and which double the series."""
    samples = tuple(
        Sample(each.name, each.labels, each.value)
        for each in metric.samples
        if not each.name.endswith("_created")
    )
    return Family(metric.name, metric.type, metric.documentation, samples)


def histogram(
    name: str, text: str, labels: Iterable[str] = (), buckets: Iterable[float] = DURATION_BUCKETS_S
) -> Histogram:
    return Histogram(PREFIX + name, text, tuple(labels), buckets=tuple(buckets), registry=REGISTRY)


def counter(name: str, text: str, labels: Iterable[str] = ()) -> Counter:
    return Counter(PREFIX + name, text, tuple(labels), registry=REGISTRY)


def gauge(name: str, text: str, labels: Iterable[str] = ()) -> Gauge:
    return Gauge(PREFIX + name, text, tuple(labels), registry=REGISTRY)


class _Logs(Collector):
    def __init__(self, lines: Callable[[], Mapping[str, int]], lost: Callable[[], int]) -> None:
        self._lines = lines
        self._lost = lost

    def collect(self) -> Iterable[Metric]:
        written = CounterMetricFamily(PREFIX + "log_lines", "Log lines by level", labels=("level",))
        for level, count in self._lines().items():
            written.add_metric((level,), count)
        yield written
        lost = CounterMetricFamily(PREFIX + "log_lost_bytes", "Of log lines not written")
        lost.add_metric((), self._lost())
        yield lost


def tell_logs(lines: Callable[[], Mapping[str, int]], lost: Callable[[], int]) -> None:
    REGISTRY.register(_Logs(lines, lost))


class _Traces(Collector):
    def __init__(self, waiting: Waiting, sent: Callable[[], int]) -> None:
        self._waiting = waiting
        self._sent = sent

    def collect(self) -> Iterable[Metric]:
        waits = GaugeMetricFamily(PREFIX + "trace_spans_waiting", "Spans that wait to be sent")
        waits.add_metric((), len(self._waiting))
        yield waits
        spans = CounterMetricFamily(
            PREFIX + "trace_spans", "Spans by what became of them", labels=("outcome",)
        )
        spans.add_metric(("sent",), self._sent())
        spans.add_metric(("dropped",), self._waiting.dropped)
        yield spans


def tell_traces(waiting: Waiting, sent: Callable[[], int]) -> None:
    REGISTRY.register(_Traces(waiting, sent))
