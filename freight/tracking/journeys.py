"""The journeys of all trucks as a shard knows them: who follows which route when."""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Iterable
from typing import Protocol

import msgspec

from freight.tracking.outlook import ALWAYS_MS, NEVER_MS
from geo.places import Position, Search
from geo.polyline import PolylineError, Precision, decode
from geo.route import Route, RouteError, compile_route
from geo.route_table import RouteTable

UNKNOWN_ROAD = "unknown"
LINE_PRECISION: Precision = 6  # decimals of a degree in a plan's polylines
# Where two passes of a route are nearly equally near to a stop, it is the first of them.
STOP_TIE_M = 50.0


class Stretch(msgspec.Struct, frozen=True):
    """From this segment of the line on, until the next stretch, the road is of this class."""

    from_segment: int
    road_class: str


class Line(msgspec.Struct, frozen=True):
    """A way as it was drawn: an encoded polyline, and its roads where the router tells them."""

    polyline: str
    roads: tuple[Stretch, ...] = ()


class PlannedStop(msgspec.Struct, frozen=True):
    """Where the truck is expected to halt; off the route within `radius_m` is no deviation."""

    name: str
    lat: float
    lon: float
    radius_m: float
    arrive_from_ms: int | None = None
    arrive_to_ms: int | None = None
    halt_s: float = 0.0


class AllowedPlace(msgspec.Struct, frozen=True):
    """Around it, such as at a fuel station, leaving the route means nothing."""

    lat: float
    lon: float
    radius_m: float


class JourneyPlan(msgspec.Struct, frozen=True):
    """What was planned for one drive of one truck, as the store keeps it (JSON)."""

    from_ms: int  # the route counts from then on
    route: Line
    # Other ways that are as good: from somewhere on the route to somewhere later on it.
    alternates: tuple[Line, ...] = ()
    stops: tuple[PlannedStop, ...] = ()
    allowed: tuple[AllowedPlace, ...] = ()
    corridor_m: float | None = None  # farther off it has left the route; None: as the rules say
    start_by_ms: int | None = None  # later, the trip has not started in time
    promised_from_ms: int | None = None
    promised_to_ms: int | None = None  # the arrival at the end is promised by then
    # What a deviation costs; None: what the tenant's rules say.
    paise_per_km: int | None = None
    paise_per_hour: int | None = None


class JourneyChange(Protocol):
    """One immutable version of a journey, as the store keeps it.

    Without a plan the journey is over or cancelled from `valid_from_ms` on. A plan counts from its
    `from_ms` on; a later version of it, or the same journey with another truck, not before its
    `valid_from_ms`. Where a truck has several journeys, the one that began last counts.
    """

    @property
    def tenant_key(self) -> int: ...
    @property
    def truck_key(self) -> int: ...
    @property
    def journey_id(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def revision(self) -> int: ...
    @property
    def valid_from_ms(self) -> int: ...
    @property
    def plan(self) -> JourneyPlan | None: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """The route or an alternate; `number` is its own in the book's table of routes."""

    number: int
    length_m: float
    # Where on the route it begins and ends.
    leaves_m: float
    joins_m: float
    roads: tuple[tuple[float, str], ...]  # (from so far along it, road class)

    def along_route_m(self, progress_m: float) -> float:
        """How far that is along the route: on an alternate, in proportion."""
        share = progress_m / self.length_m
        return self.leaves_m + share * (self.joins_m - self.leaves_m)


@dataclasses.dataclass(frozen=True, slots=True)
class Stop:
    planned: PlannedStop
    progress_m: float


@dataclasses.dataclass(frozen=True, slots=True)
class Journey:
    """A plan compiled. The first of its ways is the route, the others are alternates."""

    tenant_key: int
    truck_key: int
    id: str
    version: int
    plan: JourneyPlan
    ways: tuple[Way, ...]
    stops: tuple[Stop, ...]

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.version

    @property
    def length_m(self) -> float:
        return self.ways[0].length_m


@dataclasses.dataclass(slots=True)
class _Timeline:
    """What one truck follows from when on, in order of time."""

    from_ms: list[int] = dataclasses.field(default_factory=list)
    journeys: list[Journey | None] = dataclasses.field(default_factory=list)


class JourneyBook:
    """Journeys by truck, and one table with the routes of all."""

    def __init__(self) -> None:
        self.revision = 0
        self.routes = RouteTable()
        self._by_truck: dict[int, _Timeline] = {}
        # (tenant, journey) -> the truck that has it.
        self._holder: dict[tuple[int, str], int] = {}
        self._changed: dict[int, int] = {}  # truck -> revision of its last change
        self._numbers = 0
        self._free: list[int] = []
        # Journeys whose plan is of no use: (tenant, id) -> why. Nobody follows them.
        self.unusable: dict[tuple[int, str], str] = {}

    def apply(self, changes: Iterable[JourneyChange]) -> None:
        for change in sorted(changes, key=lambda c: c.revision):
            key = (change.tenant_key, change.journey_id)
            holder = self._holder.pop(key, None)
            if holder is not None:
                self._end(holder, key, change.valid_from_ms)
                self._changed[holder] = change.revision
            journey = self._compiled(change)
            if journey is not None:
                is_first = holder is None
                earliest_ms = ALWAYS_MS if is_first else change.valid_from_ms
                self._begin(journey, max(journey.plan.from_ms, earliest_ms))
                self._holder[key] = change.truck_key
                self._changed[change.truck_key] = change.revision
            self.revision = max(self.revision, change.revision)

    def at(self, truck_key: int, ts_ms: int) -> Journey | None:
        """What the truck follows at this device time."""
        line = self._by_truck.get(truck_key)
        if line is None:
            return None
        index = bisect_right(line.from_ms, ts_ms) - 1
        return line.journeys[index] if index >= 0 else None

    def next_change_ms(self, truck_key: int, ts_ms: int) -> int:
        """The first device time after this at which the truck follows something else."""
        line = self._by_truck.get(truck_key)
        if line is None:
            return NEVER_MS
        index = bisect_right(line.from_ms, ts_ms)
        return line.from_ms[index] if index < len(line.from_ms) else NEVER_MS

    def changed_after(self, revision: int) -> list[int]:
        """Trucks that follow something else, at some time, than they did at this revision."""
        return [truck for truck, changed in self._changed.items() if changed > revision]

    def forget(self, before_ms: int) -> None:
        """Let go of what ended before this device time: no fix of then will be folded again."""
        for truck_key in list(self._by_truck):
            line = self._by_truck[truck_key]
            while len(line.from_ms) > 1 and line.from_ms[1] <= before_ms:
                self._drop(line, 0)
            if len(line.from_ms) == 1 and line.journeys[0] is None:
                del self._by_truck[truck_key], self._changed[truck_key]

    def __len__(self) -> int:
        """Journeys that somebody has."""
        return len(self._holder)

    # -------------------------------------------------------------------------- timelines

    def _begin(self, journey: Journey, from_ms: int) -> None:
        line = self._by_truck.setdefault(journey.truck_key, _Timeline())
        index = bisect_right(line.from_ms, from_ms)
        line.from_ms.insert(index, from_ms)
        line.journeys.insert(index, journey)

    def _end(self, truck_key: int, key: tuple[int, str], at_ms: int) -> None:
        """From then on the truck follows nothing, unless something else has begun meanwhile."""
        line = self._by_truck.get(truck_key)
        if line is None:
            return
        mine = [
            i
            for i, journey in enumerate(line.journeys)
            if journey is not None and (journey.tenant_key, journey.id) == key
        ]
        for i in reversed(mine):
            if line.from_ms[i] >= at_ms:
                self._drop(line, i)
        current = bisect_right(line.from_ms, at_ms) - 1
        journey = line.journeys[current] if current >= 0 else None
        if journey is not None and (journey.tenant_key, journey.id) == key:
            line.from_ms.insert(current + 1, at_ms)
            line.journeys.insert(current + 1, None)

    def _drop(self, line: _Timeline, index: int) -> None:
        del line.from_ms[index]
        journey = line.journeys.pop(index)
        for way in () if journey is None else journey.ways:
            self.routes.discard(way.number)
            self._free.append(way.number)

    # -------------------------------------------------------------------------- compiling

    def _compiled(self, change: JourneyChange) -> Journey | None:
        """One bad plan must not keep a shard from knowing all the others."""
        key = (change.tenant_key, change.journey_id)
        self.unusable.pop(key, None)
        if change.plan is None:
            return None
        try:
            routes = [compiled_line(change.plan.route)]
            routes += [compiled_line(line) for line in change.plan.alternates]
        except (PolylineError, RouteError) as error:
            self.unusable[key] = str(error)
            return None
        ways = [self._way(change.plan.route, routes[0], None)]
        for line, route in zip(change.plan.alternates, routes[1:], strict=True):
            ways.append(self._way(line, route, ways[0]))
        return Journey(
            change.tenant_key,
            change.truck_key,
            change.journey_id,
            change.version,
            change.plan,
            tuple(ways),
            self._stops(change.plan, ways[0]),
        )

    def _way(self, line: Line, route: Route, main: Way | None) -> Way:
        number = self._free.pop() if self._free else self._numbers
        self._numbers = max(self._numbers, number + 1)
        self.routes.put(number, route)
        leaves_m, joins_m = 0.0, route.length_m
        if main is not None:
            start, end = route.point_at(0.0), route.point_at(route.length_m)
            leaves_m = self._nearest_m(main, start.lat, start.lon, 0.0)
            joins_m = self._nearest_m(main, end.lat, end.lon, leaves_m)
        return Way(number, route.length_m, leaves_m, joins_m, _roads(line, route))

    def _stops(self, plan: JourneyPlan, main: Way) -> tuple[Stop, ...]:
        """Each where the route passes it, after the stop before it."""
        found: list[Stop] = []
        after_m = 0.0
        for stop in plan.stops:
            found.append(Stop(stop, self._nearest_m(main, stop.lat, stop.lon, after_m)))
            # A second halt at the same place is at the next time that the route comes there.
            after_m = min(found[-1].progress_m + stop.radius_m, main.length_m)
        return tuple(found)

    def _nearest_m(self, way: Way, lat: float, lon: float, after_m: float) -> float:
        whole_m = way.length_m
        search = Search(0.0, whole_m, float("inf"), STOP_TIE_M, 180.0)
        fix = Position(lat, lon, float("nan"), after_m)
        return self.routes.locate_one(way.number, fix, search).progress_m


def compiled_line(line: Line) -> Route:
    return compile_route(decode(line.polyline, LINE_PRECISION))


def _roads(line: Line, route: Route) -> tuple[tuple[float, str], ...]:
    """Where each class of road begins along the way, from its very beginning."""
    roads = [(0.0, UNKNOWN_ROAD)]
    for stretch in sorted(line.roads, key=lambda s: s.from_segment):
        from_m = route.segment_start_m(stretch.from_segment)
        if roads[-1][0] == from_m:
            roads.pop()
        if not roads or roads[-1][1] != stretch.road_class:
            roads.append((from_m, stretch.road_class))
    return tuple(roads)
