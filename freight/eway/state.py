"""What is known of an e-way bill: its Part A, its vehicle, how long it lasts, what is asked."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

import msgspec

from freight.eway.codes import CancelReason
from freight.eway.consignment import Consignment, Transport
from freight.eway.payloads import Extension, PartB


class Status(StrEnum):
    DRAFT = "draft"  # the portal does not know it
    PART_A = "part_a"  # it has a number, and no vehicle: nobody may drive with it
    ACTIVE = "active"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REJECTED = "rejected"  # by the other party
    CLOSED = "closed"  # the goods have arrived


ON_THE_PORTAL = frozenset({Status.PART_A, Status.ACTIVE, Status.EXPIRED})
VOID = frozenset({Status.CANCELLED, Status.REJECTED})


class Generate(msgspec.Struct, frozen=True, tag="generate"):
    """As its Part A and transport say."""


class ChangeVehicle(msgspec.Struct, frozen=True, tag="part_b"):
    part_b: PartB


class Extend(msgspec.Struct, frozen=True, tag="extend"):
    extension: Extension


class ChangeTransporter(msgspec.Struct, frozen=True, tag="update_transporter"):
    transporter: str


class Cancel(msgspec.Struct, frozen=True, tag="cancel"):
    reason: CancelReason
    remark: str


# What the portal is asked to do; its names are those of the routes.
Wish: TypeAlias = Generate | ChangeVehicle | Extend | ChangeTransporter | Cancel


def name_of(wish: Wish) -> str:
    return str(wish.__struct_config__.tag)


class Pending(msgspec.Struct, frozen=True):
    """Written down before the portal is asked; what became of it is not known yet."""

    wish: Wish
    at_ms: int
    by: str


class Refusal(msgspec.Struct, frozen=True):
    """What the portal said no to, and why."""

    wish: Wish
    code: str
    detail: str
    at_ms: int


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    booking: str
    leg: str
    consignment: Consignment
    transport: Transport  # as it was drafted
    created_ms: int
    version: int  # how many events made it
    status: Status = Status.DRAFT
    number: str | None = None  # the portal's, of twelve digits
    generated_ms: int | None = None
    valid_until_ms: int | None = None
    vehicle: str | None = None
    transporter: str | None = None
    extensions: int = 0
    told_minutes: int | None = None  # how near to its present end it was told to expire
    pending: Pending | None = None
    refused: Refusal | None = None  # the last one, until something succeeds
