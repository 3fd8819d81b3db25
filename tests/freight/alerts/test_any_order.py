"""Whatever is learned in whatever batches: one open alert a cause, none without, and no doubles."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from freight.alerts.book import Book
from freight.alerts.evolve import replayed
from freight.alerts.lasting import due_ms
from freight.alerts.signals import Signal
from freight.alerts.sorting import covering_marks, marks_of, needed, rival_marks
from freight.alerts.state import OPEN, Alert
from freight.events import TruckEvent
from tests.freight.alerts.telling import (
    RULES,
    T0,
    Told,
    corrected,
    fact,
    moved,
    retracted,
    stopped,
)

FAST = {"lat": 20.0, "lon": 77.0, "limit_kmh": 80.0, "speed_kmh_max": 95.0}
# To make stories of trucks shorter takes longer than to read them.
A_FEW = settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate])
STEP_S = 1500
TRUCKS = ("T1", "T2", "T3", "T4")


@st.composite
def stories(draw: st.DrawFn) -> list[list[TruckEvent]]:
    """Batches of facts of some trucks as a log has them; some are corrected or taken back."""
    told: list[TruckEvent] = []
    batches: list[list[TruckEvent]] = []
    turns: Counter[str] = Counter()
    for nr in range(draw(st.integers(2, 9))):
        at_s = nr * STEP_S
        batch: list[TruckEvent] = []
        for truck in draw(st.lists(st.sampled_from(TRUCKS), max_size=4)):
            halt = draw(st.sampled_from(["unknown", "unknown", "fuel", "place"]))
            told_now = draw(
                st.sampled_from(
                    [
                        stopped(at_s, truck, halt),
                        moved(at_s + 600, truck),
                        fact("truck.overspeed.started", at_s, truck, **FAST),
                        fact("truck.overspeed.ended", at_s + 90, truck, **FAST),
                        fact("truck.alarm.raised", at_s, truck, alarm="tamper"),
                    ]
                )
            )
            if told_now.id not in {one.id for one in told}:
                batch.append(told_now)
        batch.sort(key=lambda one: one.time_ms)
        for old in draw(st.lists(st.sampled_from(told), max_size=3)) if told else []:
            turns[str(old.id)] += 1
            known_s = at_s + turns[str(old.id)] / 100
            turn = draw(st.sampled_from(["retracted", "place", "back"]))
            if turn == "retracted":
                batch.append(retracted(old, known_s))
            else:
                halt = "place" if turn == "place" else "unknown"
                more = {"halt": halt} if old.type == "truck.stopped" else {}
                batch.append(corrected(old, known_s, **more))
        told += [one for one in batch if not one.type.startswith("event.")]
        batches.append(batch)
    return batches


def run(batches: list[list[Signal]], book: Book) -> Book:
    for nr, batch in enumerate(batches):
        now_ms = T0 + (nr * STEP_S + 700) * 1000
        book.tick(book.due(now_ms), RULES, now_ms)
        book.take(batch, RULES, now_ms)
    return book


def signals(batches: list[list[TruckEvent]]) -> list[list[Signal]]:
    told = Told()
    return [told.signals(*batch) for batch in batches]


@A_FEW
@given(stories(), st.randoms(use_true_random=False))
def test_order_and_repetition_within_a_batch_change_nothing(
    batches: list[list[TruckEvent]], chance: random.Random
) -> None:
    plain = signals(batches)
    turned = {one.event for batch in plain for one in batch if one.turn != "told"}
    mixed = []
    for nr, batch in enumerate(plain):
        # An end that is told twice is the follower's to prevent: each fact is taken up once.
        earlier = [one for old in plain[:nr] for one in old if _begins_for_good(one, turned)]
        more = [*batch, *(one for one in [*batch, *earlier] if chance.random() < 0.3)]
        chance.shuffle(more)
        mixed.append(more)
    assert run(mixed, Book("acme")).alerts == run(plain, Book("acme")).alerts


def _begins_for_good(one: Signal, turned: set[str]) -> bool:
    return one.event not in turned and one.phase in {"began", "instant"}


@A_FEW
@given(stories())
def test_one_open_alert_a_cause_and_its_log_gives_it_again(
    batches: list[list[TruckEvent]],
) -> None:
    book = run(signals(batches), Book("acme"))
    alerts = list(book.alerts.values())
    open_ones = Counter(one.dedup for one in alerts if one.state in OPEN)
    assert all(count == 1 for count in open_ones.values())
    for taken in book.news():
        again = replayed(taken.events)
        assert again is not None
        assert replace(again, due_ms=due_ms(again, RULES)) == taken.after


@A_FEW
@given(stories())
def test_without_a_cause_nothing_stays_open(batches: list[list[TruckEvent]]) -> None:
    told = Told()
    book = run([told.signals(*batch) for batch in batches], Book("acme"))
    facts = [one for batch in batches for one in batch if not one.type.startswith("event.")]
    now_s = len(batches) * STEP_S + 100_000
    begins = [one for one in facts if one.type != "truck.moved"]
    book.take(told.signals(*(retracted(one, now_s) for one in begins)), RULES, T0 + now_s * 1000)
    assert [one for one in book.alerts.values() if one.is_open] == []


@A_FEW
@given(stories())
def test_what_is_looked_up_is_all_that_is_needed(batches: list[list[TruckEvent]]) -> None:
    """As the database does it: only alerts that carry a mark, and the last one of each cause."""
    kept: dict[str, Alert] = {}
    for nr, batch in enumerate(signals(batches)):
        now_ms = T0 + (nr * STEP_S + 700) * 1000
        due = [one for one in kept.values() if one.due_ms is not None and one.due_ms <= now_ms]
        _step(kept, due, now_ms)
        wanted = needed(batch, RULES)
        found = [one for one in kept.values() if marks_of(one) & wanted.marks]
        lasts = (_last(kept, dedup) for dedup in wanted.dedups)
        found += [one for one in lasts if one is not None]
        rivals = rival_marks(found)
        found += [one for one in kept.values() if marks_of(one) & rivals]
        book = Book("acme", {one.id: one for one in found}.values())
        book.take(batch, RULES, now_ms)
        kept |= {taken.after.id: taken.after for taken in book.news()}
    assert kept == run(signals(batches), Book("acme")).alerts


def _step(kept: dict[str, Alert], due: list[Alert], now_ms: int) -> None:
    marks = {mark for one in due for mark in covering_marks(one, RULES)}
    others = [one for one in kept.values() if marks_of(one) & marks]
    book = Book("acme", {one.id: one for one in [*due, *others]}.values())
    book.tick([one.id for one in due], RULES, now_ms)
    kept |= {taken.after.id: taken.after for taken in book.news()}


def _last(kept: dict[str, Alert], dedup: str) -> Alert | None:
    mine = [one for one in kept.values() if one.dedup == dedup]
    return max(mine, key=lambda one: (one.is_open, one.began_ms), default=None)
