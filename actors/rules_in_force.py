"""By which rules a shard folds: the same all through a batch, and noted under their digests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import msgspec

from freight.tracking.rules import TrackingRules
from store import rule_sets
from store.postgres import AnyConnection

DIGEST_BYTES = 16  # the store asks for 32 hexadecimal digits


class PinnedRules:
    """What each tenant's rules were when they were first asked for."""

    def __init__(self, rules_of: Callable[[str], TrackingRules]) -> None:
        self._rules_of = rules_of
        self._pinned: dict[str, TrackingRules] = {}

    def __call__(self, tenant: str) -> TrackingRules:
        rules = self._pinned.get(tenant)
        if rules is None:
            rules = self._pinned[tenant] = self._rules_of(tenant)
        return rules


class RulesLog:
    """One shard's view of which rules the store knows to be in force."""

    def __init__(self) -> None:
        self._digests: dict[int, tuple[TrackingRules, str]] = {}
        self._noted: dict[int, str] = {}

    async def note(
        self, conn: AnyConnection, rules: Mapping[int, TrackingRules], since_ms: Mapping[int, int]
    ) -> dict[int, str]:
        """Tenant key -> digest of its rules, which the store knows once this is committed."""
        digests = {key: self._digest(key, each) for key, each in rules.items()}
        for key, digest in digests.items():
            if self._noted.get(key) != digest:
                written = rules[key].model_dump(mode="json")
                await rule_sets.begin_spell(conn, key, digest, written, since_ms[key])
        return digests

    def committed(self, digests: Mapping[int, str]) -> None:
        self._noted.update(digests)

    def _digest(self, tenant_key: int, rules: TrackingRules) -> str:
        known = self._digests.get(tenant_key)
        if known is None or known[0] is not rules:
            known = self._digests[tenant_key] = (rules, digest_of(rules))
        return known[1]


def digest_of(rules: TrackingRules) -> str:
    written = msgspec.json.encode(rules.model_dump(mode="json"), order="sorted")
    return hashlib.blake2b(written, digest_size=DIGEST_BYTES).hexdigest()
