"""The breaker by its own clock: shut after failures, one trial after a rest, open on success."""

from __future__ import annotations

import pytest

from config.sections.routing import Breaker as Limits
from freight.routing.plan import RouterAwayError, RouteRefusedError, RouterNonsenseError
from serve.routes.breaker import Breaker


class World:
    def __init__(self) -> None:
        self.now_s = 100.0
        self.breaker = Breaker(lambda: Limits(failures=2, rest_s=10.0), lambda: self.now_s)

    def ask(self, outcome: Exception | None = None) -> None:
        with self.breaker.guarding("osrm"):
            if outcome is not None:
                raise outcome

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(RouterAwayError, match="down"):
                self.ask(RouterAwayError("down"))

    def is_shut(self) -> bool:
        try:
            self.ask()
        except RouterAwayError:
            return True
        return False


def test_it_shuts_after_failures_in_a_row() -> None:
    world = World()
    world.fail()
    world.ask()
    world.fail()
    assert not world.is_shut()

    world.fail(2)

    with pytest.raises(RouterAwayError, match="osrm failed 2 times in a row") as shut:
        world.ask()
    assert shut.value.retry_after_s == 10.0


def test_garbage_is_a_failure_and_a_refusal_is_none() -> None:
    world = World()
    with pytest.raises(RouterNonsenseError):
        world.ask(RouterNonsenseError("html"))
    with pytest.raises(RouteRefusedError):
        world.ask(RouteRefusedError("no road"))
    world.fail()
    assert not world.is_shut()


def test_after_a_rest_one_may_try() -> None:
    world = World()
    world.fail(2)
    world.now_s += 9.9
    assert world.is_shut()
    world.now_s += 0.2

    with world.breaker.guarding("osrm"):
        assert world.is_shut(), "another one at the same time"

    world.fail()
    assert not world.is_shut()


def test_a_failed_trial_begins_another_rest() -> None:
    world = World()
    world.fail(2)
    world.now_s += 11.0
    world.fail()

    assert world.is_shut()
    world.now_s += 11.0
    assert not world.is_shut()


def test_a_trial_that_was_given_up_lets_the_next_try() -> None:
    world = World()
    world.fail(2)
    world.now_s += 11.0
    with pytest.raises(KeyboardInterrupt), world.breaker.guarding("osrm"):
        raise KeyboardInterrupt

    assert not world.is_shut()
