"""A payout provider in memory: the same key is the same payout, whatever becomes of answers."""

from __future__ import annotations

import uuid

from msgspec.structs import replace

from actors.booking_writing import TenantName
from providers.errors import ProviderAwayError, ProviderRefusedError
from providers.eway.portal import EwayPortal
from providers.payments import Failure, PaymentProvider
from providers.payouts import (
    BankDetails,
    Contact,
    FundAccount,
    NewContact,
    NewPayout,
    Payout,
    PayoutStatus,
)


class CrashedError(Exception):
    """The process dies here."""


class Breaking:
    """Dies at the nth step, counted over everything that is done to the outside; then no more."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps = 0

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise CrashedError(f"at step {self.at}")


class FakePayouts:
    name = "razorpay"

    def __init__(self, breaking: Breaking | None = None) -> None:
        self.breaking = breaking or Breaking()
        self.made: dict[str, Payout] = {}
        self.by_key: dict[str, tuple[NewPayout, str]] = {}
        self.refusing: str | None = None
        self.away = False
        self.begins_as = PayoutStatus.PROCESSING

    @property
    def paid_minor(self) -> int:
        paid = [each for each in self.made.values() if each.status.is_paid_out]
        return sum(each.amount_minor for each in paid)

    def become(self, status: PayoutStatus, why: str | None = None) -> None:
        """All that are under way."""
        for name, each in self.made.items():
            if not each.status.has_come_to_nothing:
                failure = None if why is None else Failure(detail=why)
                utr = f"UTR{name}" if status.is_paid_out else each.utr
                self.made[name] = replace(each, status=status, utr=utr, failure=failure)

    async def contact(self, new: NewContact) -> Contact:
        self._called()
        return Contact(id="cont_1", name=new.name, reference=new.reference, is_active=True)

    async def fund_account(self, contact: str, to: BankDetails | str) -> FundAccount:
        self._called()
        kind = "vpa" if isinstance(to, str) else "bank_account"
        return FundAccount(id=f"fa_{contact}", contact=contact, kind=kind, is_active=True)

    async def payout(self, new: NewPayout, idempotency_key: str) -> Payout:
        self._called()
        known = self.by_key.get(idempotency_key)
        if known is not None:
            if known[0] != new:
                raise ProviderRefusedError("BAD_REQUEST_ERROR", "another idempotency key is needed")
            return self.made[known[1]]
        if self.refusing is not None:
            raise ProviderRefusedError("BAD_REQUEST_ERROR", self.refusing)
        made = Payout(
            id=f"pout_{uuid.uuid4().hex}",
            fund_account=new.fund_account,
            amount_minor=new.amount_minor,
            currency=new.currency,
            fees_minor=0,
            tax_minor=0,
            status=self.begins_as,
            utr=None,
            mode=new.mode,
            reference=new.reference,
            failure=None,
            notes=new.notes,
            created_ms=0,
        )
        self.made[made.id] = made
        self.by_key[idempotency_key] = (new, made.id)
        self.breaking.step()  # done, and the answer is lost
        return made

    async def fetch_payout(self, payout: str) -> Payout:
        self._called()
        return self.made[payout]

    async def payouts_by_reference(self, reference: str) -> list[Payout]:
        self._called()
        return [each for each in self.made.values() if each.reference == reference]

    async def cancel(self, payout: str) -> Payout:
        self._called()
        if self.made[payout].status is not PayoutStatus.QUEUED:
            raise ProviderRefusedError("BAD_REQUEST_ERROR", "it is not queued")
        self.made[payout] = replace(self.made[payout], status=PayoutStatus.CANCELLED)
        return self.made[payout]

    def _called(self) -> None:
        self.breaking.step()
        if self.away:
            raise ProviderAwayError("nobody answers")


class FakeProviders:
    """The same one for every tenant."""

    def __init__(self, provider: FakePayouts) -> None:
        self.provider = provider

    async def payments(self, tenant: TenantName) -> PaymentProvider:
        raise ProviderAwayError(f"{tenant.id} takes nothing here")

    async def eway(self, tenant: TenantName) -> EwayPortal:
        raise ProviderAwayError(f"{tenant.id} has no goods on the way here")

    async def payouts(self, tenant: TenantName) -> FakePayouts:
        assert tenant.id
        return self.provider
