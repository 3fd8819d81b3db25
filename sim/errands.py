"""How a truck gets from where it is on the roads to a place that it is sent to."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from geo.roads import Edge, Leg, NoRouteError, RoadGraph, Route, Ways


@dataclass(frozen=True, slots=True)
class Here:
    """On an edge, so far from where the truck entered it."""

    edge: Edge
    forward: bool
    along_m: float


@dataclass(frozen=True, slots=True)
class Spot:
    """A town's depot, or a place beside the road so far from the drawn beginning of an edge."""

    edge: int
    drawn_m: float
    town: int | None = None


@dataclass(frozen=True, slots=True)
class Way:
    legs: tuple[Leg, ...]
    along_m: float  # on the first leg, where it begins
    ends_m: float | None  # on the last leg, where it ends; None: at its end

    @property
    def length_m(self) -> float:
        whole_m = sum(leg.edge.length_m for leg in self.legs)
        last_m = self.legs[-1].edge.length_m
        return whole_m - self.along_m - (0.0 if self.ends_m is None else last_m - self.ends_m)


def way_to(
    graph: RoadGraph, ways_from: Callable[[int], Ways], here: Here, spot: Spot
) -> Way | None:
    """The shortest, turning round at once where that is shorter; None: no road leads there."""
    found: list[Way] = []
    for forward in (here.forward, not here.forward):
        edge = here.edge
        along_m = here.along_m if forward == here.forward else edge.length_m - here.along_m
        own = Leg(edge, forward)
        ahead_m = _along(own, spot)
        if spot.town is None and spot.edge == edge.index and ahead_m >= along_m:
            found.append(Way((own,), along_m, ahead_m))
        exit_town = edge.end if forward else edge.start
        found += [
            _joined(own, along_m, legs, ends_m)
            for legs, ends_m in _onward(graph, ways_from, exit_town, spot)
        ]
    return min(found, key=lambda way: way.length_m, default=None)


def _joined(own: Leg, along_m: float, legs: tuple[Leg, ...], ends_m: float | None) -> Way:
    """Who stands at the end of its road begins on the next."""
    if legs and math.isclose(along_m, own.edge.length_m):
        return Way(legs, 0.0, ends_m)
    return Way((own, *legs), along_m, ends_m)


def _onward(
    graph: RoadGraph, ways_from: Callable[[int], Ways], town: int, spot: Spot
) -> list[tuple[tuple[Leg, ...], float | None]]:
    if spot.town is not None:
        route = _route(ways_from, town, spot.town)
        return [] if route is None else [(route.legs, None)]
    edge = graph.edges[spot.edge]
    found: list[tuple[tuple[Leg, ...], float | None]] = []
    for entry in {edge.start, edge.end}:
        route = _route(ways_from, town, entry)
        if route is not None:
            last = Leg(edge, forward=entry == edge.start)
            found.append(((*route.legs, last), _along(last, spot)))
    return found


def _route(ways_from: Callable[[int], Ways], origin: int, town: int) -> Route | None:
    try:
        return ways_from(origin).to(town)
    except NoRouteError:
        return None


def _along(leg: Leg, spot: Spot) -> float:
    return spot.drawn_m if leg.forward else leg.edge.length_m - spot.drawn_m
