"""Dense layers on pooled channels, equal for a sample whatever else is in the batch."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from siamcorr.ops.exporting import is_exporting

__all__ = ["PooledLinear", "dense"]


def dense(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Weighted sums over the channels of each sample.

    y[b, o] = sum_c weight[o, c] * x[b, c] + bias[o]

    Args:
        x: (B, C).
        weight: (O, C).
        bias: (O,).

    Returns:
        (B, O).

    Convention:
        Each sample is summed in one order. Matrix products and 1x1 convolutions of single cells
        choose their order by the batch size; the last digits that then differ let a tracker cut
        its next crop a pixel further, and a target would depend on the others in the batch.

    Example:
        >>> import torch
        >>> dense(torch.ones(3, 4), torch.ones(2, 4), torch.zeros(2)).shape
        torch.Size([3, 2])
    """
    if is_exporting():  # one node in place of four; runtimes of ONNX sum every sample alike
        return F.conv2d(x[:, :, None, None], weight[:, :, None, None], bias).flatten(1)
    return (x[:, None] * weight).sum(-1) + bias


class PooledLinear(nn.Linear):
    """`nn.Linear` with bias for pooled channels; see `dense`.

    Example:
        >>> import torch
        >>> PooledLinear(96, 24)(torch.ones(2, 96)).shape
        torch.Size([2, 24])
    """

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - nn.Linear's name
        """(B, C) to (B, O)."""
        return dense(input, self.weight, self.bias)
