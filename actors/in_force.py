"""The fences and journeys under which a shard folds a batch: both as of one revision."""

from __future__ import annotations

from actors.life import now_ms
from freight.tracking.fences import FenceBook
from freight.tracking.journeys import JourneyBook
from store import fences, journey_versions, revisions
from store.postgres import AnyPool


class InForce:
    def __init__(self, system: AnyPool, late_horizon_s: float) -> None:
        self.fences = FenceBook()
        self.journeys = JourneyBook()
        self._system = system
        self._late_horizon_s = late_horizon_s

    async def learn(self, upto: int | None) -> None:
        """What was committed before this call is in force for whatever is folded after it."""
        known = self.fences.revision
        async with self._system.acquire() as conn:
            head = await revisions.head(conn) if upto is None else upto
            if head <= known:
                return
            drawn = await fences.changes_between(conn, known, head)
            told = await journey_versions.changes_between(conn, known, head, self._settled_ms())
        self.fences.apply(drawn)
        self.journeys.apply(told)
        # Also when the last change was of the other kind: a batch notes one revision for both.
        self.fences.revision = self.journeys.revision = head

    def forget(self) -> None:
        """Lets go of journeys that no fix to come can be about."""
        self.journeys.forget(self._settled_ms())

    def _settled_ms(self) -> int:
        return now_ms() - round(self._late_horizon_s * 1000.0)
