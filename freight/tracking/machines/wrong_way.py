"""A truck that drives along its route towards where it came from."""

from __future__ import annotations

import math

import msgspec
from msgspec.structs import replace

from freight.tracking.machines.on_route import Scene, km
from geo.places import Place

WRONG_WAY = "truck.route.wrong_way"
SPAN = "wrong_way"


class Backwards(msgspec.Struct, frozen=True, array_like=True):
    """The truck drives towards where it came from."""

    since_ms: int
    from_m: float
    lat: float
    lon: float
    lowest_m: float
    told: bool = False
    first_m: float | None = None  # where it was when it was first seen to have gone back


def step(
    back: Backwards | None, last_m: float, at_ms: int, place: Place, scene: Scene
) -> Backwards | None:
    """`last_m` is where the truck was before, at `at_ms`."""
    rules, fix, progress_m = scene.rules, scene.fix, place.progress_m
    # Between sparse fixes a truck drives back farther than it is looked for behind.
    reach_m = rules.ahead_m + rules.ahead_kmh * (fix.ts_ms - at_ms) / 3600.0
    jumped = place.jumped and not 0.0 <= last_m - progress_m <= reach_m
    if jumped or back is None:
        if back is not None:
            ended(back, scene)
        if jumped or progress_m >= last_m - rules.back_m:
            return None
        return Backwards(fix.ts_ms, last_m, fix.lat, fix.lon, progress_m, first_m=progress_m)
    back = replace(back, lowest_m=min(back.lowest_m, progress_m))
    if progress_m >= min(back.lowest_m + rules.wrong_way_m, back.from_m):
        ended(back, scene)
        return None
    driven_m = back.from_m - back.lowest_m
    long_enough = fix.ts_ms - back.since_ms >= rules.wrong_way_s * 1000.0
    # A fix that lay too far ahead makes the next one look far back, but none after it.
    first_m = math.inf if back.first_m is None else back.first_m
    goes_back = first_m - back.lowest_m >= rules.back_m
    if back.told or not goes_back or driven_m < rules.wrong_way_m or not long_enough:
        return back
    turned_at = {"lat": back.lat, "lon": back.lon}
    data = scene.said(turned_at=turned_at, from_km=km(back.from_m), back_km=km(driven_m))
    scene.facts.tell(WRONG_WAY, back.since_ms, data, scene.journey.id)
    scene.facts.span(SPAN, back.since_ms, None, data, scene.journey.id)
    return replace(back, told=True)


def ended(back: Backwards, scene: Scene) -> None:
    if not back.told:
        return
    data = scene.said(back_km=km(back.from_m - back.lowest_m))
    scene.facts.span(SPAN, back.since_ms, scene.fix.ts_ms, data, scene.journey.id)
