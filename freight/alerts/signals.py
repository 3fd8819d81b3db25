"""What a fact, or a condition found by looking, says about one kind of alert."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

import msgspec

from freight.alerts.circumstances import Circumstances
from freight.alerts.kinds import Kind

ID_BYTES = 16  # fixed: the form of ids of facts


class Phase(StrEnum):
    BEGAN = "began"
    ENDED = "ended"
    RESUMED = "resumed"  # it had not ended after all, the world went on
    INSTANT = "instant"  # it has no end of its own


class Turn(StrEnum):
    """What is said of the fact itself."""

    TOLD = "told"
    CORRECTED = "corrected"  # it is as it is said now, whatever was said before
    RETRACTED = "retracted"  # it never was


class Place(msgspec.Struct, frozen=True):
    lat: float
    lon: float


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    phase: Phase
    event: str  # the fact's id; of a correction or retraction that of the fact it replaces
    told_by: str  # the id of what was read now
    subject: str  # "trucks/x": who or what goes through it
    about: str  # tells apart what one subject may go through several times at once
    alert_subject: str  # what the alert is about
    at_ms: int  # device time
    known_ms: int
    decided_ms: int | None = None  # device time of the fix that decided it
    turn: Turn = Turn.TOLD
    place: Place | None = None
    facts: dict[str, Any] = {}
    around: Circumstances = Circumstances()
    ends_booking: bool = False  # with the booking everything that was about it is over
    nr: int = 0  # its number in the log: the order in which it was learned

    @property
    def thread(self) -> str:
        """What a begin and its end have in common."""
        return thread_of(self.subject, self.about)


def thread_of(subject: str, about: str) -> str:
    return f"{subject}#{about}" if about else subject


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is true now, as it was found by looking."""

    kind: Kind
    subject: str
    since_ms: int
    about: str = ""
    place: Place | None = None
    facts: dict[str, Any] = {}
    around: Circumstances = Circumstances()

    @property
    def thread(self) -> str:
        return thread_of(self.subject, self.about)


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """A cause of an alert, as far as a survey has to know it."""

    kind: Kind
    event: str
    subject: str
    about: str
    since_ms: int
    facts: dict[str, Any]


def surveyed(found: Iterable[Condition], watched: Iterable[Watched], now_ms: int) -> list[Signal]:
    """What is true now and was not known, what is otherwise by now, and what is true no more.

    `watched` are the causes of open alerts that surveys of the same kinds found and that have not
    ended. The same condition has the same id as long as it began at the same time.
    """
    known = {(cause.kind, thread_of(cause.subject, cause.about)): cause for cause in watched}
    told: list[Signal] = []
    for one in sorted(found, key=lambda each: (each.kind, each.thread, each.since_ms)):
        cause = known.pop((one.kind, one.thread), None)
        if cause is None:
            told.append(_found(one, condition_id(one), Turn.TOLD, now_ms))
        elif cause.facts != one.facts:
            told.append(_found(one, cause.event, Turn.CORRECTED, now_ms))
    told += [_gone(cause, now_ms) for cause in known.values()]
    return told


FOUND = "survey-"


def is_found(event: str) -> bool:
    """By looking; no fact tells it."""
    return event.startswith(FOUND)


def condition_id(one: Condition) -> str:
    said = f"{one.kind}\x1f{one.thread}\x1f{one.since_ms}"
    return FOUND + hashlib.blake2b(said.encode(), digest_size=ID_BYTES).hexdigest()


def _found(one: Condition, event: str, turn: Turn, now_ms: int) -> Signal:
    return Signal(
        kind=one.kind,
        phase=Phase.BEGAN,
        event=event,
        told_by=event,
        subject=one.subject,
        about=one.about,
        alert_subject=one.subject,
        at_ms=one.since_ms,
        known_ms=now_ms,
        turn=turn,
        place=one.place,
        facts=one.facts,
        around=one.around,
    )


def _gone(cause: Watched, now_ms: int) -> Signal:
    return Signal(
        kind=cause.kind,
        phase=Phase.ENDED,
        event=f"{cause.event}/gone/{now_ms}",
        told_by=f"{cause.event}/gone/{now_ms}",
        subject=cause.subject,
        about=cause.about,
        alert_subject=cause.subject,
        at_ms=max(now_ms, cause.since_ms),
        known_ms=now_ms,
    )
