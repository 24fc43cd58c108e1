"""Objectives: from what a model answers and its batch to a loss, by name from `OBJECTIVES`."""

from __future__ import annotations

from siamcorr.training.objectives.base import BaseObjective, Losses, Objective, check_finite
from siamcorr.training.objectives.filter import FilterObjective, FilterObjectiveSettings
from siamcorr.training.objectives.mask import MaskObjective, MaskObjectiveSettings
from siamcorr.training.objectives.point import PointObjective, PointObjectiveSettings
from siamcorr.training.objectives.registry import OBJECTIVES
from siamcorr.training.objectives.rpn import RPNObjective, RPNObjectiveSettings
from siamcorr.training.objectives.siamfc import SiamFCObjective, SiamFCObjectiveSettings

__all__ = [
    "OBJECTIVES",
    "BaseObjective",
    "FilterObjective",
    "FilterObjectiveSettings",
    "Losses",
    "MaskObjective",
    "MaskObjectiveSettings",
    "Objective",
    "PointObjective",
    "PointObjectiveSettings",
    "RPNObjective",
    "RPNObjectiveSettings",
    "SiamFCObjective",
    "SiamFCObjectiveSettings",
    "check_finite",
]
