"""Learning rates as a pure function of the place in training: phases of log, linear or cosine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument

__all__ = ["Phase", "count_epochs", "learning_rate"]


class Phase(Settings):
    """Some epochs in which the learning rate goes from one value to another.

    log:    start * (end / start)^t
    linear: start + (end - start) * t
    cosine: end + (start - end) * (1 + cos(pi t)) / 2

    t = i / (n - 1) where the phase reaches its end, otherwise i / n; i counts the n epochs, or the
    n steps, of the phase.

    Attributes:
        curve: which of the three.
        epochs: how many.
        start: rate of the first epoch or step.
        end: rate of the last one, or the limit that is not reached.
        per: whether the rate changes with every epoch or with every step.
        reaches_end: False stops one epoch or step short, as the next phase starts with `end`.
    """

    curve: Literal["log", "linear", "cosine"]
    epochs: int = Field(ge=1)
    start: float = Field(ge=0, allow_inf_nan=False)
    end: float = Field(ge=0, allow_inf_nan=False)
    per: Literal["epoch", "step"] = "epoch"
    reaches_end: bool = True

    @model_validator(mode="after")
    def _log_of_positive(self) -> Self:
        if self.curve == "log" and min(self.start, self.end) <= 0:
            raise ValueError(
                f"a log curve needs rates above 0, got start {self.start} and end {self.end}"
            )
        return self


def count_epochs(phases: Iterable[Phase]) -> int:
    """Epochs of all phases together."""
    return sum(phase.epochs for phase in phases)


def learning_rate(
    phases: Iterable[Phase], epoch: int, step: int = 0, steps_per_epoch: int = 1
) -> float:
    """Learning rate at one step of training.

    Args:
        phases: one after another.
        epoch: 0-based.
        step: of the epoch, 0-based.
        steps_per_epoch: for phases that change with every step.

    Returns:
        The rate of parameter groups with factor 1.

    Convention:
        PySOT's and SiamFC's rates change with the epoch. PySOT's warm-up does not reach its end
        (`reaches_end: false`), its main phase does; SiamFC's exponential does not.

    Raises:
        InvalidArgument: an epoch behind the last phase, or a step that the epoch does not have.

    Source:
        PySOT's warm-up and log schedule; siamfc-pytorch's exponential.

    Example:
        >>> warm_up = Phase(curve="log", epochs=5, start=0.001, end=0.005, reaches_end=False)
        >>> main = Phase(curve="log", epochs=15, start=0.005, end=0.0005)
        >>> [round(learning_rate([warm_up, main], epoch), 7) for epoch in (0, 1, 5, 19)]
        [0.001, 0.0013797, 0.005, 0.0005]
    """
    if not 0 <= step < steps_per_epoch:
        raise InvalidArgument(f"learning_rate: step {step} is not in 0 ... {steps_per_epoch - 1}")
    first = 0
    for phase in phases:
        if first <= epoch < first + phase.epochs:
            return _rate(phase, *_count(phase, epoch - first, step, steps_per_epoch))
        first += phase.epochs
    raise InvalidArgument(f"learning_rate: epoch {epoch} is not in 0 ... {first - 1}")


def _count(phase: Phase, epoch: int, step: int, steps_per_epoch: int) -> tuple[int, int]:
    """Number of this epoch or step in its phase, and how many the phase has."""
    if phase.per == "epoch":
        return epoch, phase.epochs
    return epoch * steps_per_epoch + step, phase.epochs * steps_per_epoch


def _rate(phase: Phase, i: int, n: int) -> float:
    if phase.reaches_end and i == n - 1 > 0:
        return phase.end  # exactly, whatever the curve rounds to
    t = i / max(n - 1 if phase.reaches_end else n, 1)
    match phase.curve:
        case "log":
            return float(phase.start * (phase.end / phase.start) ** t)
        case "linear":
            return phase.start + (phase.end - phase.start) * t
        case "cosine":
            return phase.end + (phase.start - phase.end) * (1 + math.cos(math.pi * t)) / 2
