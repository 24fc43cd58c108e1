"""SiamMask's head: its branches and the mask refinement equal twins, corners included."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from twin_layers import State, conv, depthwise, norm, randomised

from siamcorr.errors import ShapeError
from siamcorr.nn.heads import SiamMaskHead
from siamcorr.nn.heads.mask_refinement import MaskRefinement, windows_at


def two(x: Tensor, state: State, name: str) -> Tensor:
    x = F.relu(conv(x, state, f"{name}.0", padding=1))
    return F.relu(conv(x, state, f"{name}.2", padding=1))


def nearest(x: Tensor, side: int) -> Tensor:
    """Cell i shows cell floor(i * old / new)."""
    index = (torch.arange(side) * x.shape[-1]) // side
    return x[:, :, index][:, :, :, index]


def window(features: Tensor, top: int, left: int, size: int) -> Tensor:
    """A window of (1, C, H, W) that may hang over the border, value by value of its cells."""
    _, channels, height, width = features.shape
    cut = torch.zeros(1, channels, size, size)
    for i in range(size):
        for j in range(size):
            y, x = top + i, left + j
            if 0 <= y < height and 0 <= x < width:
                cut[0, :, i, j] = features[0, :, y, x]
    return cut


def twin_refinement(
    correlation: Tensor, shallow: list[Tensor], cell: tuple[int, int], state: State
) -> Tensor:
    y, x = cell
    vector = correlation[:, :, y, x]  # (1, C)
    spread = torch.einsum("bc,coij->boij", vector, state["deconv.weight"])
    spread = spread + state["deconv.bias"][:, None, None]  # (1, 32, 15, 15)
    conv1 = window(shallow[0], 4 * y - 16, 4 * x - 16, 61)
    layer1 = window(shallow[1], 2 * y - 8, 2 * x - 8, 31)
    layer2 = window(shallow[2], y - 4, x - 4, 15)
    mask = two(spread, state, "h2") + two(layer2, state, "v2")
    mask = conv(nearest(mask, 31), state, "post0", padding=1)
    mask = two(mask, state, "h1") + two(layer1, state, "v1")
    mask = conv(nearest(mask, 61), state, "post1", padding=1)
    mask = two(mask, state, "h0") + two(conv1, state, "v0")
    return conv(nearest(mask, 127), state, "post2", padding=1)[0, 0]


@pytest.fixture(scope="module")
def search() -> tuple[Tensor, ...]:
    torch.manual_seed(1)
    sides = {64: 125, 256: 63, 512: 31}
    return tuple(torch.rand(4, count, side, side) for count, side in sides.items())


def test_refinement_equals_its_twin_at_corners_and_inside(search: tuple[Tensor, ...]) -> None:
    """Four samples in one pass, each at its own cell."""
    refinement = randomised(MaskRefinement(channels=8))
    correlation = torch.randn(4, 8, 25, 25)
    cells = [(12, 7), (0, 0), (24, 24), (0, 24)]
    with torch.inference_mode():
        found = refinement(correlation, search, torch.tensor(cells))
        for i, cell in enumerate(cells):
            shallow = [features[i : i + 1] for features in search]
            expected = twin_refinement(
                correlation[i : i + 1], shallow, cell, refinement.state_dict()
            )
            assert expected.std() > 1e-3
            torch.testing.assert_close(found[i], expected, rtol=1e-4, atol=1e-5)


def test_windows_are_cut_with_zeros_outside() -> None:
    features = torch.rand(3, 2, 7, 9)
    corners = torch.tensor([[0, 0], [5, 7], [2, 3]])
    found = windows_at(features, corners, size=6, padding=2)
    for i, (top, left) in enumerate(corners.tolist()):
        assert torch.equal(found[i : i + 1], window(features[i : i + 1], top - 2, left - 2, 6))


def test_branches_share_nothing_and_masks_come_from_the_correlation(
    search: tuple[Tensor, ...],
) -> None:
    head = randomised(SiamMaskHead(channels=4))
    deepest, template = torch.randn(4, 4, 31, 31), torch.randn(4, 4, 7, 7)
    state = head.state_dict()

    def unit(x: Tensor, name: str) -> Tensor:
        return F.relu(norm(conv(x, state, f"{name}.0"), state, f"{name}.1"))

    def correlate(name: str) -> Tensor:
        return depthwise(unit(deepest, f"{name}.search"), unit(template, f"{name}.template"))

    def predict(correlation: Tensor, name: str) -> Tensor:
        return conv(unit(correlation, f"{name}.predict"), state, f"{name}.predict.3")

    close = {"rtol": 1e-4, "atol": 1e-5}
    with torch.inference_mode():
        output = head((*search, deepest), template)
        torch.testing.assert_close(output.cls, predict(correlate("cls"), "cls"), **close)
        torch.testing.assert_close(output.loc, predict(correlate("loc"), "loc"), **close)
        torch.testing.assert_close(output.mask_features, correlate("mask"), **close)
        masks = head.masks(output.mask_features[:1, :, :2, :2])
        assert masks.shape == (1, 63 * 63, 2, 2)
        expected = predict(correlate("mask")[:1, :, :2, :2], "mask")
        torch.testing.assert_close(masks, expected, **close)
        cells = torch.tensor([[12, 7], [3, 4], [0, 0], [24, 1]])
        refined = head.refine((*search, deepest), output.mask_features, cells)
        direct = head.refinement(output.mask_features, search, cells)
        assert torch.equal(refined, direct)


def test_wrong_maps_are_refused(search: tuple[Tensor, ...]) -> None:
    head = SiamMaskHead(channels=4)
    with pytest.raises(
        ShapeError, match="siammask: search features must have 4 feature maps, got 1"
    ):
        head(torch.zeros(1, 4, 31, 31), torch.zeros(1, 4, 7, 7))
    with pytest.raises(ShapeError, match="disagree on B: 3, 4 and 1"):
        head.refinement(torch.zeros(3, 4, 25, 25), search, torch.tensor([[0, 0]]))


def test_masks_of_all_cells_are_answered_in_training_mode_alone() -> None:
    """Those of the tracked cells are refined instead, so tracking does not pay for the others."""
    head = randomised(SiamMaskHead(channels=8))
    search = [*[torch.zeros(1, 1, 1, 1)] * 3, torch.rand(2, 8, 9, 9)]
    template = torch.rand(2, 8, 5, 5)
    with torch.inference_mode():
        output = head(search, template)
        assert output.masks is None
        expected = head.masks(output.mask_features)
        head.training = True  # the flag alone: batch norms keep their statistics
        torch.testing.assert_close(head(search, template).masks, expected)
    assert expected.shape == (2, 3969, 5, 5)
