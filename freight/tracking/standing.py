"""Which of the facts told about a truck stand, after all corrections and retractions of them."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec

from freight.events import TruckEvent

RETRACTED = "event.retracted"
CORRECTED = "event.corrected"


@dataclasses.dataclass(frozen=True, slots=True)
class KnownEvent:
    """An event of a truck as it is stored."""

    id: uuid.UUID
    type: str
    time_ms: int
    data: dict[str, Any]
    decided_ms: int | None
    replaces: uuid.UUID | None


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A fact and what became of it."""

    told: KnownEvent
    decided_ms: int | None
    data: dict[str, Any] | None  # as it was corrected last; None: it is retracted
    turns: int = 0  # how often it was corrected, retracted or put in force again


def standing(events: Iterable[KnownEvent]) -> dict[uuid.UUID, Standing]:
    """By the fact's own id; the events come in the order they were learned."""
    out: dict[uuid.UUID, Standing] = {}
    for event in events:
        if event.replaces is None:
            out[event.id] = Standing(event, event.decided_ms, event.data)
            continue
        before = out.get(event.replaces)
        if before is not None:
            # Corrections of the first release only put a fact in force again.
            after = event.data.get("after", before.told.data)
            data = None if event.type == RETRACTED else after
            out[event.replaces] = dataclasses.replace(before, data=data, turns=before.turns + 1)
    return out


def as_stored(data: dict[str, Any]) -> dict[str, Any]:
    """As it comes back from the store: what is compared with it must not differ in type alone."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(data))
    return found


def replaced_by(event: TruckEvent) -> uuid.UUID | None:
    """The fact that this event corrects or takes back."""
    if event.type not in (RETRACTED, CORRECTED):
        return None
    return uuid.UUID(event.data["replaces"])
