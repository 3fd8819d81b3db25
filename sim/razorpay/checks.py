"""Reads a request's fields, and refuses them as Razorpay does."""

from __future__ import annotations

import re
from typing import Any

from sim.razorpay.refusals import RefusedError

REFERENCE_LENGTH_MAX = 40  # fixed: as Razorpay's API has it
NOTES_MAX = 15  # fixed: as Razorpay's API has it
NOTE_LENGTH_MAX = 256  # fixed: as Razorpay's API has it
CURRENCIES = frozenset({"INR"})


def amount(body: dict[str, Any], least_minor: int, name: str = "amount") -> int:
    value = body.get(name)
    if value is None:
        raise RefusedError(f"The {name} field is required.", field=name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RefusedError(f"The {name} must be an integer.", field=name)
    if value < least_minor:
        says = f"The {name} must be at least INR {least_minor / 100:.2f}"
        raise RefusedError(says, field=name)
    return value


def currency(body: dict[str, Any]) -> str:
    value = body.get("currency")
    if value not in CURRENCIES:
        raise RefusedError("Currency is not supported", field="currency")
    return str(value)


def text(body: dict[str, Any], name: str, *, longest: int, shortest: int = 1) -> str:
    value = optional_text(body, name, longest=longest)
    if value is None:
        raise RefusedError(f"The {name} field is required.", field=name)
    if len(value) < shortest:
        raise RefusedError(f"The {name} must be at least {shortest} characters.", field=name)
    return value


def optional_text(body: dict[str, Any], name: str, *, longest: int) -> str | None:
    value = body.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RefusedError(f"The {name} must be a string.", field=name)
    if len(value) > longest:
        says = f"The {name} may not be greater than {longest} characters."
        raise RefusedError(says, field=name)
    return value


def reference(body: dict[str, Any], name: str) -> str | None:
    return optional_text(body, name, longest=REFERENCE_LENGTH_MAX)


def notes(body: dict[str, Any]) -> Any:
    """As it answers: none is a list."""
    value = body.get("notes")
    if not value:
        return []
    if not isinstance(value, dict) or len(value) > NOTES_MAX:
        raise RefusedError("Number of fields in notes should be less than or equal to 15")
    if any(len(str(note)) > NOTE_LENGTH_MAX for note in value.values()):
        raise RefusedError("notes field value may not be greater than 256 characters.")
    return value


def key(header: str | None, pattern: re.Pattern[str], name: str, *, is_required: bool) -> str:
    """An idempotency key; empty for none."""
    if not header:
        if is_required:
            raise RefusedError(f"{name} header is required.", reason="idempotency_key_missing")
        return ""
    if pattern.fullmatch(header) is None:
        raise RefusedError(f"{name} is not valid.", reason="idempotency_key_invalid")
    return header
