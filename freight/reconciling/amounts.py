"""Amounts and days as Indian banks write them."""

from __future__ import annotations

import re
from datetime import date, datetime

from freight.money import PAISE_PER_RUPEE

# 1,23,456.78 or 123456.7, with a sign, a currency or Cr and Dr around it.
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?:INR|Rs\.?|₹)?\s*(?P<sign>[+-])?\s*(?:INR|Rs\.?|₹)?\s*"
    r"(?P<rupees>\d[\d,]*)(?:\.(?P<paise>\d{1,2}))?\s*(?P<close>\))?\s*(?P<side>Cr|Dr)?\.?",
    re.IGNORECASE,
)
_GROUPS = re.compile(r"\d{1,3}(?:,\d{2,3})*|\d+")
_NOTHING = frozenset({"", "-", "--"})


class UnreadableError(ValueError):
    pass


def minor_of(text: str) -> int | None:
    """Signed paise, a debit below zero; None: nothing stands there."""
    text = text.strip()
    if text in _NOTHING:
        return None
    found = _AMOUNT.fullmatch(text)
    if found is None or _GROUPS.fullmatch(found["rupees"]) is None:
        raise UnreadableError(f"{text!r} is not an amount")
    if (found["open"] is None) != (found["close"] is None):
        raise UnreadableError(f"{text!r} is not an amount")
    rupees = int(found["rupees"].replace(",", ""))
    minor = rupees * PAISE_PER_RUPEE + int((found["paise"] or "0").ljust(2, "0"))
    is_less = found["sign"] == "-" or found["open"] is not None or is_debit(found["side"] or "")
    return -minor if is_less else minor


def is_debit(side: str) -> bool:
    """Of a column of Cr and Dr, or a word behind an amount."""
    return side.strip().rstrip(".").upper() in {"DR", "D", "DEBIT"}


def is_credit(side: str) -> bool:
    return side.strip().rstrip(".").upper() in {"CR", "C", "CREDIT"}


def day_of(text: str, form: str) -> date:
    try:
        return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day has no zone
    except ValueError as failed:
        raise UnreadableError(f"{text!r} is not a day of the form {form}") from failed
