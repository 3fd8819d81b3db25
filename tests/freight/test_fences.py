"""The fence book takes changes one by one; a bad one costs only itself."""

from __future__ import annotations

import numpy as np

from freight.tracking.fences import FenceBook
from tests.freight.world import TENANT_KEY, Change, square


def held(book: FenceBook, lat: float, lon: float) -> set[str]:
    index = book.index_of(TENANT_KEY)
    assert index is not None
    _, numbers = index.holding(np.array([lat]), np.array([lon]))
    fences = [book.get(number) for number in numbers.tolist()]
    return {fence.id for fence in fences if fence is not None}


def test_a_shape_that_cannot_be_used_holds_nobody_and_hides_no_other() -> None:
    book = FenceBook()

    book.apply([Change("bad", {"type": "Polygon"}, 1), Change("good", square(0.0, 0.0), 2)])

    assert held(book, 0.5, 0.5) == {"good"}
    assert list(book.unusable) == [(TENANT_KEY, "bad")]
    assert "list of rings" in book.unusable[TENANT_KEY, "bad"]
    assert (len(book), book.revision) == (2, 2)


def test_a_fence_moved_deleted_and_drawn_again_keeps_its_number() -> None:
    book = FenceBook()
    book.apply([Change("yard", square(0.0, 0.0), 1), Change("plant", square(0.0, 0.0), 2)])
    number = book.number_of(TENANT_KEY, "yard")
    index = book.index_of(TENANT_KEY)

    book.apply([Change("yard", square(5.0, 0.0), 3)])
    assert (held(book, 0.5, 0.5), held(book, 0.5, 5.5)) == ({"plant"}, {"yard"})

    book.apply([Change("yard", None, 4)])
    assert (held(book, 0.5, 5.5), book.number_of(TENANT_KEY, "yard")) == (set(), None)

    book.apply([Change("yard", square(7.0, 0.0), 5)])
    assert held(book, 0.5, 7.5) == {"yard"}
    assert book.number_of(TENANT_KEY, "yard") == number
    assert book.index_of(TENANT_KEY) is index  # changed in place: others pay nothing


def test_a_fence_that_becomes_unusable_and_is_mended() -> None:
    book = FenceBook()
    book.apply([Change("yard", square(0.0, 0.0), 1)])

    book.apply([Change("yard", {"center": None}, 2)])
    assert (held(book, 0.5, 0.5), len(book.unusable)) == (set(), 1)

    book.apply([Change("yard", square(0.0, 0.0), 3)])
    assert (held(book, 0.5, 0.5), len(book.unusable)) == ({"yard"}, 0)


def test_what_a_fence_tells_comes_with_its_version() -> None:
    book = FenceBook()
    hours = {
        "time_zone": "Asia/Kolkata",
        "windows": [{"days": ["mon"], "from": "08:00", "to": "20:00"}],
    }
    told = Change(
        "yard",
        {"center": {"lat": 0.5, "lon": 0.5}, "radius_m": 300.0},
        1,
        group="north",
        dwell_s=60.0,
        speed_limit_kmh=20.0,
        schedule=hours,
        notify=("exited",),
        truck_classes=("trailer",),
    )
    old = Change("old", square(0.0, 0.0), 2, schedule={"days": ["mon"]})  # nobody read it then

    book.apply([told, old])

    yard, other = book.by_id(TENANT_KEY, "yard"), book.by_id(TENANT_KEY, "old")
    assert yard is not None
    assert other is not None
    assert (yard.group, yard.dwell_s, yard.speed_limit_kmh, yard.inner_m) == (
        *("north", 60.0, 20.0, 300.0),
    )
    assert yard.schedule is not None
    assert yard.schedule.time_zone == "Asia/Kolkata"
    assert yard.notify == {"exited"}
    assert yard.truck_classes == frozenset({"trailer"})
    assert other.schedule is None
    assert other.notify == {"entered", "exited", "dwelled"}
    assert book.by_id(TENANT_KEY, "none") is None


def test_fences_that_ask_for_passages_stand_in_an_index_of_their_own() -> None:
    book = FenceBook()
    assert book.crossable_of(TENANT_KEY) is None

    book.apply([Change("a", square(0.0, 0.0), 1), Change("b", square(5.0, 0.0), 2, crossings=True)])
    crossable = book.crossable_of(TENANT_KEY)
    assert crossable is not None
    assert (len(crossable.index), len(crossable.discs)) == (1, 1)

    book.apply([Change("b", square(5.0, 0.0), 3), Change("a", square(0.0, 0.0), 4, crossings=True)])
    crossable = book.crossable_of(TENANT_KEY)
    assert crossable is not None
    assert crossable.discs.clearance_m(0.5, 0.5) <= 0.0 < crossable.discs.clearance_m(0.5, 5.5)

    book.apply([Change("a", None, 5)])
    assert book.crossable_of(TENANT_KEY) is None


def test_kinds_are_those_of_the_fences_in_force() -> None:
    book = FenceBook()
    book.apply([Change("pump", square(0.0, 0.0), 1, kind="fuel"), Change("x", square(0, 0), 2)])
    assert book.kinds_of(TENANT_KEY) == {"fuel", "depot"}
    book.apply([Change("pump", None, 3, kind="fuel")])
    assert book.kinds_of(TENANT_KEY) == {"depot"}
    assert book.kinds_of(TENANT_KEY + 1) == frozenset()
