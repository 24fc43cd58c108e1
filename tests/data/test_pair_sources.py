"""VideoPairs: what its batches hold, that they are pure functions, its errors, and real video."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pair_videos import noise_video

from siamcorr.data.pairs import (
    AugmentationSettings,
    CropAugmentation,
    PairBatch,
    PairShape,
    StagedPairs,
    VideoPairs,
    WeightedSet,
)
from siamcorr.data.pairs.crops import CropWindow, cut_frame
from siamcorr.data.sequences import load_dataset
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.geometry.crops import context_side
from siamcorr.geometry.pysot_crops import pysot_corners, pysot_crops, truncated_mean_colour

CPU = torch.device("cpu")
SHAPE = PairShape(template_size=31, search_size=63)
WILD = AugmentationSettings(
    template=CropAugmentation(shift=2, scale=0.1, colour=1),
    search=CropAugmentation(shift=9, scale=0.3, flip=0.5, colour=1, motion_blur=0.5),
    grey=0.3,
    flip=0.5,
)


class BoxMasks:
    """The mask of a target is its box in `pair_videos.boxes`, but for its lower right quarter."""

    def __call__(self, index: int, target: int) -> np.ndarray:
        mask = np.zeros((60, 80), np.bool_)
        x = 20 + 30 * target
        mask[15:31, x : x + 12] = True
        mask[23:31, x + 6 : x + 12] = False
        return mask


@pytest.fixture
def make(tmp_path) -> Callable[..., VideoPairs]:
    """Three videos, the second with two targets; by default wild augmentation and negatives."""
    videos = [noise_video(tmp_path, name, targets=n) for name, n in (("a", 1), ("b", 2), ("c", 1))]

    def source(**options) -> VideoPairs:
        some = options.pop("videos", videos)
        given = {"pairs": 40, "seed": 1, "negative_share": 0.3, "augmentation": WILD} | options
        return VideoPairs([WeightedSet("s", some)], SHAPE, **given)

    return source


def equal(first: PairBatch, second: PairBatch) -> bool:
    """Bit by bit."""
    pairs = zip(first, second, strict=True)
    return all(a is b if a is None or b is None else torch.equal(a, b) for a, b in pairs)


def test_a_batch_holds_what_is_promised(make):
    source = make()
    assert isinstance(source, StagedPairs)
    batch = source.batch(0, range(40), CPU)
    assert batch.template.shape == (40, 3, 31, 31)
    assert batch.search.shape == (40, 3, 63, 63)
    assert batch.template.dtype == batch.search.dtype == batch.boxes_xywh.dtype == torch.float32
    assert (batch.positive.dtype, batch.seeds.dtype) == (torch.bool, torch.int64)
    assert batch.masks is batch.has_mask is None
    assert len(set(batch.seeds.tolist())) == 40
    assert 4 <= int((~batch.positive).sum()) <= 20
    centres = batch.boxes_xywh[:, :2] + batch.boxes_xywh[:, 2:] / 2
    assert ((centres > 0) & (centres < 63)).all()
    assert (centres - 31.5).abs().amax() > 5


def test_a_pair_depends_on_epoch_and_number_alone(make):
    source = make()
    together = source.batch(3, [7, 0, 21, 39], CPU)
    for i, number in enumerate([7, 0, 21, 39]):
        alone = make().batch(3, [number], CPU)
        assert all(torch.equal(a[0], b[i]) for a, b in zip(alone[:6], together[:6], strict=True))
    assert not equal(source.batch(4, [7, 0, 21, 39], CPU), together)
    assert not equal(make(seed=2).batch(3, [7, 0, 21, 39], CPU), together)


def test_cut_and_finish_are_the_two_halves_of_batch(make):
    source = make()
    cut = source.cut(1, range(8))
    assert cut.search.dtype == torch.uint8
    assert equal(source.finish(cut, CPU), source.batch(1, range(8), CPU))


def test_interpolations_are_drawn_for_every_crop(make):
    kinds = ("nearest", "cubic", "lanczos")
    one, all_of_them = (
        [
            make(negative_share=0, augmentation=AugmentationSettings(interpolation=each)).batch(
                0, range(24), CPU
            )
            for each in some
        ]
        for some in ([(kind,) for kind in kinds], [kinds])
    )
    drawn = {"template": [], "search": []}
    for name, found in drawn.items():
        for i in range(24):
            crop = getattr(all_of_them[0], name)[i]
            found += [k for k, b in enumerate(one) if torch.equal(getattr(b, name)[i], crop)][:1]
        assert len(found) == 24
        assert set(found) == {0, 1, 2}
    assert drawn["template"] != drawn["search"]


def test_crops_without_augmentation_are_cut_from_the_frames_that_were_drawn(make):
    """The pixels of both crops against the frames, by plain indexing at the middle of the box."""
    source = make(augmentation=AugmentationSettings())
    table, batch = source.sampler.table, source.batch(0, range(30), CPU)
    for i in range(30):
        draw = source.sampler.draw(0, i)
        for side, crop in ((draw.template, batch.template[i]), (draw.search, batch.search[i])):
            video = table.video(side.key).video
            target = table.track(side.key).target
            frame = video.frame(side.frame)
            x, y = 20 + 30 * target + 6, 15 + 8  # the box's middle, between four pixels
            around = frame[y - 1 : y + 1, x - 1 : x + 1].reshape(4, 3).mean(0)
            middle = crop[:, crop.shape[1] // 2, crop.shape[2] // 2]
            np.testing.assert_allclose(middle.numpy(), around, atol=2)
        assert bool(batch.positive[i]) == (draw.template.key == draw.search.key)


def test_masks_follow_window_and_flip(make, tmp_path):
    plain = noise_video(tmp_path, "plain")
    masked = noise_video(tmp_path, "masked", targets=2, masks=BoxMasks())
    source = make(videos=[plain, masked], pairs=60)
    batch = source.batch(0, range(60), CPU)
    draws = [source.sampler.draw(0, i) for i in range(60)]
    videos = [source.sampler.table.video(draw.search.key).video for draw in draws]
    expected = [d.positive and v is masked for d, v in zip(draws, videos, strict=True)]
    assert batch.has_mask.tolist() == expected
    assert 10 < sum(expected) < 50
    mirrored = 0
    for mask, box, has in zip(batch.masks, batch.boxes_xywh, batch.has_mask, strict=True):
        assert bool(mask.any()) == bool(has)
        if not has or box[:2].min() < 0 or (box[:2] + box[2:]).max() > 63:
            continue
        rows, columns = mask.nonzero().unbind(1)
        x, y, w, h = box.tolist()
        extent = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert [int(e) for e in extent] == pytest.approx([x, y, x + w, y + h], abs=1)
        assert int(mask.sum()) == pytest.approx(0.75 * w * h, rel=0.12)
        lower = columns[rows > y + 0.6 * h].float().mean()
        mirrored += bool(lower > x + w / 2)
    assert 3 < mirrored < sum(expected) - 3


def test_one_video_without_masks_gives_none(make):
    assert make().batch(0, [0], CPU).masks is None


@pytest.mark.parametrize("indices", [[], [-1], [40], [0, 41]])
def test_numbers_beyond_the_epoch_are_refused(make, indices):
    with pytest.raises(InvalidArgument, match=r"indices in 0 \.\.\. 39"):
        make().batch(0, indices, CPU)


def test_an_unreadable_frame_is_named_and_never_skipped(make, tmp_path):
    videos = [noise_video(tmp_path, "broken", frames=2)]
    (tmp_path / "broken" / "0001.png").write_bytes(b"no image")
    source = make(videos=videos, negative_share=0)
    with pytest.raises(SourceError) as caught:
        source.batch(0, range(20), CPU)
    text = str(caught.value)
    assert text.startswith("VideoPairs: set 's', video 'broken', frame 1: ")
    assert "0001.png: cannot be decoded" in text


@pytest.fixture
def otb(data_root):
    return load_dataset("otb", data_root / "otb").sequences


def test_convention_real_crops_show_what_the_tracker_sees(otb):
    """At zero augmentation, beside PySOT's crop of the same box by the tracker's own rules.

    The tracker rounds side and corner to whole frame pixels, so its crop is moved by up to one
    frame pixel; with this shift undone to whole crop pixels the pictures agree, and cut by our warp
    the very same square gives the same pixels.
    """
    shape = PairShape()
    source = VideoPairs([WeightedSet("otb", otb)], shape, pairs=34, seed=0)
    batch = source.batch(0, range(34), CPU)
    table = source.sampler.table
    differences, shifts = [], []
    for i in range(34):
        draw = source.sampler.draw(0, i).search
        video = table.video(draw.key).video
        frame, box = video.frame(draw.frame), torch.from_numpy(video.boxes_xywh[draw.frame])
        side = context_side(box[:, 2:], 0.5) * 255 / 127
        centre = box[:, :2] + box[:, 2:] / 2
        colour = truncated_mean_colour(frame)[None]
        theirs = pysot_crops(frame, centre, side.round(), colour, 255)[0].permute(2, 0, 1).float()
        top, left = pysot_corners(centre, side.round())[0].tolist()
        moved = (left - float(centre[0, 0] - side / 2), top - float(centre[0, 1] - side / 2))
        shifts.append(max(map(abs, moved)))
        square = CropWindow(left, top, *(float(side.round()),) * 2)
        same = torch.from_numpy(cut_frame(frame, square, 255, "mean")).permute(2, 0, 1)
        inside = (same - theirs)[:, 8:-8, 8:-8].abs()
        assert inside.max() <= 4  # OpenCV before 5 rounds positions of a warp to 1/32
        assert inside.mean() < 0.6
        pixels = [round(m * 255 / float(side)) for m in moved]
        aligned = torch.roll(batch.search[i], [-pixels[1], -pixels[0]], [1, 2])
        differences.append(float((aligned - theirs)[:, 8:-8, 8:-8].abs().mean()))
        x, y, w, h = batch.boxes_xywh[i].tolist()
        assert (x + w / 2, y + h / 2) == pytest.approx((127.5, 127.5), abs=1e-4)
    assert max(shifts) <= 1.5
    assert np.median(differences) < 2.5
    assert max(differences) < 10
