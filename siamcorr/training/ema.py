"""Exponential moving average of a model's weights: what is validated and saved in its place."""

from __future__ import annotations

import copy

import torch
from pydantic import Field
from torch import Tensor, nn

from siamcorr.config import Settings

__all__ = ["AverageSettings", "WeightAverage"]


class AverageSettings(Settings):
    """Settings of the moving average.

    Attributes:
        decay: share of the old average that a step keeps.
        warm_up: start with a small share, min(decay, (1 + n) / (10 + n)) after n steps, so that the
            fresh weights do not linger.
    """

    decay: float = Field(0.999, ge=0, lt=1)
    warm_up: bool = True


class WeightAverage:
    """A second set of weights that follows a model.

    average = decay * average + (1 - decay) * weights

    Args:
        model: is copied; its present weights are the first average.
        settings: how fast the average follows.

    Attributes:
        model: the copy, in evaluation mode and without gradients; its weights are the average, its
            buffers (such as the statistics of batch norm) are the model's own.
        updates: steps averaged so far.
    """

    def __init__(self, model: nn.Module, settings: AverageSettings) -> None:
        self.settings = settings
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards the model's weights."""
        settings, n = self.settings, self.updates
        decay = min(settings.decay, (1 + n) / (10 + n)) if settings.warm_up else settings.decay
        averages = [parameter.data for parameter in self.model.parameters()]
        weights = [parameter.data for parameter in model.parameters()]
        torch._foreach_lerp_(averages, weights, 1 - decay)
        for mine, other in zip(self.model.buffers(), model.buffers(), strict=True):
            mine.copy_(other)
        self.updates += 1

    def state_dict(self) -> dict[str, dict[str, Tensor] | int]:
        """What a checkpoint keeps."""
        return {"model": self.model.state_dict(), "updates": self.updates}

    def load_state_dict(self, state: dict[str, dict[str, Tensor] | int]) -> None:
        """Go on from a checkpoint."""
        weights, updates = state["model"], state["updates"]
        assert isinstance(weights, dict)
        assert isinstance(updates, int)
        self.model.load_state_dict(weights)
        self.updates = updates
