"""When the parts of a booking's price are to be paid; each tenant may have its own."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from freight.rules import Rules, Who, key

Days = Annotated[int, Field(ge=0, le=365)]


def all_said(words: dict[Word, str]) -> dict[Word, str]:
    missing = sorted(set(Word) - words.keys())
    if missing:
        raise ValueError(f"there is no word for {missing[0]}")
    return words


class Moment(StrEnum):
    CONFIRMED = "confirmed"
    LOADED = "loaded"
    DELIVERED = "delivered"


class Word(StrEnum):
    """What invoices have words for."""

    FREIGHT = "freight"
    ADJUSTMENT = "adjustment"
    DETENTION = "detention"
    CANCELLATION = "cancellation"
    RETURN = "return"
    FEE = "fee"
    ADVANCE = "advance"
    UNNAMED_BUYER = "unnamed_buyer"  # who pays without being a shipper of ours


Words = Annotated[dict[Word, Annotated[str, Field(min_length=1)]], AfterValidator(all_said)]


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
    words: Words = key("What invoices say beside their amounts.", who=Who.TENANT, live=True)
    refunds_by_itself: bool = key(
        "Whether what was paid beyond what a cancelled booking costs goes back without a person.",
        who=Who.TENANT,
        live=True,
    )
