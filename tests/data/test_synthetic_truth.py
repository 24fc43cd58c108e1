"""Ground truth of synthetic video: boxes, masks, visibility by counted pixels and geometry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from synthetic_scenes import WHITE, box, clip

from siamcorr.data.synthetic import SyntheticSequence
from siamcorr.errors import InvalidArgument
from siamcorr.types import Sequence

SHAPES = [
    {"kind": "ellipse"},
    {"kind": "rectangle"},
    {"kind": "rounded"},
    {"kind": "polygon", "corners": 6},
    {"kind": "star", "corners": 5},
    {"kind": "blob"},
]
BUSY = {
    "x": [[0, 40], [4, 120]],
    "y": [[0, 50], [4, 70]],
    "scale": [[0, 0.8], [4, 1.4]],
    "rotation_deg": [[0, 0], [4, 70]],
    "deformation": {"amplitude": 2, "wavelength": 30, "phase": [[0, 0], [4, 1]]},
}


def extent_by_loops(mask: npt.NDArray[np.bool_]) -> list[int]:
    """Box around the pixels of a mask, pixel by pixel."""
    pixels = [(x, y) for y, row in enumerate(mask.tolist()) for x, on in enumerate(row) if on]
    left, right = min(x for x, _ in pixels), max(x for x, _ in pixels)
    top, bottom = min(y for _, y in pixels), max(y for _, y in pixels)
    return [left, top, right - left + 1, bottom - top + 1]


def area(sequence: SyntheticSequence, t: int) -> int:
    return int(sequence.masks(t, amodal=True)[0].sum())


@pytest.mark.parametrize("shape", SHAPES, ids=[shape["kind"] for shape in SHAPES])
def test_convention_a_box_is_the_extent_of_the_whole_silhouette(shape: dict[str, object]) -> None:
    cover = box(name="cover", target=False, x=85)
    sequence = clip(box(shape=shape, **BUSY), cover)
    for t in range(5):
        expected = extent_by_loops(sequence.masks(t, amodal=True)[0])
        assert sequence.boxes_xywh[t, 0].tolist() == expected


def test_convention_pixel_columns_3_to_7_give_x_3_and_w_5() -> None:
    sequence = clip(box(size=[8, 8], scale=[[0, 1], [4, 1]], x=10, y=20))
    columns = np.flatnonzero(sequence.masks(0)[0].any(0))
    assert columns.tolist() == [6, 7, 8, 9, 10, 11, 12, 13]  # 10 - 4 ... 10 + 4, end excluded
    assert sequence.boxes_xywh[0, 0].tolist() == [6, 16, 8, 8]


def test_a_box_reaches_outside_the_frame() -> None:
    sequence = clip(box(x=-5, y=118))
    assert sequence.boxes_xywh[0, 0].tolist() == [-25, 106, 40, 24]
    assert sequence.visible[0, 0] == (15 * 14) / (40 * 24)


def test_an_absent_target_has_a_box_and_no_visible_pixel() -> None:
    sequence = clip(box(x=-300))
    assert sequence.boxes_xywh[0, 0].tolist() == [-320, 48, 40, 24]
    assert sequence.visible[0, 0] == 0
    assert not sequence.masks(0).any()


@pytest.mark.parametrize("t", range(5))
def test_the_centre_follows_the_trajectory(t: int) -> None:
    sequence = clip(box(shape={"kind": "ellipse"}, x=[[0, 40], [4, 47]], y=[[0, 50], [4, 81]]))
    rows, columns = np.nonzero(sequence.masks(t, amodal=True)[0])
    assert columns.mean() + 0.5 == pytest.approx(40 + 7 * t / 4, abs=0.15)
    assert rows.mean() + 0.5 == pytest.approx(50 + 31 * t / 4, abs=0.15)


def test_the_area_grows_with_the_square_of_the_scale() -> None:
    sequence = clip(box(scale=[[0, 1], [4, 2]]))
    for t, scale in enumerate((1, 1.25, 1.5, 1.75, 2)):
        assert area(sequence, t) == pytest.approx(40 * 24 * scale**2, rel=0.02)


def test_a_small_scale_uses_a_coarser_picture_of_the_same_shape() -> None:
    sequence = clip(box(scale=[[0, 4], [4, 0.6]]))
    assert area(sequence, 4) == pytest.approx(40 * 24 * 0.36, rel=0.06)
    assert sequence.boxes_xywh[4, 0].tolist() == pytest.approx([68, 52.8, 24, 14.4], abs=1)


@pytest.mark.parametrize("degrees", [30, 90, 135, -60])
def test_rotation_is_exact_and_positive_turns_x_towards_y(degrees: float) -> None:
    sequence = clip(box(rotation_deg=degrees))
    rows, columns = np.nonzero(sequence.masks(0, amodal=True)[0])
    x, y = columns + 0.5 - 80, rows + 0.5 - 60
    measured = 0.5 * np.arctan2(2 * (x * y).sum(), (x * x).sum() - (y * y).sum())
    assert np.rad2deg(measured) % 180 == pytest.approx(degrees % 180, abs=0.5)
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    y, x = np.mgrid[:120, :160] + 0.5 - np.array([60, 80])[:, None, None]
    inside = (np.abs(x * cos + y * sin) < 20) & (np.abs(y * cos - x * sin) < 12)
    assert (inside != sequence.masks(0)[0]).sum() < 0.02 * inside.sum()


def test_stretch_and_deformation_keep_the_area() -> None:
    ripple = {"amplitude": 3, "wavelength": 24, "phase": 0.1}
    stretched, rippled = clip(box(stretch=1.5)), clip(box(deformation=ripple))
    assert stretched.boxes_xywh[0, 0].tolist() == [50, 52, 60, 16]
    assert area(rippled, 0) == pytest.approx(40 * 24, rel=0.02)
    plain, changed = clip(box()).masks(0), rippled.masks(0)
    assert (plain != changed).sum() > 60


def test_a_deformed_silhouette_equals_the_formula_pixel_by_pixel() -> None:
    amplitude, wavelength, phase = 4.0, 32.0, 0.3
    ripple = {"amplitude": amplitude, "wavelength": wavelength, "phase": phase}
    mask = clip(box(deformation=ripple)).masks(0)[0]
    edge = np.linspace(-1, 1, 4001)
    sides = [(20 * edge, -12 + 0 * edge), (20 * edge, 12 + 0 * edge)]
    sides += [(-20 + 0 * edge, 12 * edge), (20 + 0 * edge, 12 * edge)]
    x, y = np.concatenate([x for x, _ in sides]), np.concatenate([y for _, y in sides])
    x = x + amplitude * np.sin(2 * np.pi * (y / wavelength + phase))
    y = y + amplitude * np.sin(2 * np.pi * (x / wavelength + phase))
    left, top, width, height = extent_by_loops(mask)
    assert [left, top] == pytest.approx([80 + x.min(), 60 + y.min()], abs=0.6)
    assert [left + width, top + height] == pytest.approx([80 + x.max(), 60 + y.max()], abs=0.6)


def test_visibility_is_the_share_of_counted_pixels() -> None:
    sequence = clip(
        box(shape={"kind": "ellipse"}, **BUSY),
        box(name="second", x=70, rotation_deg=40),
        box(name="cover", target=False, x=95, shape={"kind": "star", "corners": 5}),
    )
    for t in range(5):
        whole, seen = sequence.masks(t, amodal=True), sequence.masks(t)
        assert not (seen & ~whole).any()
        assert not (seen[0] & seen[1]).any()
        share = seen.sum((1, 2)) / whole.sum((1, 2))
        np.testing.assert_allclose(sequence.visible[t], share)


def test_an_occluder_hides_what_lies_behind_it_only() -> None:
    bar = box(name="bar", target=False, size=[10, 90])
    behind, before = clip(box(), bar), clip(bar, box())
    assert behind.visible[0, 0] == pytest.approx(0.75)  # 10 of 40 columns are hidden
    assert before.visible[0, 0] == 1
    assert behind.boxes_xywh.tolist() == before.boxes_xywh.tolist()


def test_modal_mask_is_where_the_target_shows_in_the_frame() -> None:
    black = WHITE | {"colours": ["#000000", "#000000"]}
    cover = box(name="cover", target=False, texture=black, x=100, rotation_deg=20)
    sequence = clip(box(), cover, background={"texture": black})
    np.testing.assert_array_equal(sequence.frame(0)[..., 0] > 127, sequence.masks(0)[0])


def test_what_is_anchored_to_the_background_moves_with_the_camera() -> None:
    pan = {"texture": WHITE, "x": [[0, 0], [4, 20]], "y": [[0, 0], [4, -8]], "zoom": 2}
    sequence = clip(box(anchor="background", x=0, y=0, size=[20, 12]), background=pan)
    centres = sequence.boxes_xywh[:, 0, :2] + sequence.boxes_xywh[:, 0, 2:] / 2
    assert centres[0].tolist() == [80, 60]
    assert centres[4].tolist() == [80 - 2 * 20, 60 + 2 * 8]
    assert sequence.boxes_xywh[0, 0, 2:].tolist() == [40, 24]


def test_the_clip_is_a_sequence() -> None:
    sequence = clip(box(), box(name="extra", target=False))
    assert isinstance(sequence, Sequence)
    assert len(sequence) == 5 == len(list(sequence))
    assert sequence.boxes_xywh.shape == (5, 1, 4)
    assert sequence.boxes_xywh.dtype == sequence.visible.dtype == np.float64
    assert sequence.target_names == ("box",)


def test_a_sample_holds_what_the_sequence_says() -> None:
    sequence = clip(box(**BUSY), box(name="second", x=90))
    for t in (0, 3):
        sample = sequence.sample(t)
        np.testing.assert_array_equal(sample.image, sequence.frame(t))
        np.testing.assert_array_equal(sample.boxes_xywh, sequence.boxes_xywh[t])
        np.testing.assert_array_equal(sample.visible, sequence.visible[t])
        np.testing.assert_array_equal(sample.masks, sequence.masks(t))


@pytest.mark.parametrize("t", [-1, 5])
def test_a_frame_that_does_not_exist_is_refused(t: int) -> None:
    sequence = clip()
    for ask in (sequence.frame, sequence.masks, sequence.sample):
        with pytest.raises(InvalidArgument, match=rf"scene: frame {t} is not in 0 \.\.\. 4"):
            ask(t)
