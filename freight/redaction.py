"""Takes personal data and secrets out of what is kept or logged, by field name and by look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

from freight.personal import HIDDEN, PersonalKind, mask_email, mask_phone, masked

# The last words of a field's name say what is in it.
_KIND_OF: dict[str, PersonalKind] = {
    "email": PersonalKind.EMAIL,
    "email_address": PersonalKind.EMAIL,
    "phone": PersonalKind.PHONE,
    "phone_number": PersonalKind.PHONE,
    "mobile": PersonalKind.PHONE,
    "pan": PersonalKind.PAN,
    "gstin": PersonalKind.GSTIN,
    "tax_id": PersonalKind.GSTIN,
    "bank_account": PersonalKind.BANK_ACCOUNT,
    "account_number": PersonalKind.BANK_ACCOUNT,
    "iban": PersonalKind.BANK_ACCOUNT,
    "address": PersonalKind.ADDRESS,
    "postal_address": PersonalKind.ADDRESS,
    "full_name": PersonalKind.NAME,
    "contact_name": PersonalKind.NAME,
    "person_name": PersonalKind.NAME,
}
_SECRET_WORDS = frozenset(
    {"secret", "secrets", "password", "passphrase", "token", "authorization", "otp", "totp", "cvv"}
    | {"credential", "credentials", "hash", "apikey", "cookie"}
)
_SECRET_NAMES = ("api_key", "private_key", "client_secret", "recovery_codes")
_NAME_PARTS = re.compile(r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])")
NAMES_MAX = 4096  # fixed: names that are remembered with what they say
REFERENCE = "secret://"  # names a secret without being one
# A chain's own id and a truck's may look like a phone number and are none.
_IDS = frozenset({"id", "ids", "key", "subject"})


def redacted(value: Any, name: str = "") -> Any:
    """The same shape with nothing in it that must not be kept; for JSON-like values."""
    if isinstance(value, Mapping):
        return {key: redacted(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner, name) for inner in value]
    if not isinstance(value, str):
        return value
    look = _look_of(name)
    if look is _Look.HIDDEN:
        return value if value.startswith(REFERENCE) else HIDDEN
    if isinstance(look, PersonalKind):
        return masked(look, value)
    return value if look is _Look.ID else redacted_text(value)


class _Look(Enum):
    """What a field's name says of a text in it, where that is not personal."""

    HIDDEN = 1
    ID = 2
    TEXT = 3


@lru_cache(NAMES_MAX)
def _look_of(name: str) -> _Look | PersonalKind:
    parts = _parts_of(name)
    if _is_secret(parts, "_".join(parts)):
        return _Look.HIDDEN
    is_id = bool(parts) and parts[-1] in _IDS
    return _kind_of(parts) or (_Look.ID if is_id else _Look.TEXT)


def _parts_of(name: str) -> list[str]:
    return [part.lower() for part in _NAME_PARTS.split(name) if part]


def _is_secret(parts: list[str], plain_name: str) -> bool:
    return not _SECRET_WORDS.isdisjoint(parts) or plain_name.endswith(_SECRET_NAMES)


def _kind_of(parts: list[str]) -> PersonalKind | None:
    found = _KIND_OF.get("_".join(parts[-2:]))
    return found or (_KIND_OF.get(parts[-1]) if parts else None)


# Alternatives are tried in this order at each place. Each begins where a word begins, so that the
# time it takes grows with the text and not with its square.
_TEXT = re.compile(
    r"""
    (?P<pem>-----BEGIN[ ][A-Z ]*PRIVATE[ ]KEY-----.*?(?:-----END[ ][A-Z ]*PRIVATE[ ]KEY-----|\Z))
    |(?P<scheme>(?i:\b(?:bearer|basic)\s+))[\w.~+/=-]{6,}
    |(?P<named>(?i:(?<![\w-])["']?[\w-]*
        (?:password|passphrase|secret|token|api[_-]?key|authorization|credential)
        [\w-]*["']?\s*[=:](?!//)\s*))(?!secret://|["']secret://)
        (?:"[^"]*"|'[^']*'|(?:(?i:bearer|basic)\s+)?[^\s,;&"'}\])]+)
    |(?P<userinfo>\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)
    |(?P<email>(?<![\w.!#$%&'*+/=?^`{|}~-])[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+)
    |(?P<jwt>\beyJ[\w-]{5,}\.[\w.-]+)
    |(?P<hash>\$(?:2[aby]|argon2\w*|pbkdf2[\w-]*)\$\S+)
    |(?P<gstin>(?i:\b\d{2}[A-Z]{5}\d{4}[A-Z][0-9A-Z]Z[0-9A-Z]\b))
    |(?P<pan>(?i:\b[A-Z]{5}\d{4}[A-Z]\b))
    |(?P<random>(?<![\w-])(?=[\w-]*[a-z])(?=[\w-]*[A-Z])(?=[\w-]*\d)[\w-]{32,}(?![\w-]))
    |(?P<phone>\+\d(?:[ ().-]{0,2}\d){7,14}(?!\d)
        |(?<![\w.-])(?:(?:0091|91|0)[ -]?)?[6-9]\d{4}[ -]?\d{5}(?!\w|[.-]\d))
    """,
    re.VERBOSE | re.DOTALL,
)
# Without any of these, nothing of the above is in a text; most lines end here.
_HINT = re.compile(
    r"[@$+]|\d{4,}|[\w-]{32}|(?i:bearer|basic|pass|secret|token|key|auth|credential)"
)
# What most texts with a hint are, and what no more has to be looked for in.
_HARMLESS = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+\d\d:\d\d))?"
)
_KEPT_PREFIX = ("scheme", "named", "userinfo")


def redacted_text(text: str) -> str:
    """Without e-mail addresses, phone numbers, tax ids, tokens, keys and passwords."""
    if _HINT.search(text) is None or _HARMLESS.fullmatch(text) is not None:
        return text
    return _TEXT.sub(_replacement, text)


def _replacement(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind == "email":
        return mask_email(found[0])
    if kind == "phone":
        return mask_phone(found[0])
    if kind in {"pan", "gstin"}:
        return masked(PersonalKind(kind), found[0])
    return found[kind] + HIDDEN if kind in _KEPT_PREFIX else HIDDEN
