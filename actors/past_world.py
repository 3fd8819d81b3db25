"""Which rules and fences were in force while stored fixes came in, read for late ones."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable

from pydantic import ValidationError

from actors.rules_in_force import digest_of
from freight.tracking.epochs import Epoch, epochs
from freight.tracking.folding import World
from freight.tracking.refold import Past
from freight.tracking.rules import TrackingRules
from store import fences, rule_sets
from store.postgres import AnyConnection, AnyPool

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class PastWorld:
    """The world as it is now, and how to learn what it was."""

    world: World
    system: AnyPool

    async def epochs(self, conn: AnyConnection, pasts: Iterable[Past]) -> dict[int, list[Epoch]]:
        """Tenant key -> how things were since the earliest of its fixes came in.

        Most tenants have changed nothing since then and have no entry.
        """
        since_ms: dict[int, int] = {}
        truck_of: dict[int, int] = {}
        for past in pasts:
            if len(past.fixes):
                tenant_key = past.start.tenant_key
                came_ms = int(past.fixes["received_ms"].min())
                since_ms[tenant_key] = min(came_ms, since_ms.get(tenant_key, came_ms))
                truck_of[tenant_key] = past.start.truck_key
        found: dict[int, list[Epoch]] = {}
        for tenant_key, from_ms in since_ms.items():
            all_of = await self._of_tenant(conn, tenant_key, truck_of[tenant_key], from_ms)
            if len(all_of) > 1 or all_of[0].fences:
                found[tenant_key] = all_of
        return found

    async def _of_tenant(
        self, conn: AnyConnection, tenant_key: int, truck_key: int, since_ms: int
    ) -> list[Epoch]:
        book, rules = self.world.fences, self.world.in_force(tenant_key, truck_key)[1]
        async with self.system.acquire() as system:
            versions = await fences.changed_since(system, [tenant_key], since_ms)
        now = Epoch(since_ms, (), book.revision, rules, digest_of(rules))
        spells = {}
        for spell in await rule_sets.spells(conn, tenant_key, since_ms):
            try:
                spells[spell.from_ms] = spell.digest, TrackingRules.model_validate(spell.rules)
            except ValidationError:
                # Of another release: nobody can fold by them any more.
                log.warning("rules %s are not those of this release", spell.digest)
        # What is newer than the book is in force from the next batch on.
        seen = [version for version in versions if version.revision <= book.revision]
        return epochs(since_ms, seen, spells, now)
