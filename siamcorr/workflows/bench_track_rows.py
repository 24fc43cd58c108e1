"""The numbers of the tracker benchmark, as rows: medians, ratios over turns, agreement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from siamcorr.geometry.overlap import box_overlap
from siamcorr.workflows.bench_track_clips import Clip
from siamcorr.workflows.bench_track_turns import Candidate, Course

__all__ = ["pool", "rows_of", "truth_of"]

Courses: TypeAlias = Mapping[Candidate, Course]
Truth: TypeAlias = npt.NDArray[np.float64] | None


def rows_of(courses: Courses, truth: Truth, baseline: str) -> list[dict[str, Any]]:
    """A row a candidate.

    Args:
        courses: of one clip, or pooled.
        truth: (T, 4) of the frames after the first, for the overlap of N = 1; or None.
        baseline: label of the tracker that the others are compared with, at the same N and both
            in one run, or both in N runs.

    Returns:
        `tracker`, `targets`, `separate`; `frames` that counted; `ms_median`, `ms_p95` of a frame;
        `init_ms`; `lost_share` of all boxes; `overlap` mean with the truth, `apart_px` largest
        difference of a box in one run of N and in N runs of one. `to_baseline`, `to_one` (same
        tracker, N = 1) and `to_separate` (same tracker in N runs) hold `median`, `low` and `high`
        quartile over turns of the ratio of the turns' medians. None where there is no such thing,
        and instead of a comparison with itself.
    """
    return [_row(candidate, courses, truth, baseline) for candidate in courses]


def _row(candidate: Candidate, courses: Courses, truth: Truth, baseline: str) -> dict[str, Any]:
    course, alone = courses[candidate], candidate._replace(separate=True)
    is_whole = not candidate.separate and alone in courses
    milliseconds = 1e3 * np.concatenate(course.turns_s)
    return {
        "tracker": candidate.label,
        "targets": candidate.targets,
        "separate": candidate.separate,
        "frames": len(milliseconds),
        "ms_median": float(np.median(milliseconds)),
        "ms_p95": float(np.percentile(milliseconds, 95)),
        "init_ms": 1e3 * float(np.median(course.init_s)),
        "to_baseline": _ratio(course, courses.get(candidate._replace(label=baseline))),
        "to_one": _ratio(course, courses.get(Candidate(candidate.label, 1))),
        "to_separate": _ratio(course, courses[alone]) if is_whole else None,
        "apart_px": _apart(course, courses[alone]) if is_whole else None,
        "lost_share": course.lost / (len(course.boxes_xywh) * candidate.targets),
        "overlap": _overlap(course, truth) if candidate.targets == 1 else None,
    }


def truth_of(clip: Clip, courses: Courses) -> Truth:
    """The truth of the frames that were tracked."""
    count = len(next(iter(courses.values())).boxes_xywh)
    return None if clip.truth is None else clip.truth[1 : 1 + count]


def pool(
    clips: Sequence[Courses], truths: Iterable[Truth]
) -> tuple[dict[Candidate, Course], Truth]:
    """Several clips as if they were one; without truth where one of them has none."""
    known = [truth for truth in truths if truth is not None]
    pooled = {candidate: Course() for candidate in clips[0]}
    for courses in clips:
        for candidate, whole in pooled.items():
            course = courses[candidate]
            whole.init_s += course.init_s
            whole.turns_s += course.turns_s
            whole.boxes_xywh += course.boxes_xywh
            whole.lost += course.lost
    return pooled, np.concatenate(known) if len(known) == len(clips) else None


def _ratio(course: Course, other: Course | None) -> dict[str, float] | None:
    """Quartiles over turns: neighbours in time and on the same frames are compared."""
    if other is None or other is course:
        return None
    ours, theirs = ([np.median(turn) for turn in each.turns_s] for each in (course, other))
    low, median, high = np.percentile(np.divide(ours, theirs), [25, 50, 75]).tolist()
    return {"median": median, "low": low, "high": high}


def _apart(course: Course, other: Course) -> float:
    ours, theirs = torch.stack(course.boxes_xywh), torch.stack(other.boxes_xywh)
    return float((ours - theirs).abs().max())


def _overlap(course: Course, truth: Truth) -> float | None:
    if truth is None:
        return None
    annotated = ~np.isnan(truth).any(1)
    boxes = torch.cat(course.boxes_xywh)
    return float(np.mean(box_overlap(boxes, torch.from_numpy(truth)).numpy()[annotated]))
