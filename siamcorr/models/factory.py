"""Models from settings: backbone, neck and head by name."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator
from torch import nn

from siamcorr.config import Settings
from siamcorr.models.options import Options, check_options
from siamcorr.models.preprocessing import Preprocessing
from siamcorr.models.siamese import CpuThreads, SiameseModel
from siamcorr.nn.backbones import BACKBONES
from siamcorr.nn.heads import HEADS
from siamcorr.nn.necks import NECKS
from siamcorr.ops.dispatch import check_backend
from siamcorr.registry import Registry

__all__ = ["ModelSettings", "build_model"]

_PARTS: dict[str, Registry[type[nn.Module]]] = {
    "backbone": BACKBONES,
    "neck": NECKS,
    "head": HEADS,
}


class ModelSettings(Settings):
    """The `model` block of a tracker's config.

    Attributes:
        backbone: a name of `siamcorr.nn.backbones.BACKBONES`.
        head: a name of `siamcorr.nn.heads.HEADS`.
        neck: a name of `siamcorr.nn.necks.NECKS`, or None for none.
        backbone_options: arguments of the backbone's constructor.
        neck_options: arguments of the neck's constructor.
        head_options: arguments of the head's constructor, without `backend`.
        xcorr_backend: backend of the head's correlation. None chooses by shape, the batch size
            included; trackers name one, so that a target's response does not depend on how many
            others share the batch.
        cpu_threads: that one call of a tracker takes on CPU. `one` for networks so small that
            several do not make them faster, and whose rows are equal to the last bit in any batch
            on one thread: then the threads share the targets.
        preprocessing: what the backbone eats.
    """

    backbone: str
    head: str
    neck: str | None = None
    backbone_options: Options = Field(default_factory=dict)
    neck_options: Options = Field(default_factory=dict)
    head_options: Options = Field(default_factory=dict)
    xcorr_backend: str | None = None
    cpu_threads: CpuThreads = "all"
    preprocessing: Preprocessing = Preprocessing()

    @model_validator(mode="after")
    def _options_exist(self) -> Self:
        """Unknown names of parts are left to `build_model`, which lists the known ones."""
        for part, table in _PARTS.items():
            name, options = getattr(self, part), getattr(self, f"{part}_options")
            if name is None and options:
                raise ValueError(f"{part}_options without a {part}: {', '.join(options)}")
            if name in table:
                check_options(f"{part} {name!r}", table[name], options)
        return self


def build_model(settings: ModelSettings, *, pretrained: bool = True) -> SiameseModel:
    """Build a model with fresh weights, in training mode.

    Args:
        settings: names and options of the parts.
        pretrained: False leaves out the weights that a backbone would fetch for itself (option
            `weights`), as a file with all weights of the model is going to be loaded.

    Raises:
        UnknownName: no such backbone, neck, head or xcorr_backend; lists the closest names.
        InvalidArgument: a part refuses its options.

    Example:
        >>> settings = ModelSettings(backbone="alexnet_v1", head="siamfc")
        >>> sum(p.numel() for p in build_model(settings).parameters())
        2336320
    """
    check_backend("build_model", settings.xcorr_backend)
    options: dict[str, Any] = dict(settings.backbone_options)
    if not pretrained:
        options.pop("weights", None)
    backbone = BACKBONES[settings.backbone](**options)
    neck = None if settings.neck is None else NECKS[settings.neck](**settings.neck_options)
    head = HEADS[settings.head](**settings.head_options, backend=settings.xcorr_backend)
    return SiameseModel(
        backbone, head, settings.preprocessing, neck=neck, cpu_threads=settings.cpu_threads
    )
