"""What a message of each kind can say: its template's variables, and their values of a fact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from freight.notifying.language import Values

MS = 1000
MINOR = 100  # fixed: paise of a rupee
# Values of these are addresses of our own, and are never cut.
LINKS = frozenset({"link", "item_link"})


class Variable(msgspec.Struct, frozen=True):
    name: str
    sample: str
    path: tuple[str, ...] = ()  # where a fact's data have it; empty: under its name
    how: str = "text"  # text, money, time, words
    rows: tuple[Variable, ...] = ()  # of a list: what each of its rows has

    @property
    def is_link(self) -> bool:
        return self.name in LINKS


_EVERY = (
    Variable("title", "Truck MH12AB1234 stands still"),
    Variable("detail", "For 47 minutes at an unknown place near Panvel", ("text",)),
    Variable("kind", "alert.raised"),
    Variable("severity", "warning"),
    Variable("subject", "alerts/alert-1"),
    Variable("tenant", "demo"),
    Variable("recipient", "Asha Rao"),
    Variable("time", "21 Nov, 18:30"),
    Variable("link", "https://console.example.in/alerts/alert-1"),
    Variable("booking", "BKG-1042"),
    Variable("truck", "MH12AB1234"),
    Variable("why", "not enough funds"),
)
_BOOKING = (
    Variable("status", "in transit", how="words"),
    Variable("leg", "L1"),
    Variable("driver", "driver-7"),
    Variable("carrier", "carrier-3"),
    Variable("shipper", "shipper-1"),
    Variable("reference", "PO-4711", ("references", "po")),
    Variable("from_place", "Pune"),
    Variable("to_place", "Nagpur"),
    Variable("reason", "the goods are not ready", ("cause", "reason")),
)
_OF: Mapping[str, tuple[Variable, ...]] = {
    "alert": (
        Variable("alert_kind", "long stoppage", ("kind",), "words"),
        Variable("level", "1"),
        Variable("place", "19.0330, 73.0297", how="place"),
        Variable("began", "21 Nov, 17:43", ("began_ms",), "time"),
    ),
    "booking": _BOOKING,
    "offer": (*_BOOKING, Variable("price", "Rs 42,000.00", how="money")),
    "payment": (
        Variable("amount", "Rs 12,345.00", how="money"),
        Variable("method", "upi"),
        Variable("status", "captured", how="words"),
        Variable("due", "advance"),
    ),
    "refund": (Variable("amount", "Rs 500.00", how="money"), Variable("refund", "rf-1")),
    "invoice": (Variable("number", "MH/26-27/000123"), Variable("total", "Rs 1.00", how="money")),
    "settlement": (Variable("carrier", "carrier-3"), Variable("settlement", "set-1")),
    "payout": (
        Variable("amount", "Rs 25,000.00", how="money"),
        Variable("carrier", "carrier-3"),
        Variable("reason", "the account is closed"),
    ),
    "task": (Variable("about", "eway-bills/e-1"), Variable("assigned_to", "users/u-1")),
    "eway": (Variable("number", "331001234567"), Variable("valid_until", "22 Nov, 23:59")),
    "notification": (Variable("person", "users/u-1"), Variable("channel", "sms")),
    "digest": (
        Variable("count", "12"),
        Variable("more", "3"),
        Variable(
            "items",
            "",
            rows=(
                Variable("item_title", "Truck MH12AB1234 stands still"),
                Variable("item_detail", "For 47 minutes near Panvel"),
                Variable("item_time", "21 Nov, 18:30"),
                Variable("item_link", "https://console.example.in/alerts/alert-1"),
            ),
        ),
    ),
}


def known(kind: str) -> dict[str, Variable]:
    """All that a template of this kind may name."""
    family = kind.partition(".")[0]
    return {one.name: one for one in (*_EVERY, *_OF.get(family, ()))}


def samples(kind: str) -> Values:
    """To look at a template with."""
    found: dict[str, Any] = {}
    for name, one in known(kind).items():
        found[name] = [{row.name: row.sample for row in one.rows}] * 2 if one.rows else one.sample
    return found


class Teller(msgspec.Struct, frozen=True):
    """By whose clock times are said, and where the console is."""

    zone: str
    console_url: str

    def link(self, subject: str) -> str:
        return f"{self.console_url}/{subject}" if self.console_url else ""


def of_fact(
    kind: str, subject: str, data: Mapping[str, Any], time_ms: int, teller: Teller
) -> dict[str, str]:
    """What the fact says, as people read it; what it does not say is left out."""
    found: dict[str, str] = {}
    for name, one in known(kind).items():
        value: Any = data
        for step in one.path or (name,):
            value = value.get(step) if isinstance(value, Mapping) else None
        text = None if value is None else _SAID[one.how](value, teller.zone)
        if text and name not in LINKS:
            found[name] = text
    found |= {"kind": kind, "subject": subject, "time": clock(time_ms, teller.zone)}
    link = teller.link(subject)
    return found | ({"link": link} if link else {})


def clock(at_ms: int, zone: str) -> str:
    at = datetime.fromtimestamp(at_ms / MS, UTC).astimezone(ZoneInfo(zone))
    return f"{at.day} {at:%b, %H:%M}"


def _text(value: Any, zone: str) -> str | None:
    del zone
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    return None


def _words(value: Any, zone: str) -> str | None:
    said = _text(value, zone)
    return None if said is None else said.replace("_", " ").replace(".", " ")


def _money(value: Any, zone: str) -> str | None:
    del zone
    minor = value.get("amount_minor") if isinstance(value, Mapping) else None
    if not isinstance(minor, int):
        return None
    whole, rest = divmod(abs(minor), MINOR)
    return f"{'-' if minor < 0 else ''}Rs {_grouped(str(whole))}.{rest:02}"


def _grouped(digits: str) -> str:
    """As India counts: the last three, then pairs."""
    head, tail = digits[:-3], digits[-3:]
    pairs: list[str] = []
    while head:
        head, pair = head[:-2], head[-2:]
        pairs.insert(0, pair)
    return ",".join([*pairs, tail])


def _time(value: Any, zone: str) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return clock(value, zone)
    try:
        return clock(round(datetime.fromisoformat(value).timestamp() * MS), zone)
    except (TypeError, ValueError):
        return None


def _place(value: Any, zone: str) -> str | None:
    if isinstance(value, Mapping):
        try:
            return f"{float(value['lat']):.4f}, {float(value['lon']):.4f}"
        except (KeyError, TypeError, ValueError):
            return _text(value.get("name"), zone)
    return _text(value, zone)


_SAID: Mapping[str, Callable[[Any, str], str | None]] = {
    "text": _text,
    "words": _words,
    "money": _money,
    "time": _time,
    "place": _place,
}


def rows_of(items: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Of a digest: what the messages in it would have said."""
    return [
        {
            "item_title": one.get("title", one.get("kind", "")),
            "item_detail": one.get("detail", ""),
            "item_time": one.get("time", ""),
            "item_link": one.get("link", ""),
        }
        for one in items
    ]
