"""What an event was derived from: the fixes around its time."""

from __future__ import annotations

from typing import Any

from config.sections.api import Api
from freight.cloudevents import cloud_event
from serve.tracking.wire import fix_fields
from store import fixes
from store.events import StoredEvent
from store.postgres import AnyConnection


async def of_event(conn: AnyConnection, event: StoredEvent, api: Api) -> dict[str, Any]:
    if event.truck_key is None:
        return {"event": cloud_event(event), "fixes": []}
    around_ms = int(api.evidence_around_s * 1000)
    found = await fixes.track(
        conn,
        event.truck_key,
        event.time_ms - around_ms,
        event.time_ms + around_ms,
        api.evidence_fixes_max,
    )
    return {"event": cloud_event(event), "fixes": [fix_fields(fix) for fix in found]}
