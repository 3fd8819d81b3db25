"""How far a load is carried: asked of the router, and remembered."""

from __future__ import annotations

import math
import time
from collections import OrderedDict

import numpy as np

from config.policy import Policy
from freight.load import Load
from freight.pricing.amounts import WHOLE_BP
from freight.routing.plan import (
    PlanOptions,
    RouterAwayError,
    RouteRefusedError,
    RouterNonsenseError,
)
from geo.point import Point, haversine_m
from serve.problems import BadGatewayError, InvalidError, UnavailableError
from serve.routes.planner import Planned, Planner

BEELINE = "beeline"
PLACE_DIGITS = 5  # a metre: what is nearer is as far away


class Distances:
    """Ways that a replica remembers, for most quotes are about the same lanes."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Point, ...], tuple[float, int, str]] = OrderedDict()

    async def between(self, planner: Planner, policy: Policy, load: Load) -> tuple[int, str]:
        """Whole metres, and who says so."""
        points = [stop.place for stop in load.stops]
        via = tuple(
            Point(round(at.lat, PLACE_DIGITS), round(at.lon, PLACE_DIGITS)) for at in points
        )
        remembered_s = policy.routing.answers.remembered_s
        until_s, length_m, router = self._known.get(via, (0.0, 0, ""))
        if time.monotonic() < until_s:
            self._known.move_to_end(via)
            return length_m, router
        planned = await _planned(planner, policy, via)
        if planned is None:
            return _straight_m(via, policy.quotes.detour_bp), BEELINE
        length_m, router = round(planned.route.length_m), planned.router
        self._known[via] = time.monotonic() + remembered_s, length_m, router
        while len(self._known) > policy.quotes.lanes_remembered_max:
            self._known.popitem(last=False)
        return length_m, router


async def _planned(planner: Planner, policy: Policy, via: tuple[Point, ...]) -> Planned | None:
    """None where no road leads, if that is no reason to refuse."""
    try:
        return await planner.plan(via, PlanOptions(), falls_back=policy.routing.falls_back)
    except RouteRefusedError as refused:
        if not policy.quotes.detour_bp:
            raise InvalidError.at("/stops", str(refused)) from refused
        return None
    except RouterAwayError as away:
        retry_after_s = max(1, math.ceil(away.retry_after_s))
        raise UnavailableError(str(away), retry_after_s=retry_after_s) from away
    except RouterNonsenseError as nonsense:
        raise BadGatewayError(str(nonsense)) from nonsense


def _straight_m(via: tuple[Point, ...], detour_bp: int) -> int:
    lat, lon = (np.array([getattr(at, axis) for at in via]) for axis in ("lat", "lon"))
    straight_m = float(haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).sum())
    return round(straight_m * detour_bp / WHOLE_BP)
