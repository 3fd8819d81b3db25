"""RazorpayX as a payout provider: contacts, their accounts, and payouts to them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from providers.payments import Failure
from providers.payouts import (
    BankDetails,
    Contact,
    FundAccount,
    NewContact,
    NewPayout,
    Payout,
    PayoutStatus,
)
from providers.razorpay.client import RazorpayClient
from providers.razorpay.payments import NAME
from providers.razorpay.wire import MS, Notes, notes_of

PAYOUT_KEY = "X-Payout-Idempotency"
NARRATION_LENGTH_MAX = 30  # fixed: longer ones are refused
NAME_LENGTHS = (3, 50)  # least and most
_NOT_IN_NAME = re.compile(r"[^A-Za-z0-9 '_/().-]+")
_NOT_IN_NARRATION = re.compile(r"[^A-Za-z0-9 ]+")


class _ContactEntity(msgspec.Struct, frozen=True):
    id: str
    name: str
    active: bool
    reference_id: str | None = None

    def plain(self) -> Contact:
        return Contact(
            id=self.id, name=self.name, reference=self.reference_id, is_active=self.active
        )


class _FundAccountEntity(msgspec.Struct, frozen=True):
    id: str
    contact_id: str
    account_type: str
    active: bool

    def plain(self) -> FundAccount:
        return FundAccount(
            id=self.id, contact=self.contact_id, kind=self.account_type, is_active=self.active
        )


class _StatusDetails(msgspec.Struct, frozen=True):
    description: str | None = None
    source: str | None = None
    reason: str | None = None


class PayoutEntity(msgspec.Struct, frozen=True):
    id: str
    fund_account_id: str
    amount: int
    currency: str
    status: PayoutStatus
    mode: str
    created_at: int
    fees: int | None = None
    tax: int | None = None
    utr: str | None = None
    reference_id: str | None = None
    status_details: _StatusDetails | None = None
    failure_reason: str | None = None
    notes: Notes = None

    def plain(self) -> Payout:
        return Payout(
            id=self.id,
            fund_account=self.fund_account_id,
            amount_minor=self.amount,
            currency=self.currency,
            fees_minor=self.fees or 0,
            tax_minor=self.tax or 0,
            status=self.status,
            utr=self.utr or None,
            mode=self.mode,
            reference=self.reference_id,
            failure=_why(self.status_details, self.failure_reason),
            notes=notes_of(self.notes),
            created_ms=self.created_at * MS,
        )


class RazorpayPayouts:
    """Implements providers.payouts.PayoutProvider."""

    def __init__(self, client: RazorpayClient, payout_account: str) -> None:
        self._client = client
        self._payout_account = payout_account

    @property
    def name(self) -> str:
        return NAME

    async def contact(self, new: NewContact) -> Contact:
        body = {
            "name": contact_name_of(new.name, new.reference),
            "type": new.kind,
            "reference_id": new.reference,
        }
        optional = {"email": new.email, "contact": new.phone}
        body |= {name: value for name, value in optional.items() if value is not None}
        made = await self._client.post(
            "contacts.create", "/contacts", _ContactEntity, body, is_repeatable=True
        )
        return made.plain()

    async def fund_account(self, contact: str, to: BankDetails | str) -> FundAccount:
        body: dict[str, Any] = {"contact_id": contact}
        if isinstance(to, BankDetails):
            bank = {"name": to.holder, "ifsc": to.ifsc, "account_number": to.account_number}
            body |= {"account_type": "bank_account", "bank_account": bank}
        else:
            body |= {"account_type": "vpa", "vpa": {"address": to}}
        made = await self._client.post(
            "fund_accounts.create", "/fund_accounts", _FundAccountEntity, body, is_repeatable=True
        )
        return made.plain()

    async def payout(self, new: NewPayout, idempotency_key: str) -> Payout:
        body = {
            "account_number": self._payout_account,
            "fund_account_id": new.fund_account,
            "amount": new.amount_minor,
            "currency": new.currency,
            "mode": new.mode.value,
            "purpose": new.purpose,
            # Else it is refused, and has to be thought of again by us.
            "queue_if_low_balance": True,
            "reference_id": new.reference,
            "narration": narration_of(new.narration),
            "notes": dict(new.notes),
        }
        made = await self._client.post(
            "payouts.create",
            "/payouts",
            PayoutEntity,
            body,
            is_repeatable=True,
            idempotency=(PAYOUT_KEY, idempotency_key),
        )
        return made.plain()

    async def fetch_payout(self, payout: str) -> Payout:
        return (await self._client.get("payouts.fetch", f"/payouts/{payout}", PayoutEntity)).plain()

    async def payouts_by_reference(self, reference: str) -> list[Payout]:
        query = {"account_number": self._payout_account, "reference_id": reference}
        found = await self._client.all_of("payouts.list", "/payouts", PayoutEntity, query)
        return [payout.plain() for payout in found if payout.reference_id == reference]

    async def cancel(self, payout: str) -> Payout:
        path = f"/payouts/{payout}/cancel"
        made = await self._client.post("payouts.cancel", path, PayoutEntity, {}, is_repeatable=True)
        return made.plain()


def contact_name_of(name: str, reference: str) -> str:
    """In the letters that it takes and not ending in a sign; ours where nothing is left of it.
    What the bank compares is the holder of the account, which stays as it is."""
    least, most = NAME_LENGTHS
    plain = " ".join(_NOT_IN_NAME.sub(" ", name).split())[:most].rstrip(" '_/()-")
    return plain if len(plain) >= least else reference


def narration_of(text: str) -> str:
    """What banks take: letters, digits and blanks, and few of them."""
    plain = " ".join(_NOT_IN_NARRATION.sub(" ", text).split())
    return plain[:NARRATION_LENGTH_MAX].rstrip()


def _why(details: _StatusDetails | None, failure_reason: str | None) -> Failure | None:
    if details is None or (details.reason is None and details.description is None):
        return None if failure_reason is None else Failure(detail=failure_reason)
    return Failure(code=details.source, reason=details.reason, detail=details.description)
