"""The adjusting neck: 1x1 convolution and BN a level, middles of templates, shallow maps."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from twin_layers import conv, norm, randomised

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.necks import NECKS, AdjustNeck


def levels(side: int, channels: tuple[int, ...] = (3, 5)) -> tuple[Tensor, ...]:
    return tuple(torch.randn(2, count, side, side) for count in channels)


def test_levels_equal_their_twin() -> None:
    neck = randomised(AdjustNeck([3, 5], [4, 6]))
    maps = levels(15)
    state = neck.state_dict()
    with torch.inference_mode():
        search = neck(maps, template=False)
        template = neck(maps, template=True)
    for i, (level, count) in enumerate(zip(maps, (4, 6), strict=True)):
        expected = norm(conv(level, state, f"adjust.{i}.0"), state, f"adjust.{i}.1")
        assert expected.shape[1] == count
        assert expected.min() < 0, "no activation follows"
        torch.testing.assert_close(search[i], expected)
        torch.testing.assert_close(template[i], expected[:, :, 4:11, 4:11])


def test_one_level_is_a_map_and_shallow_maps_pass_with_the_search() -> None:
    neck = randomised(AdjustNeck([5], 4, shallow=2))
    shallow, (deep,) = levels(31, (2, 3)), levels(15, (5,))
    with torch.inference_mode():
        template = neck((*shallow, deep), template=True)
        search = neck((*shallow, deep), template=False)
    assert isinstance(template, Tensor)
    assert template.shape == (2, 4, 7, 7)
    assert len(search) == 3
    assert search[0] is shallow[0]
    assert search[1] is shallow[1]
    assert search[2].shape == (2, 4, 15, 15)


def test_convention_only_template_maps_are_cut() -> None:
    """PySOT cuts by width, so a search map under 20 cells as well."""
    neck = AdjustNeck([3], 4).eval()
    narrow = torch.zeros(1, 3, 17, 17)
    assert neck(narrow, template=False).shape == (1, 4, 17, 17)
    assert neck(narrow, template=True).shape == (1, 4, 7, 7)
    assert AdjustNeck([3], 4, template_cells=None)(narrow, template=True).shape == (1, 4, 17, 17)


@pytest.mark.parametrize("side", [7, 8, 15, 16])
def test_the_middle_starts_at_half_the_rest(side: int) -> None:
    neck = AdjustNeck([1], 1).eval()
    torch.nn.init.ones_(neck.adjust[0][0].weight)
    rows = torch.arange(float(side)).view(1, 1, side, 1).expand(1, 1, side, side)
    first = neck(rows, template=True)[0, 0, 0, 0].item()
    assert round(first) == (side - 7) // 2


def test_wrong_numbers_are_refused() -> None:
    assert NECKS["adjust"] is AdjustNeck
    with pytest.raises(InvalidArgument, match="one number a level"):
        AdjustNeck([3, 5], [4])
    for channels in ([], 3):
        with pytest.raises(InvalidArgument, match="in_channels must be a list, one number a level"):
            AdjustNeck(channels)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match=r"every number of out_channels must be .* got 0"):
        AdjustNeck([3, 5], [4, 0])
    with pytest.raises(InvalidArgument, match="must be an int >= 1, got 0"):
        AdjustNeck([3], 4, template_cells=0)
    neck = AdjustNeck([3, 5], 4)
    with pytest.raises(ShapeError, match="AdjustNeck: features must have 2 feature maps, got 1"):
        neck(torch.zeros(1, 3, 15, 15), template=True)
    with pytest.raises(ShapeError, match="template map of 6 x 6 cells is smaller than"):
        neck(levels(6), template=True)
