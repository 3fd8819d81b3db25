"""What may be commanded about a carrier's settlement."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from freight.settlements.state import AdvanceMethod, Head, Kind, Line


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What follows from the booking as it stands: lines, and what is not known."""

    lines: tuple[Line, ...]
    questions: tuple[str, ...] = ()
    ready_ms: int | None = None


class Open(msgspec.Struct, frozen=True, kw_only=True, tag="open"):
    id: str
    kind: Kind
    carrier: str
    booking: str | None = None
    leg: str | None = None
    part: int = 1
    supplement: int = 0
    truck: str | None = None
    cycle: str | None = None
    due: Due


class Derive(msgspec.Struct, frozen=True, tag="derive"):
    """The booking stands otherwise: its lines are put in the place of those derived before."""

    due: Due


class AddLine(msgspec.Struct, frozen=True, kw_only=True, tag="add_line"):
    id: str
    head: Head
    amount_minor: int
    by: str
    reason: str
    evidence: tuple[str, ...] = ()
    booking: str | None = None
    leg: str | None = None


class RemoveLine(msgspec.Struct, frozen=True, kw_only=True, tag="remove_line"):
    id: str
    by: str
    reason: str


class AskAdvance(msgspec.Struct, frozen=True, kw_only=True, tag="ask_advance"):
    id: str
    method: AdvanceMethod
    amount_minor: int
    by: str
    memo: str = ""


class ApproveAdvance(msgspec.Struct, frozen=True, tag="approve_advance"):
    id: str
    by: str


class RestartAdvance(msgspec.Struct, frozen=True, tag="restart_advance"):
    """It came to nothing, and is tried anew."""

    id: str


class Outcome(StrEnum):
    PAID = "paid"
    FAILED = "failed"
    RETURNED = "returned"  # paid, and given back by the bank


class EndAdvance(msgspec.Struct, frozen=True, tag="end_advance"):
    id: str
    outcome: Outcome


class Propose(msgspec.Struct, frozen=True, tag="propose"):
    """With the taxes and fees as they are reckoned now."""

    by: str | None  # None: the clock
    reckoned: tuple[Line, ...]


class Approve(msgspec.Struct, frozen=True, tag="approve"):
    by: str
    reckoned: tuple[Line, ...]


class Dispute(msgspec.Struct, frozen=True, tag="dispute"):
    by: str
    reason: str


class Resolve(msgspec.Struct, frozen=True, tag="resolve"):
    by: str
    reason: str


class Reopen(msgspec.Struct, frozen=True, tag="reopen"):
    """Takes an approval back before anything is paid: what it posted is reversed."""

    by: str
    reason: str


class StartPaying(msgspec.Struct, frozen=True, tag="start_paying"):
    """Also anew, after it came to nothing."""

    payout: str
    amount_minor: int


class EndPaying(msgspec.Struct, frozen=True, kw_only=True, tag="end_paying"):
    payout: str
    outcome: Outcome
    utr: str | None = None
    reason: str | None = None


class TakeInto(msgspec.Struct, frozen=True, tag="take_into"):
    cycle: str


class Adopt(msgspec.Struct, frozen=True, tag="adopt"):
    """A period's settlement takes the lines of a leg's."""

    member: str
    lines: tuple[Line, ...]


class CarryOver(msgspec.Struct, frozen=True, kw_only=True, tag="carry_over"):
    """What the carrier owes us is taken off another settlement of its own: both have a line."""

    other: str
    amount_minor: int
    by: str


Command = (
    Open
    | Derive
    | AddLine
    | RemoveLine
    | AskAdvance
    | ApproveAdvance
    | RestartAdvance
    | EndAdvance
    | Propose
    | Approve
    | Dispute
    | Resolve
    | Reopen
    | StartPaying
    | EndPaying
    | TakeInto
    | Adopt
    | CarryOver
)
