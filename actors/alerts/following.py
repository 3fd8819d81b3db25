"""What follows from facts: taken up with what is known around them, and decided at once."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence

from actors.alerts.surroundings import signals_with_surroundings
from actors.alerts.writing import NAME, Scene, take
from actors.booking_writing import TenantName
from actors.desk import WorkDesk
from actors.following import Follower
from freight.alerts.reading import FACTS
from store import alerts
from store.events import StoredEvent
from store.postgres import AnyConnection


class AlertsFollower:
    """Also says how long the oldest fact of the last batch has waited to be taken up."""

    def __init__(self, desk: WorkDesk, counts: MutableMapping[str, float]) -> None:
        self._desk = desk
        self._counts = counts
        self._follower = Follower(
            NAME, desk, lambda: desk.settings.now.watch.following, self._take_up, FACTS
        )

    async def go_on(self) -> int:
        return await self._follower.go_on()

    async def _take_up(
        self, conn: AnyConnection, tenant: TenantName, facts: Sequence[StoredEvent]
    ) -> None:
        signals = await signals_with_surroundings(conn, facts)
        now_ms = self._desk.now_ms()
        before_seq = facts[0].seq - 1
        scene = Scene(conn, tenant, self._desk.policy_of(tenant), now_ms, before_seq)
        # What is behind the last of them may be the end of what they begin.
        behind_ms = await alerts.known_behind(conn, facts[-1].seq, FACTS)
        complete_ms = None if behind_ms is None else behind_ms - 1
        self._counts["alerts_changed_total"] += await take(scene, signals, complete_ms)
        oldest_ms = min(fact.known_at_ms for fact in facts)
        self._counts["alerts_taken_after_s"] = max(0, now_ms - oldest_ms) / 1000
