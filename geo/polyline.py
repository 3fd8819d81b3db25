"""Encoded polylines as routing services speak them: text for latitudes and longitudes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from geo.point import FloatArray

Precision = Literal[5, 6]  # decimals of a degree: 5 is what Google and OSRM send, 6 Valhalla

_FIRST = 63
_BITS = 5
_MORE = 0x20
_CHUNK = 0x1F
_CHUNKS_MAX = 7  # fixed: what 360 degrees at six decimals take, with a sign


class PolylineError(ValueError):
    """Text that is no polyline of this precision; `position` is where it goes wrong."""

    def __init__(self, position: int, detail: str) -> None:
        super().__init__(f"at character {position}: {detail}")
        self.position = position
        self.detail = detail


def encode(points: FloatArray, precision: Precision) -> str:
    """(n, 2) latitudes and longitudes as text; ties round away from zero, as the format says."""
    scaled = np.asarray(points, dtype=np.float64).reshape(-1, 2) * 10.0**precision
    whole = np.copysign(np.floor(np.abs(scaled) + 0.5), scaled).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    return "".join(map(_text_of, steps.ravel().tolist()))


def decode(text: str, precision: Precision) -> FloatArray:
    """The points of a polyline as (n, 2) latitudes and longitudes."""
    starts, steps = [], []
    for start, step in _steps(text):
        starts.append(start)
        steps.append(step)
    if len(steps) % 2:
        raise PolylineError(starts[-1], "a latitude without its longitude")
    places = np.cumsum(np.array(steps, dtype=np.int64).reshape(-1, 2), axis=0)
    points: FloatArray = places / 10.0**precision
    outside = np.abs(points) > np.array([90.0, 180.0])
    if outside.any():
        at = int(np.flatnonzero(outside.ravel())[0])
        what = "longitude" if at % 2 else "latitude"
        said = f"{what} {points.ravel()[at]:g} is impossible"
        raise PolylineError(starts[at], f"{said}: is the precision {precision}?")
    return points


def _text_of(step: int) -> str:
    value = ~(step << 1) if step < 0 else step << 1
    out = []
    while value >= _MORE:
        out.append(chr((_MORE | value & _CHUNK) + _FIRST))
        value >>= _BITS
    out.append(chr(value + _FIRST))
    return "".join(out)


def _steps(text: str) -> Iterator[tuple[int, int]]:
    """Where each number begins, and the number."""
    start, value, chunks = 0, 0, 0
    for position, character in enumerate(text):
        bits = ord(character) - _FIRST
        if not 0 <= bits < 2 * _MORE:
            raise PolylineError(position, f"{character!r} is not a character of a polyline")
        value |= (bits & _CHUNK) << _BITS * chunks
        chunks += 1
        if chunks > _CHUNKS_MAX:
            raise PolylineError(start, "a number too long for a coordinate")
        if bits < _MORE:
            yield start, ~(value >> 1) if value & 1 else value >> 1
            start, value, chunks = position + 1, 0, 0
    if chunks:
        raise PolylineError(start, "ends in the middle of a number")
