"""What is known around a cause: whose truck it is, what it carries, where it stands, how much."""

from __future__ import annotations

import msgspec


class Circumstances(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """None: not known; a condition of a rule that asks for it is then not met."""

    truck: str | None = None
    booking: str | None = None
    leg: str | None = None
    journey: str | None = None
    lane: str | None = None
    customer: str | None = None
    carrier: str | None = None
    truck_group: str | None = None
    material: str | None = None
    is_on_trip: bool | None = None  # it has a leg that is under way
    is_loaded: bool | None = None
    halt: str | None = None
    fence: str | None = None
    fence_kind: str | None = None
    alarm: str | None = None
    value: float | None = None  # in the measure of the kind

    def with_known(self, more: Circumstances) -> Circumstances:
        """What is known here stays; the rest is taken from there."""
        mine, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(more)
        known = [b if a is None else a for a, b in zip(mine, theirs, strict=True)]
        return Circumstances(**dict(zip(self.__struct_fields__, known, strict=True)))
