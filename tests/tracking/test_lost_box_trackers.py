"""The lost signal of the trackers with a network: off as published, frozen and searched when on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from thin_box_models import thin_box_model
from tracking_scenes import moving_squares, thin_siamfc

from siamcorr.errors import ConfigError
from siamcorr.geometry import box_overlap
from siamcorr.models import ModelSettings
from siamcorr.tracking import PointTracker, SiamFCTracker, box_steps, load_tracker
from siamcorr.tracking.box_tracker import BoxTracker
from siamcorr.tracking.lost_settings import WatchSettings
from siamcorr.tracking.point import PointSettings
from siamcorr.types import FrameArray, TrackResult
from siamcorr.workflows.disappearances import disappearance

BOXES = np.array([[40, 40, 24, 24], [110, 70, 24, 24]], np.float64)
RULES: dict[str, Any] = {
    "signal": "score",
    "below": 0.0,
    "after": 1,
    "found_above": 0.0,
    "windows": 4,
    "spacing": 0.5,
    "growth": 0.5,
    "usual_rate": 0.1,
    "warm_up": 2,
}
NEVER_FOUND = {"below": 1e9, "found_above": 1e9}


def frames(count: int) -> list[FrameArray]:
    return moving_squares(count, [(40, 40), (110, 70)])


def point(lost: dict[str, Any] | None) -> PointTracker:
    settings = PointSettings(
        kind="point",
        model=ModelSettings(backbone="alexnet_v1", head="siamfc"),
        template_size=127,
        search_size=255,
        context_amount=0.5,
        penalty_k=0.1,
        window_influence=0.4,
        size_lr=0.3,
        lost=None if lost is None else WatchSettings(**lost),
    )
    return PointTracker(thin_box_model(7, anchors=0), settings)


def siamfc(lost: dict[str, Any] | None) -> SiamFCTracker:
    tracker = thin_siamfc()
    rules = None if lost is None else WatchSettings(**lost)
    return SiamFCTracker(tracker.model, tracker.settings.model_copy(update={"lost": rules}))


def run(tracker: Any, video: list[FrameArray], boxes: Any) -> list[TrackResult]:
    state, results = tracker.init(video[0], boxes), []
    for frame in video[1:]:
        state, result = tracker.update(state, frame)
        results.append(result)
    return results


@pytest.mark.parametrize("build", [point, siamfc])
def test_a_signal_that_never_fires_changes_no_box(build: Any) -> None:
    plain, watched = (run(build(lost), frames(6), BOXES) for lost in (None, RULES))
    for one, other in zip(plain, watched, strict=True):
        assert torch.equal(one.boxes_xywh, other.boxes_xywh)
        assert not one.lost.any()
        assert not other.lost.any()


@pytest.mark.parametrize("build", [point, siamfc])
def test_a_lost_target_keeps_its_box_and_disturbs_nobody(build: Any) -> None:
    tracker = build(RULES | NEVER_FOUND)
    video = frames(7)
    both = run(tracker, video, BOXES)
    assert [bool(result.lost.all()) for result in both] == [False, False, True, True, True, True]
    assert torch.equal(both[1].boxes_xywh, both[-1].boxes_xywh)
    # A young target beside a lost one: the state has both groups at once.
    state = tracker.init(video[0], BOXES[0])
    for frame in video[1:5]:
        state, _ = tracker.update(state, frame)
    state = tracker.add(state, video[4], BOXES[1])
    fresh = tracker.init(video[4], BOXES[1])
    for frame in video[5:]:
        state, result = tracker.update(state, frame, responses=True)
        fresh, alone = tracker.update(fresh, frame)
        assert result.lost.tolist() == [True, False]
        assert torch.equal(result.boxes_xywh[1], alone.boxes_xywh[0])
        assert len(result.responses or []) == 2


@torch.inference_mode()
def test_a_lost_target_is_found_where_the_evidence_is_largest() -> None:
    tracker = point(RULES | {"windows": 9})
    video = frames(2)
    state = tracker.init(video[0], BOXES[:1])
    watch = state.watch._replace(lost_for=torch.tensor([1]))
    rules = tracker.settings.lost
    assert rules is not None
    state = type(state)(**(vars(state) | {"watch": watch, "lost": torch.tensor([True])}))
    found = tracker.look_wide(state, video[1], rules)
    strength = box_steps.evidence(found.output.cls).max()
    for x in (-1, 0, 1):
        for y in (-1, 0, 1):
            side = 4.015748  # search over template size times context side, in target sides
            place = state.centre_xy + 24 * side * 0.5 * torch.tensor([[x, y]]).double()
            if not bool((place >= 0).all() and (place <= torch.tensor([200, 160])).all()):
                continue
            there = type(state)(**(vars(state) | {"centre_xy": place}))
            look = tracker.look(there, video[1], 255, 0.0)
            assert box_steps.evidence(look.output.cls).max() <= strength + 1e-6


def test_evidence_is_minus_log_of_the_background() -> None:
    cls = torch.randn(2, 6, 4, 4)
    odds = (cls[:, 3:] - cls[:, :3]).exp().amax(1)
    torch.testing.assert_close(box_steps.evidence(cls), (1 + odds).log())
    assert box_steps.evidence(torch.tensor([[-30.0, 30.0]])[..., None, None]).item() == 60


def test_the_long_term_tracker_has_its_own_rule() -> None:
    with pytest.raises(ConfigError, match="own rule: set lost_below and found_above"):
        load_tracker("siamrpn_r50_lt", weights="x.pth", changes={"lost": RULES})


@pytest.mark.slow
def test_nanotrack_notices_a_disappearance_and_the_return(data_root: Path) -> None:
    weights = data_root / "weights" / "nanotrack" / "nanotrackv3.pth"
    tracker = load_tracker("nanotrack_v3_lost", weights=weights)
    assert isinstance(tracker, BoxTracker)
    clip = disappearance(101, "wall")
    results = run(tracker, list(clip), clip.boxes_xywh[0])
    lost = np.array([bool(result.lost[0]) for result in results])
    hidden = clip.visible[1:, 0] == 0
    assert lost[hidden].mean() > 0.8
    assert not lost[:30].any()
    last = torch.tensor(clip.boxes_xywh[-1])
    assert box_overlap(results[-1].boxes_xywh, last).item() > 0.5
