"""Why a load, a truck, a driver or a carrier will not do: a code to count by, a text to read."""

from __future__ import annotations

import msgspec


class Reason(msgspec.Struct, frozen=True, omit_defaults=True):
    code: str  # "papers.expired", "weight.over_payload", ...: the same for the same rule
    detail: str
    about: str | None = None  # a stop, a fence or a paper, by its id
