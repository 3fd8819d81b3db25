"""What may change of a booking until when, each an event of its own with before and after."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from freight.booking import commands as asked
from freight.booking.events import (
    Adjusted,
    BookingEvent,
    ContactsAmended,
    DocumentsAmended,
    LoadAmended,
    ReferencesAmended,
    Repriced,
    TermsAmended,
    WindowsAmended,
)
from freight.booking.state import Quoted, Term, TermKind
from freight.load import Contact, Load, Stop, StopKind, Window
from tests.freight.booking.story import (
    DESK,
    HOUR,
    Story,
    create,
    entered,
    exited,
    load,
    rules,
    stop,
)

HEAVIER = load(weight_kg=22_000)


def confirmed() -> Story:
    story = Story()
    story.does(create())
    story.does(asked.Confirm(by=DESK))
    return story


def amend(**changed: object) -> asked.Amend:
    return asked.Amend(by=DESK, reason="the shipper rang", **changed)  # type: ignore[arg-type]


def only(told: list[BookingEvent]) -> BookingEvent:
    assert len(told) == 1
    return told[0]


def test_another_weight_needs_a_new_quote() -> None:
    story = Story()
    story.does(create())

    event = only(story.does(amend(load=HEAVIER)))

    assert isinstance(event, LoadAmended)
    assert (event.before.weight_kg, event.after.weight_kg) == (20_000, 22_000)
    assert story.leg().weight_kg == 22_000
    assert story.refused(asked.Confirm(by=DESK)) == "price_outdated"

    repriced = only(story.does(asked.Reprice(by=DESK, price=Quoted("Q2", 9, "d2", "INR"))))
    assert isinstance(repriced, Repriced)
    assert repriced.before == Quoted("Q1", 4_000_000, "digest", "INR")
    story.does(asked.Confirm(by=DESK))
    assert story.status == "confirmed"


def test_each_matter_is_an_event_of_its_own() -> None:
    story = confirmed()
    terms = (Term(TermKind.ADVANCE, 8000), Term(TermKind.CREDIT, 2000, credit_days=30))
    told = story.does(
        amend(
            windows={"S1": Window(HOUR, 2 * HOUR)},
            contacts={"S2": Contact("Rao", "+919800000000")},
            terms=terms,
            references={"po": "4711"},
            documents=("lr", "eway_bill"),
        )
    )

    assert [type(event) for event in told] == [
        *(WindowsAmended, ContactsAmended, TermsAmended, ReferencesAmended, DocumentsAmended)
    ]
    now = story.now
    assert now.load.stops[0].window == Window(HOUR, 2 * HOUR)
    assert now.load.stops[1].contact == Contact("Rao", "+919800000000")
    assert (now.terms, now.references, now.documents) == (
        *(terms, {"po": "4711"}, ("lr", "eway_bill")),
    )
    assert not now.needs_quote
    assert all(event.cause.reason == "the shipper rang" for event in told)


def test_what_is_as_it_was_is_no_amendment() -> None:
    story = confirmed()

    assert story.does(amend(load=load(), references={}, terms=story.now.terms)) == []


def test_a_load_that_differs_in_windows_only_keeps_its_price() -> None:
    story = confirmed()
    first, second = story.now.load.stops
    later = replace(story.now.load, stops=(replace(first, window=Window(HOUR, None)), second))

    event = only(story.does(amend(load=later)))

    assert isinstance(event, WindowsAmended)
    assert not story.now.needs_quote


def test_the_load_may_change_until_a_truck_has_it_and_stops_beyond() -> None:
    story = Story().assigned()
    assert story.refused(amend(load=HEAVIER)) == "too_late"

    first, second = load().stops
    elsewhere = replace(second, place=replace(second.place, lat=19.0, fence="other site"))
    diverted = replace(load(), stops=(first, elsewhere))
    story.hears(entered("plant", HOUR), exited("plant", 2 * HOUR))
    story.does(amend(load=diverted))

    assert story.now.needs_quote
    assert story.status == "in_transit"
    story.hears(entered("site", 3 * HOUR))
    assert story.status == "in_transit"
    story.hears(entered("other site", 4 * HOUR))
    assert story.status == "at_drop"
    assert story.refused(amend(load=load())) == "too_late"


def test_a_stop_where_a_truck_has_been_stays_as_it_was() -> None:
    story = Story().assigned()
    story.hears(entered("plant", HOUR))
    first, second = load().stops
    moved = replace(first, place=replace(first.place, lat=10.0))

    assert story.refused(amend(load=replace(load(), stops=(moved, second)))) == "stop_reached"
    assert story.refused(amend(windows={"S1": Window(1, 2)})) == "stop_reached"
    assert story.refused(amend(windows={"S7": Window(1, 2)})) == "unknown_stop"
    assert story.refused(amend(windows={"S2": Window(2, 1)})) == "invalid_window"


def test_several_legs_are_told_their_new_weights() -> None:
    story = Story()
    story.does(create(legs_kg=(12_000, 8_000)))

    assert story.refused(amend(load=HEAVIER)) == "invalid_legs"
    story.does(amend(load=HEAVIER, legs_kg=(12_000, 10_000)))
    assert [leg.weight_kg for leg in story.now.legs] == [12_000, 10_000]
    assert story.now.legs[1].shares == {"S1": 10_000, "S2": 10_000}
    story.does(amend(legs_kg=(11_000, 11_000)))
    assert [leg.weight_kg for leg in story.now.legs] == [11_000, 11_000]

    story.does(asked.Reprice(by=DESK, price=Quoted("Q2", 9, "d2", "INR")))
    story.does(asked.Confirm(by=DESK))
    story.does(asked.Assign(by=DESK, leg="L1", truck="T1"))
    first, second = HEAVIER.stops
    other = replace(HEAVIER, stops=(first, replace(second, place=replace(second.place, lat=20.0))))
    assert story.refused(amend(load=other, legs_kg=(11_000, 11_000))) == "legs_under_way"


def test_adjusting_by_the_unit_is_rounded_and_never_below_zero() -> None:
    story = confirmed()
    missing = asked.Adjust(
        by=DESK, head="shortage", unit="kg", quantity=333, per=1000, unit_minor=-180_050
    )

    event = only(story.does(missing))

    assert isinstance(event, Adjusted)
    assert event.adjustment.amount_minor == -59_957  # 333/1000 of 180 050 is 59 956.65
    assert story.now.agreed_minor == 3_940_043
    huge = asked.Adjust(by=DESK, head="x", unit="trip", quantity=1, per=1, unit_minor=-9_999_999)
    assert story.refused(huge) == "below_zero"
    none = asked.Adjust(by=DESK, head="x", unit="trip", quantity=1, per=0, unit_minor=1)
    assert story.refused(none) == "invalid_quantity"


def test_an_expired_quote_is_neither_confirmed_nor_taken_over() -> None:
    story = Story()
    old = Quoted("Q1", 1, "d", "INR", expires_ms=HOUR)
    story.does(create(price=old))

    assert story.at(HOUR).refused(asked.Confirm(by=DESK)) == "quote_expired"
    assert story.refused(asked.Reprice(by=DESK, price=old)) == "quote_expired"
    assert story.at(HOUR - 1).refused(asked.Confirm(by=DESK)) == "done"


def test_without_a_price_nothing_is_confirmed() -> None:
    story = Story()
    story.does(create(price=None))

    assert story.refused(asked.Confirm(by=DESK)) == "no_price"


def _two(first_kg: int, second_kg: int, weight_kg: int) -> Load:
    stops = (stop(1, StopKind.PICKUP, first_kg), stop(2, StopKind.DROP, second_kg))
    return Load("coal", weight_kg, stops)


def _swapped() -> Load:
    stops: tuple[Stop, ...] = (stop(1, StopKind.DROP, 5), stop(2, StopKind.PICKUP, 5))
    return Load("coal", 5, stops)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"load": _two(10, 9, 10)}, "invalid_load"),  # some stays aboard
        ({"load": _two(9, 9, 10)}, "invalid_load"),
        ({"load": _two(0, 0, 0)}, "invalid_load"),
        ({"load": _swapped()}, "invalid_load"),  # dropped before it is picked up
        ({"load": load(weight_kg=43_001)}, "too_heavy"),
        ({"legs_kg": (10_000, 9_000)}, "invalid_legs"),
        ({"legs_kg": (20_000, 0)}, "invalid_legs"),
        ({"legs_kg": (1000,) * 20}, "too_many_legs"),
        ({"terms": (Term(TermKind.ADVANCE, 9_000),)}, "invalid_terms"),
        ({"terms": (Term(TermKind.CREDIT, 10_000),)}, "invalid_terms"),
        ({"terms": (Term(TermKind.COD, 10_000, credit_days=3),)}, "invalid_terms"),
        ({"documents": tuple(map(str, range(51)))}, "invalid_references"),
        ({"references": {str(n): "" for n in range(51)}}, "invalid_references"),
    ],
)
def test_what_does_not_add_up_is_not_created(changed: dict[str, object], code: str) -> None:
    story = Story(rules(legs_max=19))

    assert story.refused(create(**changed)) == code
    assert story.booking is None
