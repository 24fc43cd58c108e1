"""Windows and warps of pairs: against loops, rendered rectangles and the trackers' crops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from siamcorr.data.pairs.augment import CropAugmentation
from siamcorr.data.pairs.crops import (
    CropWindow,
    box_in_crop,
    cut_frame,
    cut_mask,
    random_window,
)
from siamcorr.data.pairs.shape import PairShape
from siamcorr.geometry.pysot_crops import pysot_crops, truncated_mean_colour
from siamcorr.opencv import load_cv2

NONE = CropAugmentation()
SHAPE = PairShape()


def smooth_frame(height: int = 60, width: int = 80) -> np.ndarray:
    coarse = np.random.default_rng(1).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    cv2 = load_cv2()
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def looped(frame: np.ndarray, window: CropWindow, size: int, colour) -> np.ndarray:
    """The formula of the docstring, a pixel at a time in floats."""
    crop = np.empty((size, size, 3))
    height, width = frame.shape[:2]

    def value(row: int, column: int) -> np.ndarray:
        inside = 0 <= row < height and 0 <= column < width
        return frame[row, column].astype(float) if inside else np.asarray(colour, float)

    for v in range(size):
        for u in range(size):
            at = (size - u - 0.5) if window.mirrored else u + 0.5
            x = window.left + at * window.width / size - 0.5
            y = window.top + (v + 0.5) * window.height / size - 0.5
            c, r = math.floor(x), math.floor(y)
            a, b = x - c, y - r
            upper = (1 - a) * value(r, c) + a * value(r, c + 1)
            lower = (1 - a) * value(r + 1, c) + a * value(r + 1, c + 1)
            crop[v, u] = (1 - b) * upper + b * lower
    return crop


@pytest.mark.parametrize(
    "window",
    [
        CropWindow(20.3, 10.7, 30.0, 22.0),
        CropWindow(20.3, 10.7, 30.0, 22.0, mirrored=True),
        CropWindow(-9.5, -4.25, 60.0, 60.0),
        CropWindow(55.1, 30.9, 50.0, 41.0, mirrored=True),
        CropWindow(200.0, 200.0, 10.0, 10.0),
    ],
)
@pytest.mark.parametrize("border", ["mean", "black"])
def test_a_crop_equals_loops_over_its_pixels(window, border):
    frame = smooth_frame()
    colour = np.rint(frame.reshape(-1, 3).mean(0)) if border == "mean" else (0, 0, 0)
    crop = cut_frame(frame, window, 31, border).astype(float)
    error = np.abs(crop - looped(frame, window, 31, colour))
    # OpenCV before 5 rounds positions to 1/32 of a pixel; the frame changes by up to 40 a pixel.
    assert error.max() <= 4
    assert error.mean() < 0.6


def test_convention_border_is_the_mean_colour_of_the_whole_frame_rounded():
    frame = np.zeros((10, 10, 3), np.uint8)
    frame[:3] = (10, 20, 255)  # means 3, 6, 76.5
    crop = cut_frame(frame, CropWindow(-40.0, -40.0, 20.0, 20.0), 8, "mean")
    assert np.unique(crop.reshape(-1, 3), axis=0).tolist() == [[3, 6, 76]]
    assert not cut_frame(frame, CropWindow(-40.0, -40.0, 20.0, 20.0), 8, "black").any()


@pytest.mark.parametrize("side", [62.0, 93.0])
def test_area_is_the_mean_of_whole_blocks_of_pixels(side):
    """Windows of 31 blocks of 2 x 2 and of 3 x 3 pixels that start at a pixel's corner."""
    frame = np.random.default_rng(0).integers(0, 256, (120, 130, 3), dtype=np.uint8)
    k = int(side) // 31
    crop = cut_frame(frame, CropWindow(11.0, 7.0, side, side), 31, "black", "area")
    inside = frame[7 : 7 + 31 * k, 11 : 11 + 31 * k].astype(float)
    means = inside.reshape(31, k, 31, k, 3).mean((1, 3))
    assert np.abs(crop - means).max() <= 0.5 + 1e-6


@pytest.mark.parametrize("kind", ["linear", "cubic", "nearest", "lanczos"])
def test_interpolations_are_those_of_resizing(kind):
    """Two crop pixels a frame pixel, as OpenCV's resize gives them away from the rim."""
    cv2 = load_cv2()
    flags = [cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST, cv2.INTER_LANCZOS4]
    flag = dict(zip(["linear", "cubic", "nearest", "lanczos"], flags, strict=True))[kind]
    frame = smooth_frame()
    crop = cut_frame(frame, CropWindow(10.0, 10.0, 40.0, 40.0), 80, "black", kind).astype(int)
    resized = cv2.resize(frame[10:50, 10:50], (80, 80), interpolation=flag).astype(int)
    inner = np.s_[10:-10, 10:-10]
    assert np.abs(crop - resized)[inner].max() <= 3
    others = [
        cut_frame(frame, CropWindow(10.0, 10.0, 40.0, 40.0), 80, "black", k)
        for k in ("linear", "cubic", "nearest", "lanczos")
        if k != kind
    ]
    errors = [np.abs(other.astype(int) - resized)[inner].mean() for other in others]
    assert np.abs(crop - resized)[inner].mean() < min(errors)


def test_area_is_linear_where_the_window_grows():
    frame, window = smooth_frame(), CropWindow(10.2, 10.7, 31.0, 20.0)
    area, linear = (cut_frame(frame, window, 31, "mean", kind) for kind in ("area", "linear"))
    assert np.array_equal(area, linear)


def test_convention_no_window_is_cut_short_at_the_edge_of_a_stored_crop():
    wide = CropAugmentation(shift=200, scale=0.9)
    box, rng = np.array([300.0, 300.0, 40.0, 40.0]), np.random.default_rng(0)
    windows = [random_window(box, 255, SHAPE, wide, rng) for _ in range(2000)]
    side = 80 * 255 / 127  # of the square round a square target with its context of 40
    widths = np.array([w.width for w in windows]) / side
    shifts = np.array([w.left + w.width / 2 - 320 for w in windows]) * 127 / 80
    assert widths.min() < 0.12
    assert widths.max() > 1.88
    assert widths.mean() == pytest.approx(1, abs=0.05)
    assert shifts.min() < -198
    assert shifts.max() > 198
    assert np.abs(shifts).max() <= 200
    assert np.corrcoef(widths, [w.height for w in windows])[0, 1] == pytest.approx(0, abs=0.1)


def test_an_isotropic_stretch_keeps_the_window_square():
    settings = CropAugmentation(scale=0.3, isotropic=True)
    box, rng = np.array([30.0, 30.0, 20.0, 50.0]), np.random.default_rng(0)
    windows = [random_window(box, 239, SHAPE, settings, rng) for _ in range(50)]
    assert all(w.width == w.height for w in windows)
    assert len({w.width for w in windows}) == 50


def test_draws_do_not_depend_on_the_settings():
    """Turning one augmentation on leaves the random numbers of the others as they are."""
    box = np.array([30.0, 30.0, 20.0, 50.0])
    after = []
    for drawn in (NONE, CropAugmentation(shift=9, scale=0.5, isotropic=True, flip=1)):
        rng = np.random.default_rng(5)
        random_window(box, 255, SHAPE, drawn, rng)
        after.append(rng.random())
    assert after[0] == after[1]


def test_flips_of_pair_and_crop_cancel():
    box, rng = np.array([30.0, 30.0, 20.0, 50.0]), np.random.default_rng(0)
    always = CropAugmentation(flip=1)
    assert random_window(box, 255, SHAPE, always, rng).mirrored
    assert not random_window(box, 255, SHAPE, always, rng, mirrored=True).mirrored
    assert random_window(box, 255, SHAPE, NONE, rng, mirrored=True).mirrored


BOXES = st.tuples(
    st.floats(-20, 400), st.floats(-20, 300), st.floats(1, 200), st.floats(1, 200)
).map(np.array)


@given(BOXES, st.integers(16, 300), st.integers(16, 300), st.floats(0, 1))
@settings(max_examples=80)
def test_without_augmentation_the_target_stands_in_the_middle_at_its_scale(box, sz, sx, context):
    shape = PairShape(template_size=sz, search_size=sx, context_amount=context)
    w, h = box[2:]
    padding = context * (w + h)
    scale = sz / math.sqrt((w + padding) * (h + padding))
    for size in (sz, sx):
        window = random_window(box, size, shape, NONE, np.random.default_rng(0))
        expected = [size / 2 - w * scale / 2, size / 2 - h * scale / 2, w * scale, h * scale]
        assert box_in_crop(box, window, size) == pytest.approx(expected, rel=1e-9, abs=1e-7)


@given(BOXES, st.floats(0, 0.5), st.floats(0, 80), st.booleans(), st.integers(0, 10**6))
@settings(max_examples=80)
def test_boxes_and_windows_agree(box, scale, shift, mirrored, seed):
    """The corners of the box in the crop, mapped to the frame, are the corners of the box."""
    drawn = CropAugmentation(scale=scale, shift=shift)
    rng = np.random.default_rng(seed)
    window = random_window(box, 255, SHAPE, drawn, rng, mirrored=mirrored)
    x, y, w, h = box_in_crop(box, window, 255)
    corners = window.to_frame(255) @ np.array([[x, x + w], [y, y + h], [1, 1]])
    left, right = sorted(corners[0])
    expected = [box[0], box[0] + box[2], box[1], box[1] + box[3]]
    assert [left, right, *corners[1]] == pytest.approx(expected, rel=1e-6, abs=1e-6)
    nominal = math.sqrt((box[2] + (box[2] + box[3]) / 2) * (box[3] + (box[2] + box[3]) / 2)) / 127
    middle = window.left + window.width / 2 - box[0] - box[2] / 2
    assert abs(middle) <= shift * nominal + 1e-6
    if shift <= 40 and scale <= 0.2:  # then the middle of the target cannot leave the crop
        assert 0 < x + w / 2 < 255
        assert 0 < y + h / 2 < 255


@pytest.mark.parametrize("mirrored", [False, True])
def test_box_in_crop_encloses_a_rendered_rectangle(mirrored):
    """A bright rectangle, drawn in the frame, is found in the crop where its box says."""
    frame = np.zeros((240, 320, 3), np.uint8)
    box = np.array([140.0, 90.0, 37.0, 52.0])
    frame[90:142, 140:177] = 200
    drawn = CropAugmentation(shift=20, scale=0.2)
    for seed in range(8):
        rng = np.random.default_rng(seed)
        window = random_window(box, 255, SHAPE, drawn, rng, mirrored=mirrored)
        shares = cut_frame(frame, window, 255, "black")[..., 0] / 200
        x, y, w, h = box_in_crop(box, window, 255)
        across, down = shares.max(0), shares.max(1)
        places = np.arange(255) + 0.5
        # an edge is a ramp of 1 ... 2 crop pixels, sampled at pixel centres
        assert across.sum() == pytest.approx(w, abs=0.25)
        assert down.sum() == pytest.approx(h, abs=0.25)
        assert (across * places).sum() / across.sum() == pytest.approx(x + w / 2, abs=0.15)
        assert (down * places).sum() / down.sum() == pytest.approx(y + h / 2, abs=0.15)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_mask_lands_on_the_pixels_of_its_object(mirrored):
    frame = np.zeros((100, 120, 3), np.uint8)
    mask = np.zeros((100, 120), np.bool_)
    rows, columns = np.mgrid[:100, :120]
    mask[((rows - 50) / 20) ** 2 + ((columns - 61) / 13) ** 2 < 1] = True
    mask[40:60, 61:80] = True  # no symmetry
    frame[mask] = 255
    window = CropWindow(30.2, 20.9, 61.0, 57.0, mirrored)
    cut = cut_mask(mask, window, 127)
    assert cut.dtype == np.bool_
    assert cut.any()
    pixels = cut_frame(frame, window, 127, "black")[..., 0] > 127
    assert np.count_nonzero(cut != pixels) <= 2  # ties of the rounding
    assert not cut_mask(mask, CropWindow(300.0, 300.0, 10.0, 10.0), 16).any()


def test_convention_crops_are_those_of_the_trackers():
    """Where the square has whole corners, both ways resample the same pixels."""
    frame = smooth_frame(240, 320)
    # w = h = 20: side 40 for the template and 2 * 40 = 80 for a search of twice the size
    box, shape = np.array([150.0, 110.0, 20.0, 20.0]), PairShape(template_size=127, search_size=254)
    colour = truncated_mean_colour(frame)[None]
    centre = torch.tensor([[160.0, 120.0]], dtype=torch.float64)
    for size, side in ((127, 40), (254, 80)):
        window = random_window(box, size, shape, NONE, np.random.default_rng(0))
        ours = torch.from_numpy(cut_frame(frame, window, size, "mean")).int()
        theirs = pysot_crops(frame, centre, torch.tensor([float(side)]), colour, size)[0].int()
        # At its rim a tracker's square does not see the frame beyond it, which ours does.
        assert (ours - theirs)[2:-2, 2:-2].abs().max() <= 1
