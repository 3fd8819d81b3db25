"""What happened to a booking: past tense, kept for ever, each with who and what made it."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from freight.booking.sightings import Pin, Sighting
from freight.booking.state import (
    Actor,
    Adjustment,
    Agreed,
    Carriage,
    Cause,
    Charge,
    Code,
    Exclusion,
    Mark,
    Milestone,
    Proof,
    Quoted,
    Side,
    Status,
    Term,
)
from freight.load import Contact, Load, Window


class LegPlan(msgspec.Struct, frozen=True):
    id: str
    weight_kg: int
    shares: dict[str, int]  # kilograms by stop


class _Happened(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True):
    at_ms: int  # when it happened
    known_ms: int  # when we learned it
    by: Actor
    cause: Cause
    key: str | None = None  # of the command


class Created(_Happened, frozen=True, kw_only=True, tag="created"):
    id: str
    shipper: str | None
    load: Load
    legs: tuple[LegPlan, ...]
    terms: tuple[Term, ...]
    price: Quoted | None
    references: dict[str, str]
    documents: tuple[str, ...]
    declared_value_minor: int | None = None


class LoadAmended(_Happened, frozen=True, kw_only=True, tag="load_amended"):
    """Also its stops; `legs` are the shares of those that are not cancelled."""

    before: Load
    after: Load
    legs: tuple[LegPlan, ...]


class WindowsAmended(_Happened, frozen=True, kw_only=True, tag="windows_amended"):
    before: dict[str, Window]
    after: dict[str, Window]


class ContactsAmended(_Happened, frozen=True, kw_only=True, tag="contacts_amended"):
    before: dict[str, Contact | None]
    after: dict[str, Contact | None]


class TermsAmended(_Happened, frozen=True, kw_only=True, tag="terms_amended"):
    before: tuple[Term, ...]
    after: tuple[Term, ...]


class ReferencesAmended(_Happened, frozen=True, kw_only=True, tag="references_amended"):
    before: dict[str, str]
    after: dict[str, str]


class DocumentsAmended(_Happened, frozen=True, kw_only=True, tag="documents_amended"):
    before: tuple[str, ...]
    after: tuple[str, ...]


class Repriced(_Happened, frozen=True, kw_only=True, tag="repriced"):
    before: Quoted | None
    after: Quoted
    agreed: Agreed | None  # with it, if the booking was confirmed already


class Adjusted(_Happened, frozen=True, kw_only=True, tag="adjusted"):
    adjustment: Adjustment


class Confirmed(_Happened, frozen=True, kw_only=True, tag="confirmed"):
    agreed: Agreed


class DispatchStarted(_Happened, frozen=True, kw_only=True, tag="dispatch_started"):
    leg: str


class Assigned(_Happened, frozen=True, kw_only=True, tag="assigned"):
    leg: str
    carriage: Carriage


class Unassigned(_Happened, frozen=True, kw_only=True, tag="unassigned"):
    leg: str
    carriage: Carriage  # as it ended


class CarrierWithdrew(_Happened, frozen=True, kw_only=True, tag="carrier_withdrew"):
    """Its carrier cancelled; others are looked for."""

    leg: str
    carriage: Carriage
    stage: Status
    charge: Charge | None


class Swapped(_Happened, frozen=True, kw_only=True, tag="swapped"):
    leg: str
    before: Carriage  # as it ended
    after: Carriage


class TruckSilent(_Happened, frozen=True, kw_only=True, tag="truck_silent"):
    """The truck that has the leg should have spoken, and is out of reach."""

    leg: str
    truck: str
    silent_ms: int  # when it was heard last


class TruckHeard(_Happened, frozen=True, kw_only=True, tag="truck_heard"):
    """It is in reach again, or was all the time."""

    leg: str
    truck: str
    silent_ms: int  # since when it was thought to be silent


class Sighted(_Happened, frozen=True, kw_only=True, tag="sighted"):
    leg: str
    sighting: Sighting


class Pinned(_Happened, frozen=True, kw_only=True, tag="pinned"):
    """Somebody said so by hand."""

    leg: str
    pin: Pin


class Unpinned(_Happened, frozen=True, kw_only=True, tag="unpinned"):
    leg: str
    pin: Pin


class Reached(_Happened, frozen=True, kw_only=True, tag="reached"):
    leg: str
    stop: str | None
    milestone: Milestone
    mark: Mark


class MilestoneMoved(_Happened, frozen=True, kw_only=True, tag="milestone_moved"):
    """It was reached at another time, or somebody else says so, than was said."""

    leg: str
    stop: str | None
    milestone: Milestone
    before: Mark
    mark: Mark


class MilestoneTakenBack(_Happened, frozen=True, kw_only=True, tag="milestone_taken_back"):
    leg: str
    stop: str | None
    milestone: Milestone
    before: Mark


class Delivered(_Happened, frozen=True, kw_only=True, tag="delivered"):
    """Every drop of the leg is proven."""

    leg: str


class CodeSet(_Happened, frozen=True, kw_only=True, tag="code_set"):
    leg: str
    stop: str
    code: Code


class ProofRefused(_Happened, frozen=True, kw_only=True, tag="proof_refused"):
    """A wrong code was entered; it counts, so it is remembered."""

    leg: str
    stop: str
    misses: int


class ProofRecorded(_Happened, frozen=True, kw_only=True, tag="proof_recorded"):
    leg: str
    proof: Proof


class DetentionExcluded(_Happened, frozen=True, kw_only=True, tag="detention_excluded"):
    leg: str
    exclusion: Exclusion


class DetentionSettled(_Happened, frozen=True, kw_only=True, tag="detention_settled"):
    """The truck has gone: its waiting is charged, or charged anew."""

    leg: str
    stop: str
    minutes: int  # that count, beyond the free ones
    before_minor: int | None
    charge: Charge


class DetentionReopened(_Happened, frozen=True, kw_only=True, tag="detention_reopened"):
    """The truck had not gone, or had not come."""

    leg: str
    stop: str
    before: Charge


class LegSplit(_Happened, frozen=True, kw_only=True, tag="leg_split"):
    leg: str
    parts: tuple[LegPlan, ...]  # the first one keeps the leg's id


class LegFailed(_Happened, frozen=True, kw_only=True, tag="leg_failed"):
    leg: str
    stage: Status
    carriage: Carriage | None  # as it ended


class LegCancelled(_Happened, frozen=True, kw_only=True, tag="leg_cancelled"):
    leg: str
    side: Side
    stage: Status
    charge: Charge | None
    carriage: Carriage | None  # as it ended


class Closed(_Happened, frozen=True, kw_only=True, tag="closed"):
    pass


BookingEvent: TypeAlias = (
    Created
    | LoadAmended
    | WindowsAmended
    | ContactsAmended
    | TermsAmended
    | ReferencesAmended
    | DocumentsAmended
    | Repriced
    | Adjusted
    | Confirmed
    | DispatchStarted
    | Assigned
    | Unassigned
    | CarrierWithdrew
    | Swapped
    | TruckSilent
    | TruckHeard
    | Sighted
    | Pinned
    | Unpinned
    | Reached
    | MilestoneMoved
    | MilestoneTakenBack
    | Delivered
    | CodeSet
    | ProofRefused
    | ProofRecorded
    | DetentionExcluded
    | DetentionSettled
    | DetentionReopened
    | LegSplit
    | LegFailed
    | LegCancelled
    | Closed
)
