"""Whatever is asked of a booking, in any order: 10 000 steps of stories that nobody thought of."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from freight.booking import commands as asked
from freight.booking import progress
from freight.booking.announced import announcements
from freight.booking.cancelling import price_of_leg
from freight.booking.commands import Command
from freight.booking.detention import charge_id, clocks
from freight.booking.events import Assigned, BookingEvent, Confirmed, LegSplit, LoadAmended
from freight.booking.evolve import replayed, status_of
from freight.booking.state import (
    OVER,
    RANK,
    UNDER_WAY,
    Booking,
    Leg,
    Milestone,
    ProofKind,
    Quoted,
    Side,
    Status,
)
from freight.booking.timeline import timeline
from freight.events import TruckEvent
from freight.load import StopKind, Window
from freight.refusal import Refusal
from tests.freight.booking.story import (
    DESK,
    DRIVER,
    MINUTE,
    Story,
    corrected,
    create,
    entered,
    exited,
    load,
    moved,
    retracted,
    rules,
    stop,
    stopped,
)

LEGS = st.sampled_from(["L1", "L2", "L3", "L4"])
STOPS = st.sampled_from(["S1", "S2", "S3", "S4"])
TRUCKS = st.sampled_from(["T1", "T2", "T3"])
FENCES = st.sampled_from(["plant", "quarry", "site"])
AGO_MS = st.integers(0, 200).map(lambda minutes: minutes * MINUTE)
SIDES = st.sampled_from(list(Side))


def command(made: type, /, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    who = {"by": st.sampled_from([DESK, DRIVER]), "reason": st.sampled_from(["so", "so", None])}
    return st.builds(made, **who | given)


def plain_load(weight_kg: int) -> Any:
    """Two pickups, a drop in a fence and one without."""
    half = weight_kg // 2
    return load(
        stop(1, StopKind.PICKUP, half, "plant"),
        stop(2, StopKind.PICKUP, weight_kg - half, "quarry"),
        stop(3, StopKind.DROP, half, "site"),
        stop(4, StopKind.DROP, weight_kg - half),
        weight_kg=weight_kg,
    )


WEIGHTS = st.lists(st.sampled_from([1_000, 4_000, 5_000, 10_000]), max_size=3).map(tuple)
CHANGES: st.SearchStrategy[Command] = st.one_of(
    command(asked.Amend, load=st.sampled_from([20_000, 21_000, 19_000]).map(plain_load)),
    command(asked.Amend, legs_kg=WEIGHTS),
    command(
        asked.Amend,
        windows=st.dictionaries(
            STOPS, AGO_MS.map(lambda ms: Window(ms, ms + MINUTE)), min_size=1, max_size=2
        ),
    ),
    command(asked.Amend, references=st.sampled_from([{"po": "7"}, {"po": "8"}])),
    command(asked.Reprice, price=st.just(Quoted("Q2", 4_500_001, "digest", "INR"))),
    command(
        asked.Adjust,
        head=st.just("weight"),
        unit=st.just("kg"),
        quantity=st.integers(0, 500),
        per=st.sampled_from([1, 7, 1000]),
        unit_minor=st.integers(-50_000, 50_000),
    ),
    command(asked.Split, leg=LEGS, weights_kg=WEIGHTS),
    command(asked.Merge, legs=st.just(("L1", "L2"))),
)
DISPATCHES: st.SearchStrategy[Command] = st.one_of(
    command(asked.Confirm),
    command(asked.StartDispatch, leg=st.one_of(st.none(), LEGS)),
    command(asked.Assign, leg=LEGS, truck=TRUCKS, driver=st.just("ravi"), carrier=st.just("c1")),
    command(asked.Assign, leg=LEGS, truck=TRUCKS, driver=st.just("ravi"), carrier=st.just("c1")),
    command(asked.Unassign, leg=LEGS, fault=st.one_of(st.none(), SIDES)),
    command(asked.Swap, leg=LEGS, truck=st.one_of(st.none(), TRUCKS), driver=st.just("anil")),
    command(asked.Fail, leg=LEGS),
    command(asked.Listen, leg=LEGS, truck=TRUCKS, silent_ms=st.one_of(st.none(), AGO_MS)),
    command(asked.Relieve, leg=LEGS),
)
ENDS: st.SearchStrategy[Command] = st.one_of(
    command(asked.Cancel, side=SIDES, leg=LEGS),
    command(asked.Cancel, side=SIDES),
    command(asked.Close),
    command(asked.Close),
)
PROOFS: st.SearchStrategy[Command] = st.one_of(
    command(asked.SetCode, leg=LEGS, stop=STOPS, digest=st.just("right"), salt=st.just("s")),
    command(
        asked.RecordProof,
        leg=LEGS,
        stop=STOPS,
        kind=st.just(ProofKind.OTP),
        digest=st.sampled_from(["right", "wrong"]),
    ),
    command(
        asked.RecordProof,
        leg=LEGS,
        stop=STOPS,
        kind=st.sampled_from(list(ProofKind)),
        reference=st.just("doc/1"),
    ),
)
BY_HAND: st.SearchStrategy[Command] = st.one_of(
    command(asked.Reach, leg=LEGS, milestone=st.sampled_from(list(Milestone)), stop=STOPS),
    command(asked.TakeBack, leg=LEGS, milestone=st.sampled_from(list(Milestone)), stop=STOPS),
    command(
        asked.ExcludeDetention,
        leg=LEGS,
        stop=STOPS,
        from_ms=AGO_MS,
        to_ms=AGO_MS,
        why=st.just("gate_closed"),
    ),
)

PARTS: st.SearchStrategy[Command] = command(
    asked.Cancel, side=st.sampled_from([Side.CARRIER] * 4 + [Side.SHIPPER]), leg=LEGS
)


def crossing(kind: Any, fence: str, truck: str, ago_ms: int) -> Any:
    return lambda now_ms: kind(fence, max(now_ms - ago_ms, 0), truck)


def resting(kind: Any, number: int, truck: str, ago_ms: int) -> Any:
    return lambda now_ms: kind(max(now_ms - ago_ms, 0), 18.5 + number / 10, 73.8, truck=truck)


FACTS = st.one_of(
    st.builds(crossing, st.sampled_from([entered, exited]), FENCES, TRUCKS, AGO_MS),
    st.builds(resting, st.sampled_from([stopped, moved]), st.integers(1, 4), TRUCKS, AGO_MS),
)
ASKED = {"change": CHANGES, "dispatch": DISPATCHES, "prove": PROOFS, "say": BY_HAND}
WHAT = [*(["on"] * 5), *(["truck"] * 2), *ASKED, *ASKED, "again", "again", "end"]
ENDS_AFTER = 40


class Bookings(RuleBasedStateMachine):
    """One booking of several legs; its truck events come late, twice and are taken back."""

    def __init__(self) -> None:
        super().__init__()
        self.story = Story(rules(legs_max=4))
        self.facts: list[TruckEvent] = []
        self.done: list[Command] = []
        self.turns = self.steps = 0

    @initialize(
        legs_kg=st.sampled_from([(), (10_000, 10_000)]), eager=st.sampled_from([True, True, False])
    )
    def begins(self, legs_kg: tuple[int, ...], eager: bool) -> None:
        self.story.does(create(load=plain_load(20_000), legs_kg=legs_kg, key="create"))
        if eager:
            self.asks(asked.Confirm(by=DESK))
            for leg in self.story.now.legs:
                self.asks(asked.Assign(by=DESK, leg=leg.id, truck=f"T{leg.id[1:]}"))

    def asks(self, wanted: Command) -> None:
        """What is refused changes nothing; what is done is in the log under its key."""
        before, length = self.story.now, len(self.story.log)
        keyed = msgspec.structs.replace(self.of_a_leg(wanted), key=f"k{self.turns}")
        self.turns += 1
        try:
            events = self.story.does(keyed)
        except Refusal:
            self.must_be_as_before(before, length)
            return
        if events:
            assert events[0].key == keyed.key
            assert keyed.key in self.story.now.keys
            self.done.append(keyed)
        self.check_steps(before, events)

    def of_a_leg(self, wanted: Command) -> Command:
        """Most are about legs that there are."""
        leg, ids = getattr(wanted, "leg", None), [leg.id for leg in self.story.now.legs]
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(wanted), type=Command) == wanted
        if leg is None or self.turns % 10 == 0:
            return wanted
        found = self.story.leg(leg if leg in ids else ids[self.turns % len(ids)])
        if isinstance(wanted, asked.Split):
            third_kg = found.weight_kg // 3
            weights_kg = (third_kg, found.weight_kg - third_kg)
            return msgspec.structs.replace(wanted, leg=found.id, weights_kg=weights_kg)
        return msgspec.structs.replace(wanted, leg=found.id)

    def must_be_as_before(self, before: Booking, length: int) -> None:
        assert self.story.now is before
        assert len(self.story.log) == length

    def check_steps(self, before: Booking, events: list[BookingEvent]) -> None:
        now = before
        for event in events:
            assert msgspec.json.decode(msgspec.json.encode(event), type=BookingEvent) == event
            after = replayed([event], now)
            assert after is not None
            for leg in after.legs:
                then = now.leg(leg.id)
                must_be_legal(leg if then is None else then, leg, event)
            now = after
        assert now == self.story.now
        told = announcements(before, events, now)
        if before.status is not now.status:
            assert told[-1][0].startswith("booking.")
            assert f"booking.{now.status.value}" in [kind for kind, _, _ in told]

    @rule(what=st.sampled_from(WHAT), data=st.data())
    def something_happens(self, what: str, data: st.DataObject) -> None:
        self.steps += 1
        if what == "on":
            self.goes_on(data.draw(st.integers(0, 3)), data.draw(st.integers(1, 300)))
        elif what == "end":
            self.asks(data.draw(ENDS if self.steps > ENDS_AFTER else PARTS))
        elif what == "again":
            self.comes_again(data)
        elif what == "truck":
            self.hears(data.draw(FACTS)(self.story.now_ms))
        else:
            self.asks(data.draw(ASKED[what]))

    def goes_on(self, number: int, minutes: int) -> None:
        """As it should."""
        booking, legs = self.story.now, self.story.now.legs
        leg = legs[number % len(legs)]
        self.story.now_ms += minutes * MINUTE
        if leg.status in UNDER_WAY:
            self.drives_on(booking, leg)
        elif booking.needs_quote:
            self.asks(asked.Reprice(by=DESK, price=Quoted("Q3", 4_400_000, "digest", "INR")))
        elif leg.status is Status.CREATED:
            self.asks(asked.Confirm(by=DESK))
        elif leg.status in (Status.CONFIRMED, Status.FAILED):
            self.asks(asked.StartDispatch(by=DESK, leg=leg.id))
        elif leg.status is Status.DISPATCHING:
            self.asks(asked.Assign(by=DESK, leg=leg.id, truck=f"T{1 + number % 3}"))

    def drives_on(self, booking: Booking, leg: Leg) -> None:
        """To its next stop, is proven there, and leaves."""
        stops, truck = booking.stops_of(leg), leg.carriage.truck if leg.carriage else ""
        ahead = next((one for one in stops if leg.at(one.id).left is None), stops[-1])
        at = leg.at(ahead.id)
        fence, now_ms = ahead.place.fence, self.story.now_ms
        if at.arrived is None and fence is not None:
            self.hears(entered(fence, now_ms, truck))
        elif at.arrived is None:
            self.hears(stopped(now_ms, ahead.place.lat, ahead.place.lon, truck=truck))
        elif ahead.kind is StopKind.DROP and at.done is None:
            kind = ProofKind.SIGNATURE
            proof = asked.RecordProof(
                by=DRIVER, leg=leg.id, stop=ahead.id, kind=kind, receiver="Mr Rao"
            )
            self.asks(proof)
        elif fence is not None:
            self.hears(exited(fence, now_ms, truck))
        else:
            self.hears(moved(now_ms, ahead.place.lat, ahead.place.lon, truck=truck))

    def comes_again(self, data: st.DataObject) -> None:
        """A command, which does nothing then, or a fact, perhaps corrected or taken back."""
        before = self.story.now
        if self.done:
            assert self.story.does(data.draw(st.sampled_from(self.done))) == []
            assert self.story.now is before
        if not self.facts:
            return
        fact = data.draw(st.sampled_from(self.facts))
        turn = data.draw(st.sampled_from([retracted, corrected, None]))
        if turn is not None:
            self.turns += 1
            self.hears(turn(fact, self.story.now_ms, self.turns))
            return
        self.hears(fact)
        version = self.story.now.version
        self.hears(fact)
        assert self.story.now.version == version

    def hears(self, fact: TruckEvent) -> None:
        if not fact.type.startswith("event."):
            self.facts.append(fact)
        before = self.story.now
        try:
            events = self.story.hears(fact)
        except Refusal as refusal:  # none of what is asked for a fact may be refused
            raise AssertionError(refusal.code) from refusal
        self.check_steps(before, events)

    @invariant()
    def what_is_told_is_what_follows(self) -> None:
        if self.story.booking is None:
            return
        booking = self.story.now
        assert booking.version == len(self.story.log)
        ranks = [RANK[leg.status] for leg in booking.legs if leg.status is not Status.CANCELLED]
        assert RANK[booking.status] == min(ranks, default=RANK[Status.CANCELLED])
        for leg in booking.legs:
            assert leg.status is status_of(booking, leg)
            must_add_up(booking, leg)
            if leg.standing not in OVER:
                known, derived = progress.known(leg), progress.derived(booking, leg)
                assert {k: (m.at_ms, m.source) for k, m in known.items()} == {
                    k: (m.at_ms, m.source) for k, m in derived.items()
                }
            drops = {s.id for s in booking.stops_of(leg) if s.kind is StopKind.DROP}
            if leg.status in UNDER_WAY or leg.status is Status.DELIVERED:
                proven = drops <= {proof.stop for proof in leg.proofs}
                assert proven == (leg.status is Status.DELIVERED)
        must_be_charged(booking, self.story)

    def teardown(self) -> None:
        if self.story.booking is None:
            return
        booking = self.story.now
        assert replayed(self.story.log) == booking
        assert msgspec.json.decode(msgspec.json.encode(booking), type=Booking) == booking
        steps = timeline(self.story.log)
        assert [step.version for step in steps] == list(range(1, booking.version + 1))
        assert steps[-1].status is booking.status


def must_be_legal(before: Leg, after: Leg, event: BookingEvent) -> None:
    then, now = before.status, after.status
    if then is now:
        return
    assert then not in OVER
    assert then is not Status.DELIVERED or now is Status.CLOSED
    assert now is not Status.CLOSED or then is Status.DELIVERED
    assert now is not Status.CREATED
    if then is Status.CREATED:
        assert now in (Status.CONFIRMED, Status.CANCELLED)
    if now is Status.CONFIRMED:
        assert isinstance(event, Confirmed | LegSplit | LoadAmended)
    if then not in UNDER_WAY and now in UNDER_WAY:
        assert isinstance(event, Assigned)
    if now is Status.DELIVERED:
        assert then in UNDER_WAY
    if after.status in UNDER_WAY:
        assert after.carriage is not None


def must_add_up(booking: Booking, leg: Leg) -> None:
    if not leg.is_active:
        return
    kinds = {stop.id: stop.kind for stop in booking.load.stops}
    for kind in StopKind:
        shares = [kg for key, kg in leg.shares.items() if kinds[key] is kind]
        assert sum(shares) == leg.weight_kg


def must_be_charged(booking: Booking, story: Story) -> None:
    """What was charged for waiting is what the clocks say of stops that were left."""
    if RANK[booking.status] >= RANK[Status.CLOSED]:
        return
    for clock in clocks(booking, story.rules, story.now_ms):
        leg = booking.leg(clock.leg)
        if leg is not None and clock.to_ms is not None:
            charge = booking.charges.get(charge_id(leg, clock.stop))
            assert clock.charge_minor == (0 if charge is None else charge.amount_minor)
    assert sum(price_of_leg(booking, leg) for leg in booking.legs) == (booking.agreed_minor or 0)


TestAnyStory = Bookings.TestCase
TestAnyStory.settings = settings(
    max_examples=230,
    stateful_step_count=50,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
