"""Pages of other origins: each tenant says which may read its answers."""

from __future__ import annotations

from config.policy import Settings, Snapshot

RawHeaders = list[tuple[bytes, bytes]]

METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE"
SENT = (
    b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, "
    b"X-API-Key, X-Correlation-ID, traceparent"
)
READ = (
    b"Content-Disposition, Deprecation, ETag, Idempotency-Replayed, Link, Location, RateLimit, "
    b"RateLimit-Policy, Retry-After, Sunset, X-Correlation-ID, traceparent"
)
VARY = (b"vary", b"Origin")


class Cors:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seen: Snapshot | None = None
        self._any: frozenset[str] = frozenset()

    def preflight(self, origin: bytes) -> RawHeaders:
        """It carries no token, so it is allowed what any tenant allows; the answer is not."""
        if origin.decode("latin-1") not in self._of_any_tenant():
            return [VARY]
        kept_s = self._settings.now.edge.cors_kept_s
        return [
            VARY,
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", METHODS),
            (b"access-control-allow-headers", SENT),
            (b"access-control-max-age", str(kept_s).encode()),
        ]

    def answer(self, origin: bytes, tenant: str | None) -> RawHeaders:
        """Named only when the caller's own tenant allows it; nobody's answers are for nobody."""
        if tenant is None or not self._allows(tenant, origin):
            return []
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", READ),
        ]

    def _allows(self, tenant: str, origin: bytes) -> bool:
        return origin.decode("latin-1") in self._settings.of(tenant).edge.cors_origins

    def _of_any_tenant(self) -> frozenset[str]:
        snapshot = self._settings.snapshot
        if snapshot is not self._seen:
            policies = (snapshot.everyone, *snapshot.tenants.values())
            self._any = frozenset(o for policy in policies for o in policy.edge.cors_origins)
            self._seen = snapshot
        return self._any
