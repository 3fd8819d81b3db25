"""Whom to ask next: in order, each truck fairly, and a person when it comes to nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from freight.dispatch.columns import Fleet
from freight.dispatch.matching import plan
from freight.dispatch.offer_messages import (
    Accept,
    Award,
    Decline,
    Escalate,
    Expire,
    Make,
    OfferCommand,
    PlaceBid,
    Resume,
)
from freight.dispatch.offer_state import LegOffers
from freight.dispatch.offers import decide, evolve
from freight.dispatch.rounds import (
    TOO_MANY_FAILED,
    WAITED_TOO_LONG,
    Candidate,
    next_offer,
    ranked,
)
from freight.dispatch.rules import Style
from freight.dispatch.tenders import NO_BIDS, Terms, next_of_tender
from tests.freight.dispatch.given import HOUR_MS, MINUTE_MS, NOW_MS, leg, rules, truck

RULES = rules(
    offers={"expires_s": 60, "offers_max": 3, "escalate_after_s": 3600, "bid_holds_s": 300},
    tender={"carriers_per_round": 2, "rounds_max": 2, "round_s": 600, "bids_enough": 2},
)
TERMS = Terms(waiting_since_ms=NOW_MS, price_minor_max=900_000)


def candidate(number: int, **fields: object) -> Candidate:
    known = {
        "truck": f"T{number}",
        "carrier": f"C{number}",
        "driver": None,
        "rating": 5.0,
        "price_minor": 500_000 + number,
        "cost_minor": number,
        "eta_ms": NOW_MS,
        "late_ms": 0,
    }
    return Candidate(**{**known, **fields})  # type: ignore[arg-type]


def after(state: LegOffers, command: OfferCommand | None, now_ms: int) -> LegOffers:
    assert command is not None
    for event in decide(state, command, RULES.offers, now_ms):
        state = evolve(state, event)
    return state


def told(*commands: OfferCommand) -> LegOffers:
    state = LegOffers(booking="B1", leg="L1")
    for command in commands:
        state = after(state, command, NOW_MS)
    return state


def asked(state: LegOffers) -> list[str | None]:
    return [each.asked.truck for each in state.offers]


def offered(state: LegOffers, trucks: Sequence[Candidate], now_ms: int) -> LegOffers:
    return after(state, next_offer(state, trucks, RULES, NOW_MS, now_ms), now_ms)


def test_one_after_another_until_too_many_came_to_nothing() -> None:
    trucks = [candidate(1), candidate(2)]
    state = offered(told(), trucks, NOW_MS)
    assert next_offer(state, trucks, RULES, NOW_MS, NOW_MS) is None
    first = state.open[0].asked
    assert (first.id, first.price_minor, first.expires_ms) == ("B1-L1-1", 500_001, NOW_MS + 60_000)

    state = after(state, Decline("B1-L1-1", "far"), NOW_MS)
    state = offered(state, trucks, NOW_MS)
    later_ms = NOW_MS + MINUTE_MS
    assert next_offer(state, trucks, RULES, NOW_MS, later_ms) == Expire()
    state = offered(state, trucks, later_ms)
    state = offered(state, trucks, later_ms)
    assert asked(state) == ["T1", "T2", "T2"]

    state = after(state, Decline("B1-L1-3", "no"), later_ms)
    assert next_offer(state, trucks, RULES, NOW_MS, later_ms) == Escalate(TOO_MANY_FAILED)


def test_who_has_not_answered_is_asked_again_after_all_others() -> None:
    trucks = [candidate(1), candidate(2)]
    state = offered(told(), trucks, NOW_MS)
    at_ms = NOW_MS + MINUTE_MS
    state = offered(offered(state, trucks, at_ms), trucks, at_ms)

    assert asked(state) == ["T1", "T2"]


def test_nobody_near_waits_for_a_wider_range_and_then_for_a_person() -> None:
    assert next_offer(told(), [], RULES, NOW_MS, NOW_MS) is None
    assert next_offer(told(), [], RULES, NOW_MS, NOW_MS + HOUR_MS) == Escalate(WAITED_TOO_LONG)


def test_a_person_may_let_it_go_on() -> None:
    state = after(told(), Escalate("look"), NOW_MS)
    assert next_offer(state, [candidate(1)], RULES, NOW_MS, NOW_MS) is None
    at_ms = NOW_MS + 2 * HOUR_MS
    state = after(state, Resume(), at_ms)

    assert asked(offered(state, [candidate(1)], at_ms)) == ["T1"]


def test_what_failed_before_a_person_looked_is_forgiven() -> None:
    state = told()
    for n in (1, 2, 3):
        state = after(offered(state, [candidate(n)], NOW_MS), Decline(f"B1-L1-{n}", "no"), NOW_MS)
    state = after(state, next_offer(state, [candidate(4)], RULES, NOW_MS, NOW_MS), NOW_MS)
    assert state.escalated == TOO_MANY_FAILED
    state = after(state, Resume(), NOW_MS)

    assert asked(offered(state, [candidate(4)], NOW_MS))[-1] == "T4"


def test_nothing_is_asked_once_it_is_accepted() -> None:
    state = after(offered(told(), [candidate(1)], NOW_MS), Accept("B1-L1-1"), NOW_MS)

    assert next_offer(state, [candidate(2)], RULES, NOW_MS, NOW_MS + HOUR_MS) is None
    assert next_of_tender(state, [candidate(2)], RULES, TERMS, NOW_MS + HOUR_MS) is None


def test_after_a_crash_the_same_is_asked_by_the_same_name() -> None:
    once = next_offer(told(), [candidate(1)], RULES, NOW_MS, NOW_MS)
    again = next_offer(told(), [candidate(1)], RULES, NOW_MS, NOW_MS)

    assert once == again
    assert decide(after(told(), once, NOW_MS), once, RULES.offers, NOW_MS) == []  # type: ignore[arg-type]


TRUCKS = [candidate(1), candidate(9, carrier="C1"), *(candidate(n) for n in (2, 3, 4, 5))]


def tendered(state: LegOffers, now_ms: int) -> OfferCommand | None:
    return next_of_tender(state, TRUCKS, RULES, TERMS, now_ms)


def test_a_broadcast_asks_carriers_at_once_each_with_its_best_truck() -> None:
    command = tendered(told(), NOW_MS)

    assert isinstance(command, Make)
    assert [(each.id, each.carrier, each.truck) for each in command.asked] == [
        ("B1-L1-1", "C1", "T1"),
        ("B1-L1-2", "C2", "T2"),
    ]
    assert {(e.bidding, e.price_minor, e.expires_ms, e.round) for e in command.asked} == {
        (True, 900_000, NOW_MS + 600_000, 1)
    }


def test_bids_enough_end_a_round_before_its_time() -> None:
    state = after(told(), tendered(told(), NOW_MS), NOW_MS)
    state = after(state, PlaceBid("B1-L1-1", 700_000, "T1"), NOW_MS)
    assert tendered(state, NOW_MS) is None
    state = after(state, PlaceBid("B1-L1-2", 600_000, "T2"), NOW_MS)

    assert tendered(state, NOW_MS) == Award("B1-L1-2")


def test_time_ends_a_round_and_the_bids_there_are_are_weighed() -> None:
    state = after(told(), tendered(told(), NOW_MS), NOW_MS)
    state = after(state, PlaceBid("B1-L1-1", 700_000, "T1"), NOW_MS)
    end_ms = NOW_MS + 600_000
    state = after(state, tendered(state, end_ms), end_ms)

    assert tendered(state, end_ms) == Award("B1-L1-1")


def test_a_round_without_bids_is_followed_by_others_and_then_by_a_person() -> None:
    state, at_ms = told(), NOW_MS
    for _ in range(2):
        state = after(state, tendered(state, at_ms), at_ms)
        at_ms += 600_000
        state = after(state, tendered(state, at_ms), at_ms)
    assert [(each.asked.carrier, each.asked.round) for each in state.offers] == [
        ("C1", 1),
        ("C2", 1),
        ("C3", 2),
        ("C4", 2),
    ]
    assert tendered(state, at_ms) == Escalate(NO_BIDS)
    state = after(state, tendered(state, at_ms), at_ms)
    state = after(state, Resume(), at_ms + 1)
    again = tendered(state, at_ms + 1)
    assert isinstance(again, Make)
    assert [each.carrier for each in again.asked] == ["C1", "C2"]


def test_a_waterfall_asks_one_after_another() -> None:
    one_by_one = RULES.model_copy(
        update={"tender": RULES.tender.model_copy(update={"style": Style.WATERFALL})}
    )
    state = told()
    for name in ("1", "2"):
        command = next_of_tender(state, TRUCKS, one_by_one, TERMS, NOW_MS)
        assert isinstance(command, Make)
        assert [each.carrier for each in command.asked] == [f"C{name}"]
        state = after(after(state, command, NOW_MS), Decline(f"B1-L1-{name}", "no"), NOW_MS)
    command = next_of_tender(state, TRUCKS, one_by_one, TERMS, NOW_MS)
    state = after(after(state, command, NOW_MS), PlaceBid("B1-L1-3", 800_000, "T3"), NOW_MS)

    assert next_of_tender(state, TRUCKS, one_by_one, TERMS, NOW_MS) == Award("B1-L1-3")


def test_a_tender_without_carriers_waits_for_a_wider_range() -> None:
    assert next_of_tender(told(), [], RULES, TERMS, NOW_MS) is None
    late_ms = NOW_MS + HOUR_MS
    assert next_of_tender(told(), [], RULES, TERMS, late_ms) == Escalate(WAITED_TOO_LONG)


@pytest.mark.parametrize(
    ("first", "second", "wins"),
    [
        ({}, {}, "B1-L1-1"),  # the same price: the earlier one
        ({"rating": 4.0}, {}, "B1-L1-2"),
        ({"rating": None}, {"rating": 3.6}, "B1-L1-2"),  # unknown counts as 3.5
        ({"late_ms": MINUTE_MS}, {}, "B1-L1-2"),
        ({}, {"late_ms": MINUTE_MS}, "B1-L1-1"),
    ],
)
def test_of_equal_prices_the_better_carrier_wins(
    first: dict[str, object], second: dict[str, object], wins: str
) -> None:
    trucks = [candidate(1, **first), candidate(2, **second)]
    state = after(told(), next_of_tender(told(), trucks, RULES, TERMS, NOW_MS), NOW_MS)
    state = after(state, PlaceBid("B1-L1-1", 700_000, "T1"), NOW_MS)
    state = after(state, PlaceBid("B1-L1-2", 700_000, "T2"), NOW_MS + 1)

    assert next_of_tender(state, trucks, RULES, TERMS, NOW_MS + 1) == Award(wins)


def test_ranked_begins_with_the_planned_truck_and_leaves_out_who_is_needed_elsewhere() -> None:
    fleet = Fleet.of(
        [
            truck(1, (18.50, 73.8)),
            truck(2, (18.60, 73.8), body="open"),
            truck(3, (18.70, 73.8)),
            truck(4, (18.80, 73.8)),
            truck(5, (18.50, 73.8), promised=True),
        ]
    )
    waiting = [
        leg("B1/L1", (18.5, 73.8), to_ms=NOW_MS),
        leg("B2/L1", (18.5, 73.8), bodies=frozenset({"container"})),
    ]
    found = plan(waiting, fleet, rules(), NOW_MS)
    trucks = ranked(found, "B1/L1", fleet, rules(), taken={"T4"})

    assert [each.truck for each in trucks] == ["T2", "T3"]
    assert trucks[0].price_minor == 4_500 * 150
    assert trucks[0].late_ms == trucks[0].eta_ms - NOW_MS
    assert [each.truck for each in ranked(found, "B2/L1", fleet, rules())] == ["T1", "T3", "T4"]


def test_ranked_knows_the_planned_truck_even_beyond_the_recorded_best() -> None:
    """Ten loads at one place: the last of them gets a truck that is not among its own best two."""
    fleet = Fleet.of([truck(n, (18.5 + n / 100, 73.8)) for n in range(10)])
    waiting = [leg(f"B{n}/L1", (18.5, 73.8)) for n in range(10)]
    by = rules(matching={"candidates_first": 2, "explained_in_parts": 2})
    found = plan(waiting, fleet, by, NOW_MS)
    lists = [ranked(found, each.id, fleet, by) for each in waiting]

    assert all(len(each) == 1 for each in lists)
    assert sorted(each[0].truck for each in lists) == sorted(each.id for each in fleet.trucks)


def test_ranked_offers_nobody_dearer_than_leaving_the_leg_unless_bids_decide() -> None:
    fleet = Fleet.of([truck(1)])
    cheap = {"unassigned_minor": 1_000}
    window, tender = rules(matching=cheap), rules(matching=cheap, mode="tender")

    assert ranked(plan([leg()], fleet, window, NOW_MS), "B1/L1", fleet, window) == []
    bidders = ranked(plan([leg()], fleet, tender, NOW_MS), "B1/L1", fleet, tender)
    assert [each.truck for each in bidders] == ["T1"]


def test_a_leg_that_was_not_looked_at_has_nobody_to_ask() -> None:
    fleet, by = Fleet.of([truck(1)]), rules(matching={"legs_max": 1})
    found = plan([leg("B1/L1"), leg("B2/L1")], fleet, by, NOW_MS)

    assert ranked(found, "B2/L1", fleet, by) == []
