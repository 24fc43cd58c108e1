"""What an objective is and answers: a total for the gradient, and its parts by name."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Protocol, Self

import torch
from torch import Tensor

from siamcorr.config import Settings
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.errors import InvalidArgument, TrainingError

__all__ = [
    "AnchorFreeObjective",
    "BaseObjective",
    "Losses",
    "Objective",
    "check_finite",
    "weighted_total",
]


class Losses(NamedTuple):
    """What training minimises, and what it is made of.

    Attributes:
        total: (), with gradient.
        parts: (), detached and not weighted, by name such as `cls` and `loc`.
    """

    total: Tensor
    parts: dict[str, Tensor]


class Objective(Protocol):
    """A function of what a model answers and the batch that it was asked about."""

    def __call__(self, output: Any, batch: PairBatch) -> Losses:
        """The losses of `output = model(search, template)`."""
        ...


class BaseObjective(ABC):
    """What the table of objectives holds.

    Attributes:
        settings_type: the class of its settings, told apart by `kind`.
        untaught: modules of the model that its losses do not reach, by dotted name; frozen, as
            processes that wait for their gradients would wait for ever.
    """

    settings_type: ClassVar[type[Settings]]
    untaught: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def from_settings(
        cls,
        settings: Any,
        *,
        shape: PairShape,
        stride: int,
        anchor_ratios: Sequence[float] | None = None,
        anchor_scales: Sequence[float] | None = None,
    ) -> Self:
        """Build it.

        Args:
            settings: of `settings_type`.
            shape: what the pairs are cut to.
            stride: pixels of the search crop a cell.
            anchor_ratios: height over width of the anchors, for heads with anchors.
            anchor_scales: their sizes in multiples of the stride.

        Raises:
            InvalidArgument: anchors are absent where they are needed, or given where they are not.
        """

    @abstractmethod
    def __call__(self, output: Any, batch: PairBatch) -> Losses:
        """The losses of `output = model(search, template)`, on the device of both."""


class AnchorFreeObjective(BaseObjective):
    """What objectives without anchors share.

    Args:
        settings: of `settings_type`.
        stride: pixels of the search crop a cell.
    """

    def __init__(self, settings: Any, stride: int) -> None:
        self.settings = settings
        self.stride = stride

    @classmethod
    def from_settings(
        cls,
        settings: Any,
        *,
        shape: PairShape,
        stride: int,
        anchor_ratios: Sequence[float] | None = None,
        anchor_scales: Sequence[float] | None = None,
    ) -> Self:
        """See `BaseObjective.from_settings`."""
        if anchor_ratios is not None or anchor_scales is not None:
            raise InvalidArgument(
                f"{settings.kind}: this objective has no anchors, got anchor_ratios "
                f"{anchor_ratios} and anchor_scales {anchor_scales}; leave them out, or use 'rpn'"
            )
        return cls(settings, stride)


def weighted_total(parts: Mapping[str, Tensor], weights: Mapping[str, float]) -> Losses:
    """The weighted sum of parts, and the parts."""
    total = torch.stack([weights[name] * part for name, part in parts.items()]).sum()
    return Losses(total, {name: part.detach() for name, part in parts.items()})


def check_finite(losses: Losses, where: str) -> None:
    """Stop where the total or a part is infinite or NaN; waits for the device.

    Args:
        losses: of one step.
        where: the step, such as `epoch 3, step 120`, for the error.

    Raises:
        TrainingError: a number is not finite; the message has all of them.

    Example:
        >>> check_finite(Losses(torch.tensor(1.5), {"cls": torch.tensor(1.5)}), "epoch 0, step 0")
    """
    numbers = torch.stack([losses.total.detach(), *losses.parts.values()]).tolist()
    if all(math.isfinite(number) for number in numbers):
        return
    named = zip(losses.parts, numbers[1:], strict=True)
    parts = "".join(f"\n  {name} : {number:.6g}" for name, number in named)
    raise TrainingError(
        f"{where}: the loss is {numbers[0]:.6g}; its parts, not weighted:{parts}"
        "\n  lower the learning rate, clip the gradient, or train in bf16 or fp32 instead of fp16"
    )
