"""How far along its route a truck is, and whether it still follows it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from freight.tracking.courses import Course, seen
from freight.tracking.facts import Facts
from freight.tracking.journeys import Journey
from freight.tracking.machines import detours, episodes, wrong_way
from freight.tracking.machines.episodes import Away, Spot
from freight.tracking.machines.following_rules import FollowingRules
from freight.tracking.machines.motion import Motion
from freight.tracking.machines.on_route import Scene, course_along, km
from freight.tracking.machines.wrong_way import Backwards
from freight.tracking.outlook import Outlook
from freight.tracking.sample import Moment, Sample
from geo.places import Place

if TYPE_CHECKING:
    from freight.tracking.surroundings import Surroundings

NOT_STARTED = "truck.route.not_started"
STARTED = "truck.route.started"
ARRIVED = "truck.route.arrived"

# Modes
AWAITED, UNDER_WAY, OVER = "awaited", "under_way", "over"


class Following(msgspec.Struct, frozen=True, array_like=True):
    """The place that `last_m` says is where the machines looked last, not where the truck is now:
    within a section of its route nothing changes.
    """

    journey: str | None = None
    version: int = 0
    mode: str = AWAITED
    started_ms: int | None = None
    not_started_told: bool = False
    begun_m: float | None = None  # awaited: the least progress seen on the route
    way: int = 0
    last_m: float = 0.0  # along that way
    at_ms: int = 0
    driving: bool = False  # it drove then
    away: Away | None = None
    backwards: Backwards | None = None
    headed: bool = False  # the device said then where it was heading
    aside: bool = False  # off the route at a place where that is no deviation

    @property
    def is_under_way(self) -> bool:
        return self.journey is not None and self.mode == UNDER_WAY

    def progress_m(self, journey: Journey) -> float:
        """Along the route, whichever way the truck takes."""
        return journey.ways[self.way].along_route_m(self.last_m)


START = Following()


def step(
    now: Following, moment: Moment, motion: Motion, around: Surroundings, facts: Facts
) -> Following:
    """`motion` is what this fix has made of it."""
    journey = around.journeys.at(around.truck_key, moment.fix.ts_ms)
    if journey is None:
        _let_go(now, moment.fix.ts_ms, facts)
        return START
    scene = Scene(moment, motion, journey, around, facts)
    if (now.journey, now.version) != journey.key:
        now = _taken_up(now, scene)
    if now.mode == AWAITED:
        return _await(now, scene)
    rests = now.mode == OVER or (now.aside and motion.standing)
    return now if rests else _follow(now, scene)


def _let_go(now: Following, ts_ms: int, facts: Facts) -> None:
    """Something else is followed from here on: what went on has an end that nobody saw."""
    if now.journey is None:
        return
    if now.away is not None and now.away.told is not None:
        facts.span(episodes.SPAN, now.away.left.ts_ms, ts_ms, now.away.told, now.journey)
    if now.backwards is not None and now.backwards.told:
        facts.span(
            "wrong_way", now.backwards.since_ms, ts_ms, {"journey": now.journey}, now.journey
        )


def _taken_up(now: Following, scene: Scene) -> Following:
    _let_go(now, scene.fix.ts_ms, scene.facts)
    journey = scene.journey
    if now.journey != journey.id:
        return Following(journey.id, journey.version)
    if now.mode == OVER:
        return replace(now, version=journey.version)
    # Another route for the same drive: the truck has to be found on it first.
    told = now.not_started_told
    return Following(journey.id, journey.version, AWAITED, now.started_ms, told)


# ------------------------------------------------------------------------------------- starting


def _await(now: Following, scene: Scene) -> Following:
    due_ms = scene.journey.plan.start_by_ms
    told = now.not_started_told or now.started_ms is not None
    if due_ms is not None and not told and scene.fix.ts_ms >= due_ms:
        scene.facts.tell(NOT_STARTED, due_ms, scene.said(start_by_ms=due_ms), scene.journey.id)
        now = replace(now, not_started_told=True)
    if scene.motion.standing:
        return now
    place = scene.place(0, math.nan, scene.fix.ts_ms)
    if place.off_m > scene.return_m:
        return now if now.begun_m is None else replace(now, begun_m=None)
    begun_m = min(place.progress_m, place.progress_m if now.begun_m is None else now.begun_m)
    if now.started_ms is None and place.progress_m < begun_m + scene.rules.start_m:
        return replace(now, begun_m=begun_m)
    return _started(now, place, scene)


def _started(now: Following, place: Place, scene: Scene) -> Following:
    ts_ms = scene.fix.ts_ms
    if now.started_ms is None:
        late = scene.journey.plan.start_by_ms
        late_s = None if late is None else max(0, (ts_ms - late) // 1000)
        data = scene.said(progress_km=km(place.progress_m), late_s=late_s)
        scene.facts.tell(STARTED, ts_ms, data, scene.journey.id)
        scene.facts.span("journey", ts_ms, None, data, scene.journey.id)
    return replace(
        now,
        mode=UNDER_WAY,
        started_ms=ts_ms if now.started_ms is None else now.started_ms,
        begun_m=None,
        last_m=place.progress_m,
        at_ms=ts_ms,
        driving=scene.motion.driving,
        headed=scene.fix.heading_deg is not None,
    )


# ------------------------------------------------------------------------------------ following


def _follow(now: Following, scene: Scene) -> Following:
    course = course_of(now, scene.journey, scene.rules)
    place, is_kept = seen(course, scene.fix, scene.around.journeys.routes)
    in_time = scene.fix.ts_ms < look_ms(now, scene.around)
    calm = now.away is None and now.backwards is None and not now.aside and in_time
    if calm and is_kept:
        return now
    if now.away is not None and now.away.told is not None:
        return _astray(now, place, scene)
    if place.off_m <= scene.leave_m + (scene.fix.accuracy_m or 0.0):
        return _along(now, place, scene)
    other = _other_way(now, scene.leave_m, scene)
    if other is not None:
        return _along(_switched(now, *other, scene), other[1], scene)
    if detours.is_allowed(scene.fix, scene.moment.inside, scene.journey, scene.around):
        return replace(now, away=None, aside=True)
    return _leaving(now, place, scene)


def _other_way(now: Following, off_m_max: float, scene: Scene) -> tuple[int, Place] | None:
    """Another way of the journey that the fix is on, the nearest of them."""
    found: list[tuple[float, int, Place]] = []
    for way, _ in enumerate(scene.journey.ways):
        if way != now.way:
            last_m = math.nan if way else now.progress_m(scene.journey)
            place = scene.place(way, last_m, now.at_ms)
            if place.off_m <= off_m_max:
                found.append((place.off_m, way, place))
    return min(found)[1:] if found else None


def _switched(now: Following, way: int, place: Place, scene: Scene) -> Following:
    return replace(now, way=way, last_m=place.progress_m, at_ms=scene.fix.ts_ms)


def _along(now: Following, place: Place, scene: Scene) -> Following:
    """On the way: forward, or back."""
    backwards = wrong_way.step(now.backwards, now.last_m, now.at_ms, place, scene)
    # A little back is noted as where it turned, until it is far enough to be the wrong way.
    is_ahead = backwards is not None or place.jumped or place.progress_m > now.last_m
    now = replace(
        now,
        away=None,
        backwards=backwards,
        last_m=place.progress_m if is_ahead else now.last_m,
        at_ms=scene.fix.ts_ms,
        driving=scene.motion.driving,
        headed=scene.fix.heading_deg is not None,
        aside=False,
    )
    if scene.journey.length_m - now.progress_m(scene.journey) <= scene.rules.arrive_m:
        return _arrived(now, scene)
    return now


def _arrived(now: Following, scene: Scene) -> Following:
    ts_ms, promised_ms = scene.fix.ts_ms, scene.journey.plan.promised_to_ms
    if now.backwards is not None:
        wrong_way.ended(now.backwards, scene)
    late_s = None if promised_ms is None else max(0, (ts_ms - promised_ms) // 1000)
    data = scene.said(promised_to_ms=promised_ms, late_s=late_s)
    scene.facts.tell(ARRIVED, ts_ms, data, scene.journey.id)
    if now.started_ms is not None:
        scene.facts.span("journey", now.started_ms, ts_ms, data, scene.journey.id)
    return Following(now.journey, now.version, OVER, now.started_ms, now.not_started_told)


# ------------------------------------------------------------------------------------- deviating


def _leaving(now: Following, place: Place, scene: Scene) -> Following:
    """Off the way, but perhaps not for long."""
    away = now.away
    if away is None:
        before = scene.moment.before or scene.fix
        last = scene.place(now.way, now.last_m, now.at_ms, before)
        last_m = now.last_m if math.isnan(last.progress_m) or last.jumped else last.progress_m
        way = scene.journey.ways[now.way]
        left = Spot(before.ts_ms, before.lat, before.lon, way.along_route_m(last_m))
        away = Away(left, since_ms=scene.fix.ts_ms)
    away = episodes.added(away, scene.moment, place.off_m)
    if episodes.is_sure(away, scene.fix.ts_ms, scene.rules):
        away = episodes.tell_deviated(away, scene.said(), scene.facts, scene.journey.id)
    return _moved_along(now, place, away, scene)


def _astray(now: Following, place: Place, scene: Scene) -> Following:
    """Away from all ways, and told so."""
    away = now.away
    if away is None or (away.is_settled and scene.motion.standing):
        return now
    if place.off_m > scene.return_m:
        other = _other_way(now, scene.return_m, scene)
        if other is not None:
            now, place = _switched(now, *other, scene), other[1]
    if place.off_m > scene.return_m:
        away = episodes.added(away, scene.moment, place.off_m)
        return _moved_along(now, place, away, scene)
    way = scene.journey.ways[now.way]
    here = Spot(scene.fix.ts_ms, scene.fix.lat, scene.fix.lon, way.along_route_m(place.progress_m))
    away = episodes.seen_back(away, here, scene.moment)
    if away.back_fixes < scene.rules.rejoin_fixes:
        return replace(now, away=away)
    episodes.tell_rejoined(away, scene.said(), scene.journey, scene.around, scene.facts)
    return _along(replace(now, backwards=None, last_m=place.progress_m), place, scene)


def _moved_along(now: Following, place: Place, away: Away, scene: Scene) -> Following:
    """Beside the route it is looked for where it is nearest, so that it is found again ahead."""
    if now.backwards is not None:
        wrong_way.ended(now.backwards, scene)
    now = replace(now, away=away, backwards=None, aside=False)
    if place.jumped or math.isnan(place.progress_m):
        return now
    now = replace(now, last_m=place.progress_m, at_ms=scene.fix.ts_ms)
    remaining_m = scene.journey.length_m - now.progress_m(scene.journey)
    if max(remaining_m, place.off_m) > scene.rules.arrive_m:
        return now
    if away.told is not None:
        _let_go(now, scene.fix.ts_ms, scene.facts)
    return _arrived(now, scene)


# ---------------------------------------------------------------------------------- quiet fixes


def outlook(
    now: Following, good: Sample, motion: Motion, around: Surroundings, out: Outlook
) -> None:
    out.wake_at(around.journeys.next_change_ms(around.truck_key, good.ts_ms))
    journey = around.journeys.at(around.truck_key, good.ts_ms)
    if journey is None or now.mode == OVER:
        return
    if (now.journey, now.version) != journey.key:
        out.wake_now()
    elif now.mode == AWAITED:
        if not now.not_started_told and now.started_ms is None:
            due_ms = journey.plan.start_by_ms
            out.wake_at(out.until_ms if due_ms is None else due_ms)
        if not motion.standing:
            out.wake_now()
    elif now.aside:
        if not motion.standing:
            out.wake_now()
    elif now.away is None and now.backwards is None:
        out.course = course_of(now, journey, around.rules.following)
        out.wake_at(look_ms(now, around))
    elif now.away is None or not (now.away.is_settled and motion.standing):
        out.wake_now()


def look_ms(now: Following, around: Surroundings) -> int:
    """When the machines look again though the truck is in its section: at whole multiples."""
    every_ms = round(around.rules.following.look_s * 1000.0)
    return (now.at_ms // every_ms + 1) * every_ms


def course_of(now: Following, journey: Journey, rules: FollowingRules) -> Course:
    section_m = rules.section_m if now.headed else rules.section_blind_m
    return course_along(journey, now.way, now.last_m, now.at_ms, rules, section_m)
