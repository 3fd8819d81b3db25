"""Which facts an endpoint wants: types and subjects, by name or by their beginning."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

ANY = "*"
# "booking.*" and "truck.fence.*" are beginnings; a star elsewhere means nothing.
_TYPE = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?")
_SUBJECT = re.compile(r"\*|[a-z][a-z0-9-]*/(\*|[A-Za-z0-9_.:-]{1,64})")


class Filter(msgspec.Struct, frozen=True):
    """A fact passes that matches one of the types and one of the subjects."""

    types: tuple[str, ...] = (ANY,)
    subjects: tuple[str, ...] = (ANY,)

    def passes(self, kind: str, subject: str) -> bool:
        return _is_one_of(self.types, kind) and _is_one_of(self.subjects, subject)


def type_objection(pattern: str) -> str | None:
    """Why this names no types, or None."""
    if _TYPE.fullmatch(pattern):
        return None
    return "a type is like booking.delivered, or a beginning with a star: booking.*, or * for all"


def subject_objection(pattern: str) -> str | None:
    if _SUBJECT.fullmatch(pattern):
        return None
    return "a subject is like bookings/B1, or of one kind: bookings/*, or * for all"


def _is_one_of(patterns: Sequence[str], name: str) -> bool:
    return any(_matches(pattern, name) for pattern in patterns)


def _matches(pattern: str, name: str) -> bool:
    if pattern.endswith(ANY):
        return name.startswith(pattern.removesuffix(ANY))
    return name == pattern
