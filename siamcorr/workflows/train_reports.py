"""What a training run tells: progress, the log, and events for TensorBoard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from siamcorr.errors import MissingDependency
from siamcorr.training.engine import StepReport
from siamcorr.training.logs import TrainLog
from siamcorr.workflows.train_files import TrainFiles
from siamcorr.workflows.train_parts import TrainParts, tracker_around
from siamcorr.workflows.train_pictures import draw_examples

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = ["ProgressCallback", "TrainProgress", "TrainReporter"]


@dataclass(frozen=True)
class TrainProgress:
    """Where a run stands.

    Attributes:
        step: updates done.
        steps: updates of the whole run.
        report: of the last step; None before the first.
        overlap: newest validation score of this call, or None.
    """

    step: int
    steps: int
    report: StepReport | None
    overlap: float | None


ProgressCallback: TypeAlias = Callable[[TrainProgress], None]


class TrainReporter:
    """Tells the first process's user what happens; silent in the others.

    Args:
        fabric: launched.
        parts: of the run.
        files: of the run.
        progress: called after every step and validation.
    """

    def __init__(
        self,
        fabric: Fabric,
        parts: TrainParts,
        files: TrainFiles,
        progress: ProgressCallback | None,
    ) -> None:
        self._parts, self._state, self._settings = parts, parts.state, parts.settings
        self._active = fabric.global_rank == 0
        self._device = fabric.device
        self._progress = progress or (lambda progress: None)
        self._report: StepReport | None = None
        self._overlap: float | None = None
        self._seconds: Counter[str] = Counter()
        self._pairs = self._steps = 0
        self._events: Any = None
        if not self._active:
            return
        files.prepare(self._settings)
        done = self._state.total_steps
        self._log = TrainLog(files.log, steps_done=done)
        if self._settings.tensorboard is not None:
            self._events = _open_events(str(files.tensorboard), done)
        self._tell()

    def step(self, report: StepReport) -> None:
        """Take one step into account; every `log_every` steps it goes into the log."""
        if not self._active:
            return
        self._report = report
        self._seconds.update(report.seconds)
        self._pairs += report.pairs
        self._steps += 1
        if report.step % self._settings.log_every == 0:
            self._write(report)
        self._tell()

    def validation(self, mean: float, scores: Mapping[str, float]) -> None:
        """Take a validation into account."""
        if not self._active:
            return
        step, epoch = self._state.total_steps, self._state.epoch
        self._overlap = mean
        self._log.write({"step": step, "epoch": epoch, "overlap": mean, "overlaps": dict(scores)})
        if self._events is not None:
            self._events.add_scalar("overlap", mean, step)
        self._tell()

    def pictures(self, count: int) -> None:
        """Show pairs of the epoch with what the model says about them."""
        if self._events is None:
            return
        state = self._state
        batch = self._parts.source.batch(state.epoch, range(count), self._device)
        tracker = tracker_around(state.model, self._parts.tracker)
        picture = draw_examples(tracker, state.model, batch)
        self._events.add_image("pairs", picture, state.total_steps, dataformats="HWC")

    def close(self) -> None:
        """Bring the events to disk."""
        if self._events is not None:
            self._events.close()

    def _write(self, report: StepReport) -> None:
        """A line of the log: losses of this step, times of all steps since the last line."""
        total_seconds = sum(self._seconds.values())
        line = {
            "step": report.step,
            "epoch": report.epoch,
            "lr": report.lr,
            "total": report.total,
            "parts": report.parts,
            "pairs_per_s": self._pairs / total_seconds,
            "data_share": self._seconds["data"] / total_seconds,
            "seconds": {name: each / self._steps for name, each in self._seconds.items()},
        }
        self._log.write(line)
        if self._events is not None:
            scalars = {name: line[name] for name in ("lr", "total", "pairs_per_s", "data_share")}
            parts = {f"parts/{name}": value for name, value in report.parts.items()}
            for name, value in (scalars | parts).items():
                self._events.add_scalar(name, value, report.step)
        self._seconds.clear()
        self._pairs = self._steps = 0

    def _tell(self) -> None:
        steps = self._parts.steps
        self._progress(TrainProgress(self._state.total_steps, steps, self._report, self._overlap))


def _open_events(folder: str, steps_done: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise MissingDependency(
            f"events need tensorboard, which does not load: {error}\n"
            "  install it with: pip install 'siamcorr[train]', or set tensorboard to null"
        ) from error
    return SummaryWriter(folder, purge_step=steps_done + 1 if steps_done else None)
