"""Strides beyond a wanted one turned into dilation, on the traced graph of any network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from torch import nn

from siamcorr.errors import InvalidArgument

if TYPE_CHECKING:  # the library itself is imported by who traces
    from torch.fx import GraphModule

__all__ = ["limit_stride"]


class _Scale(NamedTuple):
    """Where a feature map stands: pixels of the input a cell, and how far its taps lie apart."""

    stride: int
    dilation: int


_POOLS_IN_FUNCTIONS = ("max_pool2d", "avg_pool2d", "interpolate")


def limit_stride(network: GraphModule, stride: int) -> dict[str, int]:
    """Take away every stride that would pass the limit and spread what comes after, in place.

    A convolution or max-pool whose stride would take its map beyond `stride` gets stride 1; taps
    of all later layers of that path lie as much farther apart, and their padding grows with them.
    Weights and the place that each output sees stay what they were.

    Args:
        network: as `torchvision.models.feature_extraction.create_feature_extractor` gives it.
        stride: limit, pixels of the input per cell.

    Returns:
        Pixels per cell of each output, by the output's name.

    Raises:
        InvalidArgument: a layer cannot be dilated or its stride cannot be told.

    Source:
        For ResNet this is what torchvision's `replace_stride_with_dilation` does.
    """
    scales: dict[Any, _Scale] = {}
    seen: set[str] = set()
    outputs: dict[str, int] = {}
    for node in network.graph.nodes:
        inputs = [scales[source] for source in node.all_input_nodes]
        scale = max(inputs, key=lambda s: s.stride * s.dilation, default=_Scale(1, 1))
        if node.op == "call_module":
            for name, layer in network.get_submodule(node.target).named_modules(prefix=node.target):
                scale = _through(layer, scale, stride, name, seen)
        elif node.op == "call_function" and node.target.__name__ in _POOLS_IN_FUNCTIONS:
            raise InvalidArgument(
                f"limit_stride: {node.name} resizes inside a function, not a layer"
            )
        elif node.op == "output":
            outputs = {name: scales[source].stride for name, source in node.args[0].items()}
        scales[node] = scale
    return outputs


def _through(layer: nn.Module, scale: _Scale, limit: int, name: str, seen: set[str]) -> _Scale:
    """The scale behind a layer, which is changed where it must be."""
    if not isinstance(layer, (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)):
        return scale
    if name in seen:
        raise InvalidArgument(f"limit_stride: {name} stands in two places of the network")
    seen.add(name)
    step, size = _square(name, layer.stride), _square(name, layer.kernel_size)
    passes = scale.stride * step > limit
    if scale.dilation > 1 and size > 1:
        _spread(layer, scale.dilation, name)
    if not passes:
        return _Scale(scale.stride * step, scale.dilation)
    if isinstance(layer, nn.AvgPool2d):
        raise InvalidArgument(f"limit_stride: {name} is an average pool, which cannot be dilated")
    layer.stride = (1, 1) if isinstance(layer, nn.Conv2d) else 1
    return _Scale(scale.stride, scale.dilation * step)


def _spread(layer: nn.Module, factor: int, name: str) -> None:
    """Taps `factor` times as far apart, padding to match."""
    if isinstance(layer, nn.AvgPool2d) or isinstance(layer.padding, str):
        raise InvalidArgument(f"limit_stride: {name} cannot be dilated: {layer}")
    for field in ("dilation", "padding"):
        value = getattr(layer, field)
        spread = tuple(factor * v for v in value) if isinstance(value, tuple) else factor * value
        setattr(layer, field, spread)


def _square(name: str, value: int | tuple[int, ...]) -> int:
    """The one number of rows and columns."""
    numbers = {value} if isinstance(value, int) else set(value)
    if len(numbers) > 1:
        raise InvalidArgument(f"limit_stride: {name} has a stride or kernel of {value}, not square")
    return numbers.pop()
