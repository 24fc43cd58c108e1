"""Correlation filters as modules: the template goes in, the kernel that solves for it comes out."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from siamcorr import ops
from siamcorr.ops.checks import as_pair
from siamcorr.ops.filters.admm import check_schedule
from siamcorr.ops.filters.checks import as_number

__all__ = ["ConstrainedCorrelationFilter", "CorrelationFilter"]


class CorrelationFilter(nn.Module):
    """The closed-form correlation filter as a layer; see `siamcorr.ops.correlation_filter`.

    Between a backbone and `XCorr` it makes CFNet of SiamFC: gradients pass through the solution to
    the template's features.

    Args:
        regularization: > 0, in units of the template's energy per cell.
        learnable: whether the regularization is trained, as `log_regularization`, () in natural
            logarithm, so that it stays positive.
        shared_denominator: how several samples of a target are joined.

    Raises:
        InvalidArgument: the regularization is not a finite number > 0 (on construction).

    Source:
        Valmadre et al., "End-to-end representation learning for Correlation Filter based tracking",
        2017.

    Example:
        >>> wanted = torch.zeros(49, 49)
        >>> wanted[0, 0] = 1.0
        >>> CorrelationFilter(1e-2)(torch.rand(1, 32, 49, 49), wanted).shape
        torch.Size([1, 32, 49, 49])
    """

    log_regularization: nn.Parameter | None

    def __init__(
        self,
        regularization: float = 1e-2,
        *,
        learnable: bool = False,
        shared_denominator: bool = False,
    ) -> None:
        super().__init__()
        self.start = as_number(type(self).__name__, "regularization", regularization, positive=True)
        self.shared_denominator = shared_denominator
        log = nn.Parameter(torch.tensor(math.log(self.start))) if learnable else None
        self.register_parameter("log_regularization", log)

    @property
    def regularization(self) -> float | Tensor:
        """The number given, or the trained one, ()."""
        log = self.log_regularization
        return self.start if log is None else log.exp()

    def forward(self, template: Tensor, response: Tensor) -> Tensor:
        """(B, C, H, W) or (B, S, C, H, W) with a response of those cells to (B, C, H, W)."""
        return ops.correlation_filter(
            template, response, self.regularization, shared_denominator=self.shared_denominator
        )

    def extra_repr(self) -> str:
        """The regularization, and the settings that differ from the defaults."""
        log = self.log_regularization
        text = f"{self.start if log is None else math.exp(log.item()):.3g}"
        text += ", learnable=True" if self.log_regularization is not None else ""
        return text + (", shared_denominator=True" if self.shared_denominator else "")


class ConstrainedCorrelationFilter(nn.Module):
    """The filter on a support as a layer; see `siamcorr.ops.constrained_correlation_filter`.

    The module holds no parameters and no past: the previous kernels come with each call.

    Args:
        support: cells (h, w) where kernels may differ from 0, an int or (rows, columns); None is
            the whole window.
        steps: ADMM steps a call, >= 1.
        rho: > 0, the step size at the start.
        rho_growth: >= 1, its factor from step to step.
        rho_max: >= rho, its end.

    Raises:
        InvalidArgument: a setting is out of range (on construction).

    Source:
        Galoogahi et al., "Learning Background-Aware Correlation Filters for Visual Tracking", 2017;
        Li et al., "Learning Spatial-Temporal Regularized Correlation Filters for Visual Tracking",
        2018.

    Example:
        >>> wanted = torch.zeros(40, 40)
        >>> wanted[0, 0] = 1.0
        >>> ConstrainedCorrelationFilter(8, steps=6)(torch.rand(1, 31, 40, 40), wanted, 1e-3).shape
        torch.Size([1, 31, 8, 8])
    """

    def __init__(
        self,
        support: int | Sequence[int] | None = None,
        *,
        steps: int = 2,
        rho: float = 1.0,
        rho_growth: float = 10.0,
        rho_max: float = 100.0,
    ) -> None:
        super().__init__()
        who = type(self).__name__
        self.support = None if support is None else as_pair(who, "support", support, 1)
        check_schedule(who, steps, rho, rho_growth, rho_max)
        self.steps, self.rho, self.rho_growth, self.rho_max = steps, rho, rho_growth, rho_max

    def forward(
        self,
        template: Tensor,
        response: Tensor,
        penalty: float | Tensor,
        previous: Tensor | None = None,
        temporal: float | Tensor = 0.0,
    ) -> Tensor:
        """(B, C, H, W) with (H, W) or (B, H, W) to (B, C, h, w)."""
        return ops.constrained_correlation_filter(
            template,
            response,
            penalty,
            support=self.support,
            previous=previous,
            temporal=temporal,
            steps=self.steps,
            rho=self.rho,
            rho_growth=self.rho_growth,
            rho_max=self.rho_max,
        )

    def extra_repr(self) -> str:
        """Support, steps and the course of rho."""
        course = f"rho={self.rho}, rho_growth={self.rho_growth}, rho_max={self.rho_max}"
        return f"{self.support}, steps={self.steps}, {course}"
