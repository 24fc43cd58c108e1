"""Models from settings: backbone and head by name."""

from __future__ import annotations

from siamcorr.config import Settings
from siamcorr.models.preprocessing import Preprocessing
from siamcorr.models.siamese import SiameseModel
from siamcorr.nn.backbones import BACKBONES
from siamcorr.nn.heads import HEADS
from siamcorr.ops.dispatch import check_backend

__all__ = ["ModelSettings", "build_model"]


class ModelSettings(Settings):
    """The `model` block of a tracker's config.

    Attributes:
        backbone: a name of `siamcorr.nn.backbones.BACKBONES`.
        head: a name of `siamcorr.nn.heads.HEADS`.
        xcorr_backend: backend of the head's correlation. None chooses by shape, the batch size
            included; trackers name one, so that a target's response does not depend on how many
            others share the batch.
        preprocessing: what the backbone eats.
    """

    backbone: str
    head: str
    xcorr_backend: str | None = None
    preprocessing: Preprocessing = Preprocessing()


def build_model(settings: ModelSettings) -> SiameseModel:
    """Build a model with fresh weights, in training mode.

    Raises:
        UnknownName: no such backbone, head or xcorr_backend; lists the closest names.

    Example:
        >>> settings = ModelSettings(backbone="alexnet_v1", head="siamfc")
        >>> sum(p.numel() for p in build_model(settings).parameters())
        2336320
    """
    check_backend("build_model", settings.xcorr_backend)
    backbone = BACKBONES[settings.backbone]()
    head = HEADS[settings.head](backend=settings.xcorr_backend)
    return SiameseModel(backbone, head, settings.preprocessing)
