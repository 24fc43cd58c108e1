"""Small random networks with the interfaces of SiamRPN and of a point head, and their twins."""

from __future__ import annotations

from typing import Any

import torch
from pysot_twin import Array, Network
from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr import ops
from siamcorr.models import Preprocessing, SiameseModel
from siamcorr.nn.heads.outputs import BoxOutput

BGR = Preprocessing(channels="bgr", mean=(0, 0, 0), std=(64, 64, 64))


class PooledFeatures(nn.Module):
    """8 channels of stride 8: 127 -> 13, 255 -> 29.

    In float64, so that what the head makes of it does not depend on the batch.
    """

    stride = 8

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(3, 8, 3)

    def forward(self, image: Tensor) -> Tensor:
        return F.leaky_relu(self.layer(F.avg_pool2d(image.double(), 8)))


class ThinHead(nn.Module):
    """Depth-wise correlation and one 1x1 layer each; an even map where `even`."""

    def __init__(self, anchors: int, *, points: bool, even: bool = False) -> None:
        super().__init__()
        self.points, self.even = points, even
        self.cls = nn.Conv2d(8, 2 * anchors, 1)
        self.loc = nn.Conv2d(8, 4 * anchors, 1)

    def forward(self, search: Tensor, template: Tensor) -> BoxOutput:
        if self.even:
            search = search[..., :-1, :-1]
        joint = ops.xcorr_depthwise(search, template, backend="conv2d")
        joint = (joint - joint.mean((-2, -1), keepdim=True)) / joint.std((-2, -1), keepdim=True)
        loc = (self.loc(joint) * 0.3 + 3.4).exp() if self.points else self.loc(joint) * 0.2
        return BoxOutput(self.cls(joint).float() * 2, loc.float(), joint)


def thin_box_model(seed: int, *, anchors: int = 5, even: bool = False) -> SiameseModel:
    """A point model where `anchors` is 0; features are normalised so that the maps vary."""
    torch.manual_seed(seed)
    head = ThinHead(max(anchors, 1), points=anchors == 0, even=even)
    return SiameseModel(PooledFeatures(), head, BGR).double().eval()


def network_of(model: SiameseModel) -> Network:
    """The model as the twin wants it: prepared by hand, one crop at a time."""

    @torch.inference_mode()
    def embed(crop: Array) -> Any:
        return model.backbone(torch.from_numpy(crop / 64)[None])

    @torch.inference_mode()
    def answer(template: Any, crop: Array) -> tuple[Array, Array]:
        output = model.head(model.backbone(torch.from_numpy(crop / 64)[None]), template)
        return output.cls[0].numpy(), output.loc[0].numpy()

    return Network(embed, answer)
