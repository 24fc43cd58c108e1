"""VOT's accuracy and robustness as got10k-toolkit computes them: exact areas, weighted by tags."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.data.sequences.vot import VOT_TAGS
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.vot_regions import (
    FAILURE,
    VotSequence,
    mean_of_known,
    without_burn_in,
)
from siamcorr.evaluation.results import FloatArray
from siamcorr.geometry.polygons import polygon_overlap

__all__ = ["NO_TAG", "TagScores", "VotTagScores", "got10k_vot_scores"]

FrameTags = Mapping[str, npt.NDArray[np.bool_]]

NO_TAG = "empty"
"""The toolkit's name for frames without any tag."""


@dataclass(frozen=True)
class TagScores:
    """Frames with one tag: mean overlap (0 where no frame counts), failures per run, frames."""

    accuracy: float
    failures: float
    frames: int


@dataclass(frozen=True)
class VotTagScores:
    """Accuracy and robustness, both weighted by the frames of each tag.

    Attributes:
        accuracy: weighted mean overlap, larger is better.
        robustness: weighted mean of the numbers of failures, smaller is better.
        tags: the five attributes of VOT and `NO_TAG`.
    """

    accuracy: float
    robustness: float
    tags: Mapping[str, TagScores]


def got10k_vot_scores(
    sequences: Mapping[str, VotSequence],
    frame_tags: Mapping[str, FrameTags],
    *,
    burn_in: int = 10,
) -> VotTagScores:
    """Accuracy and robustness of supervised runs by the rules of got10k-toolkit.

    Args:
        sequences: name -> ground truth and runs; regions must be convex.
        frame_tags: name -> tag -> (T,) bool, as `AnnotatedSequence.frame_tags`; a tag that is not
            there is nowhere.
        burn_in: frames from each start, itself included, that say nothing about accuracy.

    Returns:
        The scores.

    Convention:
        got10k-toolkit's, which do not compare with PySOT's or VOT's:

        - Overlaps are exact areas within (W, H), not rasters.
        - Frames of all sequences are pooled for each of VOT's five tags and for those with none
          of them; a frame with two tags counts in both.
        - Accuracy of a tag: the mean over runs in each frame, then over frames; 0 where no frame
          counts. Failures of a tag: their number, mean over runs.
        - Both scores are means over tags weighted by the tags' frames. There is no EAO.

    Raises:
        InvalidArgument: no sequence, a negative burn-in, tags that do not fit, or a region that is
            not convex.

    Example:
        >>> box = [10, 10, 20, 20]
        >>> run = VotSequence([box] * 12, [[1] + [box] * 11], (100, 100))
        >>> got10k_vot_scores({"still": run}, {"still": {}}).accuracy
        1.0
    """
    if not sequences or burn_in < 0:
        raise InvalidArgument(
            "got10k_vot_scores: expected at least one sequence and burn_in >= 0; got "
            f"{len(sequences)} and {burn_in}"
        )
    overlaps = [
        mean_of_known(without_burn_in(_exact_overlaps(sequence), sequence.codes, burn_in), axis=0)
        for sequence in sequences.values()
    ]
    failures = [(sequence.codes == FAILURE).mean(axis=0) for sequence in sequences.values()]
    masks = [_masks(name, len(sequences[name]), frame_tags) for name in sequences]
    scores = {
        tag: _tag_scores(np.concatenate(overlaps), np.concatenate(failures), mask)
        for tag, mask in zip((*VOT_TAGS, NO_TAG), np.concatenate(masks, axis=1), strict=True)
    }
    weights = np.array([score.frames for score in scores.values()])
    return VotTagScores(
        accuracy=float(np.average([s.accuracy for s in scores.values()], weights=weights)),
        robustness=float(np.average([s.failures for s in scores.values()], weights=weights)),
        tags=scores,
    )


def _exact_overlaps(sequence: VotSequence) -> FloatArray:
    """(R, T) exact overlaps, NaN where the run or the ground truth has a code."""
    bounds = (sequence.size[1], sequence.size[0])
    overlaps = np.full(sequence.codes.shape, np.nan)
    for run, frame in np.argwhere(sequence.codes < 0):
        truth = sequence.truth[frame]
        if np.size(truth) > 1:
            overlaps[run, frame] = polygon_overlap(sequence.runs[run][frame], truth, bounds)
    return overlaps


def _masks(name: str, frames: int, frame_tags: Mapping[str, FrameTags]) -> npt.NDArray[np.bool_]:
    """(6, T): where each tag is, and where none of them is."""
    tags = frame_tags.get(name)
    if tags is None or any(np.shape(flags) != (frames,) for flags in tags.values()):
        raise InvalidArgument(f"got10k_vot_scores: {name!r} needs frame_tags of {frames} flags")
    known = np.array([tags.get(tag, np.zeros(frames, dtype=bool)) for tag in VOT_TAGS])
    return np.concatenate([known, ~known.any(axis=0, keepdims=True)])


def _tag_scores(
    overlaps: FloatArray, failures: FloatArray, mask: npt.NDArray[np.bool_]
) -> TagScores:
    accuracy = float(mean_of_known(overlaps[mask]))
    return TagScores(
        accuracy=0.0 if np.isnan(accuracy) else accuracy,
        failures=float(failures[mask].sum()),
        frames=int(mask.sum()),
    )
