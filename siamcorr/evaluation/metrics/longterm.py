"""VOT's long-term precision, recall and F1 for trackers that also say how sure they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.results import FloatArray

__all__ = ["LongTermScores", "PrecisionRecall", "long_term_f1"]


@dataclass(frozen=True)
class PrecisionRecall:
    """Precision, recall and their harmonic mean, 0 where both are 0."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """2 * precision * recall / (precision + recall)."""
        return float(_f1(np.float64(self.precision), np.float64(self.recall)))


@dataclass(frozen=True, eq=False)
class LongTermScores:
    """Long-term scores at the best threshold, and the curves over all of them.

    Attributes:
        best: precision and recall at the threshold with the largest F1.
        threshold: that threshold; scores at least as large count as "target seen".
        thresholds: (100,) float64, from +inf down to -inf.
        precision: (100,) mean over sequences at each threshold.
        recall: (100,) likewise.
        sequences: precision and recall of each sequence at `threshold`.
    """

    best: PrecisionRecall
    threshold: float
    thresholds: FloatArray
    precision: FloatArray
    recall: FloatArray
    sequences: Mapping[str, PrecisionRecall]

    @property
    def f1(self) -> float:
        """The largest F1 over the thresholds."""
        return self.best.f1


def long_term_f1(
    overlaps: Mapping[str, FloatArray],
    scores: Mapping[str, FloatArray],
    visible: Mapping[str, npt.NDArray[np.bool_]],
    *,
    resolution: int = 100,
) -> LongTermScores:
    """Largest F1 of a tracker that may say at each frame that it does not see its target.

    F1 = max over t of 2 P(t) R(t) / (P(t) + R(t))

    Args:
        overlaps: name -> (T,), of `siamcorr.evaluation.metrics.vot.regions_overlap` with bounds
            (W, H); NaN where the run or the ground truth has no region counts as 0.
        scores: name -> (T,), the tracker's confidence; NaN, as in the first frame of a result
            file, counts as 0.
        visible: name -> (T,), whether the ground truth has a target.
        resolution: number of thresholds, two of which are infinite.

    Returns:
        The scores.

    Convention:
        PySOT's:

        - Thresholds: +-inf and `resolution - 2` picks from the sorted scores of all sequences
          that are not NaN, evenly spread from rank d - 1 to rank n - d with
          d = floor(n / (resolution - 2)).
        - A frame is kept where score >= t. At t = -inf, however, only frames with score > 0 are.
        - Precision: mean overlap of the kept frames, those without a target too, where it is 0.
          Recall: sum of the overlaps of the kept frames / frames with a target. Where no frame is
          kept, precision is 1 and recall 0.
        - P(t) and R(t) are means over sequences, and F1 is computed from these means. Of equal
          ones the largest threshold is taken.

    Raises:
        InvalidArgument: names or lengths differ, a sequence never shows its target, or there are
            fewer scores than thresholds to pick.

    Example:
        >>> n = np.linspace(0.1, 1, 100)
        >>> result = long_term_f1({"a": np.ones(100)}, {"a": n}, {"a": np.ones(100, bool)})
        >>> result.f1
        1.0
    """
    _check(overlaps, scores, visible)
    thresholds = _thresholds(np.concatenate(list(scores.values())), resolution)
    curves = {
        name: _precision_recall(
            np.nan_to_num(overlaps[name]), np.nan_to_num(scores[name]), visible[name], thresholds
        )
        for name in overlaps
    }
    precision, recall = np.mean(list(curves.values()), axis=0)  # (resolution,) each
    best = int(np.argmax(_f1(precision, recall)))
    return LongTermScores(
        best=PrecisionRecall(float(precision[best]), float(recall[best])),
        threshold=float(thresholds[best]),
        thresholds=thresholds,
        precision=precision,
        recall=recall,
        sequences={
            name: PrecisionRecall(float(p[best]), float(r[best])) for name, (p, r) in curves.items()
        },
    )


def _check(
    overlaps: Mapping[str, FloatArray],
    scores: Mapping[str, FloatArray],
    visible: Mapping[str, npt.NDArray[np.bool_]],
) -> None:
    if not overlaps or overlaps.keys() != scores.keys() or overlaps.keys() != visible.keys():
        raise InvalidArgument(
            "long_term_f1: overlaps, scores and visible need the same sequences, at least one; "
            f"got {sorted(overlaps)}, {sorted(scores)} and {sorted(visible)}"
        )
    for name in overlaps:
        lengths = [len(arrays[name]) for arrays in (overlaps, scores, visible)]
        if len(set(lengths)) > 1:
            raise InvalidArgument(
                f"long_term_f1: {name!r} has {lengths[0]} overlaps, {lengths[1]} scores and "
                f"{lengths[2]} frames of ground truth"
            )
        if not visible[name].any():
            raise InvalidArgument(f"long_term_f1: {name!r} never shows its target")


def _thresholds(scores: FloatArray, resolution: int) -> FloatArray:
    """Thresholds, (resolution,), descending."""
    known = np.sort(scores[~np.isnan(scores)])
    picks = resolution - 2
    if picks < 1 or len(known) < picks:
        raise InvalidArgument(
            f"long_term_f1: resolution {resolution} takes {picks} thresholds from {len(known)} "
            "scores; it is at least 3, and there are at least as many scores as picks"
        )
    step = len(known) // picks
    ranks = np.floor(np.linspace(step - 1, len(known) - step, picks) + 0.5).astype(np.int64)
    return np.concatenate([[np.inf], known[ranks][::-1], [-np.inf]])


def _precision_recall(
    overlaps: FloatArray,
    scores: FloatArray,
    visible: npt.NDArray[np.bool_],
    thresholds: FloatArray,
) -> FloatArray:
    """Precision and recall of one sequence, (2, resolution)."""
    kept = scores >= thresholds[:, None]  # (resolution, T)
    kept[np.isneginf(thresholds)] = scores > 0
    count, total = kept.sum(axis=1), kept @ overlaps
    precision = np.where(count, total / np.maximum(count, 1), 1.0)
    return np.stack([precision, total / visible.sum()])


def _f1(precision: npt.ArrayLike, recall: npt.ArrayLike) -> FloatArray:
    p, r = np.asarray(precision, dtype=np.float64), np.asarray(recall, dtype=np.float64)
    return 2 * p * r / np.where(p + r > 0, p + r, 1)
