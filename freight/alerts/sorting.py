"""By what alerts are found again: keys of causes that are one alert, and marks to look up."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable
from typing import NamedTuple

from freight.alerts.applying import applied
from freight.alerts.kinds import Kind, Part
from freight.alerts.rules import AlertRules, KindRule
from freight.alerts.signals import Place, Signal, Watched, is_found
from freight.alerts.state import SHOWN, Alert
from geo.point import haversine_m

METRES_PER_DEGREE = 111_195.0
AROUND = (-1, 0, 1)


class Needed(NamedTuple):
    """Which alerts have to be known to decide about some signals."""

    marks: frozenset[str]  # all alerts that carry one of them
    dedups: frozenset[str]  # and of each of these the last one, open or over


def needed(signals: Iterable[Signal], rules: AlertRules) -> Needed:
    marks: set[str] = set()
    dedups: set[str] = set()
    for signal in signals:
        rule = applied(rules, signal.kind, signal.around, signal.at_ms).rule
        keys = keys_of(signal, rule)
        dedups |= set(keys if signal.kind is Kind.SEVERAL_TRUCKS else keys[:1])
        marks |= {f"d:{key}" for key in keys}
        marks |= {f"e:{signal.event}", _thread_mark(signal.kind, signal.subject)}
        if signal.ends_booking and signal.around.booking is not None:
            marks.add(f"b:{signal.around.booking}")
        if signal.around.truck is not None:
            covering = rules.kinds[signal.kind].covered_by
            marks |= {_thread_mark(kind, signal.subject) for kind in covering}
    return Needed(frozenset(marks), frozenset(dedups))


def marks_of(alert: Alert) -> frozenset[str]:
    """By these it is looked up. Of one that is over only news about its causes are of interest."""
    marks = {f"e:{cause.event}" for cause in alert.causes}
    marks |= {f"e:{cause.ended_by}" for cause in alert.causes if cause.ended_by is not None}
    goes_on = alert.is_open or any(
        cause.ended_ms is None and cause.handed_to is None for cause in alert.causes
    )
    if goes_on:
        marks |= {_thread_mark(alert.kind, cause.subject) for cause in alert.causes}
    if alert.is_open:
        marks.add(f"d:{alert.dedup}")
        if alert.booking is not None:
            marks.add(f"b:{alert.booking}")
    return frozenset(marks)


def covering_marks(alert: Alert, rules: AlertRules) -> frozenset[str]:
    """Of the alerts that may tell of this one's cause as well."""
    kinds = rules.kinds[alert.kind].covered_by
    return frozenset(_thread_mark(kind, cause.subject) for kind in kinds for cause in alert.on)


def covered_by(alert: Alert, others: Iterable[Alert], rules: AlertRules) -> str | None:
    kinds = rules.kinds[alert.kind].covered_by
    mine = {cause.subject for cause in alert.on or alert.standing}
    for other in others:
        told = {cause.subject for cause in other.on}
        if other.kind in kinds and other.state in SHOWN and mine <= told:
            return other.id
    return None


def watched(alerts: Iterable[Alert], kinds: Container[Kind]) -> list[Watched]:
    """What surveys of these kinds found before, and has not been found gone."""
    return [
        Watched(
            kind=alert.kind,
            event=cause.event,
            subject=cause.subject,
            about=cause.about,
            since_ms=cause.at_ms,
            facts=cause.facts,
        )
        for alert in alerts
        if alert.kind in kinds and alert.is_open
        for cause in alert.on
        if is_found(cause.event)
    ]


def rival_marks(alerts: Iterable[Alert]) -> frozenset[str]:
    """Of those that may stand open in the place of these, should they come back."""
    return frozenset(f"d:{alert.dedup}" for alert in alerts if not alert.is_open)


def _thread_mark(kind: Kind, subject: str) -> str:
    return f"t:{kind}|{subject}"


# ---------------------------------------------------------------------------------------- keys


def keys_of(signal: Signal, rule: KindRule) -> tuple[str, ...]:
    """Its own first; behind it those of the places around, where an alert may stand that is near
    enough."""
    own = f"{signal.kind}|{_said(signal, rule.dedup, rule)}"
    if Part.PLACE not in rule.dedup or signal.place is None or rule.radius_m is None:
        return (own,)
    cell = _cell(signal.place, rule.radius_m)
    near = (own.replace(cell, each) for each in _around(signal.place, rule.radius_m))
    return (own, *(key for key in near if key != own))


def group_of(signal: Signal, rule: KindRule) -> str | None:
    said = _said(signal, rule.group_by, rule)
    return said or None


def is_beside(alert: Alert, other: Alert, rules: AlertRules) -> bool:
    """Whether both tell of the same."""
    rule = applied(rules, alert.kind, alert.around, alert.began_ms).rule
    return alert.dedup == other.dedup and _is_one_place(alert.place, other.place, rule)


def is_near(alert: Alert, signal: Signal, rule: KindRule) -> bool:
    """Where the place tells alerts apart: whether this cause is at the alert's."""
    return _is_one_place(alert.place, signal.place, rule)


def _is_one_place(one: Place | None, other: Place | None, rule: KindRule) -> bool:
    if Part.PLACE not in rule.dedup or rule.radius_m is None:
        return True
    if one is None or other is None:
        return one is other
    return metres(one, other) <= rule.radius_m


def metres(one: Place, other: Place) -> float:
    return float(haversine_m(one.lat, one.lon, other.lat, other.lon))


def _said(signal: Signal, parts: Iterable[Part], rule: KindRule) -> str:
    values = [(part, _value(signal, part, rule)) for part in parts]
    return "|".join([f"{part}={value}" for part, value in values if value])


def _value(signal: Signal, part: Part, rule: KindRule) -> str:
    if part is Part.ABOUT:
        return signal.about
    if part is Part.SUBJECT:
        return signal.subject
    if part is Part.PLACE:
        no_place = signal.place is None or rule.radius_m is None
        return "" if no_place else _cell(signal.place, rule.radius_m)  # type: ignore[arg-type]
    return getattr(signal.around, part) or ""


def _cell(place: Place, size_m: float) -> str:
    row = math.floor(place.lat * METRES_PER_DEGREE / size_m)
    return f"{size_m:g}:{row}:{_column(place.lon, row, size_m)}"


def _around(place: Place, size_m: float) -> list[str]:
    row = math.floor(place.lat * METRES_PER_DEGREE / size_m)
    return [
        f"{size_m:g}:{row + up}:{_column(place.lon, row + up, size_m) + right}"
        for up in AROUND
        for right in AROUND
    ]


def _column(lon: float, row: int, size_m: float) -> int:
    """Cells of a row are as wide as they are high."""
    middle_deg = (row + 0.5) * size_m / METRES_PER_DEGREE
    return math.floor(lon * METRES_PER_DEGREE * math.cos(math.radians(middle_deg)) / size_m)
