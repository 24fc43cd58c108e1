"""One-pass evaluation: success, precision and normalised precision of one sequence and of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.conventions import Headline, OpeConvention, find_convention
from siamcorr.evaluation.metrics.inputs import check_flags, check_pair
from siamcorr.evaluation.results import FloatArray
from siamcorr.geometry.curves import (
    area_under,
    box_overlaps,
    centre_distances,
    pixel_centres,
    share_above,
    share_within,
)

__all__ = ["OpeScores", "mean_ope", "score_ope"]

_EPS = 1e-16  # what PySOT adds to the size, so that a side of 0 divides nothing by 0


@dataclass(frozen=True, eq=False)
class OpeScores:
    """Curves of one sequence, or the mean curves of several.

    Attributes:
        frames: number that the counts were divided by; the sum over sequences for a mean.
        success: (K,) share of frames with overlap > threshold.
        precision: (K,) share of frames with centre distance <= threshold in pixels.
        normalised_precision: (K,) the same with distances in shares of the target's size.
        convention: how frames were counted; holds the thresholds of the three curves.
    """

    frames: int
    success: FloatArray
    precision: FloatArray
    normalised_precision: FloatArray
    convention: OpeConvention

    @property
    def auc(self) -> float:
        """Area under the success curve, as the convention takes it."""
        rules = self.convention
        return _headline(self.success, rules.success_thresholds, rules.success_headline)

    @property
    def precision_20(self) -> float:
        """Share of frames whose centre is at most 20 pixels off."""
        return _headline(self.precision, self.convention.precision_thresholds, 20.0)

    @property
    def precision_headline(self) -> float:
        """The number that the convention calls precision: at 20 pixels, or an area."""
        rules = self.convention
        return _headline(self.precision, rules.precision_thresholds, rules.precision_headline)

    @property
    def normalised_precision_headline(self) -> float:
        """The number that the convention calls normalised precision: at 0.20, or an area."""
        rules = self.convention
        return _headline(
            self.normalised_precision, rules.normalised_thresholds, rules.normalised_headline
        )


def score_ope(
    predicted_xywh: npt.ArrayLike,
    truth_xywh: npt.ArrayLike,
    *,
    convention: str | OpeConvention = "pysot",
    absent: npt.ArrayLike | None = None,
) -> OpeScores:
    """Success and precision curves of one sequence.

    success[k]              = #(overlap > t_k) / frames
    precision[k]            = #(|centre - true centre| <= t_k) / frames
    normalised_precision[k] = #(|(centre - true centre) / true size| <= t_k) / frames

    Args:
        predicted_xywh: (T, 4) boxes from the first frame on; NaN where there is none.
        truth_xywh: (T, 4) ground truth in the same coordinates; NaN where there is none.
        convention: a name of `OPE_CONVENTIONS`, or one of your own.
        absent: (T,) bool, True where the target is not in the frame; None where nobody flagged it.
            Matters where the convention's `absent` is `miss`.

    Returns:
        The three curves with the convention that they follow.

    Convention:
        `OpeConvention` says how each convention treats the first frame, absent and unannotated
        targets and degenerate boxes. Overlap counts continuous pixels and is strictly greater than
        its threshold, so a perfect tracker has 0 at the threshold 1 and an AUC of 20/21 (`pysot`)
        or 0.975 (`trackingnet`). The sign of a centre is taken in the coordinates given.

    Raises:
        ShapeError: not (T, 4) both with one T, or flags of another length.
        InvalidArgument: not numbers, or no frame is left to score.
        UnknownName: no such convention.

    Source:
        PySOT `toolkit/evaluation/ope_benchmark.py`, got10k toolkit `experiments/otb.py` and
        `lasot.py`, TrackingNet devkit `metrics.py`. LaSOT's own MATLAB code is not among them: it
        repeats the last valid box where a prediction is not valid.

    Example:
        >>> truth = np.array([[10.0, 10, 20, 20], [12.0, 10, 20, 20]])
        >>> round(score_ope(truth, truth).auc, 4)
        0.9524
    """
    rules = find_convention(convention)
    predicted, truth = check_pair("score_ope", predicted_xywh, truth_xywh)
    missed = np.zeros(len(truth), dtype=np.bool_)
    if absent is not None:
        flags = check_flags("score_ope", "absent", absent, len(truth))
        missed = flags if rules.absent == "miss" else missed
    if rules.rounded:
        predicted, truth = np.round(predicted), np.round(truth)
    if rules.first_frame == "replaced":
        predicted[0] = truth[0]
    unannotated = np.isnan(truth).any(1)
    counted = ~unannotated if rules.unannotated == "dropped" else np.ones_like(missed)
    frames, scored = int(counted.sum()), counted & ~missed
    if frames == 0:
        raise InvalidArgument(
            f"score_ope: no frame has a ground truth, and {rules.name!r} drops frames without one"
        )
    return _curves(predicted[scored], truth[scored], frames, rules)


def mean_ope(scores: Iterable[OpeScores]) -> OpeScores:
    """Mean over sequences, each weighing the same however long it is.

    Args:
        scores: of at least one sequence, all under one convention.

    Returns:
        The mean curves; `frames` is the sum.

    Raises:
        InvalidArgument: no sequence, or two conventions.
    """
    rows = list(scores)
    conventions = {row.convention for row in rows}
    if len(conventions) != 1:
        names = ", ".join(sorted(rules.name for rules in conventions)) or "no sequence at all"
        raise InvalidArgument(f"mean_ope: expected scores under one convention, got {names}")
    return OpeScores(
        frames=sum(row.frames for row in rows),
        success=np.mean([row.success for row in rows], axis=0),
        precision=np.mean([row.precision for row in rows], axis=0),
        normalised_precision=np.mean([row.normalised_precision for row in rows], axis=0),
        convention=conventions.pop(),
    )


def _curves(
    predicted: FloatArray, truth: FloatArray, frames: int, rules: OpeConvention
) -> OpeScores:
    """Curves of the scored frames, divided by the counted ones."""
    size = truth[:, 2:]
    unit = np.maximum(size, 1) if rules.normalised_by == "size_at_least_1" else size + _EPS
    pixels = _distances(predicted, truth, np.ones_like(size), rules)
    shares = _distances(predicted, truth, unit, rules)
    overlaps = box_overlaps(predicted, truth)
    return OpeScores(
        frames=frames,
        success=share_above(overlaps, rules.success_thresholds, of=frames),
        precision=share_within(pixels, rules.precision_thresholds, of=frames),
        normalised_precision=share_within(shares, rules.normalised_thresholds, of=frames),
        convention=rules,
    )


def _distances(
    predicted: FloatArray, truth: FloatArray, unit: FloatArray, rules: OpeConvention
) -> FloatArray:
    """Centre distances in units; 0 where the convention takes an off-frame target for a hit."""
    distances = centre_distances(predicted, truth, unit=unit)
    if rules.off_frame == "hit":
        distances[~(pixel_centres(truth) / unit > 0).all(1)] = 0.0
    return distances


def _headline(values: FloatArray, thresholds: tuple[float, ...], headline: Headline) -> float:
    """One number out of a curve."""
    if headline == "mean":
        return float(values.mean())
    if headline == "area":
        return area_under(values, thresholds)
    places = np.flatnonzero(np.isclose(thresholds, headline))
    if len(places) != 1:
        raise InvalidArgument(f"OpeScores: the curve has no threshold {headline}: {thresholds}")
    return float(values[places[0]])
