"""A booking's money as the API tells it, in the API's own words, so that the console can show it.

What is told is made of the models of `serve/`: where they change, this does not stand any more.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from freight.booking.state import TermKind
from freight.documents.rules import Form
from freight.dues.owing import DueState
from freight.invoices.documents import DocumentKind
from freight.ledger.accounts import Kind as AccountKind
from freight.payments.state import Method, Purpose
from freight.payments.state import Status as PaymentStatus
from freight.settlements.state import Status as SettlementStatus
from serve.bookings.wire import Money
from serve.dues.wire import (
    BookedOut,
    DueOut,
    PaidOut,
    PaperOut,
    PostedOut,
    QuotedOut,
    SettledOut,
    StoryOut,
)
from serve.ledger.wire import AccountOut, AgedOut, AgeingOut
from serve.payments.wire import LinkOut, PaymentOut
from serve.quotes.wire import MoneyOut
from serve.settlements.wire import SettlementOut
from tests.console.fake_road import bill, kept, paper, picture, task
from tests.console.fake_settlement import BOOKING, SETTLEMENT, at, failed_payout, said, settlement

AGREED, ADVANCE = 123_456_700, 98_765_360
LINK = "https://pay.example/l/4711"


def pages(*items: Any) -> dict[str, Any]:
    return {"items": items, "next_cursor": None}


def due(kind: TermKind, amount: int, paid: int, hours: float | None) -> DueOut:
    state = DueState.PAID if paid == amount else DueState.OPEN
    return DueOut(
        booking=BOOKING,
        due=f"{kind}-1",
        kind=kind,
        shipper="acme-steel",
        amount=MoneyOut.of(amount),
        paid=MoneyOut.of(paid),
        open=MoneyOut.of(amount - paid),
        due_at=None if hours is None else at(hours),
        state=state,
    )


class FakeBooks:
    """Changed by what is asked of it, as far as the console's tests ask."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.approvals = ["user:asha"]
        self.status = SettlementStatus.PROPOSED
        self.payment: PaidOut | None = None

    def router(self) -> APIRouter:
        made = APIRouter()
        answers: dict[str, Callable[..., Any]] = {
            "/bookings": self._bookings,
            "/bookings/{booking}": self._booking,
            "/bookings/{booking}/money": self.story,
            "/dues": self._dues,
            "/ledger/ageing": self._ageing,
            "/settlements": self._settlements,
            "/settlements/{settlement}": self.settlement,
            "/payouts": self._payouts,
            "/eway-bills": self._bills,
            "/tasks": self._tasks,
            "/documents": self._documents,
            "/documents/{document}/content": self._content,
            "/invoices/{invoice}/pdf": self._pdf,
        }
        for path, answer in answers.items():
            made.get(f"/v1{path}", response_model=None)(answer)
        made.get("/v1/bookings/{booking}/detention")(lambda: {"clocks": []})
        made.post("/v1/payments", response_model=None)(self._ask)
        made.post("/v1/settlements/{settlement}/approve", response_model=None)(self._approve)
        made.post("/v1/eway-bills/{bill}/extend", response_model=None)(self._extend)
        return made

    # --------------------------------------------------------------------------------- bookings

    async def _bookings(self) -> Any:
        return pages(await self._booking())

    async def _booking(self) -> Any:
        where = (("pickup", 19.03, 73.03, "Taloja plant"), ("drop", 18.63, 73.8, "Chakan yard"))
        stops = [
            {"id": f"S{nr}", "kind": kind, "weight_kg": 21_000, "window": None, "contact": None}
            | {"place": {"lat": lat, "lon": lon, "name": name, "address": None, "fence": None}}
            for nr, (kind, lat, lon, name) in enumerate(where, 1)
        ]
        mark = {"arrived": None, "working": None, "done": None, "left": None, "proven": True}
        leg = {"id": "L1", "status": "delivered", "since": said(-9), "weight_kg": 21_000}
        leg |= {"truck": "TRK-0003", "carrier": "sharma-roadlines", "driver": None}
        leg |= {"en_route": None, "delivered_at": said(-9), "silent_since": None}
        return {
            "id": BOOKING,
            "version": 9,
            "status": "delivered",
            "shipper": "acme-steel",
            "load": {"material": "steel", "weight_kg": 21_000, "truck_class": None, "body": None}
            | {"handling": []},
            "stops": stops,
            "legs": [leg | {"stops": [mark | {"stop": stop["id"]} for stop in stops]}],
            "price": {"quote": "q-1", "agreed": {"amount_minor": AGREED}, "charges": []},
            "needs_quote": False,
            "references": {"po": "4500018876"},
            "documents": [],
            "created_at": said(-40),
            "confirmed_at": said(-39),
        }

    # ------------------------------------------------------------------------------------ money

    async def story(self) -> StoryOut:
        paid = PaidOut(
            id="pay-1",
            method=Method.UPI,
            status=PaymentStatus.CAPTURED,
            due="advance-1",
            amount=MoneyOut.of(ADVANCE),
            captured=MoneyOut.of(ADVANCE),
            refunded=MoneyOut.of(0),
            created_at=at(-38),
            href="/v1/payments/pay-1",
        )
        settled = await self.settlement()
        return StoryOut(
            booking=BOOKING,
            quote=QuotedOut(id="q-1", total=MoneyOut.of(AGREED), href="/v1/quotes/q-1"),
            dues=self.dues(),
            payments=[paid] if self.payment is None else [paid, self.payment],
            documents=self.papers(),
            settlements=[
                SettledOut(
                    id=SETTLEMENT,
                    leg="L1",
                    carrier="sharma-roadlines",
                    status=self.status,
                    gross=MoneyOut.of(settled.gross.amount_minor),
                    balance=MoneyOut.of(settled.balance.amount_minor),
                    payouts=[],
                    href=f"/v1/settlements/{SETTLEMENT}",
                )
            ],
            entries=[
                booked("e-1", "Payment captured", "payments/pay-1", ADVANCE, -38)(
                    "provider_clearing", "customer_advances"
                ),
                booked("e-2", "Tax invoice INV/26-27/000412", "invoices/inv-1", AGREED, -8)(
                    "receivables", "freight_income"
                ),
            ],
            is_more=False,
            pending=False,
            trouble=None,
        )

    def dues(self) -> list[DueOut]:
        return [
            due(TermKind.ADVANCE, ADVANCE, ADVANCE, -38),
            due(TermKind.BALANCE, AGREED - ADVANCE, 0, -30),
        ]

    def papers(self) -> list[PaperOut]:
        note, invoice = DocumentKind.CONSIGNMENT_NOTE, DocumentKind.TAX_INVOICE
        return [
            PaperOut(
                id=name,
                kind=kind,
                number=number,
                issued_at=at(hours),
                total=MoneyOut.of(total),
                cause=f"bookings/{BOOKING}/{cause}",
                href=f"/v1/invoices/{name}",
            )
            for name, kind, number, hours, total, cause in (
                ("lr-1", note, "LR/26-27/000398", -30, 0, "L1/consignment"),
                ("inv-1", invoice, "INV/26-27/000412", -8, AGREED, "tax_invoice/freight/1"),
            )
        ]

    async def _dues(self, state: str | None = None) -> Any:
        return pages(*[one for one in self.dues() if state in (None, "overdue", one.state)][-1:])

    async def _ageing(self) -> AgeingOut:
        def aged(party: str, *minor: int) -> AgedOut:
            buckets = [Money.of(one) for one in minor]
            total = Money.of(sum(minor))
            return AgedOut(party=party, buckets=buckets, unapplied=Money.of(0), total=total)

        account = AccountOut(
            id="receivables", number="1200", name="Debtors", kind=AccountKind.ASSET
        )
        return AgeingOut(
            at=at(0),
            account=account,
            days_from=[0, 30, 60, 90],
            items=[
                aged("shippers/acme-steel", AGREED - ADVANCE, 0, 1_250_000, 0),
                aged("shippers/konkan-cement", 0, 43_218_050, 0, 9_900_000),
            ],
            total=aged("", AGREED - ADVANCE, 43_218_050, 1_250_000, 9_900_000),
        )

    async def _ask(self, request: Request) -> PaymentOut:
        wish = await request.json()
        self.asked.append(("payments", wish))
        amount = MoneyOut.of(wish["amount"]["amount_minor"])
        nothing = MoneyOut.of(0)
        self.payment = PaidOut(
            id="pay-2",
            method=Method(wish["method"]),
            status=PaymentStatus.CREATED,
            due=wish["due"],
            amount=amount,
            captured=nothing,
            refunded=nothing,
            created_at=at(0),
            href="/v1/payments/pay-2",
        )
        return PaymentOut(
            id="pay-2",
            version=1,
            status=PaymentStatus.CREATED,
            method=Method(wish["method"]),
            purpose=Purpose.DUE,
            booking=BOOKING,
            due=wish["due"],
            shipper="acme-steel",
            description="",
            amount=amount,
            captured=nothing,
            refunded=nothing,
            refunding=nothing,
            created_at=said(0),
            by="client:c",
            expires_at=None,
            provider="sandbox",
            order=None,
            failure=None,
            ended=None,
            troubles=[],
            attempts=[],
            receipts=[],
            refunds=[],
            link=LinkOut(id="l", url=LINK, status="open"),
        )

    # ------------------------------------------------------------------------------ settlements

    async def _settlements(self) -> Any:
        return pages(await self.settlement())

    async def settlement(self) -> SettlementOut:
        return settlement(self.status, self.approvals)

    async def _approve(self, request: Request) -> SettlementOut:
        self.asked.append(("approve", {"version": request.headers["if-match"]}))
        self.approvals = [*self.approvals, "client:demo-dispatcher"]
        self.status = SettlementStatus.APPROVED
        return await self.settlement()

    async def _payouts(self) -> Any:
        return pages(failed_payout())

    # ---------------------------------------------------------------------- papers on the road

    async def _bills(self, status: str) -> Any:
        if status != "active":
            return pages()
        soon, later = bill("eb-1", "331009887761", 3), bill("eb-2", "331009887762", 30)
        return pages(later, soon)

    async def _tasks(self) -> Any:
        return pages(task())

    async def _extend(self, request: Request) -> JSONResponse:
        self.asked.append(("extend", await request.json()))
        detail = "no such PIN code in Maharashtra"
        body = {"status": 422, "detail": detail, "errors": [{"pointer": "/pin", "detail": detail}]}
        return JSONResponse(body, 422, media_type="application/problem+json")

    async def _documents(self) -> Any:
        return pages(kept("doc-1", "weighment", Form.PNG), kept("doc-2", "invoice", Form.PDF))

    async def _content(self, document: str) -> Response:
        if document == "doc-2":
            return await self._pdf()
        return Response(picture(), media_type="image/png")

    async def _pdf(self) -> Response:
        return Response(paper(), media_type="application/pdf")


def booked(name: str, memo: str, cause: str, minor: int, hours: float) -> Any:
    def between(debit: str, credit: str) -> BookedOut:
        whose = {"customer_advances", "receivables"}
        return BookedOut(
            id=name,
            at=at(hours),
            memo=memo,
            cause=cause,
            postings=[
                PostedOut(
                    account=account,
                    amount=MoneyOut.of(sign * minor),
                    party="shippers/acme-steel" if account in whose else None,
                )
                for account, sign in ((debit, 1), (credit, -1))
            ],
            href=f"/v1/ledger/entries/{name}",
        )

    return between
