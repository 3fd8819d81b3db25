"""A round of dispatching on the real store: what is planned is asked, explained, and given once."""

from __future__ import annotations

import asyncio

from actors.booking_writing import TenantName
from actors.bookings import Bookings, Refused
from actors.dispatch_round import DispatchRounds
from actors.life import now_ms
from actors.offering import SYSTEM, OfferTaken, OfferWish
from config.policy import Settings
from freight.booking import commands as asked
from freight.booking.state import Milestone, Side, Status
from freight.dispatch.explanations import decode
from freight.dispatch.offer_messages import Accept, Decline, Expire
from freight.dispatch.offer_state import OfferState
from freight.dispatch.reasons import Reason
from freight.dispatch.rules import Mode
from store import awards, dispatch, offers
from store.postgres import AnyPool, as_tenant
from tests.actors.booked import SOMEBODY, Actors, add_truck, assign, load, taken, waiting
from tests.actors.dispatching import (
    FAR,
    NEAR,
    add_carrier,
    answer,
    offered,
    place,
    status,
    willing,
)
from tests.launch.waiting import until


async def test_the_tenants_own_nearest_truck_is_sent_at_once(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    await place(app, name, actors, FAR)
    near = await place(app, name, actors, NEAR)
    booking = await waiting(engine, name)
    await rounds.run(name)

    found = await engine.find(name, booking)
    assert found is not None
    carriage = found.legs[0].carriage
    assert carriage is not None
    assert (found.status, carriage.truck) == (Status.ASSIGNED, near)


async def test_a_carriers_truck_is_offered_and_given_once_it_is_accepted(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    carrier = await add_carrier(app, name)
    truck = await place(app, name, actors, NEAR, carrier=carrier)
    booking = await waiting(engine, name)
    await rounds.run(name)
    again = await rounds.run(name)

    (made,) = await offered(app, name, booking)
    assert (made.carrier, made.truck, made.state, again.asked) == (carrier, truck, "made", 0)
    accepted = await answer(engine, name, booking, Accept(made.id))
    repeated = await answer(engine, name, booking, Accept(made.id))
    assert isinstance(accepted, OfferTaken)
    assert isinstance(repeated, OfferTaken)
    assert repeated.events == ()
    assert await status(engine, name, booking) is Status.ASSIGNED


async def test_who_declines_is_not_asked_again_but_the_next_one_is(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    carrier = await add_carrier(app, name)
    near = await place(app, name, actors, NEAR, carrier=carrier)
    far = await place(app, name, actors, FAR, carrier=carrier)
    booking = await waiting(engine, name)
    await rounds.run(name)
    (first,) = await offered(app, name, booking)
    await answer(engine, name, booking, Decline(first.id, "no driver"))
    await rounds.run(name)

    assert [(one.truck, one.state) for one in await offered(app, name, booking)] == [
        (near, "declined"),
        (far, "made"),
    ]


async def test_an_offer_that_nobody_answers_expires_and_a_person_takes_over(
    app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    hasty = Settings(willing(expires_s=0.4, offers_max=2))
    engine = Bookings(app, 0, hasty)
    actors = Actors(engine)
    rounds = DispatchRounds(app, system, actors, hasty)
    carrier = await add_carrier(app, name)
    await place(app, name, actors, NEAR, carrier=carrier)
    booking = await waiting(engine, name)

    async def taken_over() -> bool:
        await rounds.run(name)
        async with as_tenant(app, name.key) as conn:
            return (await offers.load(conn, booking, "L1")).state.escalated is not None

    await until(taken_over)
    async with as_tenant(app, name.key) as conn:
        found = await offers.load(conn, booking, "L1")
        told = await conn.fetch("SELECT type FROM events WHERE subject = $1", f"bookings/{booking}")
    assert [one.state for one in found.state.offers] == [OfferState.EXPIRED] * 2
    assert [row["type"] for row in told].count("offer.expired") == 2
    assert "booking.escalated" in [row["type"] for row in told]


async def test_of_two_accepts_in_the_same_millisecond_one_wins(
    app: AnyPool, name: TenantName, actors: Actors, settings: Settings, rounds: DispatchRounds
) -> None:
    """One truck, accepted for two loads, by actors that share nothing."""
    engine = actors.engine
    carrier = await add_carrier(app, name)
    truck = await place(app, name, actors, NEAR, carrier=carrier)
    other = await place(app, name, actors, FAR, carrier=carrier)
    first, second = [await waiting(engine, name) for _ in range(2)]
    await rounds.run(name)
    made = [(await offered(app, name, one))[0] for one in (first, second)]
    engines = [Bookings(app, 0, settings) for _ in made]

    answers = await asyncio.gather(
        *(
            answer(one, name, offer.booking, Accept(offer.id, truck=truck))
            for one, offer in zip(engines, made, strict=True)
        )
    )

    assert {offer.truck for offer in made} == {truck, other}
    assert sorted(type(one).__name__ for one in answers) == ["OfferTaken", "Refused"]


async def test_a_booking_cancelled_while_it_is_accepted_is_one_or_the_other(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    carrier = await add_carrier(app, name)
    await place(app, name, actors, NEAR, carrier=carrier)
    booking = await waiting(engine, name)
    await rounds.run(name)
    (made,) = await offered(app, name, booking)
    others = Bookings(app, 0, Settings(willing()))
    cancel = asked.Cancel(by=SOMEBODY, side=Side.OPERATOR)
    await asyncio.gather(
        answer(engine, name, booking, Accept(made.id)), others.take(name, booking, cancel)
    )

    fresh = Bookings(app, 0, Settings(willing()))
    async with as_tenant(app, name.key) as conn:
        standing = await conn.fetchval("SELECT count(*) FROM awards WHERE stands")
    assert await status(fresh, name, booking) is Status.CANCELLED
    assert standing == 0
    assert (await offered(app, name, booking))[0].state == "withdrawn"


async def test_a_truck_taken_meanwhile_cannot_be_accepted_and_another_is_found(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    carrier = await add_carrier(app, name)
    near = await place(app, name, actors, NEAR, carrier=carrier)
    far = await place(app, name, actors, FAR, carrier=carrier)
    booking, by_hand = [await waiting(engine, name) for _ in range(2)]
    taken(await engine.take(name, by_hand, assign(far)))
    await rounds.run(name)
    (made,) = await offered(app, name, booking)
    refused = await answer(engine, name, booking, Accept(made.id, truck=far))

    assert made.truck == near
    assert isinstance(refused, Refused)
    assert await status(engine, name, booking) is Status.DISPATCHING


async def test_dispatchers_that_run_at_once_promise_nothing_twice(
    app: AnyPool, system: AnyPool, name: TenantName, settings: Settings
) -> None:
    """Each with engines of its own: as after a restart in the middle of a round."""
    engine = Bookings(app, 0, settings)
    several = [Actors(Bookings(app, 0, settings)) for _ in range(3)]
    ids = [await waiting(engine, name) for _ in range(8)]
    for _ in range(5):
        await place(app, name, several[0], NEAR)
    for each in several[1:]:
        each.at = several[0].at
    for _ in range(3):
        await asyncio.gather(
            *(DispatchRounds(app, system, each, settings).run(name) for each in several)
        )

    fresh = Bookings(app, 0, settings)
    found = [await status(fresh, name, one) for one in ids]
    async with as_tenant(app, name.key) as conn:
        twice = await conn.fetchval(
            """
            SELECT count(*) FROM awards a JOIN awards b ON a.nr < b.nr
                AND ((a.truck_key = b.truck_key AND a.during && b.during)
                    OR (a.booking = b.booking AND a.stands AND b.stands))
            """
        )
    assert found.count(Status.ASSIGNED) == 5
    assert found.count(Status.DISPATCHING) == 3
    assert twice == 0


async def test_every_truck_in_range_is_explained(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    near = await place(app, name, actors, NEAR)
    small = await place(app, name, actors, NEAR, payload_kg=1_000)
    elsewhere = await place(app, name, actors, (12.9, 77.6))
    booking = await waiting(engine, name)
    await rounds.run(name)

    async with as_tenant(app, name.key) as conn:
        (kept,) = await dispatch.recorded(conn, booking, 10)
        keys = await awards.truck_keys(conn, [near, small, elsewhere])
    explained = decode(kept.explanation)
    weak = explained.verdict(keys[small])
    assert kept.truck == near
    assert weak is not None
    assert weak.reasons == (Reason.CAPACITY,)
    assert explained.verdict(keys[near]) is not None
    assert explained.verdict(keys[elsewhere]) is None


async def test_a_truck_that_brings_a_load_to_its_end_is_chained_to_the_next(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    truck = await place(app, name, actors, NEAR)
    first = await waiting(engine, name)
    taken(await engine.take(name, first, assign(truck)))
    for stop, milestone in (("S1", "arrived"), ("S1", "left"), ("S2", "arrived")):
        reach = asked.Reach(
            by=SOMEBODY, leg="L1", stop=stop, milestone=Milestone(milestone), reason="seen"
        )
        taken(await engine.take(name, first, reach))
    actors.at = dict.fromkeys(actors.at, (26.9, 75.8))
    second = await waiting(engine, name, load(at=(26.95, 75.85)))
    await rounds.run(name)

    found = await engine.find(name, second)
    assert found is not None
    carriage = found.legs[0].carriage
    assert carriage is not None
    assert carriage.truck == truck
    assert carriage.from_ms > now_ms()


async def test_a_second_policy_is_compared_and_changes_nothing(
    app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    now = willing()
    shadow = now.dispatch_shadow.model_copy(
        update={"enabled": True, "rules": now.dispatch.model_copy(update={"mode": Mode.INSTANT})}
    )
    by_hand = now.dispatch.model_copy(update={"mode": Mode.MANUAL})
    settings = Settings(now.model_copy(update={"dispatch_shadow": shadow, "dispatch": by_hand}))
    engine = Bookings(app, 0, settings)
    actors = Actors(engine)
    await place(app, name, actors, NEAR)
    booking = await waiting(engine, name)
    rounds = DispatchRounds(app, system, actors, settings)
    await rounds.run(name)
    await rounds.run(name)

    async with as_tenant(app, name.key) as conn:
        (day,) = await dispatch.shadows(conn, 10)
    assert (day.windows, day.otherwise) == (2, 2)
    assert (day.live["assigned"], day.shadow["assigned"]) == (0, 2)
    assert await status(engine, name, booking) is Status.DISPATCHING


async def test_offers_of_a_leg_that_was_given_by_hand_are_withdrawn(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    carrier = await add_carrier(app, name)
    await place(app, name, actors, NEAR, carrier=carrier)
    booking = await waiting(engine, name)
    await rounds.run(name)
    taken(await engine.take(name, booking, assign(await add_truck(app, name))))

    (made,) = await offered(app, name, booking)
    late = await answer(engine, name, booking, Accept(made.id))
    assert made.state == "withdrawn"
    assert isinstance(late, Refused)


async def test_what_is_due_is_found_by_the_shard_that_owns_it(
    app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    hasty = Settings(willing(expires_s=0.6))
    engine = Bookings(app, 7, hasty)
    actors = Actors(engine)
    carrier = await add_carrier(app, name)
    await place(app, name, actors, NEAR, carrier=carrier)
    booking = await waiting(engine, name)
    await DispatchRounds(app, system, actors, hasty).run(name)

    async def due(shard: int) -> bool:
        async with system.acquire() as conn:
            return any(one.booking == booking for one in await offers.due(conn, shard, 100))

    await until(lambda: due(7))
    others = await due(8)
    wish = OfferWish("L1", Expire(), SYSTEM)
    expired = await engine.take_offer(name, booking, wish)

    assert not others
    assert isinstance(expired, OfferTaken)
    assert expired.offers.open == ()
