"""The breaker by its own clock: opens after failures, one trial after a rest, closes on success."""

from __future__ import annotations

import pytest

from config.patience import patience_with
from config.policy import defaults
from providers.breaker import Breaker
from providers.errors import ProviderRestingError


class World:
    def __init__(self) -> None:
        self.now_s = 100.0
        usual = patience_with(defaults(), "x")
        self.patience = usual.model_copy(update={"failures_max": 2, "rest_s": 10.0})
        self.turns: list[bool] = []
        self.breaker = Breaker("x", lambda: self.patience, lambda: self.now_s, self.turns.append)

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            self.breaker.enter()
            self.breaker.failed()

    def succeed(self) -> None:
        self.breaker.enter()
        self.breaker.succeeded()

    def is_shut(self) -> bool:
        """Asking only: whoever was let in goes away again."""
        try:
            self.breaker.enter()
        except ProviderRestingError:
            return True
        self.breaker.left()
        return False


def test_it_opens_after_failures_in_a_row() -> None:
    world = World()
    world.fail()
    world.succeed()
    world.fail()
    assert not world.is_shut()

    world.fail()

    world.now_s += 4.0
    with pytest.raises(ProviderRestingError, match="x failed 2 times in a row") as shut:
        world.breaker.enter()
    assert shut.value.rest_s == 6.0
    assert world.turns == [True]


def test_after_a_rest_one_may_try() -> None:
    world = World()
    world.fail(2)
    world.now_s += 9.9
    assert world.is_shut()
    world.now_s += 0.2

    world.breaker.enter()
    with pytest.raises(ProviderRestingError) as another:
        world.breaker.enter()
    assert another.value.rest_s == 0.0, "it may be known at any moment"
    world.breaker.succeeded()

    assert world.turns == [True, False]
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
    assert world.turns == [True]


def test_a_trial_that_was_given_up_lets_the_next_try() -> None:
    world = World()
    world.fail(2)
    world.now_s += 11.0
    world.breaker.enter()
    world.breaker.left()

    assert not world.is_shut()


def test_a_setting_that_forgives_more_closes_it_and_that_is_told() -> None:
    """Else who looks at figures would take it for open until the next failures."""
    world = World()
    world.fail(2)
    world.patience = world.patience.model_copy(update={"failures_max": 10})

    world.succeed()

    assert world.turns == [True, False]
