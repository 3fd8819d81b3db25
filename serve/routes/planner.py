"""Plans routes with the router that the installation has, and remembers what it answered."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache

from config.sections.routing import Routing
from freight.routing import builtin
from freight.routing.builtin import Highways
from freight.routing.plan import (
    PlannedRoute,
    PlanOptions,
    Router,
    RouterAwayError,
    RouteRefusedError,
    RouterNonsenseError,
)
from geo.point import Point
from geo.roads import read_roads

Question = tuple[tuple[Point, ...], PlanOptions]
PLACE_DIGITS = 6  # a tenth of a metre, as routers take it


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    route: PlannedRoute
    router: str
    # Why the built-in highways planned it, though another router was to be asked.
    fell_back: str | None = None


class Planner:
    def __init__(self, router: Router | None, limits: Callable[[], Routing]) -> None:
        """Without a router the built-in highways plan."""
        self._limits = limits
        self._router = router
        self._answers: OrderedDict[Question, tuple[float, PlannedRoute]] = OrderedDict()

    async def plan(
        self, points: Sequence[Point], options: PlanOptions, *, falls_back: bool
    ) -> Planned:
        """Raises what a Router raises."""
        if self._router is None:
            return Planned(await self._along_highways(points, options), builtin.NAME)
        question = tuple(_rounded(point) for point in points), options
        remembered = self._remembered(question)
        if remembered is not None:
            return Planned(remembered, self._router.name)
        try:
            answer = await self._router.plan(question[0], options)
        except (RouterAwayError, RouterNonsenseError) as failed:
            if not falls_back:
                raise
            try:
                route = await self._along_highways(points, options)
            except RouteRefusedError as no_way:
                raise failed from no_way  # the other might have known one
            return Planned(route, builtin.NAME, fell_back=str(failed))
        self._remember(question, answer)
        return Planned(answer, self._router.name)

    async def _along_highways(self, points: Sequence[Point], options: PlanOptions) -> PlannedRoute:
        limits = self._limits()
        return await asyncio.to_thread(
            lambda: highways().plan(
                points,
                options,
                snap_m_max=limits.snap_km_max * 1000.0,
                error_m=limits.line_error_m,
            )
        )

    def _remembered(self, question: Question) -> PlannedRoute | None:
        until_s, answer = self._answers.get(question, (0.0, None))
        if answer is None or until_s < time.monotonic():
            return None
        self._answers.move_to_end(question)
        return answer

    def _remember(self, question: Question, answer: PlannedRoute) -> None:
        limits = self._limits().answers
        self._answers[question] = time.monotonic() + limits.remembered_s, answer
        self._answers.move_to_end(question)
        while len(self._answers) > limits.remembered_max:
            self._answers.popitem(last=False)


@lru_cache(maxsize=1)
def highways() -> Highways:
    """Read once, when they are first asked."""
    return Highways(read_roads())


def _rounded(point: Point) -> Point:
    return Point(round(point.lat, PLACE_DIGITS), round(point.lon, PLACE_DIGITS))
