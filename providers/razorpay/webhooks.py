"""Reads what Razorpay tells us by webhook, and what of it may be kept."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeVar

import msgspec

from providers.payments import Order, PaymentLink, ProviderPayment, ProviderRefund
from providers.payouts import Payout
from providers.razorpay.payouts import PayoutEntity
from providers.razorpay.wire import MS, LinkEntity, OrderEntity, PaymentEntity, RefundEntity

SIGNATURE_HEADER = "x-razorpay-signature"
EVENT_HEADER = "x-razorpay-event-id"
ORDER_PREFIX = "order_"
REMOVED = "(removed)"
NUL = b"\\u0000"
SECONDS_MAX = 4_102_444_800  # fixed: later than anything that really happens
# What says something about a person, or how to reach or charge one.
_PERSONAL = frozenset(
    {
        *("email", "contact", "phone", "name", "vpa", "customer", "customer_details", "iin"),
        *("token", "token_id", "number", "account_number", "billing_address", "shipping_address"),
        *("customer_id", "payer_account_type", "bank_account", "cvv", "expiry_month"),
        *("expiry_year", "ip", "user_agent", "address"),
    }
)
_CARD_KEPT = frozenset({"last4", "network", "type"})
_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
E = TypeVar("E", PaymentEntity, RefundEntity, OrderEntity, LinkEntity, PayoutEntity)


class UnreadableError(Exception):
    """Not what Razorpay sends."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One event; the entities are as they stood when it happened."""

    kind: str
    told_ms: int
    payments: tuple[ProviderPayment, ...] = ()
    refunds: tuple[ProviderRefund, ...] = ()
    orders: tuple[Order, ...] = ()
    links: tuple[PaymentLink, ...] = ()
    payouts: tuple[Payout, ...] = ()


class _Envelope(msgspec.Struct, frozen=True):
    event: str
    created_at: Annotated[int, msgspec.Meta(ge=0, le=SECONDS_MAX)]
    payload: dict[str, Any] = {}


def read(body: bytes | str) -> Told:
    raw = body.encode() if isinstance(body, str) else body
    if NUL in raw:
        raise UnreadableError("there is a NUL in it")
    try:
        envelope = msgspec.json.decode(raw, type=_Envelope)
        found = {name: _entity(each) for name, each in envelope.payload.items()}
        return Told(
            kind=envelope.event,
            told_ms=envelope.created_at * MS,
            payments=tuple(one.plain() for one in _of("payment", found, PaymentEntity)),
            refunds=tuple(one.plain() for one in _of("refund", found, RefundEntity)),
            orders=tuple(one.plain() for one in _of("order", _prefixed(found), OrderEntity)),
            links=tuple(one.plain() for one in _of("payment_link", found, LinkEntity)),
            payouts=tuple(one.plain() for one in _of("payout", found, PayoutEntity)),
        )
    except (msgspec.MsgspecError, UnicodeDecodeError) as wrong:
        raise UnreadableError(str(wrong)) from wrong


def kept(body: bytes, chars_max: int) -> str:
    """The body without what we must not keep: of a card nothing but network and last digits,
    of people nothing."""
    try:
        cleaned = msgspec.json.encode(_cleaned(msgspec.json.decode(body))).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        # Whoever sent it: what looks like a card's number is none of our business either.
        cleaned = _masked(body.decode(errors="replace"))
    return cleaned.replace("\x00", "\N{REPLACEMENT CHARACTER}")[:chars_max]


def _entity(given: Any) -> Any:
    return given.get("entity", given) if isinstance(given, dict) else given


def _of(name: str, found: dict[str, Any], kind: type[E]) -> list[E]:
    return [msgspec.convert(found[name], type=kind)] if name in found else []


def _prefixed(found: dict[str, Any]) -> dict[str, Any]:
    """An order inside a payment link's event comes without the beginning of its name."""
    order = found.get("order")
    if not isinstance(order, dict):
        return found
    name = str(order.get("id", ""))
    whole = name if name.startswith(ORDER_PREFIX) else ORDER_PREFIX + name
    return {**found, "order": {**order, "id": whole}}


def _cleaned(value: Any, key: str = "") -> Any:
    if value is None:
        return None
    if key in _PERSONAL:
        return REMOVED
    if isinstance(value, dict):
        of_card = key == "card"
        return {
            name: _cleaned(each, name)
            for name, each in value.items()
            if not of_card or name in _CARD_KEPT
        }
    if isinstance(value, list):
        return [_cleaned(each, key) for each in value]
    if isinstance(value, str):
        return _masked(value)
    is_long = isinstance(value, int) and not isinstance(value, bool) and _is_card(str(value))
    return REMOVED if is_long else value


def _masked(text: str) -> str:
    return _DIGITS.sub(lambda found: REMOVED if _is_card(found[0]) else found[0], text)


def _is_card(text: str) -> bool:
    digits = [int(sign) for sign in text if sign.isdigit()]
    if not 13 <= len(digits) <= 19:  # fixed: how long cards' numbers are
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled  # fixed: Luhn's sum
    return total % 10 == 0
