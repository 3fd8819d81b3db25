"""Trying rules on what has happened: how many alerts they would have raised, and which."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from actors.alerts.surroundings import signals_with_surroundings
from actors.life import now_ms
from config.sections.watch import Backtests
from freight.alerts.kinds import SURVEYED, Kind
from freight.alerts.reading import FACTS, READ
from freight.alerts.rules import AlertRules
from freight.alerts.signals import Signal
from freight.alerts.state import Alert, AlertState, Resolution
from serve.alerts.replay import Replay, on_lane
from serve.alerts.wire import BacktestCount, BacktestIn, BacktestOut, BacktestSample
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import InvalidError, TooManyError
from store import events
from store.postgres import epoch_ms, moment

DAY_MS = 86_400_000
_TOLD = frozenset(kind for said in READ.values() for kind, _ in said)
LEFT_OUT = sorted(SURVEYED - _TOLD)


@dataclasses.dataclass(slots=True)
class _Underway:
    """How many this process works on: each takes a good part of a processor."""

    now: int = 0

    @contextmanager
    def one(self, limits: Backtests) -> Iterator[None]:
        if self.now >= limits.at_once_max:
            detail = f"{self.now} of these are worked on; ask again soon"
            raise TooManyError(detail, headers={"Retry-After": str(limits.retry_after_s)})
        self.now += 1
        try:
            yield
        finally:
            self.now -= 1


_underway = _Underway()


@dataclasses.dataclass(slots=True)
class _Cut:
    facts: int = 0
    why: str | None = None


async def backtest(gateway: Gateway, who: Principal, asked: BacktestIn) -> BacktestOut:
    limits = gateway.policy_of(who).watch.backtests
    now = gateway.policy_of(who).alerts
    tried = merged(now, asked.rules)
    span = _span(asked, limits)
    as_now, as_tried = Replay(who.tenant, now), Replay(who.tenant, tried)
    cut = _Cut()
    with _underway.one(limits):
        async for signals in _chunks(gateway, who, span, cut):
            await asyncio.to_thread(_play, (as_now, as_tried), signals)
        await asyncio.to_thread(_finish, (as_now, as_tried), span[1])
    raised = on_lane(as_tried.raised(), asked.lane)
    sample = [alert for alert in raised if _began_in(alert, span)][-limits.sample_max :]
    return BacktestOut(
        since=moment(span[0]),
        to=moment(span[1]),
        facts=cut.facts,
        cut=cut.why,
        left_out=[Kind(kind) for kind in LEFT_OUT],
        counts=_counts(as_tried, raised, on_lane(as_now.raised(), asked.lane)),
        sample=[BacktestSample.of(alert) for alert in reversed(sample)],
    )


def merged(rules: AlertRules, changes: Mapping[str, Any]) -> AlertRules:
    """Laid over what holds, down to single values; null takes an override away."""
    values = _laid_over(rules.model_dump(mode="json", exclude_unset=True), changes)
    overrides = values.get("overrides")
    if isinstance(overrides, Mapping):
        values["overrides"] = {name: one for name, one in overrides.items() if one is not None}
    try:
        return AlertRules.model_validate(values)
    except ValidationError as error:
        errors = [
            {"pointer": "/".join(("/rules", *map(str, fault["loc"]))), "detail": fault["msg"]}
            for fault in error.errors(include_url=False)
        ]
        raise InvalidError("these cannot be rules; errors says why", errors=errors) from error


def _laid_over(values: dict[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    laid = copy.copy(values)
    for name, value in changes.items():
        inner = laid.get(name)
        if isinstance(value, Mapping) and isinstance(inner, dict):
            laid[name] = _laid_over(inner, value)
        else:
            laid[name] = value
    return laid


def _span(asked: BacktestIn, limits: Backtests) -> tuple[int, int]:
    now = now_ms()
    if asked.days is not None:
        since_ms, to_ms = now - asked.days * DAY_MS, now
    else:
        since_ms = now if asked.since is None else epoch_ms(asked.since)
        to_ms = now if asked.to is None else min(epoch_ms(asked.to), now)
    if to_ms - since_ms > limits.days_max * DAY_MS:
        pointer = "/days" if asked.days is not None else "/from"
        raise InvalidError.at(pointer, f"at most {limits.days_max} days")
    if since_ms >= to_ms:
        raise InvalidError.at("/from", "it lies in the future")
    return since_ms, to_ms


async def _chunks(
    gateway: Gateway, who: Principal, span: tuple[int, int], cut: _Cut
) -> AsyncIterator[list[Signal]]:
    """In short transactions; others are served in between."""
    limits = gateway.policy_of(who).watch.backtests
    began_s, after = time.monotonic(), None
    while cut.why is None:
        async with gateway.as_tenant(who) as conn:
            page = await events.list_page(
                conn,
                types=FACTS,
                from_ms=span[0],
                to_ms=span[1],
                after=after,
                limit=min(limits.chunk_facts, limits.facts_max - cut.facts + 1),
            )
            if not page:
                return
            if cut.facts + len(page) > limits.facts_max:
                cut.why = f"there are more than {limits.facts_max} facts"
                page = page[: limits.facts_max - cut.facts]
            signals = await signals_with_surroundings(conn, page)
        cut.facts += len(page)
        yield signals
        if page:
            after = page[-1].seq
        if cut.why is None and time.monotonic() - began_s > limits.seconds_max:
            cut.why = f"it took longer than {limits.seconds_max:g} s"


def _play(replays: Sequence[Replay], signals: Sequence[Signal]) -> None:
    for replay in replays:
        replay.play(signals)


def _finish(replays: Sequence[Replay], to_ms: int) -> None:
    for replay in replays:
        replay.go_to(to_ms)


def _began_in(alert: Alert, span: tuple[int, int]) -> bool:
    return span[0] <= alert.began_ms < span[1]


def _counts(replay: Replay, raised: Sequence[Alert], now: Sequence[Alert]) -> list[BacktestCount]:
    """By kind, lane and severity, the most first."""
    places = Counter(_place(alert) for alert in raised)
    places_now = Counter(_place(alert) for alert in now)
    counts = [
        BacktestCount(
            kind=place[0],
            lane=place[1],
            severity=place[2],
            raised=places[place],
            resolved=sum(_place(one) == place and _by_itself(one) for one in raised),
            retracted=sum(
                _place(one) == place and one.state is AlertState.RETRACTED for one in raised
            ),
            escalated=sum(_place(one) == place and replay.escalations(one) > 0 for one in raised),
            now=places_now[place],
        )
        for place in places | places_now
    ]
    return sorted(counts, key=lambda one: (-one.raised, one.kind, one.lane or "", one.severity))


def _place(alert: Alert) -> tuple[Kind, str | None, Any]:
    return alert.kind, alert.around.lane, alert.severity


def _by_itself(alert: Alert) -> bool:
    return alert.state is AlertState.RESOLVED and alert.resolution is Resolution.AUTO
