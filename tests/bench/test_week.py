"""A week's incidents that are learned late and in lumps: the alerts are those of the live week."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec.structs import replace

from bench.alerts import around, world
from bench.alerts_lives import HOUR, Expected
from bench.alerts_shard import Shard
from bench.alerts_watch import Watch
from bench.alerts_week import Week, week
from bench.week_feed import WINDOW_MS, windows
from bench.week_ground import late_rules, truck_id
from bench.week_score import Score, is_asked, scored
from config.policy import defaults
from freight.cloudevents import rfc3339

TRUCKS, DAYS, SEED = 90, 2, 7
LUMP_EVERY_MS = 6_000
PACE_MS = 250
SHIFT_MS = 3 * 86_400_000


def heard_in_lumps(made: Week) -> Watch:
    """Each hour of the week comes within seconds, truck after truck, when all of it is over."""
    lump = (made.fixes["received_ms"] - made.start_ms) // WINDOW_MS
    late_ms = made.fixes["truck_key"] * 37 % (LUMP_EVERY_MS - PACE_MS)
    made.fixes["received_ms"] = made.end_ms + lump * LUMP_EVERY_MS + late_ms
    made.fixes = made.fixes[np.argsort(made.fixes["received_ms"], kind="stable")]
    came_ms = made.fixes["received_ms"]
    shard = Shard(world(made), made.fixes)
    rules = type(defaults().alerts).model_validate(
        defaults().alerts.model_dump(exclude_unset=True) | late_rules()
    )
    watch = Watch(rules, lambda truck, ms: around(made, truck, ms), shard.heard_of, PACE_MS)
    low = 0
    for now_ms in range(made.end_ms + PACE_MS, int(came_ms[-1]) + 2 * PACE_MS, PACE_MS):
        high = int(np.searchsorted(came_ms, now_ms))
        told = shard.take(made.fixes[low:high], now_ms) if high > low else []
        watch.hear(replace(fact, known_at_ms=now_ms) for fact in told)
        watch.wait(now_ms)
        low = high
    watch.wait(int(came_ms[-1]) + HOUR)
    return watch


def shown(watch: Watch) -> list[dict[str, Any]]:
    """As the API would."""
    found = []
    for one in watch.raised:
        alert = watch.book.alerts[one.id]
        evidence = {"from": alert.evidence.from_ms, "to": alert.evidence.to_ms}
        found.append(
            {
                "id": alert.id,
                "kind": alert.kind.value,
                "state": alert.state.value,
                "truck": truck_id(int(alert.truck or 0)),
                "evidence": {name: rfc3339(ms + SHIFT_MS) for name, ms in evidence.items()},
            }
        )
    return found


def test_what_comes_in_lumps_and_late_gives_the_alerts_of_the_live_week() -> None:
    made = week(TRUCKS, DAYS, SEED)
    score = scored(made.expected, shown(heard_in_lumps(made)), SHIFT_MS)
    assert score.asked > 20
    assert (score.missed, score.without, score.doubled) == ([], [], [])


def test_a_week_is_sent_whole_and_in_order() -> None:
    made = week(3, 2, SEED)
    parts = [part.fixes for part in windows(made)]
    assert np.concatenate(parts).tobytes() == made.fixes.tobytes()
    assert max(np.ptp(part["received_ms"]) for part in parts[:-1]) <= WINDOW_MS


def told_of(kind: str, truck: int, from_ms: int, to_ms: int, **more: Any) -> dict[str, Any]:
    evidence = {"from": rfc3339(from_ms), "to": rfc3339(to_ms)}
    said = {"id": f"{kind} {from_ms}", "kind": kind, "truck": truck_id(truck), "state": "raised"}
    return {**said, "evidence": evidence, **more}


def test_the_score_knows_what_is_missed_doubled_and_without_an_incident() -> None:
    expected = [
        Expected("panic", 1, 10_000, 20_000),
        Expected("panic", 2, 10_000, 20_000),
        Expected("several_trucks", 3, 10_000, 20_000, others=(4, 5)),
        Expected("tracking_interrupted", 6, 10_000, 20_000, "no coverage, 55 min"),
        Expected("overspeed", 7, 10_000, 20_000, is_asked=False),
    ]
    alerts = [
        told_of("panic", 1, 9_000, 10_000),
        told_of("panic", 1, 12_000, 12_000),
        told_of("panic", 2, 30_000, 30_000),
        told_of("several_trucks", 5, 1_000, 90_000),
        told_of("panic", 2, 10_000, 10_000, state="retracted"),
        told_of("watch_impaired", 9, 10_000, 10_000) | {"truck": None},
    ]
    score: Score = scored(expected, alerts, 0)
    assert [is_asked(one) for one in expected] == [True, True, True, False, False]
    assert [one.truck for one in score.missed] == [2]
    assert [one.truck for one in score.doubled] == [1]
    assert [one.from_ms for one in score.without] == [30_000]
    assert (score.alerts, score.taken_back) == (4, 1)
    assert len(score.named()) == 3
