"""Money is a whole number of paise; a rule that gives a fraction is rounded here and only here.

Prices are sums of rounded lines, so whoever adds up what is shown gets what is asked for.
"""

from __future__ import annotations

INR = "INR"
PAISE_PER_RUPEE = 100  # fixed: what the words mean


def rounded(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves away from zero: what Indian tax law and invoices do."""
    if denominator <= 0:
        raise ValueError("a fraction needs a denominator above zero")
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))
