"""What the law says of e-way bills, by date, and how far a tenant lets us act by ourselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from freight.dated import Dated
from freight.eway.codes import ExtensionReason, PartBReason
from freight.rules import Rules, Who, key

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
Metres = Annotated[int, Field(gt=0, le=200_000)]
Pin = Annotated[int, Field(ge=100_000, le=999_999)]
State = Annotated[str, Field(pattern=r"^[0-9]{2}$")]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Validity(_Value):
    """A day of validity is good for so far."""

    km_per_day: Positive
    odc_km_per_day: Positive


class Extending(_Value):
    """When validity may be extended, and until when at most."""

    before_minutes: Count
    after_minutes: Count
    cap_days: Positive | None = None  # from generation; None: as often as one likes


class Thresholds(_Value):
    """Above which value of a consignment, tax included, it must have a bill, in paise."""

    value_minor: Count
    # Inside a state that has another one, by its GST code.
    inside_state_minor: dict[State, Count] = {}


class Limits(_Value):
    distance_km_max: Positive
    same_pin_km_max: Positive
    items_max: Positive
    document_days_max: Positive | None = None  # how old its document may be at generation
    cancel_minutes: Positive
    reject_minutes: Positive
    # Inside a state, from the consignor to the transporter, no vehicle need be named.
    part_b_free_km: Count


class Law(Rules):
    validity: Dated[Validity] = key(
        "How many kilometres a day of validity is good for, by date; over-dimensional cargo and "
        "ways with a ship have their own.",
        who=Who.OPERATOR,
        live=True,
    )
    extending: Dated[Extending] = key(
        "So many minutes before and after its end a bill's validity may be extended, and to so "
        "many days after its generation at most, by date.",
        who=Who.OPERATOR,
        live=True,
    )
    thresholds: Dated[Thresholds] = key(
        "Above which value a consignment must have a bill, in paise, by date; inside single "
        "states another.",
        who=Who.TENANT,
        live=True,
    )
    limits: Dated[Limits] = key(
        "What the portal takes: distance, items, age of the document; and how long a bill may be "
        "cancelled or rejected; by date.",
        who=Who.OPERATOR,
        live=True,
    )


class Town(_Value):
    """A place that an extension or a change of vehicle may name."""

    name: Annotated[str, Field(min_length=1, max_length=50)]
    pin: Pin
    state: State
    lat: Annotated[float, Field(ge=-90, le=90)]
    lon: Annotated[float, Field(ge=-180, le=180)]


class AutopilotRules(Rules):
    watches: bool = key(
        "Whether bills are held against the expected arrivals of their trucks.",
        who=Who.TENANT,
        live=True,
    )
    extends: bool = key(
        "Whether validity is extended without asking; otherwise a person gets a task.",
        who=Who.TENANT,
        live=True,
    )
    extends_for: ExtensionReason = key(
        "The reason that an extension without a person gives: 1 natural calamity, 2 law and "
        "order, 4 trans-shipment, 5 accident, 99 others.",
        who=Who.TENANT,
        live=True,
    )
    extends_saying: Annotated[str, Field(min_length=1, max_length=50)] = key(
        "The remark that goes with it.", who=Who.TENANT, live=True
    )
    changes_vehicle: bool = key(
        "Whether the portal is told of another truck without asking; otherwise a task.",
        who=Who.TENANT,
        live=True,
    )
    swapped_for: PartBReason = key(
        "The reason that is given for another truck: 1 break-down, 2 trans-shipment, 3 others ...",
        who=Who.TENANT,
        live=True,
    )
    break_down_words: tuple[str, ...] = key(
        "... and break-down where the swap's reason holds one of these.", who=Who.TENANT, live=True
    )
    arrival_share: Annotated[int, Field(ge=50, le=95)] = key(
        "A bill must last until so many of a hundred such trucks have arrived: 50, 80 or 95.",
        who=Who.TENANT,
        live=True,
    )
    margin_minutes: Count = key("... and so much longer.", who=Who.TENANT, live=True)
    expiring_minutes: tuple[Positive, ...] = key(
        "So long before its end a bill that ends before its truck arrives is told to expire.",
        who=Who.TENANT,
        live=True,
    )
    escalate_minutes: Positive = key(
        "So long before validity can no longer be extended an open task is escalated.",
        who=Who.TENANT,
        live=True,
    )
    town_m_max: Metres = key(
        "A truck is at the nearest known town, if it is no farther off.", who=Who.TENANT, live=True
    )
    fix_minutes_max: Positive = key(
        "A position that is older says nothing of where the truck is.", who=Who.TENANT, live=True
    )


class EwayRules(Rules):
    law: Law
    autopilot: AutopilotRules
    towns: tuple[Town, ...] = key(
        "Towns with their PIN code and state, for naming where a truck is.",
        who=Who.TENANT,
        live=True,
    )
    references: dict[str, str] = key(
        "Under which of its references a booking keeps what a bill wants to know: document_number, "
        "document_date, and gstin, name and pin of sender and receiver.",
        who=Who.TENANT,
        live=True,
    )
    open_of_booking_max: Positive = key(
        "Bills of one booking that are neither cancelled nor rejected.", who=Who.OPERATOR, live=True
    )
