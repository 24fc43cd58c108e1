"""What a training run works with, built from its settings: pairs, model, objective, state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from siamcorr.data.pairs import (
    JoinedPairs,
    PairShape,
    PairSource,
    VideoPairs,
    WeightedSet,
    read_cropped_511,
    steps_per_epoch,
)
from siamcorr.data.pairs.cropped_511 import PairVideo
from siamcorr.data.sequences import load_dataset
from siamcorr.data.synthetic_pairs import SyntheticPairs
from siamcorr.errors import BackendUnavailable, InvalidArgument
from siamcorr.models.factory import build_model
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import load_weights
from siamcorr.nn.initialise import xavier_uniform_
from siamcorr.tracking.crop_settings import CropSettings
from siamcorr.tracking.factory import settings_of_config
from siamcorr.tracking.registry import TRACKERS
from siamcorr.training.checkpoint import load_checkpoint, restore
from siamcorr.training.ema import WeightAverage
from siamcorr.training.objectives import OBJECTIVES, Objective
from siamcorr.training.objectives.base import BaseObjective
from siamcorr.training.optimisers import build_optimiser
from siamcorr.training.settings import (
    ClipData,
    SyntheticData,
    TrainSettings,
    VideoData,
    VideoPairSettings,
)
from siamcorr.training.state import TrainState
from siamcorr.types import Sequence as VideoSequence
from siamcorr.types import Tracker
from siamcorr.workflows.train_clips import render_clips, validation_clips
from siamcorr.workflows.train_files import check_same_run

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = [
    "TrainParts",
    "build_pairs",
    "build_parts",
    "pair_shape",
    "tracker_around",
    "tracker_to_train",
]


@dataclass
class TrainParts:
    """What a run works with.

    Attributes:
        settings: of the run.
        tracker: whose network is trained.
        source: of pairs.
        objective: what is minimised.
        clips: to validate on.
        state: fresh, or from a checkpoint.
        steps_per_epoch: updates of an epoch.
    """

    settings: TrainSettings
    tracker: CropSettings
    source: PairSource
    objective: Objective
    clips: list[VideoSequence]
    state: TrainState
    steps_per_epoch: int

    @property
    def steps(self) -> int:
        """Updates of the whole run."""
        whole = self.steps_per_epoch * self.settings.epochs
        return min(whole, self.settings.max_steps or whole)

    @property
    def frozen_norm(self) -> bool:
        """Whether batch norm keeps its statistics."""
        return self.settings.norm == "frozen"


def build_parts(fabric: Fabric, settings: TrainSettings, checkpoint: Path | None) -> TrainParts:
    """Everything that a run works with.

    Args:
        fabric: launched.
        settings: of the run.
        checkpoint: to go on from; None starts afresh.

    Raises:
        InvalidArgument: settings that do not fit together, or not one step in an epoch.
        ConfigError: the checkpoint is of a run with other settings.
        CheckpointError: it cannot be used.
    """
    tracker = tracker_to_train(settings)
    shape = pair_shape(settings, tracker)
    source = build_pairs(settings, shape)
    steps = _steps_per_epoch(settings, source, fabric.world_size)
    torch.manual_seed(settings.seed)
    model = _build_model(fabric, settings, tracker)
    objective = _build_objective(settings, tracker, shape, model.stride)
    for name in objective.untaught:
        model.get_submodule(name).requires_grad_(False)
    return TrainParts(
        settings=settings,
        tracker=tracker,
        source=source,
        objective=objective,
        clips=validation_clips(settings),
        state=_build_state(fabric, settings, model, checkpoint),
        steps_per_epoch=steps,
    )


def tracker_to_train(settings: TrainSettings) -> CropSettings:
    """Settings of the tracker whose network is trained.

    Raises:
        InvalidArgument: a tracker without a network that compares crops.
    """
    found = settings_of_config(settings.tracker, settings.tracker_changes)
    if not isinstance(found, CropSettings):
        raise InvalidArgument(
            f"tracker {settings.tracker!r} has no network to train; name one such as siamrpn_r50"
        )
    return found


def pair_shape(settings: TrainSettings, tracker: CropSettings) -> PairShape:
    """Sizes of the training crops: the run's own, or the tracker's."""
    if settings.crops is not None:
        return settings.crops
    return PairShape(
        template_size=tracker.template_size,
        search_size=tracker.search_size,
        context_amount=tracker.context_amount,
    )


def tracker_around(model: SiameseModel, tracker: CropSettings) -> Tracker:
    """A tracker with this model, which is put into evaluation mode."""
    kind = cast(Any, tracker).kind
    return cast(Tracker, cast(Any, TRACKERS[kind])(model.eval(), tracker))


def build_pairs(settings: TrainSettings, shape: PairShape) -> PairSource:
    """Where the pairs come from; the entries of `data` share an epoch by their weights.

    Raises:
        InvalidArgument: an entry would get no pair.
    """
    rendered = [each for each in settings.data.values() if isinstance(each, SyntheticData)]
    sets = [_weighted_set(name, entry) for name, entry in settings.video_data.items()]
    weights = [*(entry.weight for entry in rendered), sum(each.weight for each in sets)]
    ends = (np.cumsum(weights) / sum(weights) * settings.pairs).round().astype(int)
    counts = np.diff(ends, prepend=0).tolist()
    if min(counts[: len(rendered)], default=1) < 1:
        raise InvalidArgument(
            f"data: a synthetic entry's weight leaves it none of {settings.pairs} pairs; weights "
            f"of the synthetic entries and of all video: {weights}"
        )
    sources: list[PairSource] = [
        SyntheticPairs(entry.scenes, shape, pairs=count, seed=settings.seed + number)
        for number, (entry, count) in enumerate(zip(rendered, counts[:-1], strict=True))
    ]
    if sets:
        sources.append(_video_pairs(settings, sets, shape, counts[-1]))
    return sources[0] if len(sources) == 1 else JoinedPairs(sources)


def _video_pairs(
    settings: TrainSettings, sets: list[WeightedSet], shape: PairShape, count: int
) -> VideoPairs:
    how = settings.video_pairs or VideoPairSettings()
    return VideoPairs(
        sets,
        shape,
        pairs=count,
        seed=settings.seed,
        negative_share=how.negative_share,
        hard_negative_share=how.hard_negative_share,
        augmentation=how.augmentation,
        rule=how.rule,
        targets=how.targets,
    )


def _weighted_set(name: str, entry: VideoData | ClipData) -> WeightedSet:
    videos = _videos(name, entry)
    weight = len(videos) if entry.weight is None else entry.weight
    return WeightedSet(name, videos, weight, entry.frame_range)


def _videos(name: str, entry: VideoData | ClipData) -> Sequence[PairVideo]:
    if isinstance(entry, ClipData):
        return cast(list[PairVideo], render_clips(name, entry))  # all that pairs are cut with
    if entry.annotation is not None:
        return read_cropped_511(entry.root, entry.annotation)
    return load_dataset(entry.format, entry.root, sequences=entry.sequences).sequences


def _steps_per_epoch(settings: TrainSettings, source: PairSource, world_size: int) -> int:
    batches = steps_per_epoch(source, settings.batch_size, world_size)
    if batches < settings.update.accumulate:
        raise InvalidArgument(
            f"an epoch of {len(source)} pairs has not one step of {settings.update.accumulate} x "
            f"{world_size} x {settings.batch_size} (accumulate x processes x batch_size)"
        )
    return batches // settings.update.accumulate


def _build_model(fabric: Fabric, settings: TrainSettings, tracker: CropSettings) -> SiameseModel:
    """The tracker's network with the weights to start from, on the device."""
    chosen = tracker.model.model_copy(update={"xcorr_backend": settings.xcorr_backend})
    init = settings.init
    model = build_model(chosen, pretrained=init.model is None and init.backbone is None)
    if init.fresh == "xavier":
        xavier_uniform_(model)
    if init.model is not None:
        load_weights(model, init.model)
    if init.backbone is not None:
        load_weights(model.backbone, init.backbone)
    if settings.norm == "synchronised":
        if fabric.device.type != "cuda":
            raise BackendUnavailable("norm: synchronised needs GPUs; use per_process or frozen")
        model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
    return model.to(fabric.device)


def _build_objective(
    settings: TrainSettings, tracker: CropSettings, shape: PairShape, stride: int
) -> BaseObjective:
    chosen = settings.objective
    return OBJECTIVES[cast(Any, chosen).kind].from_settings(
        chosen,
        shape=shape,
        stride=stride,
        anchor_ratios=getattr(tracker, "anchor_ratios", None),
        anchor_scales=getattr(tracker, "anchor_scales", None),
    )


def _build_state(
    fabric: Fabric, settings: TrainSettings, model: SiameseModel, checkpoint: Path | None
) -> TrainState:
    """Fresh, or as in the checkpoint; random numbers follow it."""
    content = None if checkpoint is None else load_checkpoint(checkpoint)
    epoch = 0
    if content is not None:
        check_same_run(content["settings"], settings)
        epoch = content["epoch"] if content["step"] else max(content["epoch"] - 1, 0)
    optimiser = build_optimiser(model, settings.optimiser, settings.backbone, epoch)
    average = None if settings.average is None else WeightAverage(model, settings.average)
    state = TrainState(model, optimiser, average, stage=settings.backbone.stage(epoch))
    if content is None:
        torch.manual_seed(settings.seed + 1 + fabric.global_rank)  # each process draws its own
    else:
        restore(state, content, fabric)
    return state
