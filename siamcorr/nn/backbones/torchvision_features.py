"""Any model of torchvision as a backbone: maps of named nodes, strides kept by dilation."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from siamcorr.errors import InvalidArgument, UnknownName, closest
from siamcorr.nn.backbones.dilation import limit_stride
from siamcorr.nn.backbones.outputs import pack_maps
from siamcorr.nn.backbones.registry import BACKBONES
from siamcorr.nn.checks import check_count
from siamcorr.nn.features import Features

__all__ = ["TorchvisionFeatures"]

_PROBES = (128, 192)
"""Sides of the images that show the maps' strides."""


@BACKBONES.register("torchvision_features")
class TorchvisionFeatures(nn.Module):
    """The part of a torchvision model up to the named nodes.

    Args:
        name: of the model, as in `torchvision.models.list_models()`.
        nodes: layers whose outputs are handed on, shallow to deep, such as `layer3` or
            `features.8`; see `torchvision.models.feature_extraction.get_graph_node_names`.
        stride: pixels per cell of the deepest map; strides beyond it become dilation. Shallower
            maps may have smaller ones.
        weights: torchvision's name of pretrained weights, such as `DEFAULT`; it downloads them
            into its cache and reads them from there. None for fresh ones.

    Convention:
        These networks pad, so features near the border of a crop differ from those inside. Their
        pretrained weights want RGB, and ImageNet's mean and deviation in the preprocessing.

    Raises:
        UnknownName: no such model or weights; lists the closest.
        InvalidArgument: no such node, a node that gives no feature map, or a stride that cannot be
            had.

    Example:
        >>> import torch
        >>> backbone = TorchvisionFeatures("resnet18", ["layer2", "layer3"], stride=8).eval()
        >>> [tuple(level.shape) for level in backbone(torch.zeros(1, 3, 127, 127))]
        [(1, 128, 16, 16), (1, 256, 16, 16)]
    """

    def __init__(
        self, name: str, nodes: Sequence[str], stride: int = 8, weights: str | None = None
    ) -> None:
        super().__init__()
        check_count("TorchvisionFeatures", "stride", stride)
        self.nodes = tuple(nodes)
        self.stride = stride
        self.body = _extractor(_model(name, weights), self.nodes, name)
        strides = limit_stride(self.body, stride)  # type: ignore[arg-type]
        small, large = (self._probe(side) for side in _PROBES)
        for node, less, more in zip(self.nodes, small, large, strict=True):
            grown = (more.shape[-1] - less.shape[-1]) * strides[node] if more.ndim == 4 else None
            if grown != _PROBES[1] - _PROBES[0]:
                raise InvalidArgument(
                    f"TorchvisionFeatures: node {node!r} of {name} gives no feature map of a "
                    f"known stride: {tuple(more.shape)} for an image of {_PROBES[1]}"
                )
        if strides[self.nodes[-1]] != stride:
            raise InvalidArgument(
                f"TorchvisionFeatures: stride {stride} of {name} cannot be had at "
                f"{self.nodes[-1]!r}, which has {strides[self.nodes[-1]]}"
            )
        self.out_channels = tuple(level.shape[1] for level in small)

    def forward(self, image: Tensor) -> Features:
        """Features of prepared crops.

        Args:
            image: (B, 3, H, W) as the weights want it.

        Returns:
            The maps of `nodes`: one as (B, C, Hf, Wf), several as a tuple.
        """
        maps: dict[str, Tensor] = self.body(image)
        return pack_maps([maps[node] for node in self.nodes])

    @torch.no_grad()
    def _probe(self, side: int) -> list[Tensor]:
        """The maps of an empty image; the mode is what it was."""
        was_training = self.body.training
        try:
            maps: dict[str, Tensor] = self.body.eval()(torch.zeros(1, 3, side, side))
        except Exception as error:  # whatever a model that looks at its input's size does
            raise InvalidArgument(
                f"TorchvisionFeatures: the model refuses images of {side} x {side}: {error}"
            ) from error
        self.body.train(was_training)
        return [maps[node] for node in self.nodes]


def _model(name: str, weights: str | None) -> nn.Module:
    from torchvision import models
    from torchvision.models import get_model, get_model_weights, list_models

    known = list_models(module=models)  # those for classification
    if name not in known:
        raise UnknownName(f"TorchvisionFeatures: no model {name!r}{closest(name, known)}")
    entries = get_model_weights(name).__members__
    if weights is not None and weights not in entries:
        raise UnknownName(
            f"TorchvisionFeatures: {name} has no weights {weights!r}{closest(weights, entries)}"
            f"\n  known: {', '.join(entries)}"
        )
    model: nn.Module = get_model(name, weights=weights)
    return model


def _extractor(model: nn.Module, nodes: tuple[str, ...], name: str) -> nn.Module:
    from torchvision.models.feature_extraction import create_feature_extractor, get_graph_node_names

    if not nodes:
        raise InvalidArgument("TorchvisionFeatures: nodes must name at least one layer")
    names = get_graph_node_names(model, suppress_diff_warning=True)[1]
    for node in nodes:
        if not any(known == node or known.startswith(f"{node}.") for known in names):
            raise InvalidArgument(
                f"TorchvisionFeatures: {name} has no node {node!r}{closest(node, names)}"
            )
    extractor: nn.Module = create_feature_extractor(model, list(nodes), suppress_diff_warning=True)
    return extractor
