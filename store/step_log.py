"""Events of one thing as rows of its log, which all kinds of things keep alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from store.postgres import moment


class Happened(Protocol):
    @property
    def at_ms(self) -> int: ...


def rows(
    tenant_key: int, of: str, first: int, events: Sequence[Happened]
) -> list[tuple[object, ...]]:
    """Tenant, thing, version after it, when, kind, and all of it; the first makes that version."""
    return [
        (
            *(tenant_key, of, first + index, moment(event.at_ms)),
            str(getattr(event, "__struct_config__").tag),  # noqa: B009 - a struct's own
            msgspec.to_builtins(event),
        )
        for index, event in enumerate(events)
    ]
