"""Coordinates in files that count pixels from 1, converted without losing a digit."""

from __future__ import annotations

import math
from decimal import Context, Decimal

__all__ = ["from_one_based", "to_one_based"]

# Enough digits for the exact sum of 1 and any float64 in its shortest form.
_EXACT = Context(prec=700, Emin=-2000, Emax=2000)


def to_one_based(coordinate: float) -> str:
    """Text of coordinate + 1, exact: adding 1 in float64 would lose digits of small numbers.

    Example:
        >>> to_one_based(0.1), 0.1 + 1 - 1
        ('1.1', 0.10000000000000009)
    """
    if math.isnan(coordinate):
        return "nan"
    return format(_EXACT.add(Decimal(repr(coordinate)), Decimal(1)), "f")


def from_one_based(text: str) -> float:
    """Number text - 1, rounded once, so that it undoes `to_one_based`.

    Example:
        >>> from_one_based("1.1")
        0.1
    """
    if "nan" in text.lower():
        return math.nan
    return float(_EXACT.subtract(Decimal(text), Decimal(1)))
