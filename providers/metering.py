"""What is counted about calls to other people's services."""

from __future__ import annotations

from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "ubertruck_provider_"
# fixed: the series of a histogram; changing them breaks every dashboard
DURATION_BUCKETS_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Meter(Protocol):
    def called(self, provider: str, operation: str, outcome: str, lasted_s: float) -> None:
        """Outcomes: ok, refused, away."""

    def turned(self, provider: str, *, is_open: bool) -> None:
        """Its breaker."""


class Unmetered:
    """For whoever has nobody that reads what is counted."""

    def called(self, provider: str, operation: str, outcome: str, lasted_s: float) -> None:
        """Nobody reads it."""

    def turned(self, provider: str, *, is_open: bool) -> None:
        """Nobody reads it."""


class OneOfMany:
    """For one of several breakers of a name, which shows as open while any of them is."""

    def __init__(self, meter: Meter, open_ones: set[OneOfMany]) -> None:
        """`open_ones` is shared by all of them."""
        self._meter = meter
        self._open_ones = open_ones
        self._is_forgotten = False

    def called(self, provider: str, operation: str, outcome: str, lasted_s: float) -> None:
        self._meter.called(provider, operation, outcome, lasted_s)

    def turned(self, provider: str, *, is_open: bool) -> None:
        if is_open and not self._is_forgotten:
            self._open_ones.add(self)
        else:
            self._open_ones.discard(self)
        self._meter.turned(provider, is_open=bool(self._open_ones))

    def forget(self, provider: str) -> None:
        """Nobody asks it any more, so nothing would ever close it."""
        self._is_forgotten = True
        self.turned(provider, is_open=False)


class ProviderMetrics:
    """For a process whose registry is collected."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._calls = Counter(
            PREFIX + "calls",
            "Calls to other people's services, by what became of them",
            ("provider", "operation", "outcome"),
            registry=registry,
        )
        self._duration_s = Histogram(
            PREFIX + "call_duration_seconds",
            "Of such a call, its attempts and waits together",
            ("provider",),
            buckets=DURATION_BUCKETS_S,
            registry=registry,
        )
        self._open = Gauge(
            PREFIX + "breaker_open",
            "1 while a service that failed is left alone",
            ("provider",),
            registry=registry,
        )

    def called(self, provider: str, operation: str, outcome: str, lasted_s: float) -> None:
        self._calls.labels(provider, operation, outcome).inc()
        self._duration_s.labels(provider).observe(lasted_s)
        self._open.labels(provider)  # 0 says that it is closed; nothing would say nothing

    def turned(self, provider: str, *, is_open: bool) -> None:
        self._open.labels(provider).set(1.0 if is_open else 0.0)
