"""This replica's own counters and gauges, in a registry of its own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

PREFIX = "ubertruck_"
OTHER_TENANTS = "(others)"
# fixed: the series of a histogram; changing them breaks every dashboard
DURATION_BUCKETS_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


class GatewayMetrics:
    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            PREFIX + "http_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._tenants: set[str] = set()
        self._tenant_requests = Counter(
            PREFIX + "tenant_requests",
            "Requests answered, by tenant; of the tenants beyond the number of labels together",
            ("tenant",),
            registry=self.registry,
        )
        self.duration_s = Histogram(
            PREFIX + "http_request_duration_seconds",
            "From the first byte of a request to the last of its answer",
            ("method", "route"),
            buckets=DURATION_BUCKETS_S,
            registry=self.registry,
        )
        self.refused = Counter(
            PREFIX + "access_refused",
            "Requests refused for their token, client secret or permission",
            ("reason",),
            registry=self.registry,
        )
        self.rate_limited = Counter(
            PREFIX + "rate_limited",
            "Requests refused with 429, by whose limit it was",
            ("limit",),
            registry=self.registry,
        )
        self.overloaded = Counter(
            PREFIX + "http_overloaded",
            "Requests refused with 503 because too many waited",
            registry=self.registry,
        )
        self.shed = Counter(
            PREFIX + "http_shed",
            "Requests refused with 503 so that devices are heard, by their kind and why",
            ("kind", "reason"),
            registry=self.registry,
        )
        self.strain = Gauge(
            PREFIX + "http_strain",
            "0: calm; 1: heavy requests are refused; 2: usual ones too",
            registry=self.registry,
        )
        self.repeats = Counter(
            PREFIX + "idempotent_repeats",
            "Requests whose Idempotency-Key was known, by what became of them",
            ("outcome",),
            registry=self.registry,
        )
        self._begin_live()

    def _begin_live(self) -> None:
        """Of the live feed."""
        self.viewers = Gauge(PREFIX + "live_viewers", "Connected viewers", registry=self.registry)
        self.feed_age = Gauge(
            PREFIX + "live_feed_age_seconds",
            "Since the feed that was silent longest heard of its trucks; 0 without viewers",
            registry=self.registry,
        )
        self.frames = Counter(
            PREFIX + "live_frames", "Position frames sent", registry=self.registry
        )
        self.frame_bytes = Counter(
            PREFIX + "live_frame_bytes", "Bytes of position frames sent", registry=self.registry
        )
        self.viewers_cut = Counter(
            PREFIX + "live_viewers_cut",
            "Viewers disconnected by us",
            ("reason",),
            registry=self.registry,
        )
        self.events_dropped = Counter(
            PREFIX + "live_events_dropped",
            "Events left out of a viewer's queue, with a resync notice",
            registry=self.registry,
        )

    def count_tenant(self, tenant: str | None, labels_max: int) -> None:
        """Every label is kept for ever by whoever collects it: so many tenants get their own."""
        if tenant is None:
            return
        if tenant not in self._tenants and len(self._tenants) >= labels_max:
            tenant = OTHER_TENANTS
        self._tenants.add(tenant)
        self._tenant_requests.labels(tenant).inc()
