"""Training: settings in, a folder with weights, checkpoint and log out."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING

import torch

from siamcorr.data.pairs import pair_batches
from siamcorr.training.checkpoint import save_checkpoint
from siamcorr.training.engine import train_one_epoch
from siamcorr.training.launch import launched_fabric, reduced
from siamcorr.training.optimisers import set_train_mode
from siamcorr.training.schedule import learning_rate
from siamcorr.training.settings import TrainSettings
from siamcorr.training.state import enter_epoch
from siamcorr.training.validation import validate
from siamcorr.workflows.train_files import TrainFiles
from siamcorr.workflows.train_parts import TrainParts, build_parts, tracker_around
from siamcorr.workflows.train_reports import ProgressCallback, TrainReporter

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = ["TrainSummary", "train"]

StopCallback = Callable[[], bool]


@dataclass
class TrainSummary:
    """What a run made.

    Attributes:
        files: of its folder.
        steps: updates done, those before a resumed checkpoint included.
        seconds: wall time of this call.
        interrupted: whether it was asked to stop.
        overlaps: (updates done, mean overlap) of every validation of this call.
        first_process: whether this is the one that writes.
    """

    files: TrainFiles
    steps: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    overlaps: list[tuple[int, float]] = field(default_factory=list)
    first_process: bool = True


def train(
    settings: TrainSettings,
    out: str | Path,
    *,
    device: str | None = None,
    resume: bool = False,
    progress: ProgressCallback | None = None,
    stop_requested: StopCallback | None = None,
) -> TrainSummary:
    """Train the network of a tracker.

    Alone, or as one of the processes that torchrun or srun started: then they share each epoch, and
    the first one writes. `out` gets `best.safetensors`, `last.safetensors`, `checkpoint.pt`,
    `config.yaml` and `log.jsonl`.

    Args:
        settings: of the run.
        out: folder to make.
        device: `cpu`, `cuda` or, alone, `cuda:1`; None takes CUDA where it is at hand.
        resume: go on from the checkpoint in `out`, with the same settings and processes. On CPU the
            weights become those of a run that was never stopped, bit for bit.
        progress: called in the first process, after every step and every validation.
        stop_requested: asked after every step; True saves a checkpoint and ends the run.

    Raises:
        InvalidArgument: `out` holds a run and `resume` is off, or settings that do not fit.
        ConfigError: `resume` with other settings.
        CheckpointError: a checkpoint or initial weights that cannot be used.
        TrainingError: a loss is not finite; the last checkpoint stays.
        MissingDependency: lightning, or tensorboard where it is asked for, is not installed.
    """
    files = TrainFiles(Path(out))
    files.check(resume=resume)
    started = time.perf_counter()
    with launched_fabric(device=device, precision=settings.precision) as fabric:
        parts = build_parts(fabric, settings, files.checkpoint if resume else None)
        with closing(TrainReporter(fabric, parts, files, progress)) as reporter:
            run = _Run(fabric, parts, files, reporter, stop_requested or (lambda: False))
            run.execute()
    run.summary.seconds = time.perf_counter() - started
    return run.summary


class _Run:
    """One call of `train`."""

    def __init__(
        self,
        fabric: Fabric,
        parts: TrainParts,
        files: TrainFiles,
        reporter: TrainReporter,
        stop_requested: StopCallback,
    ) -> None:
        self.fabric, self.parts, self.files, self.reporter = fabric, parts, files, reporter
        self.settings, self.state = parts.settings, parts.state
        self.stop_requested = stop_requested
        self.summary = TrainSummary(files, first_process=fabric.global_rank == 0)
        self.summary.steps = self.state.total_steps

    def execute(self) -> None:
        """Epoch after epoch, from where the state stands."""
        validation, state = self.settings.validation, self.state
        if validation is not None and validation.at_start and state.total_steps == 0:
            self.validate()
        while state.epoch < self.settings.epochs and not self.at_last_step:
            self.train_epoch()
            self.summary.steps = state.total_steps
            if self.summary.interrupted:
                self.save_checkpoint()
                return
            if state.step == self.parts.steps_per_epoch:
                state.epoch, state.step = state.epoch + 1, 0
            self.end_epoch()

    @property
    def at_last_step(self) -> bool:
        """Whether `max_steps` ends the run here."""
        return self.state.total_steps == self.settings.max_steps

    def train_epoch(self) -> None:
        """The steps of an epoch that are still to be done."""
        settings, state, parts = self.settings, self.state, self.parts
        set_train_mode(state.model, settings.backbone, state.epoch, frozen_norm=parts.frozen_norm)
        enter_epoch(self.fabric, state, settings.optimiser, settings.backbone)
        batches = pair_batches(
            parts.source,
            epoch=state.epoch,
            batch_size=settings.batch_size,
            seed=settings.seed,
            rank=self.fabric.global_rank,
            world_size=self.fabric.world_size,
            start_step=state.step * settings.update.accumulate,
            workers=settings.workers,
            device=self.fabric.device,
        )
        with closing(
            train_one_epoch(
                self.fabric, state, batches, parts.objective, settings.update, rate=self.rate
            )
        ) as reports:
            for report in reports:
                self.reporter.step(report)
                self.summary.interrupted = self.agree(self.stop_requested())
                if self.summary.interrupted or self.at_last_step:
                    return
                self.between_steps()

    def between_steps(self) -> None:
        """What comes every so many steps within an epoch."""
        settings, state = self.settings, self.state
        every = settings.checkpoint_every
        inside = state.step < self.parts.steps_per_epoch  # its end has a checkpoint anyway
        if every is not None and inside and state.total_steps % every == 0:
            self.save_checkpoint()
        pictures = settings.tensorboard
        if pictures is not None and state.total_steps % pictures.pictures_every == 0:
            self.reporter.pictures(pictures.pictures)
            set_train_mode(
                state.model, settings.backbone, state.epoch, frozen_norm=self.parts.frozen_norm
            )

    def end_epoch(self) -> None:
        """Validate where it is due, and write weights and checkpoint."""
        settings, state = self.settings, self.state
        validation = settings.validation
        last = state.epoch == settings.epochs or self.at_last_step
        score = None
        if validation is not None and (last or state.epoch % validation.every == 0):
            score = self.validate()
        if self.fabric.global_rank == 0:
            if score is not None and score > state.best:
                self.save_weights(self.files.best)
            self.save_weights(self.files.last)
        if score is not None:
            state.best = max(state.best, score)
        self.save_checkpoint()

    def validate(self) -> float:
        """Mean overlap over the clips, each counting once."""
        tracker = tracker_around(self.state.shown_model, self.parts.tracker)
        scores = validate(self.fabric, tracker, self.parts.clips)
        mean = fmean(scores.values())
        self.reporter.validation(mean, scores)
        self.summary.overlaps.append((self.state.total_steps, mean))
        return mean

    def rate(self, step: int) -> float:
        """Learning rate at a step of this epoch."""
        phases = self.settings.schedule.values()
        return learning_rate(phases, self.state.epoch, step, self.parts.steps_per_epoch)

    def agree(self, mine: bool) -> bool:
        """Whether any process was asked to stop, so that all of them do at the same step."""
        if self.fabric.world_size == 1:
            return mine
        asked = torch.tensor(float(mine), device=self.fabric.device)
        return bool(reduced(self.fabric, asked, "sum") > 0)

    def save_weights(self, path: Path) -> None:
        """The model to show, with its tracker."""
        model, parts = self.state.shown_model, self.parts
        self.files.save_weights(path, model, parts.tracker, self.settings)

    def save_checkpoint(self) -> None:
        """All processes take part."""
        stored = self.settings.model_dump(mode="json")
        save_checkpoint(self.files.checkpoint, self.fabric, self.state, stored)
