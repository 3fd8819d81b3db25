"""The past played again to a set of rules: facts in their order, and time between them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from itertools import groupby

from freight.alerts.book import Book
from freight.alerts.events import Escalated
from freight.alerts.rules import AlertRules
from freight.alerts.signals import Signal
from freight.alerts.state import Alert


class Replay:
    """Alerts as they would have been, had these rules held; nothing of it is kept."""

    def __init__(self, tenant: str, rules: AlertRules) -> None:
        self._book = Book(tenant)
        self._rules = rules
        self._due: list[tuple[int, str]] = []
        self._escalated: dict[str, int] = {}

    def play(self, signals: Iterable[Signal]) -> None:
        """In the order in which they were learned; what was learned at once counts at once."""
        for known_ms, at_once in groupby(signals, key=lambda one: one.known_ms):
            self.go_to(known_ms)
            self._book.take(at_once, self._rules, known_ms)
            self._note()

    def go_to(self, now_ms: int) -> None:
        """All that time makes of them until then, each at its moment."""
        while self._due and self._due[0][0] <= now_ms:
            due_ms, name = heapq.heappop(self._due)
            if self._book.alerts[name].due_ms != due_ms:
                continue  # it was put off, or came to nothing, meanwhile
            self._book.tick([name], self._rules, due_ms)
            self._note()

    def raised(self) -> list[Alert]:
        """All of which somebody would have been told, the first first."""
        told = [one for one in self._book.alerts.values() if one.raised_ms is not None]
        return sorted(told, key=lambda one: (one.raised_ms or 0, one.id))

    def escalations(self, alert: Alert) -> int:
        return self._escalated.get(alert.id, 0)

    def _note(self) -> None:
        for taken in self._book.news():
            due_ms = taken.after.due_ms
            if due_ms is not None:
                heapq.heappush(self._due, (due_ms, taken.after.id))
            steps = sum(isinstance(event, Escalated) for event in taken.events)
            if steps:
                known = self._escalated.get(taken.after.id, 0)
                self._escalated[taken.after.id] = known + steps


def on_lane(alerts: Sequence[Alert], lane: str | None) -> list[Alert]:
    return [one for one in alerts if lane is None or one.around.lane == lane]
