"""Pictures of synthetic video: determinism, light, noise, blur, shadow, textures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_scenes import GREY, WHITE, box, clip

from siamcorr.data.synthetic import load_synthetic, render_video
from siamcorr.data.synthetic.composite import line_kernel
from siamcorr.data.synthetic.patterns import power_law
from siamcorr.errors import ConfigError, InvalidArgument, UnknownName

NATURAL = {"kind": "noise", "colours": ["#304050", "#c0b090"], "exponent": 2.5}
TEXTURES = [
    NATURAL,
    {"kind": "checker", "colours": ["#1f4fa3", "#f2c53d"], "cell": 8},
    {"kind": "stripes", "colours": ["#1f4fa3", "#f2c53d"], "cell": 8},
    {"kind": "rings", "colours": ["#1f4fa3", "#f2c53d"], "cell": 8},
    {"kind": "spots", "colours": ["#1f4fa3", "#f2c53d"], "cell": 8},
    {"kind": "marks", "colours": ["#1f4fa3", "#f2c53d"], "cell": 8},
    {"kind": "leaves", "colours": ["#1f4fa3", "#f2c53d"], "smallest": 3, "largest": 20},
]
SENSOR = {"shutter": 0.5, "blur": 0.7, "noise": 3}


def moving_box() -> dict[str, object]:
    return box(x=[[0, 40], [4, 80]], texture=NATURAL, rotation_deg=[[0, 0], [4, 40]])


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    first = clip(moving_box(), background={"texture": NATURAL}, sensor=SENSOR)
    again = clip(moving_box(), background={"texture": NATURAL}, sensor=SENSOR)
    other = clip(moving_box(), background={"texture": NATURAL}, sensor=SENSOR, seed=4)
    np.testing.assert_array_equal(list(first), list(again))
    assert (first.frame(0) != other.frame(0)).mean() > 0.9
    np.testing.assert_array_equal(first.boxes_xywh, other.boxes_xywh)


def test_random_access_equals_iteration() -> None:
    sequence = clip(moving_box(), background={"texture": NATURAL}, sensor=SENSOR)
    frames = list(sequence)
    for t in (3, 0, 4, 3):
        np.testing.assert_array_equal(sequence.frame(t), frames[t])


def test_a_texture_does_not_depend_on_the_other_objects() -> None:
    alone, later = clip(moving_box()), clip(box(name="first", x=20, y=20), moving_box())
    mask = later.masks(2)[1]
    np.testing.assert_array_equal(alone.frame(2)[mask], later.frame(2)[mask])


def test_light_multiplies_the_brightness_by_the_stated_factor() -> None:
    sequence = clip(background={"texture": NATURAL}, light={"gain": [[0, 1], [4, 0.5]]})
    plain = clip(background={"texture": NATURAL})
    for t, factor in enumerate((1, 0.875, 0.75, 0.625, 0.5)):
        assert sequence.frame(t).mean() == pytest.approx(factor * plain.frame(t).mean(), rel=5e-3)


def test_sloped_light_is_brighter_on_one_side_and_keeps_the_mean() -> None:
    light = {"slope": 0.4, "direction_deg": 90}
    image = clip(box(x=-100), light=light).frame(0).astype(float)
    rows = image.mean((1, 2))
    assert rows[0] == pytest.approx(128 * (1 - 0.4), abs=1.5)
    assert rows[-1] == pytest.approx(128 * (1 + 0.4), abs=1.5)
    assert rows.mean() == pytest.approx(128, abs=0.5)


def test_the_gain_of_an_object_changes_it_alone() -> None:
    sequence, plain = clip(box(gain=0.5)), clip()
    mask = plain.masks(0)[0]
    assert sequence.frame(0)[mask].mean() == pytest.approx(127.5, abs=1)
    outside = sequence.frame(0)[~mask].astype(int) - plain.frame(0)[~mask]
    assert np.abs(outside).max() <= 1


@pytest.mark.parametrize("sigma", [2, 6])
def test_noise_has_the_stated_deviation_and_is_new_in_each_frame(sigma: float) -> None:
    sequence = clip(box(x=-100), sensor={"noise": sigma})
    first, second = (sequence.frame(t).astype(float) - 128 for t in (0, 1))
    assert first.std() == pytest.approx(np.hypot(sigma, 12**-0.5), rel=0.02)  # and the rounding
    assert abs(first.mean()) < 0.1
    assert abs((first * second).mean()) < 0.02 * sigma**2


def test_defocus_equals_a_gaussian_by_scipy() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    sharp = clip().frame(0)[..., 0].astype(float)
    blurred = clip(sensor={"blur": 1.2}).frame(0)[..., 0].astype(float)
    assert np.abs(blurred - ndimage.gaussian_filter(sharp, 1.2)).max() < 2.5
    assert np.abs(blurred - sharp).max() > 30


def test_motion_blur_spreads_an_edge_over_the_way_during_the_exposure() -> None:
    path = {"x": [[0, 40], [4, 72]]}  # 8 pixels a frame
    sharp = clip(box(**path)).frame(2)[60, :, 0].astype(float)
    smeared = clip(box(**path), sensor={"shutter": 0.5}).frame(2)[60, :, 0].astype(float)
    assert ((sharp > 130) & (sharp < 250)).sum() <= 2
    assert ((smeared > 130) & (smeared < 250)).sum() == pytest.approx(2 * 4, abs=2)
    assert smeared.sum() == pytest.approx(sharp.sum(), rel=5e-3)


def test_a_moving_camera_blurs_the_background_along_its_way() -> None:
    checks = {"kind": "checker", "colours": ["#000000", "#ffffff"], "cell": 12, "grain": 0}
    pan = {"texture": checks, "x": [[0, 0], [4, 24]]}
    sharp = clip(box(x=-100), background=pan).frame(2).astype(float)
    smeared = clip(box(x=-100), background=pan, sensor={"shutter": 0.8}).frame(2).astype(float)
    steepest = [np.abs(np.diff(image, axis=1)).max() for image in (sharp, smeared)]
    assert steepest[1] < 0.5 * steepest[0]
    down = [np.abs(np.diff(image, axis=0)).max() for image in (sharp, smeared)]
    assert down[1] == pytest.approx(down[0], rel=0.02)


@pytest.mark.parametrize("way", [(0.0, 0.0), (3.0, 0.0), (-2.5, 1.2), (0.4, -7.0)])
def test_the_motion_kernel_has_sum_one_and_its_mass_along_the_way(way: tuple[float, ...]) -> None:
    kernel = line_kernel(np.array(way)).astype(float)
    radius = kernel.shape[0] // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    assert kernel.shape[0] % 2 == kernel.shape[1] % 2 == 1
    assert kernel.sum() == pytest.approx(1, abs=1e-6)
    assert [(kernel * x).sum(), (kernel * y).sum()] == pytest.approx([0, 0], abs=1e-6)
    reach = np.hypot(*way)
    across = (x * way[1] - y * way[0])[kernel > 0] / max(reach, 1)
    assert np.abs(across).max() < 1.5


def test_a_shadow_darkens_beside_the_object_and_hides_nothing() -> None:
    shadow = {"strength": 0.5, "offset_xy": [0, 10], "softness": 2}
    plain, shaded = clip(), clip(shadow=shadow)
    assert shaded.frame(0)[77, 80, 0] == pytest.approx(64, abs=2)  # full shadow below the box
    assert shaded.frame(0)[30, 80, 0] == plain.frame(0)[30, 80, 0] == 128
    np.testing.assert_array_equal(shaded.masks(0), plain.masks(0))


@pytest.mark.parametrize("texture", TEXTURES, ids=[texture["kind"] for texture in TEXTURES])
def test_a_texture_varies_and_moves_with_its_object(texture: dict[str, object]) -> None:
    sequence = clip(box(texture=texture, size=[60, 48], x=[[0, 50], [4, 90]]))
    first, last = sequence.frame(0), sequence.frame(4)
    assert first[sequence.masks(0)[0]].std() > 15
    np.testing.assert_array_equal(first[40:80, 25:75], last[40:80, 65:115])  # 40 whole pixels


def test_a_look_alike_has_the_pixels_of_its_twin() -> None:
    twin = {"name": "copy", "target": False, "like": "box", "x": 110, "y": 60, "rim": 0}
    image = clip(box(texture=NATURAL, x=40), twin).frame(0)
    np.testing.assert_array_equal(image[50:70, 22:58], image[50:70, 92:128])
    smaller = twin | {"scale": [[0, 1], [4, 2]]}  # the twin is then painted finer, the same pattern
    image = clip(box(texture=NATURAL, x=40), smaller).frame(0).astype(float)
    left, right = image[50:70, 22:58].ravel(), image[50:70, 92:128].ravel()
    assert np.corrcoef(left, right)[0, 1] > 0.95


@pytest.mark.parametrize("exponent", [0, 1, 2, 3])
def test_power_law_noise_has_its_spectrum(exponent: float) -> None:
    field = power_law(256, 256, exponent, np.random.default_rng(0)).astype(float)
    power = np.abs(np.fft.fft2(field)) ** 2
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None, :])
    band = (frequency > 0.02) & (frequency < 0.4)
    slope = np.polyfit(np.log(frequency[band]), np.log(power[band]), 1)[0]
    assert -slope == pytest.approx(exponent, abs=0.05)
    assert field.std() == pytest.approx(1, rel=1e-3)


def test_the_background_is_seen_where_the_camera_looks() -> None:
    stripes = {"kind": "stripes", "colours": ["#000000", "#ffffff"], "cell": 40, "grain": 0}
    view = clip(box(x=-100), background={"texture": stripes, "x": [[0, 0], [4, 20]]})
    first, last = view.frame(0).astype(int), view.frame(4).astype(int)
    np.testing.assert_array_equal(first[:, 20:], last[:, :-20])


def test_a_zoomed_background_stays_centred() -> None:
    rings = {"kind": "rings", "colours": ["#000000", "#ffffff"], "cell": 10, "grain": 0}
    view = clip(box(x=-300), background={"texture": rings, "zoom": 3})
    image = view.frame(0).astype(int)
    assert image.std() > 100
    np.testing.assert_array_equal(image, image[:, ::-1])
    np.testing.assert_array_equal(image, image[::-1])


def test_a_camera_that_travels_too_far_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"scene: background: the camera sees 100164 x 50124"):
        clip(background={"texture": GREY, "x": [[0, 0], [4, 1e5]], "y": [[0, 0], [4, -5e4]]})


def test_a_video_file_holds_the_frames(tmp_path: Path) -> None:
    from siamcorr.data.video import open_source

    sequence = clip(moving_box(), background={"texture": NATURAL})
    render_video(sequence, tmp_path / "clip.mp4", crf=5)
    with open_source(tmp_path / "clip.mp4") as source:
        images = [frame.image for frame in source]
    assert len(images) == 5
    for image, expected in zip(images, sequence, strict=True):
        assert np.abs(image.astype(int) - expected.astype(int)).mean() < 6


def test_the_seed_of_a_recipe_can_be_replaced() -> None:
    assert load_synthetic("demo").recipe.seed != 5
    assert load_synthetic("demo", seed=5).recipe.seed == 5
    with pytest.raises(InvalidArgument, match="seed must be in 0"):
        load_synthetic("demo", seed=-1)


def test_an_unknown_recipe_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match=r"no config 'dmeo' in 'synthetic'.*did you mean 'demo'"):
        load_synthetic("dmeo")


def test_white_is_the_colour_that_is_asked_for() -> None:
    image = clip(box(texture=WHITE)).frame(0)
    assert (image[50:70, 65:95] == 255).all()
