"""The recipe of the demo clip holds what it promises, and its picture does not drift."""

from __future__ import annotations

import numpy as np
import pytest

from siamcorr.data.synthetic import SyntheticSequence, load_synthetic


@pytest.fixture(scope="module")
def demo() -> SyntheticSequence:
    return load_synthetic("demo")


def test_it_has_300_frames_and_five_targets(demo: SyntheticSequence) -> None:
    assert (len(demo), demo.fps, demo.frame_size) == (300, 30, (360, 640))
    assert demo.target_names == ("buoy", "note", "jelly", "kite", "star")
    assert demo.boxes_xywh.shape == (300, 5, 4)


def test_all_targets_stay_inside_the_frame(demo: SyntheticSequence) -> None:
    corner = demo.boxes_xywh[..., :2] + demo.boxes_xywh[..., 2:]
    assert demo.boxes_xywh[..., :2].min() >= 0
    assert corner[..., 0].max() <= 640
    assert corner[..., 1].max() <= 360


def test_motion_is_smooth_and_at_most_6_pixels_a_frame(demo: SyntheticSequence) -> None:
    layers = [layer for layer in demo._renderer.layers if layer.target]
    centres = np.stack([layer.poses.centre for layer in layers])
    speed = np.linalg.norm(np.diff(centres, axis=1), axis=-1)
    assert 3.5 < speed.max() <= 6
    assert np.abs(np.diff(centres, n=2, axis=1)).max() < 1.5


def test_a_target_changes_its_scale_by_more_than_one_and_a_half(demo: SyntheticSequence) -> None:
    buoy = np.sqrt([demo.masks(t, amodal=True)[0].sum() for t in (0, 250)])
    assert buoy[1] / buoy[0] == pytest.approx(1.6, abs=0.02)
    assert buoy[1] / buoy[0] >= 1.5


def test_a_target_turns_by_more_than_thirty_degrees(demo: SyntheticSequence) -> None:
    angles = []
    for t in (0, 250):
        rows, columns = np.nonzero(demo.masks(t, amodal=True)[1])
        covariance = np.cov(columns, rows)
        angles.append(0.5 * np.arctan2(2 * covariance[0, 1], covariance[0, 0] - covariance[1, 1]))
    assert np.rad2deg(angles[1] - angles[0]) == pytest.approx(36, abs=1)


def test_a_target_deforms(demo: SyntheticSequence) -> None:
    jelly = demo.recipe.objects[[item.name for item in demo.recipe.objects].index("jelly")]
    assert jelly.deformation is not None
    shares = demo.boxes_xywh[:, 2, 2] / demo.boxes_xywh[:, 2, 3]
    assert shares.max() / shares.min() > 1.15


def test_one_target_is_partly_hidden_for_about_fifteen_frames(demo: SyntheticSequence) -> None:
    assert 0.4 <= demo.visible.min() <= 0.7
    assert 10 <= (demo.visible[:, 4] < 0.7).sum() <= 20
    assert (demo.visible[:, :4] > 0.95).all()


def test_a_look_alike_comes_close_to_its_twin(demo: SyntheticSequence) -> None:
    items = {item.name: item for item in demo.recipe.objects}
    assert items["look-alike"].like == "kite"
    assert not items["look-alike"].target
    layers = {layer.name: layer for layer in demo._renderer.layers}
    way = layers["kite"].poses.centre - layers["look-alike"].poses.centre
    nearest = np.linalg.norm(way, axis=1).min()
    assert 66 < nearest < 1.6 * 66


def test_light_blur_and_noise_are_on(demo: SyntheticSequence) -> None:
    frames = np.arange(300, dtype=float)
    gain = demo.recipe.light.gain.at(frames)
    assert gain.max() / gain.min() > 1.3
    assert demo.recipe.sensor.blur.at(frames).min() > 0
    assert demo.recipe.sensor.noise.at(frames).min() > 0


def test_the_first_frame_does_not_drift(demo: SyntheticSequence) -> None:
    sample = demo.sample(0)
    means = [sample.image[mask].mean(0) for mask in sample.masks]
    np.testing.assert_allclose(sample.image.mean((0, 1)), WHOLE, atol=0.5)
    np.testing.assert_allclose(means, TARGETS, atol=1.5)
    np.testing.assert_allclose(sample.boxes_xywh, BOXES, atol=1)


WHOLE = [145.6, 158.8, 123.8]
TARGETS = [[181, 110, 99], [153, 156, 152], [168, 98, 147], [138, 139, 111], [138, 81, 61]]
BOXES = [
    [47, 187, 56, 56],
    [54, 60, 92, 70],
    [253, 259, 73, 55],
    [471, 257, 58, 66],
    [292, 32, 82, 81],
]
