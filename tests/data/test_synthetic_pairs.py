"""Rendered pairs: a pair is a function of its number; ranges, flags and wrong arguments."""

from __future__ import annotations

import pytest
import torch

from siamcorr.data.pairs.batch import PairBatch
from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.synthetic_pairs import SyntheticPairs, SyntheticPairSettings, paint
from siamcorr.errors import InvalidArgument

SMALL = PairShape(template_size=63, search_size=127)
CPU = torch.device("cpu")


def pairs(seed: int = 5, **settings: dict[str, float]) -> SyntheticPairs:
    chosen = SyntheticPairSettings.model_validate(settings)
    return SyntheticPairs(chosen, SMALL, pairs=1000, seed=seed)


@pytest.fixture(scope="module")
def batch() -> PairBatch:
    return pairs().batch(0, range(24), CPU)


def test_shapes_and_types(batch: PairBatch) -> None:
    assert batch.template.shape == (24, 3, 63, 63)
    assert batch.search.shape == (24, 3, 127, 127)
    assert batch.template_boxes_xywh.shape == batch.boxes_xywh.shape == (24, 4)
    assert batch.masks is not None
    assert batch.has_mask is not None
    assert batch.masks.shape == (24, 127, 127)
    assert batch.masks.dtype == batch.positive.dtype == batch.has_mask.dtype == torch.bool
    assert batch.template.dtype == batch.boxes_xywh.dtype == torch.float32
    assert batch.seeds.dtype == torch.int64


def test_pixels_are_whole_numbers_of_a_byte(batch: PairBatch) -> None:
    for images in (batch.template, batch.search):
        assert torch.equal(images, images.to(torch.uint8).float())  # neither NaN nor outside
        assert images.amin() < 40
        assert images.amax() > 215
        assert images.flatten(1).std(1).min() > 1  # no crop is a single colour


def test_convention_a_pair_does_not_depend_on_its_batch(batch: PairBatch) -> None:
    source = pairs()
    for numbers in ([7], [20, 7, 3], list(range(6, 16))):
        other = source.batch(0, numbers, CPU)
        place = numbers.index(7)
        for name, value in other._asdict().items():
            assert torch.equal(value[place], getattr(batch, name)[7]), name


def test_pairs_of_two_chunks_are_those_of_two_batches() -> None:
    source = pairs()
    whole = source.batch(2, range(70), CPU)
    apart = source.batch(2, range(62, 70), CPU)
    assert torch.equal(whole.search[62:], apart.search)
    assert torch.equal(whole.boxes_xywh[62:], apart.boxes_xywh)


def test_epoch_seed_and_number_each_change_the_pair(batch: PairBatch) -> None:
    others = (pairs().batch(1, [0], CPU), pairs(6).batch(0, [0], CPU), pairs().batch(0, [1], CPU))
    for other in others:
        assert other.seeds[0] != batch.seeds[0]
        assert (other.search[0] != batch.search[0]).float().mean() > 0.5
    assert len(set(batch.seeds.tolist())) == 24
    assert batch.seeds.min() >= 0


def test_windows_only_save_work(batch: PairBatch, monkeypatch: pytest.MonkeyPatch) -> None:
    # Through windows as large as the crops every part is painted after all earlier ones, alone.
    monkeypatch.setattr(paint, "_SIDES_ON_CPU", (1 << 30,))
    whole = pairs().batch(0, range(5), CPU)
    for name, value in whole._asdict().items():
        assert torch.equal(value, getattr(batch, name)[:5]), name


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_share_of_negative_pairs(share: float) -> None:
    source = pairs(negatives={"share": share}, occlusion={"search": 0})
    batch = source.batch(0, range(64), CPU)
    assert batch.masks is not None
    negative = ~batch.positive
    assert abs(negative.float().mean().item() - share) < 0.16
    assert not batch.masks[negative].any()  # the target is not there
    assert batch.masks[batch.positive].flatten(1).any(1).all()


def test_a_negative_pair_shows_another_object_of_the_same_template() -> None:
    with_target = pairs(negatives={"share": 0}).batch(0, range(8), CPU)
    without = pairs(negatives={"share": 1}).batch(0, range(8), CPU)
    assert torch.equal(with_target.template, without.template)
    assert torch.equal(with_target.template_boxes_xywh, without.template_boxes_xywh)
    changed = (with_target.search != without.search).any(1).flatten(1).float().mean(1)
    assert (changed > 0).all()
    # The other object is where the target would be, of about its nominal size.
    middle = [b.boxes_xywh[:, :2] + b.boxes_xywh[:, 2:] / 2 for b in (with_target, without)]
    torch.testing.assert_close(*middle, atol=1e-3, rtol=0)


def test_length_is_the_number_of_pairs() -> None:
    assert len(pairs()) == 1000


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (5, -1), (5, 1 << 63)])
def test_wrong_size_or_seed(count: int, seed: int) -> None:
    with pytest.raises(InvalidArgument, match=f"pairs = {count} and seed = {seed}"):
        SyntheticPairs(SyntheticPairSettings(), SMALL, pairs=count, seed=seed)


@pytest.mark.parametrize(("epoch", "numbers"), [(-1, [0]), (0, []), (0, [1000]), (0, [-1, 3])])
def test_wrong_numbers(epoch: int, numbers: list[int]) -> None:
    with pytest.raises(InvalidArgument, match=r"SyntheticPairs.batch: .* 0 \.\.\. 999"):
        pairs().batch(epoch, numbers, CPU)
