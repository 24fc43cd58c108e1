"""Curves over time: a number that a scene animates, as keyframes plus sine waves."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, TypeAlias

import numpy as np
import numpy.typing as npt
from pydantic import BeforeValidator, ConfigDict, Field, field_validator, model_validator

from siamcorr.config import Settings

__all__ = ["Curve", "FiniteSettings", "FloatArray", "Wave", "pchip"]

FloatArray: TypeAlias = npt.NDArray[np.float64]


class FiniteSettings(Settings):
    """Settings whose numbers are all finite."""

    model_config = ConfigDict(allow_inf_nan=False)


class Wave(FiniteSettings):
    """A sine added to a curve: amplitude * sin(2 pi (frame / period + phase)).

    Attributes:
        amplitude: in the unit of the curve.
        period: in frames.
        phase: in turns.
    """

    amplitude: float
    period: float = Field(gt=0)
    phase: float = 0.0


def _as_keys(content: Any) -> Any:
    number = isinstance(content, int | float) and not isinstance(content, bool)
    return ((0, content),) if number else content


class Curve(FiniteSettings):
    """A number over time.

    In YAML a number (constant), a list of `[frame, value]` keys, or a mapping with `keys` and
    `waves`. Between keys the curve is the monotone cubic of `pchip`, so it never leaves the range
    of the two keys around it; before the first and after the last key it holds their value.

    Attributes:
        keys: (frame, value) pairs, frames increasing.
        waves: sines added to it.
    """

    keys: Annotated[tuple[tuple[float, float], ...], BeforeValidator(_as_keys)] = Field(
        min_length=1
    )
    waves: tuple[Wave, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, content: Any) -> Any:
        return content if isinstance(content, dict | cls) else {"keys": content}

    @field_validator("keys")
    @classmethod
    def _frames_increase(
        cls, keys: tuple[tuple[float, float], ...]
    ) -> tuple[tuple[float, float], ...]:
        for (before, _), (after, _) in pairwise(keys):
            if after <= before:
                raise ValueError(f"frames of keys must increase, got {before:g} then {after:g}")
        return keys

    def at(self, frames: FloatArray) -> FloatArray:
        """Values at the given frames; (T,) -> (T,)."""
        knots, values = np.array(self.keys, dtype=np.float64).T
        total = pchip(knots, values, frames)
        for wave in self.waves:
            total = total + wave.amplitude * np.sin(2 * np.pi * (frames / wave.period + wave.phase))
        return total


def pchip(knots: FloatArray, values: FloatArray, at: FloatArray) -> FloatArray:
    """Monotone piecewise cubic interpolation, constant outside the knots.

    Args:
        knots: (K,) increasing.
        values: (K,).
        at: (T,).

    Returns:
        (T,).

    Source:
        Fritsch and Butland 1984: slopes are weighted harmonic means of the neighbouring secants,
        zero at a local extremum; three-point end slopes, limited to keep monotony.
    """
    at = np.clip(at, knots[0], knots[-1])
    if len(knots) == 1:
        return np.full(at.shape, values[0])
    widths, secants = np.diff(knots), np.diff(values) / np.diff(knots)
    slopes = _slopes(widths, secants)
    cell = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, len(widths) - 1)
    width, u = widths[cell], (at - knots[cell]) / widths[cell]
    rise = u * u * (3 - 2 * u)
    bend = width * u * (1 - u) * ((1 - u) * slopes[cell] - u * slopes[cell + 1])
    return values[cell] * (1 - rise) + values[cell + 1] * rise + bend


def _slopes(widths: FloatArray, secants: FloatArray) -> FloatArray:
    """Slopes at the knots: (K - 1,) widths and secants -> (K,)."""
    if len(secants) == 1:
        return np.repeat(secants, 2)
    before, after = secants[:-1], secants[1:]
    heavy, light = 2 * widths[1:] + widths[:-1], widths[1:] + 2 * widths[:-1]
    same = before * after > 0
    safe_before, safe_after = np.where(same, before, 1.0), np.where(same, after, 1.0)
    inner = np.where(same, (heavy + light) / (heavy / safe_before + light / safe_after), 0.0)
    first = _end_slope(widths[0], widths[1], secants[0], secants[1])
    last = _end_slope(widths[-1], widths[-2], secants[-1], secants[-2])
    return np.concatenate(([first], inner, [last]))


def _end_slope(width: float, next_width: float, secant: float, next_secant: float) -> float:
    slope = ((2 * width + next_width) * secant - width * next_secant) / (width + next_width)
    if slope * secant <= 0:
        return 0.0
    if secant * next_secant <= 0 and abs(slope) > 3 * abs(secant):
        return 3 * secant
    return slope
