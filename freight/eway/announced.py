"""What the world is told of an e-way bill: CloudEvents' types and data."""

from __future__ import annotations

from typing import Any

import msgspec

from freight.eway import events as told
from freight.eway.events import EwayEvent
from freight.eway.state import Bill, name_of
from freight.eway.times import time_text

# Beside what an event says itself.
_QUIET = (told.Drafted, told.Asked)


def announced(bill: Bill, event: EwayEvent) -> tuple[str, dict[str, Any]] | None:
    """None: it concerns nobody until the portal has answered."""
    if isinstance(event, _QUIET):
        return None
    said = msgspec.to_builtins(event)
    kind = str(said.pop("type"))
    said.pop("at_ms")
    if isinstance(event, told.Refused):
        said["wish"] = name_of(event.wish)
    until_ms = bill.valid_until_ms
    data = {
        "eway_bill": bill.id,
        "booking": bill.booking,
        "leg": bill.leg,
        "number": bill.number,
        "valid_until": None if until_ms is None else time_text(until_ms),
        **said,
    }
    return f"eway.{kind}", data
