"""When the parts of a booking's price are to be paid; each tenant may have its own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from freight.rules import Rules, Who, key

Days = Annotated[int, Field(ge=0, le=365)]


class Moment(StrEnum):
    CONFIRMED = "confirmed"
    LOADED = "loaded"
    DELIVERED = "delivered"


class DuesRules(Rules):
    advance_at: Moment = key(
        "What the advance is due at: the booking confirmed, or the goods aboard.",
        who=Who.TENANT,
        live=True,
    )
    balance_days: Days = key(
        "Days after the delivery on which the balance is due.", who=Who.TENANT, live=True
    )
    invoice_at: Moment = key(
        "What a booking is invoiced at: the goods aboard, or delivered.",
        who=Who.TENANT,
        live=True,
    )
    shortage_from_shipper: bool = key(
        "Whether goods lost on the way are taken off what their shipper owes.",
        who=Who.TENANT,
        live=True,
    )
    refunds_by_itself: bool = key(
        "Whether what was paid beyond what a cancelled booking costs goes back without a person.",
        who=Who.TENANT,
        live=True,
    )
