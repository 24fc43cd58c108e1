"""Exported graphs beside the network that they come from, at several batch sizes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from siamcorr.models.network import Network
from siamcorr.nn.features import Features

__all__ = ["largest_differences"]


@torch.inference_mode()
def largest_differences(
    network: Network,
    graphs: Network,
    *,
    template_size: int,
    search_size: int,
    batches: Iterable[int],
) -> dict[int, float]:
    """How far the answers are apart on noise, by the number of targets.

    difference = max |graph - network| / max |network|, the largest over all tensors

    Args:
        network: what is right.
        graphs: what is checked. Both get the template features of their own.
        template_size: side of the template crops in pixels.
        search_size: side of the search crops in pixels.
        batches: numbers of targets.
    """
    found = {}
    for count in batches:
        draw = torch.Generator().manual_seed(count)
        crops = [
            torch.randint(256, (count, size, size, 3), generator=draw).to(torch.uint8)
            for size in (template_size, search_size)
        ]
        pairs = zip(_answers(network, *crops), _answers(graphs, *crops), strict=True)
        found[count] = max(_difference(right, seen) for right, seen in pairs)
    return found


def _answers(network: Network, template: Tensor, search: Tensor) -> list[Tensor]:
    """Template features and the head's tensors."""
    features: Features = network.embed_template(network.prepare(template))
    _, answer = network.respond(network.prepare(search), features)
    parts: list[Any] = [features, answer]
    groups = [(part,) if isinstance(part, Tensor) else part for part in parts]
    return [tensor for group in groups for tensor in group if tensor is not None]


def _difference(right: Tensor, seen: Tensor) -> float:
    if right.shape != seen.shape:
        return float("inf")
    largest = float((seen - right).abs().max() / right.abs().max().clamp_min(1e-30))
    return largest if largest == largest else float("inf")  # NaN
