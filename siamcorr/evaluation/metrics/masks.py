"""Masks: region similarity J, boundary F, and their statistics over a sequence as in DAVIS."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.evaluation.metrics.inputs import check_values
from siamcorr.evaluation.results import FloatArray
from siamcorr.opencv import load_cv2

__all__ = [
    "MaskScores",
    "MaskStatistics",
    "boundary_f",
    "boundary_map",
    "mask_scores",
    "mask_statistics",
    "region_similarity",
]

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class MaskStatistics:
    """What the values of J or F come to over a sequence.

    Attributes:
        mean: over the frames.
        recall: share of the frames above 0.5.
        decay: mean of the first quarter less mean of the last; positive where it gets worse.
    """

    mean: float
    recall: float
    decay: float


@dataclass(frozen=True, eq=False)
class MaskScores:
    """J and F of one target over one sequence.

    Attributes:
        region: (T,) J of every scored frame.
        boundary: (T,) F of every scored frame.
        region_statistics: mean, recall and decay of J.
        boundary_statistics: mean, recall and decay of F.
    """

    region: FloatArray
    boundary: FloatArray
    region_statistics: MaskStatistics
    boundary_statistics: MaskStatistics

    @property
    def j_and_f(self) -> float:
        """Mean of the two means, the headline of DAVIS."""
        return (self.region_statistics.mean + self.boundary_statistics.mean) / 2


def region_similarity(
    mask: npt.ArrayLike, truth: npt.ArrayLike, *, void: npt.ArrayLike | None = None
) -> float:
    """Intersection over union of two masks (J).

    J = |mask and truth| / |mask or truth|

    Args:
        mask: (H, W) bool, or numbers that are foreground where they are not 0.
        truth: (H, W) alike.
        void: (H, W) alike, True where a pixel does not count; None for nowhere.

    Returns:
        0 ... 1; 1 where both are empty.

    Raises:
        ShapeError: not (H, W) all.

    Example:
        >>> region_similarity([[1, 1, 0]], [[0, 1, 1]])
        0.3333333333333333
    """
    a, b = _masks("region_similarity", mask, truth, void)
    union = int((a | b).sum())
    return float((a & b).sum() / union) if union else 1.0


def boundary_f(
    mask: npt.ArrayLike,
    truth: npt.ArrayLike,
    *,
    tolerance: float = 0.008,
    void: npt.ArrayLike | None = None,
) -> float:
    """F-measure of two masks' boundaries, matched within a distance.

    precision = share of the mask's boundary pixels with one of the truth at most r pixels away
    recall    = the same with mask and truth exchanged
    F         = 2 * precision * recall / (precision + recall)

    Args:
        mask: (H, W) as in `region_similarity`.
        truth: (H, W) alike.
        tolerance: below 1 a share of the frame's diagonal, r = ceil(tolerance * diagonal); from 1
            on r itself in pixels. > 0.
        void: (H, W), True where neither has foreground; None for nowhere.

    Returns:
        0 ... 1; 1 where neither mask has a boundary, 0 where one of them has none.

    Raises:
        ShapeError: not (H, W) all.
        InvalidArgument: tolerance <= 0.
        MissingDependency: OpenCV does not load.

    Source:
        `f_measure` of the DAVIS 2017 evaluation, to which it is equal: distances are Euclidean,
        by dilation with a disk.

    Example:
        >>> square = np.zeros((20, 20), dtype=bool); square[5:15, 5:15] = True
        >>> boundary_f(square, np.roll(square, 1, axis=1), tolerance=1)
        1.0
    """
    a, b = (boundary_map(part) for part in _masks("boundary_f", mask, truth, void))
    disk = _disk(tolerance, a.shape)
    if not a.any() or not b.any():
        return float(a.any() == b.any())
    cv2 = load_cv2()
    near_a, near_b = (cv2.dilate(part.astype(np.uint8), disk) for part in (a, b))
    precision, recall = float(near_b[a].mean()), float(near_a[b].mean())
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def boundary_map(mask: npt.ArrayLike) -> Mask:
    """Pixels whose right, lower or lower right neighbour is on the other side of the mask's edge.

    Args:
        mask: (H, W) as in `region_similarity`.

    Returns:
        (H, W) bool, one pixel wide.

    Convention:
        The edge lies between pixels, the map on the pixel before it. The border of the frame is no
        edge: a mask over the whole frame has no boundary.
    """
    inside = np.asarray(mask) != 0
    padded = np.pad(inside, ((0, 1), (0, 1)), mode="edge")
    right, below, diagonal = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    edges: Mask = (inside != right) | (inside != below) | (inside != diagonal)
    return edges


def mask_statistics(values: npt.ArrayLike) -> MaskStatistics:
    """Mean, recall and decay of J or F over the frames of a sequence.

    Args:
        values: (T,), T >= 1.

    Returns:
        The three numbers.

    Convention:
        Recall counts values > 0.5. Quarters end at the frames k (T - 1) / 4, rounded half up; a
        frame at an end belongs to both quarters.

    Raises:
        ShapeError: no values, or not one-dimensional.
        InvalidArgument: a value is not finite.

    Source:
        `db_statistics` of the DAVIS 2017 evaluation, whose ends overflow after 256 frames.

    Example:
        >>> mask_statistics([1.0, 1.0, 0.75, 0.5, 0.0])
        MaskStatistics(mean=0.65, recall=0.6, decay=0.75)
    """
    rows = check_values("mask_statistics", "values", values)
    ends = np.floor(np.arange(5) * (len(rows) - 1) / 4 + 0.5).astype(np.int64)
    first, last = rows[: ends[1] + 1], rows[ends[3] :]
    decay = float(first.mean() - last.mean())
    return MaskStatistics(float(rows.mean()), float((rows > 0.5).mean()), decay)


def mask_scores(
    masks: npt.ArrayLike,
    truths: npt.ArrayLike,
    *,
    tolerance: float = 0.008,
    void: npt.ArrayLike | None = None,
    drop_ends: bool = True,
) -> MaskScores:
    """J and F of one target over one sequence.

    Args:
        masks: (T, H, W) predicted.
        truths: (T, H, W) ground truth.
        tolerance: as in `boundary_f`.
        void: (T, H, W), True where a pixel does not count; None for nowhere.
        drop_ends: leave out the first frame, which is given, and the last one.

    Returns:
        The values of every scored frame and their statistics.

    Convention:
        DAVIS drops both ends in its semi-supervised task. Targets weigh alike: the figures of a
        data set are means over targets of these.

    Raises:
        ShapeError: not (T, H, W) all, or no frame is left.
    """
    a, b = np.asarray(masks), np.asarray(truths)
    ignored = np.zeros(b.shape, dtype=np.bool_) if void is None else np.asarray(void)
    if a.ndim != 3 or a.shape != b.shape or ignored.shape != b.shape:
        raise ShapeError(
            "mask_scores: expected (T, H, W) all"
            f"\n  masks  : {a.shape}\n  truths : {b.shape}\n  void   : {ignored.shape}"
        )
    frames = range(1, len(a) - 1) if drop_ends else range(len(a))
    if not frames:
        raise ShapeError(f"mask_scores: {len(a)} frames leave none to score; drop_ends={drop_ends}")
    region = np.array([region_similarity(a[i], b[i], void=ignored[i]) for i in frames])
    boundary = np.array(
        [boundary_f(a[i], b[i], tolerance=tolerance, void=ignored[i]) for i in frames]
    )
    return MaskScores(region, boundary, mask_statistics(region), mask_statistics(boundary))


def _masks(
    who: str, mask: npt.ArrayLike, truth: npt.ArrayLike, void: npt.ArrayLike | None
) -> tuple[Mask, Mask]:
    """Both masks as bool, without their void pixels."""
    a, b = np.asarray(mask) != 0, np.asarray(truth) != 0
    counted = np.ones(b.shape, dtype=np.bool_) if void is None else np.asarray(void) == 0
    if a.ndim != 2 or a.shape != b.shape or counted.shape != b.shape:
        raise ShapeError(
            f"{who}: expected (H, W) all"
            f"\n  mask  : {a.shape}\n  truth : {b.shape}\n  void  : {counted.shape}"
        )
    return a & counted, b & counted


def _disk(tolerance: float, shape: tuple[int, ...]) -> npt.NDArray[np.uint8]:
    """All pixels within the distance of the middle one."""
    if not tolerance > 0:
        raise InvalidArgument(f"boundary_f: tolerance must be > 0, got {tolerance}")
    radius = tolerance if tolerance >= 1 else np.ceil(tolerance * np.hypot(shape[0], shape[1]))
    offsets = np.arange(-int(radius), int(radius) + 1)
    return (offsets[:, None] ** 2 + offsets[None] ** 2 <= radius**2).astype(np.uint8)
