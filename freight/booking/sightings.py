"""What a leg's truck was seen to do near its stops, as tracking told it and may yet correct it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Seen(StrEnum):
    ENTERED = "entered"  # came to a place, or came to rest there
    EXITED = "exited"
    RESTED = "rested"  # stands there: it is being loaded or unloaded
    MOVED = "moved"  # began to drive, wherever


class Sighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fact about the truck; a later telling of the same fact replaces it."""

    fact: str  # the id of the fact as it was first told
    told: str  # the id of this telling: the fact's own, its correction's or its retraction's
    known_ms: int  # of this telling
    truck: str
    seen: Seen
    at_ms: int
    place: str | None  # of a fence: "fence/{id}"; of a stop without one: "stop/{id}"
    since_ms: int | None = None  # of an exit or a rest: when it had come, if that was said
    stands: bool = True  # not retracted

    @property
    def order(self) -> tuple[int, str]:
        return self.known_ms, self.told


class Pin(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody said by hand; it holds against what the truck was seen to do."""

    milestone: str
    stop: str | None
    at_ms: int
    denied: bool = False  # an arrival until then was none
