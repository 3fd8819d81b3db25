"""Our facts as CloudEvents 1.0: the one form in which they leave the system."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from freight.events import TruckEvent


def rfc3339(epoch_ms: int) -> str:
    text = datetime.fromtimestamp(epoch_ms / 1000.0, tz=UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def cloud_event(event: TruckEvent) -> dict[str, Any]:
    known = {"correlationid": event.correlation, "traceparent": event.traceparent}
    return {
        "specversion": "1.0",
        "id": str(event.id),
        "type": event.type,
        "source": f"/tenants/{event.tenant}",
        "subject": event.subject,
        "time": rfc3339(event.time_ms),
        "datacontenttype": "application/json",
        "tenant": event.tenant,
        **{name: value for name, value in known.items() if value is not None},
        "data": {**event.data, "known_at": rfc3339(event.known_at_ms)},
    }
