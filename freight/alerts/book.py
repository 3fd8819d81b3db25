"""All alerts that some signals may concern, and what becomes of them together."""

from __future__ import annotations

import dataclasses
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from freight.alerts.applying import MS, applied
from freight.alerts.commands import Command, HandOver, Heard, Notice, TakeOver, Tick
from freight.alerts.decide import step
from freight.alerts.events import AlertEvent
from freight.alerts.kinds import Kind
from freight.alerts.rules import AlertRules, KindRule
from freight.alerts.signals import Phase, Signal, Turn
from freight.alerts.sorting import (
    covered_by,
    covering_marks,
    group_of,
    is_beside,
    is_near,
    keys_of,
    marks_of,
)
from freight.alerts.state import Alert, AlertState, Resolution

NOBODY: Mapping[str, Heard] = MappingProxyType({})


@dataclasses.dataclass(slots=True)
class Taken:
    """One alert: how it stood, what happened to it, and how it stands."""

    before: Alert | None
    after: Alert
    events: list[AlertEvent]


@dataclasses.dataclass(frozen=True, slots=True)
class _News:
    """A signal with what is asked about it again and again."""

    signal: Signal
    rule: KindRule
    keys: tuple[str, ...]


class Book:
    """Given the alerts that `needed` names, `take` does the same as with all alerts there are."""

    def __init__(self, tenant: str, alerts: Iterable[Alert] = ()) -> None:
        self._tenant = tenant
        self.alerts: dict[str, Alert] = {}
        self.taken: dict[str, Taken] = {}
        self._by_mark: dict[str, set[str]] = defaultdict(set)
        self._last: dict[str, str] = {}  # dedup -> its last alert
        for alert in alerts:
            self._put(None, alert)

    def take(self, signals: Iterable[Signal], rules: AlertRules, now_ms: int) -> None:
        """Notes all of them; only then time counts, so that what began and ended within a batch
        is seen as over."""
        self.tick(self.note(signals, rules, now_ms), rules, now_ms)

    def note(
        self,
        signals: Iterable[Signal],
        rules: AlertRules,
        now_ms: int,
        *,
        is_blind: bool = False,
        complete_ms: int | None = None,
    ) -> list[str]:
        """In the order in which they were learned; which alerts have a look at the time to come.
        Where more news wait than could be taken at once, time counts only up to `complete_ms`,
        when these came to be known. What was over when the next of its kind began was judged
        without it then, and is now."""
        touched: dict[str, None] = {}
        once = {(one.nr, one.kind, one.told_by): one for one in signals}
        for signal in (once[key] for key in sorted(once)):
            if not _begins(signal) and not self._ends(signal):
                continue  # most of what ends is the end of nothing
            rule = applied(rules, signal.kind, signal.around, signal.at_ms).rule
            news = _News(signal, rule, keys_of(signal, rule))
            over = [one for one in self._concerned(news) if _is_over_by(one, signal)]
            self.tick([one.id for one in over if one is not None], rules, now_ms, is_blind=is_blind)
            for found in self._concerned(news):
                command = self._notice(news, found)
                touched |= dict.fromkeys(self._step(found, command, rules, now_ms))
        return [name for name in touched if not _waits(self.alerts[name], complete_ms)]

    def tick(
        self,
        ids: Iterable[str],
        rules: AlertRules,
        now_ms: int,
        *,
        is_blind: bool = False,
        heard: Mapping[str, Heard] = NOBODY,
    ) -> None:
        """Those that may cover others first. `heard`: by truck, as far as it was asked."""
        alerts = [self.alerts[name] for name in ids]
        alerts.sort(key=lambda one: (bool(rules.kinds[one.kind].covered_by), one.id))
        waiting = deque(one.id for one in alerts)
        while waiting:
            alert = self.alerts[waiting.popleft()]
            marks = covering_marks(alert, rules)
            others = (self.alerts[name] for name in sorted(self._marked(marks)))
            command = Tick(
                covered_by=covered_by(alert, others, rules),
                is_blind=is_blind,
                heard=_least([heard[one] for one in alert.trucks if one in heard]),
            )
            touched = self._step(alert, command, rules, now_ms)
            waiting += [name for name in touched if name != alert.id]

    def do(self, name: str, command: Command, rules: AlertRules, now_ms: int) -> None:
        """What a person wants of one of them."""
        self._step(self.alerts[name], command, rules, now_ms)

    def due(self, now_ms: int) -> list[str]:
        return [
            one.id
            for one in self.alerts.values()
            if one.due_ms is not None and one.due_ms <= now_ms
        ]

    def news(self) -> list[Taken]:
        """What has changed since it was asked last."""
        taken, self.taken = self.taken, {}
        return list(taken.values())

    # ------------------------------------------------------------------------ which ones

    def _concerned(self, news: _News) -> Sequence[Alert | None]:
        signal = news.signal
        if not _begins(signal):
            return self._ends(signal)
        known = self._of(f"e:{signal.event}", signal)
        return known if known or signal.turn is Turn.RETRACTED else [self._for(news)]

    def _ends(self, signal: Signal) -> list[Alert]:
        """What it is about if it begins nothing."""
        if signal.turn is Turn.RETRACTED:
            return self._of(f"e:{signal.event}", signal)
        mark = f"t:{signal.kind}|{signal.subject}"
        if signal.ends_booking:
            mark = f"b:{signal.around.booking}"
        return self._of(mark, signal)

    def _of(self, mark: str, signal: Signal) -> list[Alert]:
        names = self._by_mark.get(mark)
        if not names:
            return []
        found = (self.alerts[name] for name in sorted(names))
        return [alert for alert in found if alert.kind is signal.kind]

    def _for(self, news: _News) -> Alert | None:
        """The alert that a new cause belongs to; None: it is one of its own."""
        signal, rule = news.signal, news.rule
        for key in news.keys:
            near = [one for one in self._of(f"d:{key}", signal) if is_near(one, signal, rule)]
            if near:
                return near[0]
        for key in news.keys:
            last = self.alerts.get(self._last.get(key, ""))
            if last is not None and _was_one_of(last, signal) and is_near(last, signal, rule):
                return last
        last = self._last_of(news)
        if last is None:
            return None
        same_begin = last.began_ms == signal.at_ms
        cooling = signal.phase is Phase.INSTANT and _is_echo(last, signal, rule)
        return last if same_begin or cooling else None

    def _last_of(self, news: _News) -> Alert | None:
        name = self._last.get(news.keys[0])
        return None if name is None else self.alerts[name]

    def _notice(self, news: _News, found: Alert | None) -> Notice:
        signal, rule = news.signal, news.rule
        last = self._last_of(news) if found is None else None
        is_echo = last is not None and _is_echo(last, signal, rule)
        return Notice(
            signal=signal,
            tenant=self._tenant,
            dedup=news.keys[0],
            group=group_of(signal, rule),
            quiet_until_ms=_quiet_until_ms(last, rule) if last is not None and is_echo else None,
            is_counted_only=_is_over(found) and signal.phase is Phase.INSTANT,
        )

    # ------------------------------------------------------------------------------ keeping

    def _step(
        self, before: Alert | None, command: Command, rules: AlertRules, now_ms: int
    ) -> Sequence[str]:
        if before is not None:
            before = self.alerts[before.id]
        events, after = step(before, command, rules, now_ms)
        if before is not None and after is not None and after.is_open and not before.is_open:
            rival = self._open_beside(after, rules)
            if rival is not None:
                return self._hand_over(before, rival, rules, now_ms)
        if after is None or (not events and after == before):
            return () if after is None else (after.id,)
        self._put(before, after)
        if events:
            taken = self.taken.setdefault(after.id, Taken(before, after, []))
            taken.after = after
            taken.events += events
        return (after.id,)

    def _open_beside(self, alert: Alert, rules: AlertRules) -> Alert | None:
        """What was opened for the same while this one was over."""
        names = sorted(self._by_mark.get(f"d:{alert.dedup}", ()))
        others = (self.alerts[name] for name in names if name != alert.id)
        return next((one for one in others if is_beside(alert, one, rules)), None)

    def _hand_over(
        self, alert: Alert, rival: Alert, rules: AlertRules, now_ms: int
    ) -> Sequence[str]:
        self._step(alert, HandOver(to=rival.id), rules, now_ms)
        for cause in alert.on:
            taking = TakeOver(cause=cause, around=alert.around, severity=alert.severity)
            self._step(rival, taking, rules, now_ms)
        return (alert.id, rival.id)

    def _put(self, before: Alert | None, after: Alert) -> None:
        old = frozenset[str]() if before is None else marks_of(before)
        new = marks_of(after)
        for mark in old - new:
            self._by_mark[mark].discard(after.id)
        for mark in new - old:
            self._by_mark[mark].add(after.id)
        self.alerts[after.id] = after
        last = self.alerts.get(self._last.get(after.dedup, ""))
        if last is None or (last.is_open, last.began_ms) <= (after.is_open, after.began_ms):
            self._last[after.dedup] = after.id

    def _marked(self, marks: Iterable[str]) -> set[str]:
        return {name for mark in marks for name in self._by_mark.get(mark, ())}


def _waits(alert: Alert, complete_ms: int | None) -> bool:
    """Its time has come, but perhaps it is over by what waits to be taken."""
    due_ms = alert.due_known_ms
    return complete_ms is not None and due_ms is not None and due_ms > complete_ms


def _begins(signal: Signal) -> bool:
    return signal.phase in {Phase.BEGAN, Phase.INSTANT}


def _is_over(alert: Alert | None) -> bool:
    return alert is not None and alert.state is AlertState.RESOLVED


def _is_over_by(alert: Alert | None, signal: Signal) -> bool:
    if alert is None or alert.state is not AlertState.PENDING or not _begins(signal):
        return False
    return alert.over_ms is not None and alert.over_ms <= signal.at_ms


def _was_one_of(last: Alert, signal: Signal) -> bool:
    """Of several trucks each is learned of by itself, perhaps when all of them have left: who was
    there while others were belongs to them, though they were too few without it."""
    if last.kind is not Kind.SEVERAL_TRUCKS or last.state is not AlertState.LAPSED:
        return False
    over_ms = last.over_ms or last.began_ms
    # Who came sooner may have stayed as long as they did.
    return 2 * last.began_ms - over_ms <= signal.at_ms < over_ms


def _is_echo(last: Alert, signal: Signal, rule: KindRule) -> bool:
    """By the devices' time, so that what comes a day late is heard as if it had come at once."""
    return last.began_ms <= signal.at_ms < _quiet_until_ms(last, rule)


def _quiet_until_ms(last: Alert, rule: KindRule) -> int:
    if last.state is AlertState.LAPSED:
        return last.quiet_until_ms or 0  # what cooled down before it goes on cooling down
    over_ms = last.resolved_ms
    if last.state is not AlertState.RESOLVED or over_ms is None:
        return 0
    if last.resolution is Resolution.AUTO and last.over_ms is not None:
        over_ms = min(over_ms, last.over_ms + round(rule.clear_s * MS))
    return over_ms + round(rule.cool_down_s * MS)


def _least(heard: Sequence[Heard]) -> Heard | None:
    """How far all of several trucks have been heard."""
    if not heard:
        return None
    least = min(heard, key=lambda one: one.ts_ms)
    return replace(least, is_ahead=any(one.is_ahead for one in heard))
