"""Every wrong call of an op ends in a sentence that names what was passed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamcorr import ops
from siamcorr.errors import InvalidArgument, ShapeError, SiamcorrError


def t(*shape: int, dtype: torch.dtype = torch.float32, device: str = "cpu") -> torch.Tensor:
    return torch.ones(shape, dtype=dtype, device=device)


BAD = {
    "channels differ": (
        lambda: ops.xcorr_depthwise(t(2, 8, 7, 7), t(2, 4, 3, 3)),
        (
            "xcorr_depthwise: search and template disagree on C: 8 and 4\n"
            "  search   : (2, 8, 7, 7)  as (B, C, Hx, Wx)  float32 on cpu\n"
            "  template : (2, 4, 3, 3)  as (B, C, Hz, Wz)  float32 on cpu"
        ),
    ),
    "batches differ": (
        lambda: ops.xcorr_depthwise(t(4, 2, 7, 7), t(2, 2, 3, 3)),
        "xcorr_depthwise: search and template disagree on B: 4 and 2",
    ),
    "batches differ, the cure": (
        lambda: ops.xcorr(t(4, 2, 7, 7), t(3, 2, 3, 3)),
        "hint: batches must be equal, or one of them 1",
    ),
    "pixelwise batches differ": (
        lambda: ops.xcorr_pixelwise(t(4, 2, 7, 7), t(3, 2, 3, 3)),
        "xcorr_pixelwise: search and template disagree on B: 4 and 3",
    ),
    "pixelwise channels differ": (
        lambda: ops.xcorr_pixelwise(t(1, 2, 7, 7), t(1, 3, 3, 3)),
        "xcorr_pixelwise: search and template disagree on C: 2 and 3",
    ),
    "arguments swapped": (
        lambda: ops.xcorr(t(1, 4, 6, 6), t(1, 4, 22, 22)),
        "template of 22x22 does not fit into search of 6x6",
    ),
    "arguments swapped, the cure": (
        lambda: ops.ncc(t(1, 4, 6, 6), t(1, 4, 22, 22)),
        "hint: the search comes first, the template second",
    ),
    "dilated kernel too large": (
        lambda: ops.batched_conv2d(t(1, 1, 5, 5), t(1, 1, 1, 3, 3), dilation=3),
        "weight of 7x7 does not fit into input of 5x5",
    ),
    "up-channel not a multiple": (
        lambda: ops.xcorr_upchannel(t(1, 4, 9, 9), t(1, 10, 3, 3)),
        "template has 10 channels, not a multiple of the search's 4",
    ),
    "rank of the search": (
        lambda: ops.xcorr(t(4, 9, 9), t(1, 4, 3, 3)),
        "xcorr: search must have 4 axes, got 3",
    ),
    "rank of the weight": (
        lambda: ops.batched_conv2d(t(1, 4, 9, 9), t(2, 4, 3, 3)),
        "batched_conv2d: weight must have 5 axes, got 4",
    ),
    "empty template": (
        lambda: ops.xcorr(t(1, 4, 9, 9), t(1, 4, 0, 3)),
        "xcorr: template has an axis of length 0",
    ),
    "empty batch": (
        lambda: ops.xcorr(t(0, 4, 9, 9), t(1, 4, 3, 3)),
        "xcorr: search has an axis of length 0",
    ),
    "integers": (
        lambda: ops.xcorr(t(1, 1, 3, 3, dtype=torch.uint8), t(1, 1, 1, 1, dtype=torch.uint8)),
        "xcorr: needs floating point, got torch.uint8",
    ),
    "dtypes differ": (
        lambda: ops.xcorr(t(1, 1, 3, 3), t(1, 1, 1, 1, dtype=torch.float64)),
        "xcorr: dtypes differ",
    ),
    "devices differ": (
        lambda: ops.xcorr(t(1, 1, 3, 3), t(1, 1, 1, 1, device="meta")),
        "xcorr: devices differ",
    ),
    "a numpy array": (
        lambda: ops.xcorr(np.ones((1, 1, 3, 3)), t(1, 1, 1, 1)),
        "xcorr: search must be a torch.Tensor as (B, C, Hx, Wx), got ndarray",
    ),
    "stride of zero": (
        lambda: ops.xcorr(t(1, 1, 3, 3), t(1, 1, 1, 1), stride=0),
        "xcorr: stride must be an int >= 1 or a pair of them (rows, columns), got 0",
    ),
    "stride of three": (
        lambda: ops.xcorr(t(1, 1, 3, 3), t(1, 1, 1, 1), stride=(1, 1, 1)),
        "stride must be an int >= 1 or a pair of them",
    ),
    "negative padding": (
        lambda: ops.xcorr_depthwise(t(1, 1, 3, 3), t(1, 1, 1, 1), padding=-1),
        "padding must be an int >= 0 or a pair of them (rows, columns), got -1",
    ),
    "padding by name": (
        lambda: ops.batched_conv2d(t(1, 1, 3, 3), t(1, 1, 1, 1, 1), padding="same"),
        "padding must be an int >= 0 or a pair of them (rows, columns), got 'same'",
    ),
    "fractional dilation": (
        lambda: ops.batched_conv2d(t(1, 1, 3, 3), t(1, 1, 1, 1, 1), dilation=1.5),
        "dilation must be an int >= 1 or a pair of them (rows, columns), got 1.5",
    ),
    "groups": (
        lambda: ops.batched_conv2d(t(1, 4, 3, 3), t(1, 6, 1, 1, 1), groups=4),
        "groups must divide C = 4 and O = 6, got 4",
    ),
    "groups of zero": (
        lambda: ops.batched_conv2d(t(1, 4, 3, 3), t(1, 6, 4, 1, 1), groups=0),
        "groups must divide C = 4 and O = 6, got 0",
    ),
    "channels per group": (
        lambda: ops.batched_conv2d(t(1, 4, 3, 3), t(1, 6, 4, 1, 1), groups=2),
        "weight has 4 channels per group, C/G = 4/2 = 2 are needed",
    ),
    "bias channels": (
        lambda: ops.batched_conv2d(t(1, 4, 3, 3), t(1, 6, 4, 1, 1), t(1, 5)),
        "weight and bias disagree on O: 6 and 5",
    ),
    "bias rank": (
        lambda: ops.batched_conv2d(t(1, 4, 3, 3), t(1, 6, 4, 1, 1), t(6)),
        "bias must have 2 axes, got 1",
    ),
    "bias batch": (
        lambda: ops.batched_conv2d(t(2, 4, 3, 3), t(2, 6, 4, 1, 1), t(3, 6)),
        "disagree on B",
    ),
    "eps of ncc": (
        lambda: ops.ncc(t(1, 1, 3, 3), t(1, 1, 1, 1), eps=0),
        "ncc: eps must be > 0, got 0",
    ),
    "scale of another length": (
        lambda: ops.channel_affine(t(1, 3, 2, 2), t(2)),
        "channel_affine: input and scale disagree on C: 3 and 2",
    ),
    "shift of another length": (
        lambda: ops.channel_affine(t(1, 3, 2, 2), t(3), t(4)),
        "channel_affine: input and shift disagree on C: 3 and 4",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_says_what_is_wrong(name: str) -> None:
    call, sentence = BAD[name]
    with pytest.raises(SiamcorrError) as caught:
        call()
    assert sentence in str(caught.value)
    assert isinstance(caught.value, ShapeError | InvalidArgument)
    assert isinstance(caught.value, ValueError)
