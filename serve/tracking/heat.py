"""How much is where: trucks as they are now, or the time they stood, added up by H3 cell."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np
from pydantic import BaseModel

from geo.hexagons import Heat, heat, outline
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.live.viewport import Bbox
from serve.problems import InvalidError
from serve.tracking.areas import select
from serve.tracking.service import seen_rows
from serve.tracking.wire import PointOut
from store import history
from store.history import Box


class Measure(StrEnum):
    TRUCKS = "trucks"
    STOP_MINUTES = "stop_minutes"


class CellOut(BaseModel):
    cell: str
    center: PointOut
    value: float
    stops: int | None = None


class HeatOut(BaseModel):
    """The hottest cells first; `is_cut` says that there were more than are given."""

    measure: str
    resolution: int
    cells: list[CellOut]
    is_cut: bool


async def of_now(gateway: Gateway, who: Principal, area: Bbox | None, resolution: int) -> Heat:
    """Trucks by their last known positions."""
    found, _ = select(await gateway.actors.positions(who.tenant_key), area)
    seen = found[np.array([row for row, _ in seen_rows(gateway, who, found)], dtype=np.int64)]
    return heat(seen["lat"], seen["lon"], resolution)


async def of_stops(
    gateway: Gateway, who: Principal, area: Bbox | None, resolution: int, span: tuple[int, int]
) -> Heat:
    """Minutes that trucks stood within the interval; those of now as far as it has come."""
    most = gateway.policy.api.heat_places_max
    until_ms = min(span[1], int(time.time() * 1000))
    box = None if area is None else Box(area.west, area.south, area.east, area.north)
    places: list[tuple[float, float, float, int]] = []
    if span[0] < until_ms:
        async with gateway.as_tenant(who) as conn:
            places = await history.stop_places(conn, span[0], until_ms, box, most + 1)
    if len(places) > most:
        detail = f"stops at more than {most} places; ask for a shorter time or a smaller bbox"
        raise InvalidError.at("/from", detail, **{"in": "query"})
    lat, lon, stood_s, stops = np.array(places, dtype=np.float64).reshape(-1, 4).T
    return heat(lat, lon, resolution, stood_s / 60.0, stops)


def as_json(found: Heat, measure: Measure, resolution: int, most: int) -> bytes:
    answer = {
        "measure": measure,
        "resolution": resolution,
        "cells": _cells(found.hottest(most), measure),
        "is_cut": len(found.cells) > most,
    }
    return msgspec.json.encode(answer)


def as_geojson(found: Heat, measure: Measure, resolution: int, most: int) -> bytes:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [outline(cell["cell"])]},
            "properties": cell,
        }
        for cell in _cells(found.hottest(most), measure)
    ]
    about = {"measure": measure, "resolution": resolution, "is_cut": len(found.cells) > most}
    return msgspec.json.encode({"type": "FeatureCollection", "features": features, **about})


def _cells(found: Heat, measure: Measure) -> list[dict[str, Any]]:
    counts = found.counts.tolist() if measure is Measure.STOP_MINUTES else [None] * len(found.cells)
    return [
        {"cell": name, "center": {"lat": lat, "lon": lon}, "value": round(value, 2), "stops": stops}
        for name, (lat, lon), value, stops in zip(
            found.names, found.centers(), found.sums.tolist(), counts, strict=True
        )
    ]
