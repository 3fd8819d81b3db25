"""What may be asked of a booking: imperative, by somebody, once for each key."""

from __future__ import annotations

import re
from typing import TypeAlias

import msgspec

from freight.booking.sightings import Sighting
from freight.booking.state import (
    Actor,
    Milestone,
    ProofKind,
    Quoted,
    Received,
    Side,
    Term,
    Weighing,
)
from freight.load import Contact, Load, Window


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class _Asked(msgspec.Struct, frozen=True, kw_only=True, tag_field="command", tag=_snake):
    by: Actor
    key: str | None = None  # the same key again changes nothing
    reason: str | None = None


class Create(_Asked, frozen=True, kw_only=True):
    id: str
    shipper: str | None
    load: Load
    terms: tuple[Term, ...] = ()  # none: all of it as balance
    price: Quoted | None = None
    references: dict[str, str] = {}
    documents: tuple[str, ...] = ()
    declared_value_minor: int | None = None
    legs_kg: tuple[int, ...] = ()  # none: one truck carries all


class Amend(_Asked, frozen=True, kw_only=True):
    """None leaves as it is; of several legs, `legs_kg` says their new shares.

    A leg whose load changes while it is offered to carriers is confirmed again, and not offered.
    """

    load: Load | None = None
    windows: dict[str, Window] | None = None  # by stop
    contacts: dict[str, Contact | None] | None = None
    terms: tuple[Term, ...] | None = None
    references: dict[str, str] | None = None
    documents: tuple[str, ...] | None = None
    legs_kg: tuple[int, ...] = ()


class Reprice(_Asked, frozen=True, kw_only=True):
    price: Quoted


class Adjust(_Asked, frozen=True, kw_only=True):
    """By the unit, beside the quote."""

    head: str
    unit: str
    quantity: int
    per: int
    unit_minor: int
    leg: str | None = None


class Confirm(_Asked, frozen=True, kw_only=True):
    pass


class StartDispatch(_Asked, frozen=True, kw_only=True):
    leg: str | None = None  # None: every leg that waits for it


class Assign(_Asked, frozen=True, kw_only=True):
    leg: str
    truck: str
    carrier: str | None = None
    driver: str | None = None
    offer: str | None = None
    from_ms: int | None = None  # before, what the truck does is for another; None: from now


class Unassign(_Asked, frozen=True, kw_only=True):
    """Takes the leg from its truck before anything is aboard; others are looked for."""

    leg: str
    fault: Side | None = None  # of the shipper: the waiting until then is charged


class Swap(_Asked, frozen=True, kw_only=True):
    """Another truck or driver goes on; what was reached stays reached."""

    leg: str
    truck: str | None = None  # None: as before
    driver: str | None = None  # None: as before
    carrier: str | None = None  # None: as before
    offer: str | None = None
    at_ms: int | None = None
    lat: float | None = None
    lon: float | None = None
    driven_m: int | None = None  # by the truck that is left behind, with this load


class Sight(_Asked, frozen=True, kw_only=True):
    """What the truck was seen to do; milestones follow from all that was seen."""

    leg: str
    sighting: Sighting


class Listen(_Asked, frozen=True, kw_only=True):
    """Whether the leg's truck is in reach, as tracking has it now."""

    leg: str
    truck: str
    silent_ms: int | None  # when it was heard last; None: it is heard


class Relieve(_Asked, frozen=True, kw_only=True):
    """Takes the leg from a truck that is silent for too long; nothing if it is not yet."""

    leg: str


class Reach(_Asked, frozen=True, kw_only=True):
    """By hand, or by the driver."""

    leg: str
    milestone: Milestone
    stop: str | None = None
    at_ms: int | None = None  # None: now


class TakeBack(_Asked, frozen=True, kw_only=True):
    """What was said by hand, or an arrival that was none."""

    leg: str
    milestone: Milestone
    stop: str | None = None


class SetCode(_Asked, frozen=True, kw_only=True):
    leg: str
    stop: str
    digest: str
    salt: str
    expires_ms: int | None = None


class RecordProof(_Asked, frozen=True, kw_only=True):
    leg: str
    stop: str
    kind: ProofKind
    at_ms: int | None = None  # when it was taken; None: now
    digest: str | None = None  # of what was entered, hashed like the code
    receiver: str | None = None
    reference: str | None = None
    remarks: str | None = None
    received: tuple[Received, ...] = ()
    weighing: Weighing | None = None
    documents: tuple[str, ...] = ()


class ExcludeDetention(_Asked, frozen=True, kw_only=True):
    leg: str
    stop: str
    from_ms: int
    to_ms: int
    why: str


class Cancel(_Asked, frozen=True, kw_only=True):
    side: Side
    leg: str | None = None  # None: all of it


class Fail(_Asked, frozen=True, kw_only=True):
    """Nobody takes it, or who took it cannot carry it."""

    leg: str


class Split(_Asked, frozen=True, kw_only=True):
    """A leg that is offered to carriers is confirmed again, as its parts are, and not offered."""

    leg: str
    weights_kg: tuple[int, ...]


class Merge(_Asked, frozen=True, kw_only=True):
    legs: tuple[str, ...]


class Close(_Asked, frozen=True, kw_only=True):
    pass


Command: TypeAlias = (
    Create
    | Amend
    | Reprice
    | Adjust
    | Confirm
    | StartDispatch
    | Assign
    | Unassign
    | Swap
    | Sight
    | Listen
    | Relieve
    | Reach
    | TakeBack
    | SetCode
    | RecordProof
    | ExcludeDetention
    | Cancel
    | Fail
    | Split
    | Merge
    | Close
)
