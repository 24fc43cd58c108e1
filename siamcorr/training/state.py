"""What training changes while it runs: weights, optimiser, average, and the place in the epochs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from siamcorr.models.siamese import SiameseModel
from siamcorr.training.ema import WeightAverage
from siamcorr.training.optimisers import BackboneSettings, OptimiserSettings, build_optimiser

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = ["TrainState", "enter_epoch"]


@dataclass
class TrainState:
    """Everything that a checkpoint keeps.

    Attributes:
        model: on its device, with its own weights.
        optimiser: over what learns in this stage.
        average: moving average of the weights, or None.
        stage: number of releases of the backbone up to now; see `BackboneSettings.stage`.
        epoch: 0-based, of the next step.
        step: of the epoch, 0-based, the next one; a step is one update of the weights.
        total_steps: done in all epochs.
        best: highest validation score so far.
        wrapped_model: what Fabric made of the model, for forward passes.
        wrapped_optimiser: what Fabric made of the optimiser, for updates.
    """

    model: SiameseModel
    optimiser: torch.optim.Optimizer
    average: WeightAverage | None = None
    stage: int = 0
    epoch: int = 0
    step: int = 0
    total_steps: int = 0
    best: float = -math.inf
    wrapped_model: Any = None
    wrapped_optimiser: Any = None

    @property
    def shown_model(self) -> SiameseModel:
        """The model to validate and to save: the average where there is one."""
        if self.average is None:
            return self.model
        averaged = self.average.model
        assert isinstance(averaged, SiameseModel)
        return averaged

    def wrap(self, fabric: Fabric) -> None:
        """Let Fabric distribute the model: anew for every stage, as other parameters learn."""
        self.wrapped_model, self.wrapped_optimiser = fabric.setup(self.model, self.optimiser)


def enter_epoch(
    fabric: Fabric, state: TrainState, optimiser: OptimiserSettings, backbone: BackboneSettings
) -> None:
    """Begin a stage if this epoch does: a fresh optimiser over what learns from now on.

    Args:
        fabric: launched.
        state: changed in place; `set_train_mode` has set its model to the epoch.
        optimiser: kind and constants.
        backbone: how the backbone learns.

    Source:
        PySOT rebuilds optimiser and schedule where it releases the backbone, so the momentum
        starts from zero.
    """
    stage = backbone.stage(state.epoch)
    if stage != state.stage:
        state.optimiser = build_optimiser(state.model, optimiser, backbone, state.epoch)
        state.stage = stage
        state.wrapped_model = None
    if state.wrapped_model is None:
        state.wrap(fabric)
