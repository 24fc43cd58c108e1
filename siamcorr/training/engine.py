"""One epoch of training as a generator of steps; Fabric distributes and casts, the loop is ours."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Generator, Iterable
from typing import TYPE_CHECKING, Literal, NamedTuple

import torch
from pydantic import Field

from siamcorr.config import Settings
from siamcorr.data.pairs.batch import PairBatch
from siamcorr.training.launch import reduced
from siamcorr.training.objectives.base import Losses, Objective, check_finite
from siamcorr.training.optimisers import set_learning_rate
from siamcorr.training.state import TrainState

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = ["StepReport", "StepSettings", "Stopwatch", "train_one_epoch"]


class StepSettings(Settings):
    """How one update of the weights is made.

    Attributes:
        accumulate: batches whose gradients are averaged for one update.
        clip_norm: largest norm of the gradient, which is scaled down to it; None for any.
        gradients: over processes, `mean` or `sum`. PySOT's learning rates are meant for the sum.
        profile: wait for the GPU after every part of a step, so that their times are their own;
            costs speed.
    """

    accumulate: int = Field(1, ge=1)
    clip_norm: float | None = Field(None, gt=0)
    gradients: Literal["mean", "sum"] = "mean"
    profile: bool = False


class StepReport(NamedTuple):
    """What one update of the weights was.

    Attributes:
        epoch: 0-based.
        step: number of updates with this one, over all epochs.
        lr: learning rate of groups with factor 1.
        total: the loss, mean over processes and accumulated batches.
        parts: of the loss, likewise.
        pairs: in all processes.
        seconds: of the parts of the step: `data` (waiting for it), `forward`, `backward` and
            `update`. On a GPU the last three are times of launching, unless it is profiled.
    """

    epoch: int
    step: int
    lr: float
    total: float
    parts: dict[str, float]
    pairs: int
    seconds: dict[str, float]


class Stopwatch:
    """Seconds of named parts, one after another.

    Args:
        wait_for: device to wait for before time is taken; None takes it as it is.
    """

    def __init__(self, wait_for: torch.device | None = None) -> None:
        self._wait_for = wait_for
        self.restart()

    def restart(self) -> None:
        """Forget all parts and start now."""
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, part: str) -> None:
        """Add the time since the last lap to a part."""
        if self._wait_for is not None and self._wait_for.type == "cuda":
            torch.cuda.synchronize(self._wait_for)
        now = time.perf_counter()
        self.seconds[part] = self.seconds.get(part, 0.0) + now - self._last
        self._last = now


def train_one_epoch(
    fabric: Fabric,
    state: TrainState,
    batches: Iterable[PairBatch],
    objective: Objective,
    settings: StepSettings,
    *,
    rate: Callable[[int], float],
) -> Generator[StepReport, None, None]:
    """Update the weights once for every `settings.accumulate` batches, and report each update.

    Args:
        fabric: launched; `enter_epoch` has wrapped the state's model.
        state: changed in place; a report comes when its step is complete, so that the caller may
            save the state, look at it, or stop.
        batches: from `state.step` of the epoch on; an incomplete group at the end is left out.
        objective: output of the model and batch to losses.
        settings: how an update is made.
        rate: step of the epoch to learning rate.

    Yields:
        One report a step.

    Raises:
        TrainingError: the loss is not finite; the weights are as before the step.
    """
    watch = Stopwatch(fabric.device if settings.profile else None)
    iterator = iter(batches)
    while len(group := list(itertools.islice(iterator, settings.accumulate))) == (
        settings.accumulate
    ):
        watch.lap("data")
        lr = rate(state.step)
        set_learning_rate(state.optimiser, lr)
        losses = _accumulate(fabric, state, group, objective, watch)
        mean = _mean_losses(fabric, losses)
        check_finite(mean, f"epoch {state.epoch}, step {state.step}")
        _update(fabric, state, settings)
        watch.lap("update")
        state.step += 1
        state.total_steps += 1
        pairs = fabric.world_size * sum(len(batch.search) for batch in group)
        yield StepReport(
            epoch=state.epoch,
            step=state.total_steps,
            lr=lr,
            total=mean.total.item(),
            parts={name: part.item() for name, part in mean.parts.items()},
            pairs=pairs,
            seconds=dict(watch.seconds),
        )
        watch.restart()


def _accumulate(
    fabric: Fabric,
    state: TrainState,
    group: list[PairBatch],
    objective: Objective,
    watch: Stopwatch,
) -> list[Losses]:
    """Gradients of the mean loss of a group; processes exchange them once, at the end."""
    found = []
    for i, batch in enumerate(group, start=1):
        with fabric.no_backward_sync(state.wrapped_model, enabled=i < len(group)):
            output = state.wrapped_model(
                state.model.normalise(batch.search), state.model.normalise(batch.template)
            )
            losses = objective(output, batch)
            watch.lap("forward")
            fabric.backward(losses.total / len(group))
            watch.lap("backward")
        found.append(losses)
    return found


def _mean_losses(fabric: Fabric, found: list[Losses]) -> Losses:
    """Mean over batches and processes, on CPU: one exchange, one wait for the GPU."""
    rows = [torch.stack([each.total, *each.parts.values()]).detach().float() for each in found]
    mean = reduced(fabric, torch.stack(rows).mean(0), "mean")
    total, *parts = mean.cpu().unbind()
    return Losses(total, dict(zip(found[0].parts, parts, strict=True)))


def _update(fabric: Fabric, state: TrainState, settings: StepSettings) -> None:
    """Clip, step, forget the gradients, follow with the average."""
    if settings.gradients == "sum" and fabric.world_size > 1:
        gradients = [p.grad for p in state.model.parameters() if p.grad is not None]
        torch._foreach_mul_(gradients, float(fabric.world_size))
    if settings.clip_norm is not None:
        fabric.clip_gradients(
            state.wrapped_model,
            state.wrapped_optimiser,
            max_norm=settings.clip_norm,
            error_if_nonfinite=False,  # fp16 overflows on purpose and skips such a step
        )
    state.wrapped_optimiser.step()
    state.wrapped_optimiser.zero_grad()
    if state.average is not None:
        state.average.update(state.model)
