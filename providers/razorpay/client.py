"""Razorpay's API as both adapters use it: sign-in, errors, pages, and answers as structs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

import msgspec

from freight.redaction import redacted_text
from providers.calling import Answer, Call, Caller
from providers.errors import ProviderAwayError, ProviderRefusedError
from providers.razorpay.wire import Page

T = TypeVar("T")

# What the first of two equal requests is answered while it is still being done.
_IN_FLIGHT = frozenset({HTTPStatus.CONFLICT.value})
PAGE_ITEMS = 100  # the most that it gives at once
NO_CODE = "UNKNOWN_ERROR"


class _Error(msgspec.Struct, frozen=True):
    code: str | None = None
    description: str | None = None
    reason: str | None = None
    field: str | None = None


class _ErrorBody(msgspec.Struct, frozen=True):
    error: _Error


@dataclass(frozen=True, slots=True)
class Credentials:
    base_url: str
    key_id: str
    key_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RazorpayClient:
    caller: Caller
    credentials: Credentials

    async def get(
        self,
        operation: str,
        path: str,
        kind: type[T],
        query: Mapping[str, str | int] | None = None,
    ) -> T:
        call = self._call(operation, "GET", path, is_repeatable=True, query=query or {})
        return _decoded(_checked(await self.caller.ask(call)), kind)

    async def post(
        self,
        operation: str,
        path: str,
        kind: type[T],
        body: Mapping[str, Any],
        *,
        is_repeatable: bool,
        idempotency: tuple[str, str] | None = None,
    ) -> T:
        """`idempotency`: header and key by which it recognises the same request."""
        call = self._call(
            operation,
            "POST",
            path,
            is_repeatable=is_repeatable,
            headers=dict([idempotency]) if idempotency else {},
            body=msgspec.json.encode(body),
            in_flight=_IN_FLIGHT,
        )
        return _decoded(_checked(await self.caller.ask(call)), kind)

    async def all_of(
        self,
        operation: str,
        path: str,
        kind: type[T],
        query: Mapping[str, str | int],
        page_items: int = PAGE_ITEMS,
    ) -> list[T]:
        """Every page, until one is not full."""
        found: list[T] = []
        while True:
            span = {"count": page_items, "skip": len(found)}
            page = await self.get(operation, path, Page[kind], {**query, **span})  # type: ignore[valid-type]
            found += page.items
            if len(page.items) < page_items:
                return found

    def _call(self, operation: str, method: str, path: str, **more: Any) -> Call:
        own = self.credentials
        headers = {"Content-Type": "application/json", **more.pop("headers", {})}
        return Call(
            operation=operation,
            method=method,
            url=own.base_url.rstrip("/") + path,
            headers=headers,
            auth=(own.key_id, own.key_secret),
            **more,
        )


def _checked(answer: Answer) -> bytes:
    """Raises for an answer that says no."""
    if answer.is_success:
        return answer.body
    try:
        error = msgspec.json.decode(answer.body, type=_ErrorBody).error
    except msgspec.MsgspecError:
        error = _Error()
    says = redacted_text(error.description or f"answers {answer.status}")
    if answer.status == HTTPStatus.UNAUTHORIZED:
        # Not the request's fault: it will do when somebody has put the right key.
        raise ProviderAwayError(f"our key is refused: {says}")
    if answer.status == HTTPStatus.CONFLICT:
        raise ProviderAwayError(f"the same request is under way: {says}")
    if error.code in {"SERVER_ERROR", "GATEWAY_ERROR"}:
        raise ProviderAwayError(f"{error.code}: {says}")
    raise ProviderRefusedError(error.code or NO_CODE, says, error.reason or error.field)


def _decoded(body: bytes, kind: type[T]) -> T:
    """Numbers also arrive as text; what is not understood tells nothing."""
    try:
        return msgspec.json.decode(body, type=kind, strict=False)
    except msgspec.MsgspecError as failed:
        raise ProviderAwayError(f"gives an answer that is not understood: {failed}") from failed
