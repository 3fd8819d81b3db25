"""Fixes over HTTP as the API takes them, and what became of each."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from actors.doors import FixResult, HttpTaken
from freight.cloudevents import rfc3339

_NUMBER = {"type": ["number", "null"]}
# As /openapi.json tells it; the decoder of MQTT's messages, which is the same, checks it.
POSITION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["ts", "lat", "lon"],
    "additionalProperties": True,
    "properties": {
        "ts": {"description": "ISO 8601, or epoch milliseconds", "type": ["integer", "string"]},
        "lat": {"type": "number", "minimum": -90, "maximum": 90},  # fixed: what a latitude is
        "lon": {"type": "number", "minimum": -180, "maximum": 180},  # fixed: what a longitude is
        "truck": {"type": "string", "description": "whose it is; not for a device's own fixes"},
        "speed_kmh": _NUMBER,
        "heading_deg": _NUMBER,
        "accuracy_m": _NUMBER,
        "altitude_m": _NUMBER,
        "odometer_km": _NUMBER,
        "ignition": {"type": ["boolean", "null"]},
        "satellites": {"type": ["integer", "null"]},
        "hdop": _NUMBER,
        "battery_v": _NUMBER,
        "external_v": _NUMBER,
        "fuel_pct": _NUMBER,
        "alarm": {"enum": ["panic", "tamper", "power_cut", "tow", "crash", None]},
        "seq": {"type": ["integer", "null"]},
    },
}
POSITIONS_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [POSITION_SCHEMA, {"type": "array", "items": POSITION_SCHEMA}]}
            }
        },
    }
}
# Form and JSON of clients that are not ours: told here only as far as any of them agree.
OSMAND_BODY: dict[str, Any] = {
    "requestBody": {
        "content": {
            "application/x-www-form-urlencoded": {"schema": {"type": "object"}},
            "application/json": {"schema": {"type": "object"}},
        }
    }
}
_TEXT = {"schema": {"type": "string"}, "in": "query"}
OSMAND_QUERY: dict[str, Any] = {
    "parameters": [
        {**_TEXT, "name": "id", "description": "the device's unique id, tenant/truck, or truck"},
        {**_TEXT, "name": "key", "description": "the device's secret, where its tenant asks"},
        {**_TEXT, "name": "lat"},
        {**_TEXT, "name": "lon"},
        {**_TEXT, "name": "timestamp", "description": "epoch seconds or milliseconds, ISO 8601"},
        {**_TEXT, "name": "speed", "description": "knots"},
    ]
}


class FixResultOut(BaseModel):
    """What became of one fix; in the order they were sent."""

    result: Literal["stored", "repeated", "rejected"]
    truck: str | None
    ts: str | None
    reason: str | None = Field(description="of a rejection: malformed, future, too_old, rate ...")
    detail: str | None

    @classmethod
    def of(cls, one: FixResult) -> FixResultOut:
        return cls.model_validate(
            {
                "result": str(one.result),
                "truck": one.truck or None,
                "ts": None if one.ts_ms is None else rfc3339(one.ts_ms),
                "reason": one.reason,
                "detail": one.detail,
            }
        )


class FixesOut(BaseModel):
    """All that is `stored` or `repeated` is committed."""

    stored: int
    repeated: int
    rejected: int
    results: list[FixResultOut]

    @classmethod
    def of(cls, taken: HttpTaken) -> FixesOut:
        results = [FixResultOut.of(one) for one in taken.results]
        counts = {
            name: sum(one.result == name for one in results)
            for name in ("stored", "repeated", "rejected")
        }
        return cls(results=results, **counts)
