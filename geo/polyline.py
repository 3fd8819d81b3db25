"""Encoded polylines as routing services speak them: text for latitudes and longitudes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from geo.point import FloatArray
from geo.ragged import IntArray

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
    bits = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(
        np.int64
    )
    bits -= _FIRST
    ends = np.flatnonzero(bits < _MORE)
    starts = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
    _check(text, bits, starts, ends)
    if not len(ends):
        return np.empty((0, 2))
    chunk = np.arange(len(bits)) - np.repeat(starts, ends - starts + 1)
    values = np.add.reduceat((bits & _CHUNK) << _BITS * chunk, starts)
    steps = np.where(values & 1, ~(values >> 1), values >> 1)
    points: FloatArray = np.cumsum(steps.reshape(-1, 2), axis=0) / 10.0**precision
    outside = (np.abs(points) > [90.0, 180.0]).ravel()
    if outside.any():
        at = int(np.flatnonzero(outside)[0])
        what = "longitude" if at % 2 else "latitude"
        said = f"{what} {points.ravel()[at]:g} is impossible"
        raise PolylineError(int(starts[at]), f"{said}: is the precision {precision}?")
    return points


def _check(text: str, bits: IntArray, starts: IntArray, ends: IntArray) -> None:
    """Refuses the first thing that is no polyline; `starts` and `ends` are those of numbers."""
    wrong = np.flatnonzero((bits < 0) | (bits >= 2 * _MORE))
    upto = int(wrong[0]) if len(wrong) else len(bits)
    whole = int(np.searchsorted(ends, upto))  # numbers before that
    begun = int(ends[whole - 1]) + 1 if whole else 0
    long = np.flatnonzero(ends[:whole] - starts[:whole] >= _CHUNKS_MAX)
    if len(long) or upto - begun > _CHUNKS_MAX:
        start = int(starts[long[0]]) if len(long) else begun
        raise PolylineError(start, "a number too long for a coordinate")
    if len(wrong):
        raise PolylineError(upto, f"{text[upto]!r} is not a character of a polyline")
    if begun < len(bits):
        raise PolylineError(begun, "ends in the middle of a number")
    if whole % 2:
        raise PolylineError(int(starts[-1]), "a latitude without its longitude")


def _text_of(step: int) -> str:
    value = ~(step << 1) if step < 0 else step << 1
    out = []
    while value >= _MORE:
        out.append(chr((_MORE | value & _CHUNK) + _FIRST))
        value >>= _BITS
    out.append(chr(value + _FIRST))
    return "".join(out)
