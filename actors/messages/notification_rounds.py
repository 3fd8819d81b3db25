"""The rounds that tell people, by the names of their paces."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import partial

from actors.following import Follower
from actors.making_rounds import Round
from actors.messages.notification_desk import MessageDesk
from actors.messages.notification_digests import digests_round, sweep_round
from actors.messages.notification_planning import Planner
from actors.messages.notification_receipts import receipts_round
from actors.messages.notification_sending import send_round
from config.sections.pace import Following
from store import notification_work

FOLLOWER = "notifications"
DAY_MS = 86_400_000


class Facts:
    """Follows those facts that anybody's rules speak of."""

    def __init__(self, desk: MessageDesk) -> None:
        self._desk = desk
        self._planner = Planner(desk)
        self._types: tuple[str, ...] = ()
        self._follower: Follower | None = None

    async def go_on(self) -> int:
        types = self._wanted()
        if self._follower is None or types != self._types:
            self._types = types
            self._follower = self._following(types)
        return await self._follower.go_on()

    def _following(self, types: tuple[str, ...]) -> Follower:
        settings = self._desk.settings

        def limits() -> Following:
            return settings.now.messenger.following

        return Follower(FOLLOWER, self._desk, limits, self._planner.take_up, types)

    def _wanted(self) -> tuple[str, ...]:
        snapshot = self._desk.settings.snapshot
        found: set[str] = set()
        for policy in (snapshot.everyone, *snapshot.tenants.values()):
            rules = policy.notifying
            found.update(rules.calls_off)
            for telling in rules.tellings:
                found.update(telling.facts)
        return tuple(sorted(found)) or ("none",)


async def tell_figures(desk: MessageDesk, counts: MutableMapping[str, float]) -> int:
    """How the queue stands, for metrics."""
    now_ms = desk.now_ms()
    async with desk.system.acquire() as conn:
        found = await notification_work.figures(conn, now_ms - DAY_MS, now_ms)
    counts["notification_queue"] = found.waiting
    counts["notification_queue_oldest_s"] = found.oldest_s
    counts["notification_dead_day"] = found.dead
    counts["notification_unknown_day"] = found.unknown
    return 0


def notification_rounds(
    desk: MessageDesk, counts: MutableMapping[str, float]
) -> Mapping[str, Round]:
    return {
        "notification_facts": Facts(desk).go_on,
        "notifications": partial(send_round, desk),
        "notification_digests": partial(digests_round, desk),
        "notification_receipts": partial(receipts_round, desk),
        "notification_sweep": partial(sweep_round, desk),
        "notification_figures": partial(tell_figures, desk, counts),
    }
