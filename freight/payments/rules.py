"""Which ways to pay are offered, for how long, and what becomes of money that came unasked."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from freight.payments.state import Method
from freight.rules import Rules, Who, key

Minor = Annotated[int, Field(ge=0)]
Count = Annotated[int, Field(gt=0)]
Days = Annotated[int, Field(ge=0)]


class Unasked(StrEnum):
    REFUND = "refund"
    KEEP = "keep"  # and let a person look at it


class MethodRules(Rules):
    is_offered: bool = key("Whether one can pay so.", who=Who.TENANT, live=True)
    minor_min: Minor = key("The least that can be paid so.", who=Who.TENANT, live=True)
    minor_max: Minor = key("The most that can be paid so at once.", who=Who.TENANT, live=True)


class CreditTerms(Rules):
    limit_minor: Minor = key("What may be owed and booked, together.", who=Who.TENANT, live=True)
    days: Days = key("An invoice is due so many days after its date.", who=Who.TENANT, live=True)
    overdue_days_max: Days = key(
        "Who owes something that is overdue for longer books nothing more.",
        who=Who.TENANT,
        live=True,
    )


class CreditRules(Rules):
    usual: CreditTerms
    of_shipper: dict[str, CreditTerms] = key(
        "Terms that differ from the usual ones, by shipper.", who=Who.TENANT, live=True
    )
    is_checked: bool = key(
        "Whether a booking on credit is confirmed only within its shipper's limit.",
        who=Who.TENANT,
        live=True,
    )
    bucket_days: tuple[Count, ...] = key(
        "Where the buckets of an ageing end, in days overdue; the last is open.",
        who=Who.TENANT,
        live=True,
    )


class PaymentRules(Rules):
    provider: str = key("Who takes payments by UPI, card, bank or wallet.", who=Who.TENANT)
    methods: dict[Method, MethodRules] = key("By way of paying.", who=Who.TENANT, live=True)
    checkout_minutes: Count = key(
        "A checkout that nobody has paid by then has expired.", who=Who.TENANT, live=True
    )
    link_minutes: Count = key("The same of a link.", who=Who.TENANT, live=True)
    is_captured_at_once: bool = key(
        "Else money is first authorised, and taken by us in a second step.",
        who=Who.TENANT,
        live=True,
    )
    late: Unasked = key(
        "What becomes of money captured after we had cancelled it or let it expire.",
        who=Who.TENANT,
        live=True,
    )
    surplus: Unasked = key(
        "What becomes of what a provider captured beyond what was asked for.",
        who=Who.TENANT,
        live=True,
    )
    attempts_max: Count = key("Attempts to pay that are kept of one payment.", live=True)
    refunds_max: Count = key("Refunds that one payment may have.", live=True)
    credit: CreditRules
