"""The Siamese model: one backbone for template and search, one head that compares them."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from siamcorr.models.network import Rows
from siamcorr.models.preprocessing import Preprocessing
from siamcorr.nn.features import Features

__all__ = ["CpuThreads", "SiameseModel"]

CpuThreads: TypeAlias = Literal["all", "one"]


class SiameseModel(nn.Module):
    """Backbone, neck and head without memory: features of a template are kept by the caller.

    response = head(neck(backbone(search)), neck(backbone(template)))

    Args:
        backbone: crops (B, 3, H, W) to features (B, C, Hf, Wf), one map or one a level; names its
            `stride` in pixels.
        head: search and template features to a response, search first.
        preprocessing: how uint8 crops become the backbone's input.
        neck: called with features and `template=`; None hands the backbone's on.
        cpu_threads: that one call of a tracker takes on CPU.

    Example:
        >>> import torch
        >>> from siamcorr.nn.backbones import AlexNetV1
        >>> from siamcorr.nn.heads import SiamFCHead
        >>> model = SiameseModel(AlexNetV1(), SiamFCHead()).eval()
        >>> model(torch.zeros(1, 3, 255, 255), torch.zeros(1, 3, 127, 127)).shape
        torch.Size([1, 1, 17, 17])
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module,
        preprocessing: Preprocessing | None = None,
        *,
        neck: nn.Module | None = None,
        cpu_threads: CpuThreads = "all",
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.neck = neck
        self.head = head
        self.preprocessing = preprocessing if preprocessing is not None else Preprocessing()
        self.cpu_threads = cpu_threads

    @property
    def stride(self) -> int:
        """Pixels of the crop per cell of the response."""
        return int(getattr(self.backbone, "stride"))  # noqa: B009 - nn.Module types attributes as Tensor

    @property
    def device(self) -> torch.device:
        """Where its numbers are."""
        return [*self.parameters(), *self.buffers()][0].device

    @property
    def rows(self) -> Rows:
        """How a tracker's rows are computed, see `siamcorr.models.network.Rows`."""
        if self.device.type != "cpu":
            return "together"
        return "on_one_thread" if self.cpu_threads == "one" else "alone"

    def prepare(self, crops: Tensor) -> Tensor:
        """RGB uint8 crops (B, H, W, 3) to the model's input (B, 3, H, W) float32."""
        return self.preprocessing.apply(crops)

    def normalise(self, image: Tensor) -> Tensor:
        """RGB images (B, 3, H, W), floating point in 0 ... 255, to the model's input."""
        return self.preprocessing.normalise(image)

    def embed_template(self, template: Tensor) -> Features:
        """Features of prepared template crops: (B, 3, H, W) to (B, C, Hz, Wz), or one a level."""
        return self._embed(template, template=True)

    def embed_search(self, search: Tensor) -> Features:
        """Features of prepared search crops: (B, 3, H, W) to (B, C, Hx, Wx), or one a level."""
        return self._embed(search, template=False)

    def compare(self, search_features: Features, template_features: Features) -> Any:
        """The head's answer on features; for SiamFC (B, 1, Hr, Wr), for box heads `BoxOutput`."""
        return self.head(search_features, template_features)

    def respond(self, search: Tensor, template: Features) -> tuple[Features, Any]:
        """Features of prepared search crops, and the head's answer on them and the template's."""
        features = self.embed_search(search)
        return features, self.compare(features, template)

    def forward(self, search: Tensor, template: Tensor) -> Any:
        """Both crops through the whole model, as training does; search first."""
        return self.compare(self.embed_search(search), self.embed_template(template))

    def _embed(self, crops: Tensor, *, template: bool) -> Features:
        features: Features = self.backbone(crops)
        if self.neck is not None:
            features = self.neck(features, template=template)
        return features
