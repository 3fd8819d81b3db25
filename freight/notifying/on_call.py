"""The calendar of who is called: rotations by level, and who stands in for whom."""

from __future__ import annotations

from typing import Annotated

import msgspec

from freight.notifying.hours import Hours, ends_ms

LEVELS = (1, 2, 3)
HOUR_MS = 3_600_000
Level = Annotated[int, msgspec.Meta(ge=1, le=3)]


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """People who take turns, each for so many hours, beginning with the first."""

    level: Level
    people: tuple[str, ...]  # "users/x"
    begins_ms: int
    turn_hours: int
    # Only within these hours of the clock; None: around it.
    hours: Hours | None = None


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody stands in at a level, from and with one moment up to another."""

    id: str
    level: Level
    person: str
    from_ms: int
    to_ms: int


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    time_zone: str
    rotations: tuple[Rotation, ...]
    overrides: tuple[Override, ...] = ()
    version: int = 1


def on_call(calendar: Calendar, level: int, at_ms: int) -> tuple[str, ...]:
    """Who is called at this level; whoever stands in takes the place of all rotations."""
    standing_in = [
        one.person
        for one in calendar.overrides
        if one.level == level and one.from_ms <= at_ms < one.to_ms
    ]
    if standing_in:
        return tuple(dict.fromkeys(standing_in))
    found = (
        _whose_turn(one, calendar.time_zone, at_ms)
        for one in calendar.rotations
        if one.level == level
    )
    return tuple(dict.fromkeys(person for person in found if person is not None))


def called(calendar: Calendar, level: int, at_ms: int) -> tuple[str, ...]:
    """The same; where nobody is on call at a level, the next higher one that has somebody."""
    for each in range(level, LEVELS[-1] + 1):
        found = on_call(calendar, each, at_ms)
        if found:
            return found
    return ()


def _whose_turn(rotation: Rotation, zone: str, at_ms: int) -> str | None:
    if at_ms < rotation.begins_ms or not rotation.people:
        return None
    if rotation.hours is not None and ends_ms(rotation.hours, zone, at_ms) is None:
        return None
    turn = (at_ms - rotation.begins_ms) // (rotation.turn_hours * HOUR_MS)
    return rotation.people[turn % len(rotation.people)]
