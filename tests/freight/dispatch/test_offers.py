"""Offers: one acceptance at most, answers in time only, repeated commands change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from freight.dispatch.offer_messages import (
    Accept,
    Award,
    Decline,
    Escalate,
    Expire,
    LegEscalated,
    LegResumed,
    Make,
    OfferAccepted,
    OfferBid,
    OfferCommand,
    OfferDeclined,
    OfferEvent,
    OfferExpired,
    OfferMade,
    OfferWithdrawn,
    PlaceBid,
    Resume,
    Withdraw,
)
from freight.dispatch.offer_state import Asked, Bid, LegOffers, OfferState
from freight.dispatch.offers import AWARDED_TO_ANOTHER, decide, evolve
from freight.refusal import Refusal
from tests.freight.dispatch.given import NOW_MS, rules

RULES = rules(offers={"bid_holds_s": 60, "offers_total_max": 6}).offers
UNTIL_MS = NOW_MS + 300_000


def asked(name: str, **fields: Any) -> Asked:
    known: dict[str, Any] = {
        "id": name,
        "carrier": f"C{name}",
        "truck": f"T{name}",
        "price_minor": 500_000,
        "expires_ms": UNTIL_MS,
    }
    return Asked(**{**known, **fields})


def after(*commands: OfferCommand, at_ms: int = NOW_MS) -> LegOffers:
    state = LegOffers(booking="B1", leg="L1")
    for command in commands:
        for event in decide(state, command, RULES, at_ms):
            state = evolve(state, event)
    return state


ONE = Make((asked("1"),))
TWO = Make((asked("1"), asked("2")))
TENDERED = Make(
    (asked("1", bidding=True), asked("2", bidding=True, truck=None), asked("3", bidding=True))
)
BID = PlaceBid("1", 450_000, "T1", "D1")


@pytest.mark.parametrize(
    ("before", "command", "at_ms", "follows"),
    [
        ((), ONE, NOW_MS, [OfferMade(asked("1"), NOW_MS)]),
        ((ONE,), ONE, NOW_MS, []),
        (
            (TWO,),
            Accept("1", driver="D9"),
            NOW_MS,
            [
                OfferAccepted("1", "T1", "D9", 500_000, NOW_MS),
                OfferWithdrawn("2", AWARDED_TO_ANOTHER, NOW_MS),
            ],
        ),
        ((ONE, Accept("1")), Accept("1"), NOW_MS, []),
        (
            (ONE,),
            Accept("1", truck="T7"),
            UNTIL_MS - 1,
            [OfferAccepted("1", "T7", None, 500_000, UNTIL_MS - 1)],
        ),
        ((ONE,), Decline("1", "no driver"), NOW_MS, [OfferDeclined("1", "no driver", NOW_MS)]),
        ((ONE, Decline("1", "far")), Decline("1", "far"), NOW_MS, []),
        ((ONE,), Expire(), UNTIL_MS - 1, []),
        ((ONE,), Expire(), UNTIL_MS, [OfferExpired("1", UNTIL_MS)]),
        ((ONE, Accept("1")), Expire(), UNTIL_MS, []),
        ((ONE,), Withdraw("cancelled"), NOW_MS, [OfferWithdrawn("1", "cancelled", NOW_MS)]),
        (
            (ONE, Accept("1")),
            Withdraw("broken down", "1"),
            NOW_MS,
            [OfferWithdrawn("1", "broken down", NOW_MS)],
        ),
        ((ONE, Accept("1")), Withdraw("cancelled"), NOW_MS, []),
        ((ONE, Decline("1", "far")), Withdraw("cancelled", "1"), NOW_MS, []),
        (
            (TENDERED,),
            BID,
            NOW_MS,
            [
                OfferBid(
                    "1", Bid(price_minor=450_000, truck="T1", driver="D1", at_ms=NOW_MS), NOW_MS
                )
            ],
        ),
        ((TENDERED, BID), BID, NOW_MS, []),
        ((TENDERED, BID), Expire(), UNTIL_MS, [OfferExpired(n, UNTIL_MS) for n in ("2", "3")]),
        (
            (TENDERED, BID),
            Award("1"),
            UNTIL_MS + 59_999,
            [
                OfferAccepted("1", "T1", "D1", 450_000, UNTIL_MS + 59_999),
                *(OfferWithdrawn(n, AWARDED_TO_ANOTHER, UNTIL_MS + 59_999) for n in ("2", "3")),
            ],
        ),
        ((TENDERED, BID, Award("1")), Award("1"), NOW_MS, []),
        ((ONE,), Escalate("nobody left"), NOW_MS, [LegEscalated("nobody left", NOW_MS)]),
        ((ONE, Escalate("nobody left")), Escalate("again"), NOW_MS, []),
        ((ONE, Escalate("nobody left")), Resume(), NOW_MS, [LegResumed(NOW_MS)]),
        ((ONE,), Resume(), NOW_MS, []),
    ],
)
def test_what_follows(
    before: Sequence[OfferCommand],
    command: OfferCommand,
    at_ms: int,
    follows: list[OfferEvent],
) -> None:
    assert decide(after(*before), command, RULES, at_ms) == follows


@pytest.mark.parametrize(
    ("before", "command", "at_ms", "code"),
    [
        ((), Accept("1"), NOW_MS, "unknown_offer"),
        ((ONE,), Accept("1"), UNTIL_MS, "offer_expired"),
        ((TWO, Accept("1")), Accept("2"), NOW_MS, "offer_withdrawn"),
        ((TWO, Accept("1")), Accept("1", truck="T9"), NOW_MS, "offer_accepted"),
        ((TWO, Decline("1", "far")), Accept("1"), NOW_MS, "offer_declined"),
        ((ONE, Accept("1")), Decline("1", "far"), NOW_MS, "offer_accepted"),
        ((ONE, Accept("1")), Make((asked("2"),)), NOW_MS, "leg_awarded"),
        ((ONE,), Make((asked("1", price_minor=1),)), NOW_MS, "offer_id_taken"),
        ((ONE,), Make((asked("2", truck="T1"),)), NOW_MS, "truck_asked"),
        ((), Make((asked("2", price_minor=-1),)), NOW_MS, "price_below_zero"),
        ((), Make((asked("1", expires_ms=NOW_MS),)), NOW_MS, "expires_too_soon"),
        ((), Make(tuple(asked(str(n)) for n in range(7))), NOW_MS, "too_many_offers"),
        ((Make((asked("1", truck=None),)),), Accept("1"), NOW_MS, "truck_missing"),
        ((TENDERED,), Accept("1"), NOW_MS, "bid_expected"),
        ((TENDERED,), Award("1"), NOW_MS, "no_bid"),
        ((TENDERED,), PlaceBid("1", 500_001, "T1"), NOW_MS, "price_too_high"),
        ((TENDERED,), PlaceBid("1", -1, "T1"), NOW_MS, "price_below_zero"),
        ((TENDERED,), BID, UNTIL_MS, "offer_expired"),
        ((TENDERED, BID), Award("1"), UNTIL_MS + 60_000, "offer_expired"),
        ((TENDERED, BID, Decline("1", "sorry")), Award("1"), NOW_MS, "offer_declined"),
        ((ONE,), BID, NOW_MS, "no_bids"),
    ],
)
def test_what_is_refused(
    before: Sequence[OfferCommand], command: OfferCommand, at_ms: int, code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        decide(after(*before), command, RULES, at_ms)

    assert refused.value.code == code


def test_offers_without_a_truck_may_stand_beside_each_other() -> None:
    state = after(Make((asked("1", truck=None), asked("2", truck=None))))

    assert [each.asked.id for each in state.open] == ["1", "2"]


def test_commands_and_events_survive_json() -> None:
    state = after(TENDERED, BID, Award("1"))
    written = msgspec.json.encode(state)

    assert msgspec.json.decode(written, type=LegOffers) == state
    assert msgspec.json.decode(msgspec.json.encode(BID), type=OfferCommand) == BID


NAMES = st.sampled_from("123456789")
# What may become of an offer; nothing else may.
TURNS = {
    OfferState.MADE: set(OfferState),
    OfferState.ACCEPTED: {OfferState.ACCEPTED, OfferState.WITHDRAWN},
    OfferState.DECLINED: {OfferState.DECLINED},
    OfferState.EXPIRED: {OfferState.EXPIRED},
    OfferState.WITHDRAWN: {OfferState.WITHDRAWN},
}


class OffersOfALeg(RuleBasedStateMachine):
    """Any commands in any order; refused ones change nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = NOW_MS
        self.state = LegOffers(booking="B1", leg="L1")
        self.log: list[OfferEvent] = []

    def send(self, command: OfferCommand) -> None:
        before = self.state
        try:
            events = decide(before, command, RULES, self.now_ms)
        except Refusal:
            return
        for event in events:
            self.state = evolve(self.state, event)
        self.log += events
        for old, new in zip(before.offers, self.state.offers, strict=False):
            assert new.state in TURNS[old.state]
            assert new.asked == old.asked
        assert decide(self.state, command, RULES, self.now_ms) == []

    @rule(
        names=st.lists(NAMES, min_size=1, max_size=4, unique=True),
        bidding=st.booleans(),
        for_ms=st.integers(-1, 400_000),
    )
    def make(self, names: list[str], bidding: bool, for_ms: int) -> None:
        expires_ms = self.now_ms + for_ms
        self.send(Make(tuple(asked(n, bidding=bidding, expires_ms=expires_ms) for n in names)))

    @rule(name=NAMES, truck=st.sampled_from([None, "T1", "T2"]))
    def accept(self, name: str, truck: str | None) -> None:
        self.send(Accept(name, truck))

    @rule(name=NAMES, price_minor=st.integers(-1, 600_000))
    def bid(self, name: str, price_minor: int) -> None:
        self.send(PlaceBid(name, price_minor, "T1"))

    @rule(name=NAMES)
    def award(self, name: str) -> None:
        self.send(Award(name))

    @rule(name=NAMES)
    def decline(self, name: str) -> None:
        self.send(Decline(name, "far"))

    @rule(name=st.none() | NAMES)
    def withdraw(self, name: str | None) -> None:
        self.send(Withdraw("cancelled", name))

    @rule(command=st.sampled_from([Expire(), Escalate("late"), Resume()]))
    def clock_and_people(self, command: OfferCommand) -> None:
        self.send(command)

    @rule(ms=st.integers(1, 200_000))
    def time_goes_by(self, ms: int) -> None:
        self.now_ms += ms

    @invariant()
    def at_most_one_is_accepted(self) -> None:
        states = [each.state for each in self.state.offers]
        assert states.count(OfferState.ACCEPTED) <= 1
        assert OfferState.ACCEPTED not in states or OfferState.MADE not in states

    @invariant()
    def the_log_gives_the_state(self) -> None:
        again = LegOffers(booking="B1", leg="L1")
        for event in self.log:
            again = evolve(again, event)
        assert again == self.state

    @invariant()
    def the_list_is_limited(self) -> None:
        assert len(self.state.offers) <= RULES.offers_total_max


TestOffersOfALeg = OffersOfALeg.TestCase
TestOffersOfALeg.settings = settings(max_examples=250, stateful_step_count=40, deadline=None)
