"""The head of CFNet: a filter solved from the template, correlated with the search.

Source: Valmadre et al., "End-to-end representation learning for Correlation Filter based tracking",
2017.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from siamcorr import ops
from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.checks import check_count, named_backend
from siamcorr.nn.features import Features, as_map
from siamcorr.nn.filters import CorrelationFilter
from siamcorr.nn.heads.registry import HEADS

__all__ = ["CorrelationFilterHead"]


@HEADS.register("correlation_filter")
class CorrelationFilterHead(nn.Module):
    """Response = scale * xcorr(search, crop(filter(window * template))) + bias.

    The filter is the ridge regression from all shifts of the template to a bell at no shift;
    gradients pass through its solution. Template crops are as large as search crops, or nearly: the
    filter learns from what surrounds the target, and its middle is cut out.

    Args:
        kernel_size: cells cut out of the filter; the response has Hx - kernel_size + 1.
        sigma: width of the bell in cells, > 0.
        regularization: > 0, in units of the template's energy per cell.
        learn_regularization: whether the regularization is trained, as its logarithm.
        backend: backend of the correlation; None chooses by shape, batch size included.

    Convention:
        No displacement is the middle cell of the response, as with SiamFC. `scale` and `bias`, from
        1 and 0 on, bring the response to the range of a logistic loss.

    Raises:
        InvalidArgument: a number out of range (on construction).

    Source:
        CFNet's layer, with a cosine window on the template. The regularization is fixed there.

    Example:
        >>> head = CorrelationFilterHead(kernel_size=17)
        >>> head(torch.rand(2, 32, 49, 49), torch.rand(2, 32, 49, 49)).shape
        torch.Size([2, 1, 33, 33])
    """

    def __init__(
        self,
        kernel_size: int,
        sigma: float = 1.0,
        regularization: float = 1e-2,
        learn_regularization: bool = False,
        backend: str | None = None,
    ) -> None:
        super().__init__()
        check_count("CorrelationFilterHead", "kernel_size", kernel_size)
        if not sigma > 0:
            raise InvalidArgument(f"CorrelationFilterHead: sigma must be > 0, got {sigma!r}")
        self.kernel_size = kernel_size
        self.sigma = sigma
        self.backend = named_backend("CorrelationFilterHead", backend)
        self.filter = CorrelationFilter(regularization, learnable=learn_regularization)
        self.scale = nn.Parameter(torch.ones(()))
        self.bias = nn.Parameter(torch.zeros(()))

    def forward(self, search: Features, template: Features) -> Tensor:
        """Responses of the searches to the filters of their templates.

        Args:
            search: (B, C, Hx, Wx), as many cells as the template plus an even number.
            template: (B, C, Hz, Wz), as many cells as the kernel plus an even number.

        Returns:
            (B, 1, Hx - h + 1, Wx - w + 1).

        Raises:
            ShapeError: sizes differ by odd numbers, so that no cell stands for no displacement.
        """
        x = as_map("correlation_filter", "search features", search)
        z = as_map("correlation_filter", "template features", template)
        self._check_sizes(x, z)
        kernel = self.filter(z * _cosine_window(z), self._wanted(z))  # (B, C, Hz, Wz)
        kernel = ops.crop_kernel(kernel, self.kernel_size)
        return self.scale * ops.xcorr(x, kernel, backend=self.backend) + self.bias

    def _wanted(self, template: Tensor) -> Tensor:
        """The bell (Hz, Wz) with its peak in cell (0, 0), round the edges."""
        rows, columns = (_circular(size, template) for size in template.shape[-2:])
        squares = rows.square()[:, None] + columns.square()
        return torch.exp(-squares / (2 * self.sigma**2))

    def _check_sizes(self, search: Tensor, template: Tensor) -> None:
        sizes = [*zip(search.shape[-2:], template.shape[-2:], strict=True)]
        sizes += [(size, self.kernel_size) for size in template.shape[-2:]]
        if any(large < small or (large - small) % 2 for large, small in sizes):
            raise ShapeError(
                "CorrelationFilterHead: search, template and kernel must be larger than the next "
                "by even numbers of cells"
                f"\n  search   : {tuple(search.shape)}  as (B, C, Hx, Wx)"
                f"\n  template : {tuple(template.shape)}  as (B, C, Hz, Wz)"
                f"\n  kernel   : {self.kernel_size}x{self.kernel_size}"
            )

    def extra_repr(self) -> str:
        """Kernel and bell."""
        return f"kernel_size={self.kernel_size}, sigma={self.sigma}"


def _cosine_window(template: Tensor) -> Tensor:
    """(Hz, Wz) in 0 ... 1, symmetric Hann, zero at the border."""
    rows, columns = (
        torch.hann_window(size, periodic=False, dtype=template.dtype, device=template.device)
        for size in template.shape[-2:]
    )
    return rows[:, None] * columns


def _circular(size: int, like: Tensor) -> Tensor:
    """Distances (size,) of cells from cell 0, the shorter way round."""
    cells = torch.arange(size, dtype=like.dtype, device=like.device)
    return torch.minimum(cells, size - cells)
