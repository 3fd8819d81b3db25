"""What a name says about its value: the words in it, and the kinds of setting they mean."""

from __future__ import annotations

import ast
import re

from lint.findings import Rule

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_MONEY = frozenset(
    {
        *("rate", "rates", "tax", "taxes", "gst", "igst", "cgst", "sgst", "vat", "tds", "tcs"),
        *("cess", "fee", "fees", "price", "prices", "fare", "fares", "tariff", "commission"),
        *("discount", "discounts", "surcharge", "charge", "charges", "markup", "interest"),
        *("penalty", "deposit", "premium", "cashback", "surge", "multiplier", "percent"),
        *("pct", "percentage", "minor", "amount", "paise", "cents", "inr", "usd", "eur"),
    }
)
# A rate of samples or of a generator is no rate of money.
_NO_MONEY = frozenset({"hz", "sample", "sampling", "frame", "bit", "baud", "errors"})
_TIME = frozenset(
    {
        *("timeout", "timeouts", "delay", "delays", "interval", "ttl", "deadline", "expiry"),
        *("expires", "lifetime", "backoff", "retry", "retries", "attempt", "attempts", "tries"),
        *("wait", "poll", "debounce", "grace", "patience", "cooldown", "keepalive", "heartbeat"),
        *("seconds", "secs", "minutes", "hours", "days", "weeks", "milliseconds", "duration"),
    }
)
_TIME_UNITS = frozenset(
    {"s", "ms", "us", "ns", "sec", "secs", "seconds", "minutes", "hours", "days"}
)
_CALENDAR = frozenset({"seconds", "minutes", "hours", "days", "weeks", "milliseconds"})
_LIMIT = frozenset(
    {
        *("max", "min", "maximum", "minimum", "limit", "limits", "threshold", "cutoff", "quota"),
        *("capacity", "size", "batch", "chunk", "buffer", "buffered", "concurrency", "workers"),
        *("replicas", "burst", "radius", "tolerance", "maxsize", "maxlen", "maxsplit", "weight"),
    }
)
_LIMIT_UNITS = frozenset({"bytes", "kmh", "mps", "km", "kg", "mb", "gb", "rows", "kb"})
# Sizes that an algorithm or a format fixes, not an operator.
_FIXED_SIZES = frozenset(
    {
        *("salt", "nonce", "tag", "key", "digest", "header", "word", "digits", "decimals"),
        *("alignment", "maxsplit", "version"),
    }
)
_NATURE = frozenset({"epoch", "earth", "day", "hour", "minute", "week", "year", "second"})


def words(name: str) -> tuple[str, ...]:
    """`retryAfterS`, `RETRY_AFTER_S` and `retry-after-s` are the same words."""
    return tuple(word.lower() for word in _WORDS.findall(name))


def name_of(node: ast.AST | None) -> str:
    """What an expression is called: `self.tenant.id` -> `tenant id`, `x["rate"]` -> `x rate`."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=holder, attr=name):
            before = name_of(holder)
            return f"{before} {name}" if before not in {"", "self", "cls"} else name
        case ast.Subscript(value=holder, slice=ast.Constant(value=str(key))):
            return f"{name_of(holder)} {key}"
        case ast.Call() | ast.BinOp():
            return _name_of_made(node)
        case ast.Await(value=inner) | ast.Starred(value=inner) | ast.NamedExpr(value=inner):
            return name_of(inner)
    return ""


def _name_of_made(made: ast.Call | ast.BinOp) -> str:
    """`tenant.lower()`, `row.get("tenant")` and `str(tenant)` are called after the tenant."""
    match made:
        case ast.BinOp(left=left, right=right):
            return f"{name_of(left)} {name_of(right)}".strip()
        case ast.Call(func=ast.Attribute(value=holder), args=[]):
            return name_of(holder)
        case ast.Call(func=called, args=[ast.Constant(value=str(key)), *_]):
            return f"{name_of(called)} {key}"
        case ast.Call(func=ast.Name(), args=[first, *_]):
            return name_of(first)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "math")), args=[first, *_]):
            return name_of(first)
    return ""


def kind_of_number(name: str) -> Rule | None:
    """Which kind of setting a number of this name would be; None for a name that says nothing."""
    said = words(name)
    if not said or _FIXED_SIZES & set(said):
        return None
    in_time = said[-1] in _TIME_UNITS and len(said) > 1
    # A limit of something that has a unit ends in it (`wait_s_max`): then it is about time.
    in_time |= said[-1] in {"max", "min"} and bool(_TIME_UNITS & set(said[1:-1]))
    if _MONEY & set(said) and not _NO_MONEY & set(said) and not in_time:
        return Rule.RATE
    if said[-1] in {"port", "ports"}:
        return Rule.ADDRESS
    if in_time or _TIME & set(said):
        return Rule.TIME
    is_limit = _LIMIT & set(said) or (said[-1] in _LIMIT_UNITS and len(said) > 1)
    return Rule.LIMIT if is_limit else None


def is_constant_of_nature(name: str) -> bool:
    """`DAY_MS`, `MS_PER_S`, `EARTH_RADIUS_M`: nobody will ever change these."""
    said = words(name)
    tuned = (_TIME - _CALENDAR) | (_LIMIT - {"radius"})
    if {"per", "in"} & set(said):
        return set(said) <= _CALENDAR | _TIME_UNITS | _NATURE | {"per", "in", "ns"}
    return bool(_NATURE & set(said)) and not tuned & set(said)
