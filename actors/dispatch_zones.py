"""Where a tenant's loads are picked up and dropped, and when its cities are closed to trucks."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from freight.dispatch.rules import TravelRules
from freight.fleet.serviceability import StopZones
from freight.fleet.zones import Passage, ZoneRules, holding, place_for
from freight.load import Stop, StopKind
from freight.tracking.fences import NO_ENTRY, Fence, FenceBook
from geo.point import haversine_m
from store import fences
from store.postgres import AnyConnection

MS_PER_MINUTE = 60_000
MS_PER_HOUR = 3_600_000


class Zones:
    """Those of a tenant's fences that decide where and when its trucks may be."""

    def __init__(self, tenant_key: int, book: FenceBook, rules: ZoneRules) -> None:
        self._tenant_key = tenant_key
        self._book = book
        self.rules = rules

    @classmethod
    async def of(cls, conn: AnyConnection, tenant_key: int, rules: ZoneRules) -> Zones:
        kinds = rules.pickup_kinds | rules.drop_kinds | rules.closed_kinds | {NO_ENTRY}
        groups = rules.pickup_groups | rules.drop_groups
        drawn = await fences.zones_of(conn, tenant_key, sorted(kinds), sorted(groups))
        book = FenceBook()
        book.apply(drawn)
        return cls(tenant_key, book, rules)

    def around(self, stops: Sequence[Stop]) -> list[tuple[Fence, ...]]:
        return holding(self._book, self._tenant_key, [stop.place for stop in stops])

    def at(self, stops: Sequence[Stop]) -> tuple[StopZones, ...]:
        return tuple(
            StopZones(stop.id, stop.kind, inside)
            for stop, inside in zip(stops, self.around(stops), strict=True)
        )

    def passages(self, stops: Sequence[Stop], travel: TravelRules) -> tuple[Passage, ...]:
        """The closing cities in which stops lie; what is only driven through is not known here."""
        times = halts(stops, travel)
        return tuple(
            Passage(fence, enters_ms, leaves_ms)
            for inside, (enters_ms, leaves_ms) in zip(self.around(stops), times, strict=True)
            for fence in inside
            if fence.kind == NO_ENTRY
        )

    def departure_ms(
        self,
        stops: Sequence[Stop],
        passages: Sequence[Passage],
        truck_class: str | None,
        now_ms: int,
    ) -> int:
        """When the first stop is gone to: as it is wished, or as soon as the cities are open."""
        window = stops[0].window
        wished_ms = now_ms if window.from_ms is None else max(now_ms, window.from_ms)
        open_ms = place_for(passages, truck_class, wished_ms, self.rules)
        if open_ms is None or (window.to_ms is not None and open_ms > max(window.to_ms, wished_ms)):
            return wished_ms
        return open_ms


def halts(stops: Sequence[Stop], travel: TravelRules) -> list[tuple[int, int]]:
    """From when to when a truck is at each stop, counted from its arrival at the first."""
    at_ms, found = 0, []
    for before, stop in itertools.pairwise((None, *stops)):
        if stop is None:
            continue
        if before is not None:
            here, there = before.place, stop.place
            metres = float(haversine_m(here.lat, here.lon, there.lat, there.lon))
            km = metres / 1000.0 * travel.road_factor
            at_ms += round(km / travel.speed_kmh * MS_PER_HOUR)
        is_pickup = stop.kind is StopKind.PICKUP
        minutes = travel.loading_minutes if is_pickup else travel.unloading_minutes
        found.append((at_ms, at_ms + minutes * MS_PER_MINUTE))
        at_ms += minutes * MS_PER_MINUTE
    return found
