"""What a tenant decides about its bookings: free time, charges, proofs, what may change when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from freight.booking.state import ProofKind, Side, Status
from freight.rules import Rules, Who, key

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
Metres = Annotated[int, Field(ge=0, le=20_000)]
Share = Annotated[int, Field(ge=0, le=10_000)]


class Stage(StrEnum):
    """How far a leg is, for what cancelling costs."""

    CREATED = "created"
    CONFIRMED = "confirmed"
    ASSIGNED = "assigned"
    EN_ROUTE = "en_route"
    AT_PICKUP = "at_pickup"
    LOADED = "loaded"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FeeRule(_Value):
    """The larger of the fixed amount and the share; nothing in the first minutes of the stage."""

    free_minutes: Count = 0
    fixed_minor: Count = 0
    share_bp: Share = 0
    refused: bool = False


class WaitingRule(_Value):
    free_minutes: Count = key("So long nothing is charged.", who=Who.TENANT, live=True)
    basis_minutes: Positive = key(
        "Each one of so many minutes that is begun beyond counts.", who=Who.TENANT, live=True
    )
    basis_minor: Count = key("What each of them costs, in paise.", who=Who.TENANT, live=True)
    cap_minor: Count | None = Field(
        default=None,
        description="At most so much is charged for one stop, in paise; null: no limit.",
        json_schema_extra={"who": Who.TENANT.value, "live": True},
    )


class MilestoneRules(Rules):
    near_m: Metres = key(
        "A truck that stops so near to a stop without a fence has arrived there.",
        who=Who.TENANT,
        live=True,
    )


class ProofRules(Rules):
    pickup: tuple[ProofKind, ...] = key(
        "One of these proves that a load was handed over at a pickup; none: no proof is asked for.",
        who=Who.TENANT,
        live=True,
    )
    drop: Annotated[tuple[ProofKind, ...], Field(min_length=1)] = key(
        "One of these proves that a load was delivered.", who=Who.TENANT, live=True
    )
    misses_max: Positive = key(
        "So many wrong codes may be entered before a new code is needed.", who=Who.TENANT, live=True
    )


class DetentionRules(Rules):
    pickup: WaitingRule = key(
        "Free minutes at a pickup, and what each further hour or day begun costs.",
        who=Who.TENANT,
        live=True,
    )
    drop: WaitingRule = key("The same at a drop.", who=Who.TENANT, live=True)
    pickup_of_class: dict[str, WaitingRule] = key(
        "At a pickup, for classes of trucks that have their own.", who=Who.TENANT, live=True
    )
    drop_of_class: dict[str, WaitingRule] = key(
        "At a drop, for classes of trucks that have their own.", who=Who.TENANT, live=True
    )
    excludes: tuple[str, ...] = key(
        "Why time at a stop may not count: what is no fault of who is charged.",
        who=Who.TENANT,
        live=True,
    )


class CancellingRules(Rules):
    fees: dict[Side, dict[Stage, FeeRule]] = key(
        "What cancelling costs whoever cancels, by stage; a stage that is not named is free.",
        who=Who.TENANT,
        live=True,
    )
    carrier_withdraws: bool = key(
        "A carrier that cancels only gives its leg back, and others are looked for.",
        who=Who.TENANT,
        live=True,
    )


class AmendingRules(Rules):
    """Until which status of its most advanced leg something may still be changed."""

    load_until: Status = key("Material, weight, class and body.", who=Who.TENANT, live=True)
    stops_until: Status = key(
        "Stops that no truck has come to yet, their windows too.", who=Who.TENANT, live=True
    )
    terms_until: Status = key("Terms of payment.", who=Who.TENANT, live=True)
    details_until: Status = key(
        "Contacts, references and required documents.", who=Who.TENANT, live=True
    )


class SilenceRules(Rules):
    offered_again: bool = key(
        "Whether a leg is offered to others when its truck falls silent before it has come to the "
        "pickup; told it is in any case.",
        who=Who.TENANT,
        live=True,
    )
    patience_minutes: Count = key(
        "A truck keeps its leg for so long after it was heard last.", who=Who.TENANT, live=True
    )
    before_pickup_minutes: Count = key(
        "And until so long before its pickup's window ends, if it has an end.",
        who=Who.TENANT,
        live=True,
    )


class JourneyRules(Rules):
    automatic: bool = key(
        "Whether a truck that is given a leg follows a way through its stops by itself.",
        who=Who.TENANT,
        live=True,
    )


class BookingRules(Rules):
    milestones: MilestoneRules
    proof: ProofRules
    detention: DetentionRules
    cancelling: CancellingRules
    amending: AmendingRules
    journeys: JourneyRules
    silence: SilenceRules
    dispatch_at_confirm: bool = key(
        "Whether trucks are looked for once a booking is confirmed, or when somebody says so.",
        who=Who.TENANT,
        live=True,
    )
    leg_kg_max: Positive = key(
        "No truck takes more; a heavier load is split.", who=Who.TENANT, live=True
    )
    legs_max: Positive = key("Trucks of one booking.", who=Who.TENANT, live=True)
    references_max: Positive = key("References, and documents.", who=Who.TENANT, live=True)
    events_max: Positive = key(
        "Steps of one booking; beyond, it can only be proven, failed, cancelled or closed.",
        who=Who.OPERATOR,
        live=True,
    )
