"""GOT-10k: average overlap and success rates over pooled frames, per sequence and per class."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics.inputs import check_pair
from siamcorr.evaluation.results import FloatArray
from siamcorr.geometry.curves import box_overlaps, share_above

__all__ = ["Got10kScores", "OverlapScores", "got10k_scores"]

_THRESHOLDS = np.linspace(0, 1, 101)


@dataclass(frozen=True, eq=False)
class OverlapScores:
    """What a set of overlaps comes to.

    Attributes:
        frames: number of overlaps.
        ao: average overlap.
        sr_50: share of overlaps > 0.50.
        sr_75: share of overlaps > 0.75.
        curve: (101,) share of overlaps > 0.00, 0.01 ... 1.00.
    """

    frames: int
    ao: float
    sr_50: float
    sr_75: float
    curve: FloatArray

    @classmethod
    def of(cls, overlaps: FloatArray) -> OverlapScores:
        """Scores of (T,) overlaps, T >= 1."""
        sr_50, sr_75 = share_above(overlaps, [0.5, 0.75], of=len(overlaps)).tolist()
        curve = share_above(overlaps, _THRESHOLDS, of=len(overlaps))
        return cls(len(overlaps), float(overlaps.mean()), sr_50, sr_75, curve)

    @classmethod
    def mean(cls, scores: Sequence[OverlapScores]) -> OverlapScores:
        """Mean of several scores that weigh alike; `frames` is the sum."""
        return cls(
            frames=sum(score.frames for score in scores),
            ao=float(np.mean([score.ao for score in scores])),
            sr_50=float(np.mean([score.sr_50 for score in scores])),
            sr_75=float(np.mean([score.sr_75 for score in scores])),
            curve=np.mean([score.curve for score in scores], axis=0),
        )


@dataclass(frozen=True, eq=False)
class Got10kScores(OverlapScores):
    """Scores over all frames of all sequences, pooled, and their break-down.

    Attributes:
        sequences: scores of each sequence, its repetitions pooled.
        classes: for every class the mean over its sequences; empty where no classes were given.
        class_mean: the mean over classes, whose `ao` and `sr_*` are called mAO and mSR; None where
            no classes were given.
    """

    sequences: Mapping[str, OverlapScores] = field(default_factory=dict)
    classes: Mapping[str, OverlapScores] = field(default_factory=dict)
    class_mean: OverlapScores | None = None


def got10k_scores(
    predicted: Mapping[str, npt.ArrayLike],
    truth: Mapping[str, npt.ArrayLike],
    *,
    sizes: Mapping[str, tuple[int, int]],
    covers: Mapping[str, npt.ArrayLike] | None = None,
    classes: Mapping[str, str] | None = None,
) -> Got10kScores:
    """Average overlap (AO) and success rates (SR) of GOT-10k.

    AO     = mean overlap over the scored frames of all sequences and repetitions
    SR.50  = share of these overlaps > 0.50, SR.75 > 0.75
    mAO    = mean over classes of the mean over a class's sequences of their AO; mSR alike

    Args:
        predicted: for each sequence (T, 4) boxes of one run, or (R, T, 4) of R repetitions; NaN
            where there is none.
        truth: for each sequence (T, 4) ground truth.
        sizes: (height, width) of each sequence's frames in pixels.
        covers: for each sequence the visible share of the target in each frame, (T,), in any unit;
            None where all frames are visible.
        classes: class of each sequence, for mAO and mSR.

    Returns:
        The pooled scores, with those of each sequence and class.

    Convention:
        The first frame, which is given, and frames with cover 0 are dropped. Long sequences weigh
        more, except in mAO and mSR. Both boxes are brought into the frame as the toolkit does: x
        into 0 ... W first, then w into 0 ... W - x, so that a box over the left border is moved,
        not cut. Predictions with NaN have overlap 0.

    Raises:
        ShapeError: lengths differ.
        InvalidArgument: a sequence is missing, has no frame left, or no ground truth in a visible
            frame.

    Source:
        got10k toolkit `experiments/got10k.py` for AO, SR and the curve; the class-balanced
        metrics of the GOT-10k paper for mAO and mSR, which the toolkit does not compute.

    Example:
        >>> truth = {"a": np.array([[0.0, 0, 4, 4], [0.0, 0, 4, 4]])}
        >>> got10k_scores({"a": truth["a"] * [1, 1, 1, 0.6]}, truth, sizes={"a": (9, 9)}).ao
        0.6
    """
    _check_names("predicted", predicted, truth)
    _check_names("sizes", sizes, truth)
    _check_names("covers", truth if covers is None else covers, truth)
    overlaps = {}
    for name, boxes in truth.items():
        cover = None if covers is None else covers[name]
        overlaps[name] = _overlaps(name, predicted[name], boxes, sizes[name], cover)
    sequences = {name: OverlapScores.of(values) for name, values in overlaps.items()}
    by_class = _by_class(sequences, classes)
    pooled = OverlapScores.of(np.concatenate(list(overlaps.values())))
    return Got10kScores(
        frames=pooled.frames,
        ao=pooled.ao,
        sr_50=pooled.sr_50,
        sr_75=pooled.sr_75,
        curve=pooled.curve,
        sequences=sequences,
        classes=by_class,
        class_mean=OverlapScores.mean(list(by_class.values())) if by_class else None,
    )


def _overlaps(
    name: str,
    predicted: npt.ArrayLike,
    truth: npt.ArrayLike,
    size: tuple[int, int],
    cover: npt.ArrayLike | None,
) -> FloatArray:
    """Overlaps of the scored frames of all repetitions of one sequence, (R * frames,)."""
    who = f"got10k_scores: {name}"
    runs = np.asarray(predicted, dtype=np.float64)
    runs = runs[None] if runs.ndim == 2 else runs  # (R, T, 4)
    if runs.ndim != 3 or len(runs) == 0:
        raise ShapeError(f"{who}: predicted must be (T, 4) or (R, T, 4), got {runs.shape}")
    pairs = [check_pair(who, run, truth) for run in runs]
    boxes = pairs[0][1]
    scored = _visible(who, cover, len(boxes))
    scored[0] = False
    if not scored.any():
        raise InvalidArgument(f"{who}: no frame after the first has a visible target")
    if np.isnan(boxes[scored]).any():
        frame = int(np.flatnonzero(scored & np.isnan(boxes).any(1))[0])
        raise InvalidArgument(
            f"{who}: frame {frame} is visible and has no ground truth; give it cover 0"
        )
    inside = _move_into_frame(boxes[scored], size)
    rows = [box_overlaps(_move_into_frame(run[scored], size), inside) for run, _ in pairs]
    return np.nan_to_num(np.concatenate(rows), nan=0.0)


def _visible(who: str, cover: npt.ArrayLike | None, frames: int) -> npt.NDArray[np.bool_]:
    """(T,) bool, True where the target can be seen."""
    if cover is None:
        return np.ones(frames, dtype=np.bool_)
    shares = np.asarray(cover, dtype=np.float64)
    if shares.shape != (frames,):
        raise ShapeError(f"{who}: cover must be ({frames},), a number a frame; got {shares.shape}")
    if np.isnan(shares).any():
        raise InvalidArgument(f"{who}: cover holds NaN; 0 means that the target is not visible")
    return shares > 0


def _move_into_frame(boxes_xywh: FloatArray, size: tuple[int, int]) -> FloatArray:
    """Corner into the frame, then as much of the size as there is room for."""
    limits = np.array([size[1], size[0]], dtype=np.float64)  # width, height
    corner = np.clip(boxes_xywh[:, :2], 0, limits)
    return np.concatenate((corner, np.clip(boxes_xywh[:, 2:], 0, limits - corner)), axis=1)


def _by_class(
    sequences: Mapping[str, OverlapScores], classes: Mapping[str, str] | None
) -> dict[str, OverlapScores]:
    """Mean over the sequences of each class, in the order of the classes' names."""
    if classes is None:
        return {}
    _check_names("classes", classes, sequences)
    groups: dict[str, list[OverlapScores]] = {}
    for name, scores in sequences.items():
        groups.setdefault(classes[name], []).append(scores)
    return {label: OverlapScores.mean(groups[label]) for label in sorted(groups)}


def _check_names(what: str, given: Iterable[str], wanted: Iterable[str]) -> None:
    """Every sequence of the ground truth must be there; more is allowed."""
    wanted, known = list(wanted), set(given)
    missing = [name for name in wanted if name not in known]
    if not wanted or missing:
        listed = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise InvalidArgument(
            f"got10k_scores: {what} lacks {len(missing)} of {len(wanted)} sequences: {listed}"
            if wanted
            else "got10k_scores: truth has no sequence"
        )
