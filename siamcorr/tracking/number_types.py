"""Kinds of numbers in the settings of trackers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

__all__ = ["Count", "NotNegative", "Positive", "Share"]

Count = Annotated[int, Field(ge=1)]
NotNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
