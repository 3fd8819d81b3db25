"""On which side of a line a point lies, and whether two lines meet, without errors of rounding.

The arithmetic is that of GEOS, the library behind shapely: a sum of products is trusted where
rounding cannot have turned its sign, and done again in numbers of twice the length where it might.
"""

from __future__ import annotations

from geo.compiled import compiled

Place = tuple[float, float]  # x and y
Long = tuple[float, float]  # a number in two parts, of which the second is too small for the first

TRUSTED = 1e-15
HALVES = 134_217_729.0  # 2**27 + 1 splits a number into halves of 26 bits


@compiled
def side(a: Place, b: Place, at: Place) -> int:
    """1 where a place is left of the line from a to b, -1 where right, 0 on it."""
    left, right = (a[0] - at[0]) * (b[1] - at[1]), (a[1] - at[1]) * (b[0] - at[0])
    difference = left - right
    if (left > 0.0 and right > 0.0) or (left < 0.0 and right < 0.0):
        unsure = TRUSTED * abs(left + right)
        if not (difference >= unsure or -difference >= unsure):
            return _side_long(a, b, at)
    return int(difference > 0.0) - int(difference < 0.0)


@compiled
def meet(a: Place, b: Place, c: Place, d: Place) -> bool:
    """Whether the straight lines from a to b and from c to d have a place in common."""
    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]):
        return False
    if max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return side(a, b, c) * side(a, b, d) <= 0 and side(c, d, a) * side(c, d, b) <= 0


@compiled
def _side_long(a: Place, b: Place, at: Place) -> int:
    forward = _product(_sum((b[0], 0.0), (-a[0], 0.0)), _sum((at[1], 0.0), (-b[1], 0.0)))
    aside = _product(_sum((b[1], 0.0), (-a[1], 0.0)), _sum((at[0], 0.0), (-b[0], 0.0)))
    high, low = _sum(forward, (-aside[0], -aside[1]))
    sign = high if high != 0.0 else low
    return int(sign > 0.0) - int(sign < 0.0)


@compiled
def _sum(a: Long, b: Long) -> Long:
    high, low = a[0] + b[0], a[1] + b[1]
    high_a, low_a = high - a[0], low - a[1]
    high_rest = (b[0] - high_a) + (a[0] - (high - high_a))
    low_rest = (b[1] - low_a) + (a[1] - (low - low_a))
    rest = high_rest + low
    total = high + rest
    rest = low_rest + (rest + (high - total))
    most = total + rest
    return most, rest + (total - most)


@compiled
def _product(a: Long, b: Long) -> Long:
    wide_a, wide_b = HALVES * a[0], HALVES * b[0]
    high_a, high_b = wide_a - (wide_a - a[0]), wide_b - (wide_b - b[0])
    low_a, low_b = a[0] - high_a, b[0] - high_b
    most = a[0] * b[0]
    rest = ((high_a * high_b - most) + high_a * low_b + low_a * high_b) + low_a * low_b
    rest += a[0] * b[1] + a[1] * b[0]
    total = most + rest
    return total, rest + (most - total)
