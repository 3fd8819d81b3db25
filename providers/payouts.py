"""What a payout provider can be asked, and what it answers: whole paise, epoch milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from providers.payments import Failure


class PayoutStatus(StrEnum):
    PENDING = "pending"  # somebody there must approve it
    QUEUED = "queued"  # the account lacks the money
    SCHEDULED = "scheduled"
    PROCESSING = "processing"  # also for days, when the bank does not say
    PROCESSED = "processed"
    REVERSED = "reversed"  # the bank gave it back, possibly after `processed`
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def is_paid_out(self) -> bool:
        return self is PayoutStatus.PROCESSED

    @property
    def has_come_to_nothing(self) -> bool:
        return self in _TO_NOTHING


_TO_NOTHING = frozenset(
    {
        *(PayoutStatus.REVERSED, PayoutStatus.FAILED),
        *(PayoutStatus.CANCELLED, PayoutStatus.REJECTED),
    }
)


class PayoutMode(StrEnum):
    NEFT = "NEFT"
    RTGS = "RTGS"
    IMPS = "IMPS"
    UPI = "UPI"


class NewContact(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    reference: str  # ours, at most 40 characters
    email: str | None = None
    phone: str | None = None
    kind: str = "vendor"


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    reference: str | None
    is_active: bool


class BankDetails(msgspec.Struct, frozen=True, kw_only=True):
    holder: str
    ifsc: str
    account_number: str

    def __repr__(self) -> str:
        """Whatever logs it shows no account."""
        return f"BankDetails(ifsc={self.ifsc!r})"


class FundAccount(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    contact: str
    kind: str  # bank_account, vpa
    is_active: bool


class NewPayout(msgspec.Struct, frozen=True, kw_only=True):
    fund_account: str
    amount_minor: int
    currency: str
    mode: PayoutMode
    reference: str  # ours, at most 40 characters: by it a payout is found again
    narration: str  # what the bank statement says; cut to what banks take
    purpose: str = "vendor bill"
    notes: Mapping[str, str] = {}


class Payout(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    fund_account: str
    amount_minor: int
    currency: str
    fees_minor: int
    tax_minor: int
    status: PayoutStatus
    utr: str | None
    mode: str
    reference: str | None
    failure: Failure | None  # why it waits, failed or came back
    notes: Mapping[str, str]
    created_ms: int


class PayoutProvider(Protocol):
    """Every question raises ProviderRefusedError or ProviderAwayError of providers.errors."""

    @property
    def name(self) -> str: ...

    async def contact(self, new: NewContact) -> Contact:
        """The same details are the same contact."""

    async def fund_account(self, contact: str, to: BankDetails | str) -> FundAccount:
        """To a bank account, or to a UPI address; the same details are the same account."""

    async def payout(self, new: NewPayout, idempotency_key: str) -> Payout:
        """The same key (4 to 36 of A-Z, a-z, 0-9, -, _ and blank) is the same payout."""

    async def fetch_payout(self, payout: str) -> Payout: ...

    async def payouts_by_reference(self, reference: str) -> list[Payout]: ...

    async def cancel(self, payout: str) -> Payout:
        """Of one that is queued; anything else is refused."""
