"""What happened to an e-way bill: frozen, past tense, kept for ever."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from freight.eway.consignment import Consignment, Transport
from freight.eway.state import Wish


class _Happened(msgspec.Struct, frozen=True, kw_only=True):
    at_ms: int
    by: str  # "users/x", "clients/x", "autopilot", "portal"


class Drafted(_Happened, frozen=True, kw_only=True, tag="drafted"):
    id: str
    booking: str
    leg: str
    consignment: Consignment
    transport: Transport


class Asked(_Happened, frozen=True, kw_only=True, tag="asked"):
    """The intent, before the portal hears of it."""

    wish: Wish
    why: str | None = None


class Generated(_Happened, frozen=True, kw_only=True, tag="generated"):
    number: str
    generated_ms: int
    valid_until_ms: int | None  # none: Part A alone
    vehicle: str | None


class VehicleChanged(_Happened, frozen=True, kw_only=True, tag="part_b_updated"):
    vehicle: str
    changed_ms: int
    valid_until_ms: int
    reason: int


class Extended(_Happened, frozen=True, kw_only=True, tag="extended"):
    extended_ms: int
    before_ms: int  # until when it was valid
    valid_until_ms: int


class TransporterChanged(_Happened, frozen=True, kw_only=True, tag="transporter_updated"):
    transporter: str


class Cancelled(_Happened, frozen=True, kw_only=True, tag="cancelled"):
    cancelled_ms: int


class Rejected(_Happened, frozen=True, kw_only=True, tag="rejected"):
    """By the other party, on the portal."""


class Refused(_Happened, frozen=True, kw_only=True, tag="refused"):
    """By the portal: nothing has changed there."""

    wish: Wish
    code: str
    detail: str


class Expiring(_Happened, frozen=True, kw_only=True, tag="expiring"):
    valid_until_ms: int
    minutes: int  # the notice that was given
    arrival_ms: int | None


class Expired(_Happened, frozen=True, kw_only=True, tag="expired"):
    valid_until_ms: int


class Closed(_Happened, frozen=True, kw_only=True, tag="closed"):
    """Nobody drives with it any more."""


EwayEvent: TypeAlias = (
    Drafted
    | Asked
    | Generated
    | VehicleChanged
    | Extended
    | TransporterChanged
    | Cancelled
    | Rejected
    | Refused
    | Expiring
    | Expired
    | Closed
)
