"""A week's scripted incidents against the alerts that people see, whenever these were raised."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bench.alerts_lives import Expected
from bench.alerts_week import clock
from bench.week_ground import truck_id
from store.postgres import epoch_ms

NAMED_MAX = 20
# Whoever was out of reach and had kept everything was never missing: it all comes at once.
ONLY_LIVE = "no coverage"


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """An alert, and from when to when its cause lasted, by the devices' time of the script."""

    id: str
    kind: str
    truck: str
    from_ms: int
    to_ms: int


@dataclasses.dataclass(slots=True)
class Score:
    hits: dict[Expected, list[Seen]]
    without: list[Seen]
    taken_back: int = 0

    @property
    def asked(self) -> int:
        return sum(map(is_asked, self.hits))

    @property
    def alerts(self) -> int:
        return sum(map(len, self.hits.values())) + len(self.without)

    @property
    def missed(self) -> list[Expected]:
        return [one for one, found in self.hits.items() if is_asked(one) and not found]

    @property
    def doubled(self) -> list[Expected]:
        return [one for one, found in self.hits.items() if len(found) > 1]

    def named(self) -> list[str]:
        said = [f"missed {one.kind} of {one.truck}, {clock(one.from_ms)}" for one in self.missed]
        said += [
            f"{one.id}: {one.kind} of {one.truck}, {clock(one.from_ms)} to {clock(one.to_ms)}"
            for one in self.without
        ]
        said += [f"doubled {one.kind} of {one.truck}, {clock(one.from_ms)}" for one in self.doubled]
        return said[:NAMED_MAX]


def is_asked(one: Expected) -> bool:
    return one.is_asked and not one.name.startswith(ONLY_LIVE)


def scored(expected: Sequence[Expected], shown: Sequence[dict[str, Any]], shift_ms: int) -> Score:
    score = Score({one: [] for one in expected}, [])
    by_truck: dict[tuple[str, str], list[Expected]] = {}
    for one in expected:
        for key in (one.truck, *one.others):
            by_truck.setdefault((one.kind, truck_id(key)), []).append(one)
    score.taken_back = sum(alert["state"] == "retracted" for alert in shown)
    seen = [
        _seen(alert, shift_ms)
        for alert in shown
        if alert["state"] != "retracted" and alert["truck"] is not None
    ]
    # One after another: windows of two incidents may overlap, and the first is the first's.
    for alert_seen in sorted(seen, key=lambda each: (each.from_ms, each.id)):
        _put(score, alert_seen, by_truck)
    return score


def _seen(alert: dict[str, Any], shift_ms: int) -> Seen:
    evidence = alert["evidence"]
    moments = (datetime.fromisoformat(evidence[name]) for name in ("from", "to"))
    from_ms, to_ms = (epoch_ms(each) - shift_ms for each in moments)
    return Seen(alert["id"], alert["kind"], alert["truck"], from_ms, to_ms)


def _put(score: Score, seen: Seen, by_truck: dict[tuple[str, str], list[Expected]]) -> None:
    fitting = [
        one
        for one in by_truck.get((seen.kind, seen.truck), ())
        if seen.from_ms <= one.to_ms and seen.to_ms >= one.from_ms
    ]
    if not fitting:
        score.without.append(seen)
        return
    # One that is asked for and has not been found comes first.
    best = min(fitting, key=lambda one: (bool(score.hits[one]), not one.is_asked))
    score.hits[best].append(seen)


def rows_of(score: Score) -> list[tuple[str, ...]]:
    kinds = {one.kind for one in score.hits} | {one.kind for one in score.without}
    rows = []
    for kind in sorted(kinds):
        mine = {one: found for one, found in score.hits.items() if one.kind == kind}
        asked = [one for one in mine if is_asked(one)]
        cells = (
            len(asked),
            sum(bool(mine[one]) for one in asked),
            sum(one.kind == kind for one in score.without),
            sum(len(found) > 1 for found in mine.values()),
        )
        rows.append((kind, *map(str, cells)))
    return rows
