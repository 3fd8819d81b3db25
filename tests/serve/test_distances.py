"""How long a lane is, is asked once; as many lanes are remembered as the configuration says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from config.policy import Policy, defaults
from freight.load import Load, Place, Stop, StopKind
from freight.routing.plan import (
    PlannedRoute,
    PlanOptions,
    RouterAwayError,
    RouteRefusedError,
    RouterNonsenseError,
)
from geo.point import Point
from serve.problems import BadGatewayError, InvalidError, UnavailableError
from serve.quotes.distances import Distances
from serve.routes.planner import Planned, Planner


class CountingPlanner(Planner):
    """Every way is 1 234.5 m long, unless it fails."""

    def __init__(self) -> None:
        super().__init__(None, lambda: defaults().routing)
        self.asked: list[float] = []
        self.failure: Exception | None = None

    async def plan(
        self,
        points: Sequence[Point],
        options: PlanOptions,  # noqa: ARG002 - all ways are alike
        *,
        falls_back: bool,  # noqa: ARG002 - all ways are alike
    ) -> Planned:
        self.asked.append(points[0].lat)
        if self.failure is not None:
            raise self.failure
        return Planned(PlannedRoute(np.empty((0, 2)), 1234.5, 60.0), "builtin")


def policy_with(**quotes: int) -> Policy:
    changed = defaults().quotes.model_copy(update=quotes)
    return defaults().model_copy(update={"quotes": changed})


def load_from(lat: float) -> Load:
    stops = (
        Stop("S1", StopKind.PICKUP, Place(lat, 0.0), 9),
        Stop("S2", StopKind.DROP, Place(0.0, 1.0), 9),
    )
    return Load("steel", 9, stops)


async def test_a_lane_is_asked_for_once() -> None:
    planner, distances = CountingPlanner(), Distances()

    for lat in (1.0, 1.000001, 2.0, 1.0):
        assert await distances.between(planner, defaults(), load_from(lat)) == (1234, "builtin")

    assert planner.asked == [1.0, 2.0]


async def test_beyond_the_limit_the_lane_unused_for_longest_is_forgotten() -> None:
    planner, distances, policy = CountingPlanner(), Distances(), policy_with(lanes_remembered_max=2)

    for lat in (1.0, 2.0, 1.0, 3.0, 1.0, 2.0):
        await distances.between(planner, policy, load_from(lat))

    assert planner.asked == [1.0, 2.0, 3.0, 2.0]


async def test_the_straight_way_is_not_remembered() -> None:
    planner, distances = CountingPlanner(), Distances()
    planner.failure = RouteRefusedError("there is no highway")

    # A degree of the equator is 111 195 m; three tenths more are 144 553 m.
    length_m, router = await distances.between(planner, defaults(), load_from(0.0))
    with pytest.raises(InvalidError, match="there is no highway"):
        await distances.between(planner, policy_with(detour_bp=0), load_from(0.0))
    planner.failure = None

    assert (round(length_m, -1), router) == (144_550, "beeline")
    assert await distances.between(planner, defaults(), load_from(0.0)) == (1234, "builtin")


@pytest.mark.parametrize(
    ("failure", "problem"),
    [
        (RouterAwayError("it is away", 7.0), UnavailableError),
        (RouterNonsenseError("that is no router"), BadGatewayError),
    ],
)
async def test_a_router_that_fails_is_no_price(
    failure: Exception, problem: type[Exception]
) -> None:
    planner = CountingPlanner()
    planner.failure = failure

    with pytest.raises(problem):
        await Distances().between(planner, defaults(), load_from(0.0))
