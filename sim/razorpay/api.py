"""Razorpay's REST API below /v1, as far as it is used: sign-in, idempotency, lists and errors."""

from __future__ import annotations

import asyncio
import hmac
import json
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sim.razorpay import links, orders, payments, payouts, refunds, settlements
from sim.razorpay.book import Entity, Wanted
from sim.razorpay.faults import Faults
from sim.razorpay.refusals import (
    BAD_REQUEST,
    SERVER_ERROR,
    RefusedError,
    error_body,
    signed_in_wrong,
)
from sim.razorpay.sandbox import Sandbox

COUNT_USUAL = 10
COUNT_MAX = 100  # fixed: as Razorpay's API has it
RECON_COUNT_MAX = 1000  # fixed: as Razorpay's API has it


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, read."""

    box: Sandbox
    id: str
    body: dict[str, Any]
    query: dict[str, str]
    headers: dict[str, str]

    def span(self, count_max: int = COUNT_MAX) -> tuple[int, int]:
        try:
            count, skip = int(self.query.get("count", COUNT_USUAL)), int(self.query.get("skip", 0))
        except ValueError:
            raise RefusedError("The count must be an integer.", field="count") from None
        if not 1 <= count <= count_max or skip < 0:
            raise RefusedError(f"The count may not be greater than {count_max}.", field="count")
        return count, skip

    def wanted(self, *, reference: str | None = None, parent: str | None = None) -> Wanted:
        from_s, to_s = self.query.get("from"), self.query.get("to")
        if not (from_s or "0").isdecimal() or not (to_s or "0").isdecimal():
            raise RefusedError("from must be an integer.", field="from")
        return Wanted(
            parent=parent,
            reference=reference,
            from_s=int(from_s) if from_s else None,
            to_s=int(to_s) if to_s else None,
        )


Handler = Callable[[Asked], "dict[str, Any] | Made"]


@dataclass(frozen=True, slots=True)
class Made:
    """Something that may be new."""

    body: dict[str, Any]
    is_new: bool


def _collection(entities: list[Entity]) -> dict[str, Any]:
    items = [entity.body for entity in entities]
    return {"entity": "collection", "count": len(items), "items": items}


def _create_order(asked: Asked) -> dict[str, Any]:
    return orders.create(asked.box, asked.body).body


def _list_orders(asked: Asked) -> dict[str, Any]:
    wanted = asked.wanted(reference=asked.query.get("receipt"))
    return _collection(asked.box.book.listed(orders.KIND, wanted, *asked.span()))


def _payments_of_order(asked: Asked) -> dict[str, Any]:
    order = asked.box.the(orders.KIND, asked.id)
    wanted = asked.wanted(parent=order.id)
    return _collection(asked.box.book.listed(payments.KIND, wanted, *asked.span()))


def _refund(asked: Asked) -> dict[str, Any]:
    key = asked.headers.get(refunds.HEADER.lower())
    return refunds.create(asked.box, asked.id, asked.body, key)


def _list_links(asked: Asked) -> dict[str, Any]:
    wanted = asked.wanted(reference=asked.query.get("reference_id"))
    found = asked.box.book.listed(links.KIND, wanted, *asked.span())
    return {"payment_links": [link.body for link in found]}


def _create_contact(asked: Asked) -> Made:
    made, is_new = payouts.contact(asked.box, asked.body)
    return Made(made.body, is_new)


def _create_fund_account(asked: Asked) -> Made:
    made, is_new = payouts.fund_account(asked.box, asked.body)
    return Made(made.body, is_new)


def _create_payout(asked: Asked) -> dict[str, Any]:
    key = asked.headers.get(payouts.HEADER.lower())
    return payouts.create(asked.box, asked.body, key)


def _list_payouts(asked: Asked) -> dict[str, Any]:
    if asked.query.get("account_number") != asked.box.settings.payout_account:
        raise RefusedError("The account number field is required.", field="account_number")
    wanted = asked.wanted(reference=asked.query.get("reference_id"))
    return _collection(asked.box.book.listed(payouts.KIND, wanted, *asked.span()))


def _recon(asked: Asked) -> dict[str, Any]:
    count, skip = asked.span(RECON_COUNT_MAX)
    items = settlements.reconciled(asked.box, asked.query)[skip : skip + count]
    return {"entity": "collection", "count": len(items), "items": items}


def _fetch(kind: str) -> Handler:
    return lambda asked: asked.box.the(kind, asked.id).body


def _list(kind: str) -> Handler:
    return lambda asked: _collection(asked.box.book.listed(kind, asked.wanted(), *asked.span()))


def _of_payment(asked: Asked) -> dict[str, Any]:
    return _collection(refunds.of_payment(asked.box, asked.id, *asked.span()))


HANDLERS: tuple[tuple[str, str, Handler], ...] = (
    ("POST", "/orders", _create_order),
    ("GET", "/orders", _list_orders),
    ("GET", "/orders/{id}", _fetch(orders.KIND)),
    ("PATCH", "/orders/{id}", lambda a: orders.change_notes(a.box, a.id, a.body).body),
    ("GET", "/orders/{id}/payments", _payments_of_order),
    ("GET", "/payments", _list(payments.KIND)),
    ("GET", "/payments/{id}", _fetch(payments.KIND)),
    ("POST", "/payments/{id}/capture", lambda a: payments.capture(a.box, a.id, a.body).body),
    ("POST", "/payments/{id}/refund", _refund),
    ("GET", "/payments/{id}/refunds", _of_payment),
    ("GET", "/refunds", _list(refunds.KIND)),
    ("GET", "/refunds/{id}", _fetch(refunds.KIND)),
    ("POST", "/payment_links", lambda a: links.create(a.box, a.body).body),
    ("GET", "/payment_links", _list_links),
    ("GET", "/payment_links/{id}", _fetch(links.KIND)),
    ("PATCH", "/payment_links/{id}", lambda a: links.change(a.box, a.id, a.body).body),
    ("POST", "/payment_links/{id}/cancel", lambda a: links.cancel(a.box, a.id).body),
    ("POST", "/contacts", _create_contact),
    ("GET", "/contacts/{id}", _fetch(payouts.CONTACT)),
    ("POST", "/fund_accounts", _create_fund_account),
    ("GET", "/fund_accounts/{id}", _fetch(payouts.FUND_ACCOUNT)),
    ("POST", "/payouts", _create_payout),
    ("GET", "/payouts", _list_payouts),
    ("GET", "/payouts/{id}", _fetch(payouts.KIND)),
    ("POST", "/payouts/{id}/cancel", lambda a: payouts.cancel(a.box, a.id).body),
    ("GET", "/settlements", _list(settlements.KIND)),
    ("GET", "/settlements/recon/combined", _recon),
    ("GET", "/settlements/{id}", _fetch(settlements.KIND)),
)


class Api:
    def __init__(self, box: Sandbox, faults: Faults) -> None:
        self._box = box
        self._faults = faults
        self._in_flight: set[tuple[str, str]] = set()

    def routes(self) -> list[Route]:
        return [
            Route(path, self._endpoint(handler), methods=[method])
            for method, path, handler in HANDLERS
        ]

    def _endpoint(self, handler: Handler) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            try:
                self._sign_in(request)
                return await self._answered(request, handler)
            except RefusedError as refused:
                return JSONResponse(refused.body, refused.status)

        return endpoint

    async def _answered(self, request: Request, handler: Handler) -> Response:
        key = self._key_of(request)
        if key is not None and key in self._in_flight:
            says = "Request failed because another request with the same key is in progress"
            raise RefusedError(says, reason="request_in_progress", status=HTTPStatus.CONFLICT)
        if key is not None:
            self._in_flight.add(key)
        try:
            return await self._done(request, handler)
        finally:
            if key is not None:
                self._in_flight.discard(key)

    async def _done(self, request: Request, handler: Handler) -> Response:
        path = "/" + request.url.path.removeprefix("/v1/")
        fault = self._faults.next_of(request.method, path)
        if fault is not None and not fault.is_done:
            await asyncio.sleep(fault.delay_s)
            if fault.status is not None:
                return _broken(fault.status, fault.retry_after_s)
        asked = Asked(
            self._box,
            request.path_params.get("id", ""),
            await _json_of(request),
            dict(request.query_params),
            dict(request.headers),
        )
        with self._box.book.changing():
            made = handler(asked)
        if fault is not None and fault.is_done:
            await asyncio.sleep(fault.delay_s)
            if fault.status is not None:
                return _broken(fault.status, fault.retry_after_s)
        if isinstance(made, Made):
            status = HTTPStatus.CREATED if made.is_new else HTTPStatus.OK
            return JSONResponse(made.body, status)
        return JSONResponse(made)

    def _key_of(self, request: Request) -> tuple[str, str] | None:
        for header in (refunds.HEADER, payouts.HEADER):
            if request.headers.get(header):
                return header, request.headers[header]
        return None

    def _sign_in(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        settings = self._box.settings
        wanted = f"{settings.key_id}:{settings.key_secret}".encode()
        try:
            is_ours = scheme.lower() == "basic" and hmac.compare_digest(b64decode(given), wanted)
        except ValueError:
            is_ours = False
        if not is_ours:
            raise signed_in_wrong()


async def _json_of(request: Request) -> dict[str, Any]:
    raw = await request.body()
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise RefusedError("The request body is not JSON.") from None
    if not isinstance(body, dict):
        raise RefusedError("The request body is no object.")
    return body


def _broken(status: int, retry_after_s: int | None) -> Response:
    is_theirs = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    says = "We are facing some trouble completing your request at the moment."
    code = SERVER_ERROR if is_theirs else BAD_REQUEST
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return JSONResponse(error_body(code, says, "server_error"), status, headers)
