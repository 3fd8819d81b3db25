"""The watch without a store: facts become signals, timers run, and alerts are as they would be."""

from __future__ import annotations

import dataclasses
import heapq
import math
from collections.abc import Callable, Iterable, Sequence

from msgspec.structs import replace

from freight.alerts.book import Book
from freight.alerts.circumstances import Circumstances
from freight.alerts.commands import Heard
from freight.alerts.events import Raised, Retracted
from freight.alerts.lasting import rule_of
from freight.alerts.reading import READ, signals_of
from freight.alerts.rules import AlertRules
from freight.events import TruckEvent

Around = Callable[[str, int], Circumstances]  # truck, device time
HeardOf = Callable[[str, int], Heard | None]  # truck, our time -> its newest fix then


@dataclasses.dataclass(frozen=True, slots=True)
class RaisedAlert:
    id: str
    kind: str
    trucks: frozenset[str]
    subject: str
    at_ms: int
    possible_ms: int  # when it could have been raised at the earliest, by device time


class Watch:
    def __init__(self, rules: AlertRules, around: Around, heard: HeardOf, pace_ms: int) -> None:
        self.book = Book("bench")
        self.raised: list[RaisedAlert] = []
        self.retracted: set[str] = set()
        self.facts = 0
        self._rules, self._around, self._heard, self._pace_ms = rules, around, heard, pace_ms
        self._due: list[tuple[int, str]] = []
        self._nr = 0

    def hear(self, facts: Iterable[TruckEvent]) -> None:
        """As they are learned; each round of the follower takes what has come by then."""
        by_round: dict[int, list[TruckEvent]] = {}
        for fact in facts:
            by_round.setdefault(self._round_ms(fact.known_at_ms), []).append(fact)
        for now_ms in sorted(by_round):
            self.wait(now_ms)
            signals = []
            for fact in by_round[now_ms]:
                self._nr += 1
                told = fact.data.get("replaces_type", fact.type)
                if told not in READ:
                    continue
                self.facts += 1
                known = self._around(fact.subject.rpartition("/")[2], fact.time_ms)
                signals += [
                    replace(one, around=one.around.with_known(known))
                    for one in signals_of(fact, self._nr)
                ]
            touched = self.book.note(signals, self._rules, now_ms)
            self._tick(touched, now_ms)

    def wait(self, until_ms: int) -> None:
        while self._due and self._round_ms(self._due[0][0]) < until_ms:
            now_ms = self._round_ms(self._due[0][0])
            names = set()
            while self._due and self._due[0][0] <= now_ms:
                due_ms, name = heapq.heappop(self._due)
                if self.book.alerts[name].due_ms == due_ms:
                    names.add(name)
            self._tick(sorted(names), now_ms)

    def _tick(self, names: Sequence[str], now_ms: int) -> None:
        self.book.tick(names, self._rules, now_ms, heard=self._heard_of(names, now_ms))
        self._note(now_ms)

    def _heard_of(self, names: Iterable[str], now_ms: int) -> dict[str, Heard]:
        trucks = {truck for name in names for truck in self.book.alerts[name].trucks}
        asked = {truck: self._heard(truck, now_ms) for truck in trucks}
        return {truck: heard for truck, heard in asked.items() if heard is not None}

    def _round_ms(self, ms: int) -> int:
        return math.ceil(ms / self._pace_ms) * self._pace_ms

    def _note(self, now_ms: int) -> None:
        for taken in self.book.news():
            alert = taken.after
            if alert.due_ms is not None:
                heapq.heappush(self._due, (alert.due_ms, alert.id))
            for event in taken.events:
                if isinstance(event, Raised):
                    self._raised(alert.id, now_ms)
                elif isinstance(event, Retracted):
                    self.retracted.add(alert.id)

    def _raised(self, name: str, now_ms: int) -> None:
        alert = self.book.alerts[name]
        rule = self._rules.kinds[alert.kind.value]
        lasted = 1 if rule.trigger is None or alert.kind != "several_trucks" else rule.trigger
        first = sorted(cause.at_ms for cause in alert.standing)[: round(lasted)]
        decided = max(cause.decided_ms or cause.at_ms for cause in alert.standing)
        due_ms = first[-1] + self._trigger_ms(name) if first else now_ms
        self.raised.append(
            RaisedAlert(
                name,
                alert.kind.value,
                frozenset(cause.subject.rpartition("/")[2] for cause in alert.standing),
                alert.subject,
                now_ms,
                max(due_ms, decided, alert.quiet_until_ms or 0),
            )
        )

    def _trigger_ms(self, name: str) -> int:
        return round(rule_of(self.book.alerts[name], self._rules).rule.trigger_s * 1000)
