"""What a provider sent us about messages, before it is believed."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit

import msgspec

BROUGHT_BY, BROUGHT_AS = "x-webhook-secret", "secret"


class ForgedError(Exception):
    """It is not signed as the provider would, with any secret that is good."""


class UnreadableError(Exception):
    """Signed or not, it is nothing that the provider sends."""


class Letter(msgspec.Struct, frozen=True):
    """`url` is the whole address as the provider was given it, with its query, however it was
    reached in the end; names of headers are in lower case."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query))


def agrees(wanted: Sequence[str], given: str) -> bool:
    """Every one is tried, so that the time taken does not tell which one fitted."""
    # Bytes: compare_digest refuses text beyond ASCII, which anybody may send.
    matches = [hmac.compare_digest(one.encode(), given.encode()) for one in wanted]
    return any(matches)


def must_bring(letter: Letter, secrets: Iterable[str]) -> None:
    """For who signs nothing: the secret comes along, in a header or in the address."""
    given = letter.headers.get(BROUGHT_BY) or letter.query().get(BROUGHT_AS, "")
    good = [secret for secret in secrets if secret]
    if not given or not agrees(good, given):
        raise ForgedError("it does not bring the secret along")
