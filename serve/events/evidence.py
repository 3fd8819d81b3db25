"""What an event was derived from: the fixes around its time."""

from __future__ import annotations

from typing import Any

from freight.cloudevents import cloud_event
from serve.tracking.wire import fix_fields
from store import fixes
from store.events import StoredEvent
from store.postgres import AnyConnection

# Either side of the event; enough to see the truck come and go at device rates.
AROUND_MS = 120_000
FIXES_MAX = 500


async def of_event(conn: AnyConnection, event: StoredEvent) -> dict[str, Any]:
    found = await fixes.track(
        conn, event.truck_key, event.time_ms - AROUND_MS, event.time_ms + AROUND_MS, FIXES_MAX, None
    )
    return {"event": cloud_event(event), "fixes": [fix_fields(fix) for fix in found]}
