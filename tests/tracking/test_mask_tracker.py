"""The mask tracker: a twin of cell, paste-back and polygon on a thin network, and empty masks."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as runs
from hypothesis import strategies as st
from pysot_twin import Array, Constants, PysotTwin
from thin_box_models import BGR, PooledFeatures, ThinHead, network_of, thin_box_model
from torch import Tensor, nn
from tracking_scenes import moving_squares

from siamcorr.errors import InvalidArgument
from siamcorr.geometry.masks import mask_corners, paste_mask
from siamcorr.models import ModelSettings, SiameseModel
from siamcorr.tracking import MaskTracker
from siamcorr.tracking.mask import MaskSettings

BOXES = np.array([[40, 40, 24, 24], [90.5, 20.25, 31, 50], [-8, 100, 30, 22]], np.float64)


class ThinMaskHead(ThinHead):
    """Masks of one cell's vector: a blob whose place, size and tilt the vector tells."""

    def __init__(self, offset: float) -> None:
        super().__init__(5, points=False)
        self.shape, self.offset = nn.Conv2d(8, 5, 1), offset

    def refine(self, search: Tensor, mask_features: Tensor, cells_yx: Tensor) -> Tensor:
        assert len(search) == len(mask_features) == len(cells_yx)
        rows = [
            self.shape(f[None])[0, :, y, x]
            for f, (y, x) in zip(mask_features, cells_yx, strict=True)
        ]
        cx, cy, w, h, tilt = torch.stack(rows).tanh()[..., None, None].unbind(1)
        line = torch.linspace(-1, 1, 127, dtype=torch.float64)
        ys, xs = line[:, None] - cy / 3, line - cx / 3
        return (self.offset - ((xs + tilt * ys) / (w + 2)) ** 2 - (ys / (h + 2)) ** 2 * 3) * 20


def mask_model(seed: int, offset: float = 0.05) -> SiameseModel:
    torch.manual_seed(seed)
    return SiameseModel(PooledFeatures(), ThinMaskHead(offset), BGR).double().eval()


def mask_settings() -> MaskSettings:
    return MaskSettings(
        kind="mask",
        model=ModelSettings(backbone="alexnet_v1", head="siamfc"),
        template_size=127,
        search_size=255,
        context_amount=0.5,
        penalty_k=0.1,
        window_influence=0.41,
        size_lr=0.32,
        anchor_ratios=(0.33, 0.5, 1, 2, 3),
        anchor_scales=(8,),
        mask_threshold=0.15,
        min_mask_area=100,
    )


def sampled(mask: Array, left: float, top: float, side: float, width: int, height: int) -> Array:
    """The pasted mask at every pixel by the affine map of the definitions, in float64."""
    g = 127 / side
    box_x, box_y, box_w, box_h = -left * g, -top * g, width * g, height * g
    x = np.arange(width) * box_w / (width - 1) + box_x
    y = np.arange(height) * box_h / (height - 1) + box_y
    padded = np.pad(mask.astype(np.float64), 1)
    across = np.stack([np.interp(x + 1, np.arange(129), row, left=0, right=0) for row in padded])
    return np.stack(
        [np.interp(y + 1, np.arange(129), column, left=0, right=0) for column in across.T], axis=1
    )


class MaskTwin(PysotTwin):
    model: Any

    def update_mask(self, frame: Array) -> tuple[list[float], Array, Array]:
        choice = self.choose(frame, 255, 0.41)
        row, column = (choice.best // choice.cells) % choice.cells, choice.best % choice.cells
        with torch.inference_mode():
            crop = torch.from_numpy(self.crop(frame, int(choice.side), 255) / 64)[None]
            features = self.model.backbone(crop)
            joint = self.model.head(features, self.template).mask_features
            logits = self.model.head.refine(features, joint, torch.tensor([[row, column]]))[0]
        mask = (1 / (1 + np.exp(-logits.numpy()))).astype(np.float32)
        f = choice.side / 255
        left = self.cx - choice.side / 2 + (column - 4) * 8 * f
        top = self.cy - choice.side / 2 + (row - 4) * 8 * f
        pasted = sampled(mask, left, top, 127 * f, frame.shape[1], frame.shape[0])
        self.store(choice)
        self.cx, self.cy, self.w, self.h = self.clipped(frame)
        return self.ltwh((self.cx, self.cy, self.w, self.h)), pasted, self.polygon(pasted > 0.15)

    def polygon(self, mask: Array) -> Array:
        """Rotated rectangle of the largest component; its hull has the contour's rectangle."""
        count, labels = cv2.connectedComponents(mask.astype(np.uint8))
        best, area = None, 100.0
        for label in range(1, count):
            points = np.argwhere(labels == label)[:, ::-1].astype(np.int32)
            outline = cv2.findContours(
                (labels == label).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
            )[-2][0]
            if cv2.contourArea(outline) > area:
                best, area = points, cv2.contourArea(outline)
        if best is None:
            x1, x2 = self.cx - self.w / 2, self.cx + self.w / 2
            y1, y2 = self.cy - self.h / 2, self.cy + self.h / 2
            return np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
        return np.asarray(cv2.boxPoints(cv2.minAreaRect(best)))


@pytest.mark.parametrize(("seed", "offset"), [(2, 0.05), (5, 0.05), (2, -9)])
def test_boxes_masks_and_polygons_are_the_twins(seed: int, offset: float) -> None:
    model = mask_model(seed, offset)
    tracker = MaskTracker(model, mask_settings())
    first, *rest = moving_squares(8, [(40, 40), (110, 70)])
    state = tracker.init(first, BOXES)
    constants = Constants(0.1, 0.41, 0.32, stride=8, anchors=True)
    twins = [MaskTwin(network_of(model), constants) for _ in BOXES]
    for twin, box in zip(twins, BOXES, strict=True):
        twin.model = model
        twin.init(first, box)
    rotated = 0
    for frame in rest:
        state, result = tracker.update(state, frame)
        assert result.masks is not None
        assert result.corners_xy is not None
        assert (result.masks.dtype, tuple(result.masks.shape)) == (torch.bool, (3, 160, 200))
        for n, twin in enumerate(twins):
            box, pasted, polygon = twin.update_mask(frame)
            np.testing.assert_allclose(result.boxes_xywh[n], box, atol=1e-4)
            certain = np.abs(pasted - 0.15) > 0.05  # OpenCV's weights have 5 bits
            agree = result.masks[n].numpy() == (pasted > 0.15)
            assert agree[certain].all()
            assert agree.mean() > 0.99
            rotated += not np.allclose(polygon, box_corners(box))
            # The same mask: the rectangle of all pixels of the largest part.
            own = twin.polygon(result.masks[n].numpy())
            np.testing.assert_allclose(by_place(result.corners_xy[n]), by_place(own), atol=1e-3)
            if offset < 0:
                np.testing.assert_allclose(result.corners_xy[n], box_corners(box), atol=1e-4)
    assert (rotated > 10) == (offset > 0)


def box_corners(box: list[float]) -> Array:
    x, y, w, h = box
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]])


def by_place(corners: Any) -> Array:
    """Corners in one order, whichever a rectangle was started from."""
    points = np.asarray(corners, np.float64)
    angle = np.arctan2(*(points - points.mean(0)).T[::-1])
    start = int(np.argmin(np.round(points.sum(1), 3)))
    order = np.argsort(angle)
    return points[np.roll(order, -int(np.flatnonzero(order == start)[0]))]


@runs(max_examples=25, deadline=None)
@given(st.floats(-60, 90), st.floats(-60, 70), st.floats(20, 150))
def test_paste_back_against_interpolation_by_hand(left: float, top: float, side: float) -> None:
    ys, xs = np.mgrid[:127, :127]
    mask = (0.5 + 0.5 * np.sin(xs / 17 + 0.3) * np.cos(ys / 23)).astype(np.float32)
    pasted = paste_mask(mask, (left, top), side, (80, 100))
    expected = sampled(mask, left, top, side, 100, 80)
    x = np.arange(100) * 100 / 99 * 127 / side - left * 127 / side
    y = np.arange(80) * 80 / 79 * 127 / side - top * 127 / side
    inside = np.logical_and.outer((y > 1) & (y < 125), (x > 1) & (x < 125))
    outside = ~np.logical_and.outer((y > -2) & (y < 128), (x > -2) & (x < 128))
    np.testing.assert_allclose(pasted[inside], expected[inside], atol=0.01)
    assert not pasted[outside].any()


def test_corners_of_the_largest_part_only() -> None:
    mask = np.zeros((60, 60), bool)
    mask[5:8, 5:50] = True  # 2 * 44 = 88 square pixels between the pixel middles
    assert mask_corners(mask) is None
    mask[30:52, 10:31] = True
    corners = mask_corners(mask)
    assert corners is not None
    expected = [(10, 30), (10, 51), (30, 30), (30, 51)]
    assert sorted(map(tuple, corners.round(4).tolist())) == expected
    assert mask_corners(np.zeros((5, 5), bool)) is None


def test_convention_an_area_of_min_area_does_not_count() -> None:
    mask = np.zeros((20, 20), bool)
    mask[2:13, 2:13] = True  # exactly 10 * 10
    assert mask_corners(mask) is None
    assert mask_corners(mask, min_area=99) is not None


def test_a_head_without_masks() -> None:
    with pytest.raises(InvalidArgument, match="mask: the head ThinHead predicts no masks; use"):
        MaskTracker(thin_box_model(0), mask_settings())
