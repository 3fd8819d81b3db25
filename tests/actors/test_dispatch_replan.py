"""Later plans keep what was offered, and turn over what is worth it: within a budget, and told."""

from __future__ import annotations

from actors.booking_writing import TenantName
from actors.bookings import Bookings
from actors.dispatch_replan import BETTER_FOUND
from actors.dispatch_round import DispatchRounds
from actors.life import now_ms
from actors.offering import SYSTEM, OfferTaken, OfferWish
from config.policy import Settings
from freight.dispatch.offer_messages import Accept, Make, Withdraw
from freight.dispatch.offer_state import Asked
from store.postgres import AnyPool
from tests.actors.booked import SOMEBODY, Actors, waiting
from tests.actors.dispatching import FAR, NEAR, add_carrier, answer, offered, place, willing


async def test_an_offer_is_taken_back_for_a_truck_that_is_much_nearer(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    carrier = await add_carrier(app, name)
    far = await place(app, name, actors, FAR, carrier=carrier)
    booking = await waiting(engine, name)
    await rounds.run(name)
    hardly_nearer = await place(app, name, actors, (28.31, 76.91), carrier=carrier)
    kept = await rounds.run(name)
    near = await place(app, name, actors, NEAR, carrier=carrier)
    turned = await rounds.run(name)
    again = await rounds.run(name)

    first, second = await offered(app, name, booking)
    assert (kept.changed, turned.changed, again.changed) == (0, 1, 0)
    assert (first.truck, first.state, first.reason) == (far, "withdrawn", BETTER_FOUND)
    assert (second.truck, second.state) == (near, "made")
    assert hardly_nearer not in {first.truck, second.truck}


async def test_a_plan_turns_over_no_more_than_its_budget_and_nothing_done_by_hand(
    app: AnyPool, system: AnyPool, name: TenantName
) -> None:
    policy = willing()
    replan = policy.dispatch.replan.model_copy(update={"changes_max": 1})
    dispatching = policy.dispatch.model_copy(update={"replan": replan})
    settings = Settings(policy.model_copy(update={"dispatch": dispatching}))
    engine = Bookings(app, 0, settings)
    actors = Actors(engine)
    rounds = DispatchRounds(app, system, actors, settings)
    carrier = await add_carrier(app, name)
    for _ in range(2):
        await place(app, name, actors, FAR, carrier=carrier)
    ids = [await waiting(engine, name) for _ in range(2)]
    await rounds.run(name)
    by_hand = await waiting(engine, name)
    far = await place(app, name, actors, FAR, carrier=carrier)
    made = Asked(
        id="by-hand", carrier=carrier, truck=far, expires_ms=now_ms() + 60_000, by_hand=True
    )
    await engine.take_offer(name, by_hand, OfferWish("L1", Make((made,)), SOMEBODY))
    for nr in range(3):
        await place(app, name, actors, (28.7 - nr * 0.05, 77.1), carrier=carrier)
    turned = [(await rounds.run(name)).changed for _ in range(3)]

    assert sum(turned) == 2
    assert max(turned) == 1
    assert [[one.state for one in await offered(app, name, each)] for each in (*ids, by_hand)] == [
        ["withdrawn", "made"],
        ["withdrawn", "made"],
        ["made"],
    ]


async def test_what_was_accepted_meanwhile_is_not_taken_back(
    app: AnyPool, engine: Bookings, name: TenantName, actors: Actors, rounds: DispatchRounds
) -> None:
    """The carrier is faster than the round that has found another truck."""
    carrier = await add_carrier(app, name)
    far = await place(app, name, actors, FAR, carrier=carrier)
    booking = await waiting(engine, name)
    await rounds.run(name)
    (made,) = await offered(app, name, booking)
    await answer(engine, name, booking, Accept(made.id))
    late = await engine.take_offer(name, booking, OfferWish("L1", Withdraw(BETTER_FOUND), SYSTEM))

    assert isinstance(late, OfferTaken)
    assert late.events == ()
    found = await engine.find(name, booking)
    assert found is not None
    assert found.legs[0].carriage is not None
    assert found.legs[0].carriage.truck == far
