"""The config of a training run: what is trained, on what, by which recipe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from siamcorr.config import Settings, find_config, parse_config, read_yaml, with_changes
from siamcorr.data.pairs import AugmentationSettings, PairShape, TargetFilter
from siamcorr.data.pairs.sampling import FrameRule
from siamcorr.data.synthetic import RandomScenes
from siamcorr.data.synthetic_pairs import SyntheticPairSettings
from siamcorr.training.ema import AverageSettings
from siamcorr.training.engine import StepSettings
from siamcorr.training.launch import Precision
from siamcorr.training.objectives import OBJECTIVES
from siamcorr.training.optimisers import BackboneSettings, OptimiserSettings
from siamcorr.training.schedule import Phase, count_epochs

__all__ = [
    "ClipData",
    "InitSettings",
    "SyntheticClips",
    "SyntheticData",
    "TensorBoardSettings",
    "TrainSettings",
    "ValidationSettings",
    "VideoClips",
    "VideoData",
    "VideoPairSettings",
    "load_train_settings",
]

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]


class VideoData(Settings):
    """A data set to cut pairs from.

    Attributes:
        format: a name that `siamcorr.data.load_dataset` knows, or `cropped_511` for PySOT's stored
            crops.
        root: its folder.
        annotation: the JSON beside stored crops; for `cropped_511` alone.
        sequences: names of the sequences to use; None uses all.
        weight: share of the pairs, relative to the other entries; None is its number of videos.
        frame_range: how far apart the two frames of a pair may be.
    """

    kind: Literal["video"]
    format: str
    root: str
    annotation: str | None = None
    sequences: tuple[str, ...] | None = None
    weight: float | None = Field(1.0, gt=0)
    frame_range: int = Field(100, ge=0)

    @model_validator(mode="after")
    def _annotation_beside_crops(self) -> Self:
        if (self.format == "cropped_511") != (self.annotation is not None):
            raise ValueError("annotation: the JSON of format cropped_511, and of no other")
        if self.annotation is not None and self.sequences is not None:
            raise ValueError("sequences: stored crops are used as their JSON lists them")
        return self


class SyntheticData(Settings):
    """Pairs that are rendered.

    Attributes:
        weight: share of the pairs, relative to the other entries.
        scenes: what to render.
    """

    kind: Literal["synthetic"]
    weight: float = Field(1.0, gt=0)
    scenes: SyntheticPairSettings = SyntheticPairSettings()


class SyntheticClips(Settings):
    """Clips of `siamcorr.data.synthetic`, rendered when the run starts and kept in memory.

    Attributes:
        clips: how many.
        seed: of the first; they count on.
        scenes: what to render.
    """

    kind: Literal["clips"]
    clips: int = Field(ge=1)
    seed: int = Field(ge=0)
    scenes: RandomScenes = RandomScenes()


class ClipData(SyntheticClips):
    """Rendered clips to cut pairs from as from video: fewer scenes than `synthetic`, soon ready.

    Attributes:
        weight: share of the pairs, relative to the other entries.
        frame_range: how far apart the two frames of a pair may be.
    """

    weight: float = Field(1.0, gt=0)
    frame_range: int = Field(100, ge=0)


DataSettings: TypeAlias = Annotated[
    VideoData | ClipData | SyntheticData, Field(discriminator="kind")
]


class VideoPairSettings(Settings):
    """How pairs are drawn from video and changed.

    Attributes:
        negative_share: of pairs whose search crop shows another target.
        hard_negative_share: of these, those whose other target is of the same class.
        rule: how the two frames of a positive pair are drawn.
        targets: which targets count in which frames.
        augmentation: of both crops.
    """

    negative_share: Share = 0.0
    hard_negative_share: Share = 0.0
    rule: FrameRule = "window"
    targets: TargetFilter = TargetFilter()
    augmentation: AugmentationSettings = AugmentationSettings()


class VideoClips(Settings):
    """Sequences of a data set to validate on.

    Attributes:
        format: a name that `siamcorr.data.load_dataset` knows.
        root: its folder.
        sequences: names of the sequences; None takes all.
        frames: of each sequence, from its first; None takes all.
    """

    kind: Literal["video"]
    format: str
    root: str
    sequences: tuple[str, ...] | None = None
    frames: int | None = Field(None, ge=2)


class ValidationSettings(Settings):
    """Validation by tracking sequences that are held out of training.

    Attributes:
        every: epochs; the last epoch is always validated.
        at_start: also validate the fresh weights.
        clips: what to track, under any names.
    """

    every: int = Field(1, ge=1)
    at_start: bool = False
    clips: dict[str, Annotated[SyntheticClips | VideoClips, Field(discriminator="kind")]] = Field(
        min_length=1
    )


class InitSettings(Settings):
    """Weights to start from; None keeps fresh ones.

    Attributes:
        fresh: how they are drawn: as each part does by itself, or Xavier's uniform, biases 0.
        model: file with the weights of the whole model.
        backbone: file with the weights of the backbone alone.
    """

    fresh: Literal["default", "xavier"] = "default"
    model: str | None = None
    backbone: str | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.model is not None and self.backbone is not None:
            raise ValueError("model holds the backbone's weights too; give one of the two files")
        if self.model is not None and self.fresh != "default":
            raise ValueError("fresh: model leaves nothing fresh; give one of the two")
        return self


class TensorBoardSettings(Settings):
    """TensorBoard events in the folder `tensorboard` of the run.

    Attributes:
        pictures_every: steps between pictures of pairs, responses and predicted boxes.
        pictures: pairs shown at a time.
    """

    pictures_every: int = Field(500, ge=1)
    pictures: int = Field(4, ge=1, le=32)


class TrainSettings(Settings):
    """Everything that decides what a run learns.

    Attributes:
        tracker: name of a config in `configs/trackers` or path of a YAML file: its model is
            trained, and it tracks with the weights.
        tracker_changes: settings of the tracker with other values, by dotted key.
        crops: sizes of the training crops; None takes the tracker's.
        xcorr_backend: of the correlations in training; None chooses by shape. The tracker's own
            goes into the weights file.
        objective: `kind` and settings of an entry of `siamcorr.training.objectives.OBJECTIVES`.
        data: where pairs come from, under any names.
        video_pairs: how they are drawn from the entries of kind `video` and `clips`.
        pairs: an epoch, of all processes together.
        batch_size: pairs a process.
        workers: processes that read pairs ahead for each training process; 0 reads in between.
        optimiser: kind and constants.
        schedule: phases of the learning rate in their order, under any names; they give the
            number of epochs.
        backbone: which of its layers learn when, and how fast.
        norm: statistics of batch norm: of each process's own batch, of all processes' batches
            together (`synchronised`, on GPUs), or kept as they are (`frozen`).
        precision: of the forward pass.
        update: accumulation, clipping, sum or mean over processes.
        average: exponential moving average of the weights, which is then validated and saved.
        init: weights to start from.
        validation: by tracking; None never validates.
        checkpoint_every: steps between checkpoints within an epoch; None writes at its end alone.
        log_every: steps between lines of the log.
        max_steps: end the run after so many steps, whatever the schedule.
        seed: of weights, pairs and their order.
        tensorboard: None writes no events.
        licence: of the weights, for their record.
    """

    tracker: str
    tracker_changes: dict[str, Any] = Field(default_factory=dict)
    crops: PairShape | None = None
    xcorr_backend: str | None = None
    objective: SerializeAsAny[Settings]
    data: dict[str, DataSettings] = Field(min_length=1)
    video_pairs: VideoPairSettings | None = None
    pairs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    workers: int = Field(0, ge=0)
    optimiser: OptimiserSettings
    schedule: dict[str, Phase] = Field(min_length=1)
    backbone: BackboneSettings = BackboneSettings()
    norm: Literal["per_process", "synchronised", "frozen"] = "per_process"
    precision: Precision = "fp32"
    update: StepSettings = StepSettings()
    average: AverageSettings | None = None
    init: InitSettings = InitSettings()
    validation: ValidationSettings | None = None
    checkpoint_every: int | None = Field(None, ge=1)
    log_every: int = Field(20, ge=1)
    max_steps: int | None = Field(None, ge=1)
    seed: int = Field(0, ge=0)
    tensorboard: TensorBoardSettings | None = None
    licence: str = "not stated"

    @field_validator("objective", mode="before")
    @classmethod
    def _of_its_kind(cls, content: Any) -> Any:
        """The registered settings class that the `kind` names."""
        if not isinstance(content, dict):
            return content
        if "kind" not in content:
            raise ValueError(f"missing key 'kind'; one of {', '.join(OBJECTIVES)}")
        kind = str(content["kind"])
        return parse_config(content, OBJECTIVES[kind].settings_type, f"kind {kind!r}")

    @model_validator(mode="after")
    def _video_for_video_pairs(self) -> Self:
        if self.video_pairs is not None and not self.video_data:
            raise ValueError("video_pairs: no entry of data is of kind video or clips")
        return self

    @property
    def epochs(self) -> int:
        """Epochs of all phases."""
        return count_epochs(self.schedule.values())

    @property
    def video_data(self) -> dict[str, VideoData | ClipData]:
        """The entries of `data` that pairs are cut from."""
        return {n: each for n, each in self.data.items() if not isinstance(each, SyntheticData)}


def load_train_settings(name: str, changes: Mapping[str, Any] | None = None) -> TrainSettings:
    """Settings of a shipped config (`configs/train`) by name, or of a YAML file by path.

    Args:
        name: such as `debug`.
        changes: settings with other values, by dotted key, such as `schedule.main.epochs`.

    Raises:
        UnknownName: neither a shipped config nor a file, or no such objective.
        ConfigError: a malformed file or change; names the key and the closest valid one.

    Example:
        >>> load_train_settings("debug", {"seed": 7}).seed
        7
    """
    path: Path = find_config("train", name)
    content = with_changes(read_yaml(path), changes or {})
    return parse_config(content, TrainSettings, str(path))
