"""Every wrong call of a filter op ends in a sentence that names what was passed."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from siamcorr import ops
from siamcorr.errors import InvalidArgument, ShapeError, SiamcorrError


def t(*shape: int, dtype: torch.dtype = torch.float32, device: str = "cpu") -> torch.Tensor:
    return torch.ones(shape, dtype=dtype, device=device)


def ridge(*args: object, **kwargs: object) -> torch.Tensor:
    return ops.correlation_filter(*args, **kwargs)


def constrained(*args: object, **kwargs: object) -> torch.Tensor:
    return ops.constrained_correlation_filter(*args, **kwargs)


SHAPES = {
    "sizes differ": (
        lambda: ridge(t(1, 2, 5, 4), t(4, 5), 0.1),
        (
            "correlation_filter: template of 5x4, response of 4x5\n"
            "  template : (1, 2, 5, 4)  as (B, C, H, W) or (B, S, C, H, W)  float32 on cpu\n"
            "  response : (4, 5)        as (H, W) or (B, H, W) or (B, S, H, W)  float32 on cpu"
        ),
    ),
    "rank of the template": (
        lambda: ridge(t(2, 5, 4), t(5, 4), 0.1),
        "correlation_filter: template must have 4 or 5 axes, got 3",
    ),
    "rank of the response": (
        lambda: ridge(t(2, 1, 5, 4), t(4), 0.1),
        "correlation_filter: response must have 2 or 3 or 4 axes, got 1",
    ),
    "batches": (
        lambda: ridge(t(3, 1, 5, 4), t(2, 5, 4), 0.1),
        "correlation_filter: template and response disagree on B: 3 and 2",
    ),
    "samples": (
        lambda: ridge(t(1, 3, 1, 5, 4), t(1, 2, 5, 4), 0.1),
        "correlation_filter: template and response disagree on S: 3 and 2",
    ),
    "empty": (
        lambda: ridge(t(0, 1, 5, 4), t(5, 4), 0.1),
        "correlation_filter: template has an axis of length 0",
    ),
    "constrained, response": (
        lambda: constrained(t(1, 2, 5, 4), t(3, 3), 0.1, support=3),
        "constrained_correlation_filter: response must be of 5x4 cells",
    ),
    "constrained, samples": (
        lambda: constrained(t(1, 3, 2, 5, 4), t(5, 4), 0.1),
        "constrained_correlation_filter: template must have 4 axes, got 5",
    ),
    "penalty of the window instead of the support": (
        lambda: constrained(t(1, 2, 5, 4), t(5, 4), t(5, 4), support=3),
        "constrained_correlation_filter: penalty must be of 3x3 cells",
    ),
    "penalty, the cure": (
        lambda: constrained(t(1, 2, 5, 4), t(5, 4), t(5, 4), support=3),
        "hint: they are those of the support",
    ),
    "penalty's batch": (
        lambda: constrained(t(3, 2, 5, 4), t(5, 4), t(2, 5, 4)),
        "constrained_correlation_filter: template and penalty disagree on B: 3 and 2",
    ),
    "previous kernel's cells": (
        lambda: constrained(t(1, 2, 5, 4), t(5, 4), 0.1, previous=t(1, 2, 5, 4), support=3),
        "constrained_correlation_filter: previous must be of 3x3 cells",
    ),
    "previous kernel's channels": (
        lambda: constrained(t(1, 2, 5, 4), t(5, 4), 0.1, previous=t(1, 3, 5, 4)),
        "constrained_correlation_filter: template and previous disagree on C: 2 and 3",
    ),
    "previous kernels of other targets": (
        lambda: constrained(t(3, 2, 5, 4), t(5, 4), 0.1, previous=t(2, 2, 5, 4)),
        "constrained_correlation_filter: template and previous disagree on B: 3 and 2",
    ),
    "support": (
        lambda: constrained(t(1, 2, 5, 4), t(5, 4), 0.1, support=(5, 6)),
        "constrained_correlation_filter: support of 5x6 does not fit into a window of 5x4",
    ),
    "crop": (
        lambda: ops.crop_kernel(t(1, 2, 5, 4), 5),
        "crop_kernel: size of 5x5 does not fit into a window of 5x4",
    ),
    "response, channels": (
        lambda: ops.filter_response(t(1, 2, 5, 4), t(1, 3, 3, 3)),
        "filter_response: search and kernel disagree on C: 2 and 3",
    ),
    "response, size": (
        lambda: ops.filter_response(t(1, 2, 5, 4), t(1, 2, 5, 5)),
        "filter_response: kernel of 5x5 does not fit into a window of 5x4",
    ),
    "response, batches": (
        lambda: ops.filter_response(t(3, 1, 5, 4), t(2, 1, 5, 4)),
        "filter_response: search and kernel disagree on B: 3 and 2",
    ),
}

VALUES = {
    "a numpy array": (
        lambda: ridge(np.ones((1, 1, 3, 3)), t(3, 3), 0.1),
        (
            "correlation_filter: template must be a torch.Tensor as (B, C, H, W) or "
            "(B, S, C, H, W), got ndarray"
        ),
    ),
    "integers": (
        lambda: ridge(t(1, 1, 3, 3, dtype=torch.uint8), t(3, 3, dtype=torch.uint8), 0.1),
        "correlation_filter: needs floating point",
    ),
    "dtypes": (
        lambda: ridge(t(1, 1, 3, 3), t(3, 3, dtype=torch.float64), 0.1),
        "correlation_filter: dtypes differ",
    ),
    "devices": (
        lambda: ridge(t(1, 1, 3, 3), t(3, 3, device="meta"), 0.1),
        "correlation_filter: devices differ",
    ),
    "no ridge": (
        lambda: ridge(t(1, 1, 3, 3), t(3, 3), 0),
        "correlation_filter: regularization must be finite and > 0, got 0",
    ),
    "a ridge of NaN": (
        lambda: ridge(t(1, 1, 3, 3), t(3, 3), math.nan),
        "correlation_filter: regularization must be finite and > 0, got nan",
    ),
    "a ridge in words": (
        lambda: ridge(t(1, 1, 3, 3), t(3, 3), "0.1"),
        "correlation_filter: regularization must be finite and > 0, got '0.1'",
    ),
    "a ridge per channel": (
        lambda: ridge(t(2, 3, 3, 3), t(3, 3), t(3)),
        (
            "correlation_filter: regularization must be a float, or a floating tensor () or "
            "(B,) = (2,), got (3,) torch.float32"
        ),
    ),
    "a ridge elsewhere": (
        lambda: ridge(t(2, 3, 3, 3), t(3, 3), t(2, device="meta")),
        "correlation_filter: regularization is on meta, the template on cpu",
    ),
    "negative penalty": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), -1.0),
        "constrained_correlation_filter: penalty must be finite and >= 0, got -1.0",
    ),
    "a tie to nothing": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, temporal=12.0),
        "constrained_correlation_filter: temporal needs `previous`, the kernels of the frame",
    ),
    "a tensor's tie to nothing": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, temporal=t(1)),
        "give zeros and temporal 0 for targets without a past",
    ),
    "negative tie": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, previous=t(1, 1, 3, 3), temporal=-1.0),
        "constrained_correlation_filter: temporal must be finite and >= 0, got -1.0",
    ),
    "no steps": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, steps=0),
        "constrained_correlation_filter: steps must be an int >= 1, got 0",
    ),
    "rho": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, rho=0.0),
        "constrained_correlation_filter: rho must be finite and > 0, got 0.0",
    ),
    "rho beyond its end": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, rho=200.0),
        (
            "constrained_correlation_filter: needs rho <= rho_max and rho_growth >= 1, got "
            "rho = 200.0, rho_growth = 10.0, rho_max = 100.0"
        ),
    ),
    "shrinking rho": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, rho_growth=0.5),
        "constrained_correlation_filter: needs rho <= rho_max and rho_growth >= 1",
    ),
    "support of zero": (
        lambda: constrained(t(1, 1, 3, 3), t(3, 3), 0.1, support=0),
        "constrained_correlation_filter: support must be an int >= 1 or a pair of them",
    ),
    "crop of zero": (
        lambda: ops.crop_kernel(t(1, 1, 3, 3), 0),
        "crop_kernel: size must be an int >= 1 or a pair of them (rows, columns), got 0",
    ),
}


@pytest.mark.parametrize("case", SHAPES)
def test_shapes_that_do_not_fit(case: str) -> None:
    call, sentence = SHAPES[case]
    with pytest.raises(ShapeError) as raised:
        call()
    assert sentence in str(raised.value)


@pytest.mark.parametrize("case", VALUES)
def test_values_out_of_range(case: str) -> None:
    call, sentence = VALUES[case]
    with pytest.raises(InvalidArgument) as raised:
        call()
    assert sentence in str(raised.value)
    assert isinstance(raised.value, SiamcorrError)
    assert isinstance(raised.value, ValueError)
    assert not isinstance(raised.value, ShapeError)
