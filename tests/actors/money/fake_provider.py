"""A payment provider in memory, whose payers and mishaps a test plays."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping
from datetime import date

from msgspec.structs import replace

from actors.booking_writing import TenantName
from providers.errors import ProviderAwayError, ProviderRefusedError, ProviderUnsetError
from providers.eway.portal import EwayPortal
from providers.payments import (
    LinkStatus,
    NewLink,
    NewOrder,
    Order,
    OrderStatus,
    PaymentLink,
    PaymentStatus,
    ProviderPayment,
    ProviderRefund,
    ProviderSettlement,
    RefundStatus,
    SettledItem,
)
from providers.payouts import PayoutProvider

START_MS = 1_790_000_000_000


class FakeProvider:
    """It does what it is asked to; what it answers may be lost on the way."""

    name = "razorpay"
    key_id = "rzp_test_fake"

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.links: dict[str, PaymentLink] = {}
        self.payments_made: dict[str, ProviderPayment] = {}
        self.refunds: dict[str, ProviderRefund] = {}
        self.by_key: dict[str, str] = {}
        self.lost: set[str] = set()  # calls whose next answer is lost
        self.away = False
        self.refused: set[str] = set()
        self.calls: list[str] = []
        self._nr = itertools.count(1)
        # Rounds look after the payments of all tests: no two providers give the same names.
        self._mark = secrets.token_hex(3)

    # -------------------------------------------------------------------------------- its payers

    def pay(
        self,
        order: str,
        *,
        status: PaymentStatus = PaymentStatus.CAPTURED,
        amount_minor: int | None = None,
    ) -> ProviderPayment:
        nr = next(self._nr)
        made = ProviderPayment(
            id=f"pay_{self._mark}{nr:08d}",
            order=order,
            amount_minor=amount_minor or self.orders[order].amount_minor,
            currency="INR",
            status=status,
            method="upi",
            is_captured=status is PaymentStatus.CAPTURED,
            refunded_minor=0,
            fee_minor=236 if status is PaymentStatus.CAPTURED else None,
            tax_minor=36 if status is PaymentStatus.CAPTURED else None,
            reference=None,
            failure=None,
            notes={},
            created_ms=START_MS + nr,
        )
        self.payments_made[made.id] = made
        self._count(order)
        return made

    def settle(self, refund: str, status: RefundStatus) -> ProviderRefund:
        self.refunds[refund] = done = replace(self.refunds[refund], status=status)
        return done

    def _count(self, order: str) -> None:
        paid = sum(
            one.amount_minor
            for one in self.payments_made.values()
            if one.order == order and one.is_captured
        )
        now = self.orders[order]
        status = OrderStatus.PAID if paid >= now.amount_minor else OrderStatus.ATTEMPTED
        self.orders[order] = replace(now, paid_minor=paid, status=status)
        for link in self.links.values():
            if link.order == order and paid >= link.amount_minor:
                paid_link = replace(link, status=LinkStatus.PAID, paid_minor=paid)
                self.links[link.id] = paid_link
                return

    # ------------------------------------------------------------------------------------ its API

    def _called(self, name: str) -> None:
        self.calls.append(name)
        if self.away:
            raise ProviderAwayError("nobody answers")
        if name in self.refused:
            raise ProviderRefusedError("BAD_REQUEST_ERROR", f"no {name} here")

    def _answered(self, name: str) -> None:
        if name in self.lost:
            self.lost.remove(name)
            raise ProviderAwayError("the answer is lost")

    async def create_order(self, new: NewOrder) -> Order:
        self._called("create_order")
        made = Order(
            id=f"order_{self._mark}{next(self._nr):08d}",
            amount_minor=new.amount_minor,
            paid_minor=0,
            due_minor=new.amount_minor,
            currency=new.currency,
            receipt=new.receipt,
            status=OrderStatus.CREATED,
            attempts=0,
            notes=new.notes,
            created_ms=START_MS,
        )
        self.orders[made.id] = made
        self._answered("create_order")
        return made

    async def fetch_order(self, order: str) -> Order:
        self._called("fetch_order")
        return self.orders[order]

    async def orders_by_receipt(self, receipt: str) -> list[Order]:
        self._called("orders_by_receipt")
        return [one for one in self.orders.values() if one.receipt == receipt]

    async def payments_of_order(self, order: str) -> list[ProviderPayment]:
        self._called("payments_of_order")
        return [one for one in self.payments_made.values() if one.order == order]

    async def fetch_payment(self, payment: str) -> ProviderPayment:
        self._called("fetch_payment")
        return self.payments_made[payment]

    async def capture(self, payment: str, amount_minor: int, currency: str) -> ProviderPayment:
        self._called("capture")
        assert (amount_minor, currency) == (self.payments_made[payment].amount_minor, "INR")
        taken = replace(
            self.payments_made[payment],
            status=PaymentStatus.CAPTURED,
            is_captured=True,
            fee_minor=236,
            tax_minor=36,
        )
        self.payments_made[payment] = taken
        self._count(taken.order or "")
        self._answered("capture")
        return taken

    async def refund(
        self,
        payment: str,
        amount_minor: int,
        idempotency_key: str,
        *,
        receipt: str | None = None,
        notes: Mapping[str, str] | None = None,
    ) -> ProviderRefund:
        self._called("refund")
        known = self.by_key.get(idempotency_key)
        if known is not None:
            return self.refunds[known]
        of = self.payments_made[payment]
        if of.refunded_minor + amount_minor > of.amount_minor:
            raise ProviderRefusedError("BAD_REQUEST_ERROR", "more than was captured")
        nr = next(self._nr)
        made = ProviderRefund(
            id=f"rfnd_{self._mark}{nr:08d}",
            payment=payment,
            amount_minor=amount_minor,
            currency="INR",
            status=RefundStatus.PENDING,
            receipt=receipt,
            reference=None,
            notes=notes or {},
            created_ms=START_MS + nr,
        )
        self.refunds[made.id] = made
        self.by_key[idempotency_key] = made.id
        refunded = replace(of, refunded_minor=of.refunded_minor + amount_minor)
        self.payments_made[payment] = refunded
        self._answered("refund")
        return made

    async def fetch_refund(self, refund: str) -> ProviderRefund:
        self._called("fetch_refund")
        return self.refunds[refund]

    async def refunds_of_payment(self, payment: str) -> list[ProviderRefund]:
        self._called("refunds_of_payment")
        return [one for one in self.refunds.values() if one.payment == payment]

    async def create_link(self, new: NewLink) -> PaymentLink:
        self._called("create_link")
        order = await self.create_order(
            NewOrder(amount_minor=new.amount_minor, currency=new.currency, receipt="")
        )
        made = PaymentLink(
            id=f"plink_{self._mark}{next(self._nr):08d}",
            amount_minor=new.amount_minor,
            paid_minor=0,
            currency=new.currency,
            reference=new.reference,
            status=LinkStatus.CREATED,
            url="https://rzp.example/l",
            order=order.id,
            payments=(),
            notes=new.notes,
            expires_ms=new.expires_ms,
            created_ms=START_MS,
        )
        self.links[made.id] = made
        self._answered("create_link")
        return made

    async def fetch_link(self, link: str) -> PaymentLink:
        self._called("fetch_link")
        return self.links[link]

    async def links_by_reference(self, reference: str) -> list[PaymentLink]:
        self._called("links_by_reference")
        return [one for one in self.links.values() if one.reference == reference]

    async def cancel_link(self, link: str) -> PaymentLink:
        self._called("cancel_link")
        if self.links[link].status is LinkStatus.PAID:
            raise ProviderRefusedError("BAD_REQUEST_ERROR", "it is paid")
        self.links[link] = replace(self.links[link], status=LinkStatus.CANCELLED)
        return self.links[link]

    async def settlements(self, from_ms: int, to_ms: int) -> list[ProviderSettlement]:
        raise ProviderAwayError(f"nothing is settled here from {from_ms} to {to_ms}")

    async def settled_items(self, day: date) -> list[SettledItem]:
        raise ProviderAwayError(f"nothing is settled here on {day}")

    def is_checkout_genuine(self, order: str, payment: str, signature: str) -> bool:
        return signature == f"{order}|{payment}"

    def is_link_callback_genuine(self, query: Mapping[str, str]) -> bool:
        return query.get("razorpay_signature") == "genuine"


class FakeProviders:
    """The same one for every tenant."""

    def __init__(self, provider: FakeProvider) -> None:
        self.provider = provider

    async def payments(self, tenant: TenantName) -> FakeProvider:
        assert tenant.id
        return self.provider

    async def payouts(self, tenant: TenantName) -> PayoutProvider:
        raise ProviderUnsetError(f"{tenant.id} pays nobody here")

    async def eway(self, tenant: TenantName) -> EwayPortal:
        raise ProviderUnsetError(f"{tenant.id} needs no e-way bills here")
