"""What a run is made of: shares of sources, crops, pictures, events."""

from __future__ import annotations

import pickle
import sys
from typing import ClassVar

import numpy as np
import pytest
import torch
from training_scenes import TRACKER, write_config

from siamcorr.data.pairs import JoinedPairs, PairBatch, StagedPairs
from siamcorr.data.sequences import annotated
from siamcorr.data.video import open_source as open_
from siamcorr.data.video_writer import VideoWriter
from siamcorr.errors import InvalidArgument, MissingDependency
from siamcorr.models.factory import ModelSettings
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.tracking.point import PointSettings, PointTracker
from siamcorr.training.settings import VideoClips, load_train_settings
from siamcorr.workflows import train_clips
from siamcorr.workflows.train import train
from siamcorr.workflows.train_parts import build_pairs, pair_shape, tracker_to_train
from siamcorr.workflows.train_pictures import draw_examples, predictions

CPU = torch.device("cpu")


class Numbered:
    """Pairs whose boxes tell source, epoch and number."""

    def __init__(self, name: int, pairs: int, masks: bool = False) -> None:
        self.name, self.pairs, self.masks = name, pairs, masks

    def __len__(self) -> int:
        return self.pairs

    def batch(self, epoch, indices, device) -> PairBatch:
        rows = [[self.name, epoch, index, 1] for index in indices]
        boxes = torch.tensor(rows, dtype=torch.float32)
        images, flags = torch.zeros(len(rows), 3, 8, 8), torch.ones(len(rows), dtype=torch.bool)
        batch = PairBatch(images, images, boxes, boxes, flags, torch.arange(len(rows)))
        if not self.masks:
            return batch
        return batch._replace(masks=torch.ones(len(rows), 8, 8, dtype=torch.bool), has_mask=flags)


def test_joined_sources_keep_every_pair_in_its_place() -> None:
    joined = JoinedPairs([Numbered(7, 3), Numbered(8, 1), Numbered(9, 4)])
    assert len(joined) == 8
    boxes = joined.batch(2, [5, 0, 3, 2, 7, 0], CPU).boxes_xywh.tolist()
    expected = [(9, 1), (7, 0), (8, 0), (7, 2), (9, 3), (7, 0)]
    assert [(row[0], row[2]) for row in boxes] == expected
    assert {row[1] for row in boxes} == {2}


def test_joined_sources_say_which_pairs_have_masks() -> None:
    joined = JoinedPairs([Numbered(7, 3), Numbered(8, 3, masks=True)])
    batch = joined.batch(0, [4, 1, 5, 0], CPU)
    assert batch.has_mask.tolist() == [True, False, True, False]
    assert batch.masks.flatten(1).all(1).tolist() == [True, False, True, False]
    assert joined.batch(0, [1], CPU).masks is None


def test_joined_sources_refuse_other_numbers() -> None:
    joined = JoinedPairs([Numbered(7, 3)])
    for indices in ([], [3], [-1]):
        with pytest.raises(InvalidArgument, match=r"indices must be in 0 \.\.\. 2"):
            joined.batch(0, indices, CPU)
    with pytest.raises(InvalidArgument, match="at least one"):
        JoinedPairs([])


class Staged(Numbered):
    """Numbered pairs in two stages that tell the device of the second."""

    devices: ClassVar[list[torch.device]] = []

    def cut(self, epoch, indices) -> PairBatch:
        return super().batch(epoch, indices, CPU)

    def finish(self, cut, device) -> PairBatch:
        self.devices.append(device)
        return cut


def test_joined_sources_cut_files_apart_from_rendering() -> None:
    """So a GPU run reads the video among its sources in worker processes."""
    joined = JoinedPairs([Numbered(7, 3), Staged(8, 5)])
    assert isinstance(joined, StagedPairs)
    cut = pickle.loads(pickle.dumps(joined.cut(2, [7, 1, 3])))
    assert not Staged.devices
    batch = joined.finish(cut, CPU)
    assert Staged.devices == [CPU]
    rows = [[8, 2, 4, 1], [7, 2, 1, 1], [8, 2, 0, 1]]
    assert batch.boxes_xywh.tolist() == joined.batch(2, [7, 1, 3], CPU).boxes_xywh.tolist() == rows


def test_sources_share_an_epoch_by_weight(tmp_path) -> None:
    clips = {"kind": "clips", "clips": 2, "seed": 3, "weight": 2.0}
    clips["scenes"] = {"frames": 2, "width": 96, "height": 72, "targets": [1, 1], "size": [20, 30]}
    config = write_config(tmp_path, pairs=25)
    changes = {
        "data.clips": clips,
        "data.rendered": {"kind": "synthetic", "weight": 1.0},
        "data.otb.weight": None,  # its two videos
    }
    settings = load_train_settings(str(config), changes)
    shape = pair_shape(settings, tracker_to_train(settings))
    source = build_pairs(settings, shape)
    assert len(source) == 25
    assert isinstance(source, JoinedPairs)
    assert [len(each) for each in source.sources] == [5, 20]  # 1 : (2 + 2)
    assert source.sources[1].sampler.counts.tolist() == [10, 10]
    batch = source.batch(0, [0, 24], CPU)
    assert batch.search.shape == (2, 3, 64, 64)
    with pytest.raises(InvalidArgument, match="leaves it none of 25 pairs"):
        build_pairs(
            load_train_settings(str(config), changes | {"data.rendered.weight": 1e-3}), shape
        )


def test_training_crops_may_differ_from_the_trackers(tmp_path) -> None:
    config = write_config(tmp_path)
    settings = load_train_settings(str(config))
    tracker = tracker_to_train(settings)
    assert pair_shape(settings, tracker).search_size == 64
    crops = {"template_size": 32, "search_size": 48, "context_amount": 0.25}
    other = load_train_settings(str(config), {"crops": crops})
    assert pair_shape(other, tracker).model_dump() == crops
    changed = load_train_settings(str(config), {"tracker_changes": {"search_size": 72}})
    assert tracker_to_train(changed).search_size == 72


class OneHot:
    """A model that answers one cell of a 5 x 5 map."""

    stride = 8

    def __init__(self, row: int, column: int) -> None:
        self.place = row, column

    def normalise(self, image):
        return image

    def __call__(self, search, template) -> BoxOutput:
        row, column = self.place
        cls = torch.zeros(len(search), 2, 5, 5)
        cls[:, 1, row, column] = 9.0
        loc = torch.tensor([4.0, 6, 8, 2]).view(1, 4, 1, 1).expand(len(search), 4, 5, 5)
        return BoxOutput(cls, loc)


def test_predictions_stand_where_the_best_cell_does() -> None:
    """Cell (3, 1) of 5 is at (32 - 8, 32 + 8) in a crop of 64; left 4, top 6, right 8, bottom 2."""
    model, batch = OneHot(3, 1), Numbered(0, 1).batch(0, [0], CPU)
    batch = batch._replace(search=torch.zeros(1, 3, 64, 64), template=torch.zeros(1, 3, 32, 32))
    tracker = PointTracker.__new__(PointTracker)
    tracker.model, tracker.settings = model, PointSettings.model_validate(TRACKER)
    (found,) = predictions(tracker, model, batch)
    assert found.box_xywh.tolist() == [24 - 4, 40 - 6, 12, 8]
    in_frame = found.response.in_frame(64, 64)
    assert found.response.values.argmax().item() == 3 * 5 + 1
    y, x = divmod(int(torch.nan_to_num(in_frame, -1).argmax()), 64)
    assert (abs(x + 0.5 - 24) <= 1, abs(y + 0.5 - 40) <= 1) == (True, True)
    picture = draw_examples(tracker, model, batch)
    assert picture.shape == (64, 3 * 64, 3)
    assert picture.dtype == np.uint8
    red, _, blue = picture[:, 64:128].astype(int).transpose(2, 0, 1)
    rows, columns = np.nonzero(red - blue > 50)  # the orange outline, an anti-aliased pixel wide
    assert (columns.min(), rows.min()) == (pytest.approx(20, abs=1), pytest.approx(34, abs=1))
    assert (columns.max(), rows.max()) == (pytest.approx(31, abs=1), pytest.approx(41, abs=1))


def test_siamfc_predicts_a_place_and_keeps_the_size() -> None:
    def model(search, template):
        response = torch.zeros(1, 1, 5, 5)
        response[0, 0, 4, 2] = 1
        return response

    model.stride, model.normalise = 8, lambda image: image
    batch = Numbered(0, 1).batch(0, [0], CPU)
    box = torch.tensor([[9.0, 11, 14, 10]])
    batch = batch._replace(search=torch.zeros(1, 3, 64, 64), template_boxes_xywh=box)
    (found,) = predictions(object(), model, batch)
    assert found.box_xywh.tolist() == [32 - 7, 32 + 16 - 5, 14, 10]


def test_events_hold_losses_and_pictures(tmp_path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = write_config(tmp_path, tensorboard={"pictures_every": 4, "pictures": 2})
    settings = load_train_settings(str(config))
    train(settings, tmp_path / "out", device="cpu")
    events = EventAccumulator(str(tmp_path / "out" / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("total")] == list(range(1, 19))
    assert {"lr", "pairs_per_s", "data_share", "parts/cls", "parts/loc"} <= set(
        events.Tags()["scalars"]
    )
    pictures = events.Images("pairs")
    assert [picture.step for picture in pictures] == [4, 8, 12, 16]
    assert (pictures[0].width, pictures[0].height) == (3 * 64, 2 * 64)


def test_pictures_do_not_change_what_is_learned(tmp_path) -> None:
    pytest.importorskip("tensorboard")
    from siamcorr.models.weights import read_state_dict

    for name, changes in (("a", {}), ("b", {"tensorboard": {"pictures_every": 2}})):
        settings = load_train_settings(str(write_config(tmp_path / name, **changes)))
        train(settings, tmp_path / name / "out", device="cpu")
    one, other = (
        read_state_dict(tmp_path / name / "out" / "last.safetensors") for name in ("a", "b")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_without_tensorboard_the_extra_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    settings = load_train_settings(str(write_config(tmp_path, tensorboard={})))
    with pytest.raises(MissingDependency, match=r"pip install 'siamcorr\[train\]'"):
        train(settings, tmp_path / "out", device="cpu")


def test_the_backend_of_training_is_not_the_trackers(tmp_path) -> None:
    """The weights record the tracker's own; training chooses by shape or as told."""
    settings = load_train_settings("siamrpn_r50", {"xcorr_backend": "conv2d"})
    tracker = tracker_to_train(settings)
    assert isinstance(tracker.model, ModelSettings)
    assert tracker.model.xcorr_backend == "conv2d"
    assert load_train_settings("siamrpn_r50").xcorr_backend is None


def test_validation_reads_a_video_file_in_one_pass(tmp_path, monkeypatch) -> None:
    with VideoWriter(tmp_path / "walk.mp4", fps=10) as writer:
        for i in range(6):
            writer.write(np.full((48, 64, 3), 20 + 30 * i, np.uint8))
    (tmp_path / "walk.csv").write_text("frame,x,y,w,h\n0,1,2,9,9\n5,3,2,9,9\n")
    entry = VideoClips(kind="video", format="boxes_csv", root=str(tmp_path), frames=4)
    opened = []
    monkeypatch.setattr(
        annotated, "open_source", lambda *a, **k: opened.append(a) or open_(*a, **k)
    )
    (clip,) = train_clips._read("held_out", entry)
    assert (clip.name, len(clip), clip.boxes_xywh.shape) == ("held_out/walk", 4, (4, 1, 4))
    assert [round(float(frame.mean()) / 30) for frame in clip] == [1, 2, 3, 4]  # 20, 50, 80, 110
    assert len(opened) == 1
