"""Which sequences are worst, and films of them from ground truth, runs and frames."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.errors import InvalidArgument
from siamcorr.evaluation.metrics.vot import FAILURE, Region, VotRun, regions_overlap
from siamcorr.evaluation.protocols import truth_region
from siamcorr.evaluation.report.model import METRICS, Report
from siamcorr.evaluation.results import FloatArray, Trajectory
from siamcorr.geometry.curves import box_overlaps
from siamcorr.geometry.rasters import box_corners
from siamcorr.types import ResponseMap
from siamcorr.viz.filmstrip import Film, FilmFrame, FilmTrack, choose_frames, fit_picture
from siamcorr.viz.plots import tracker_color

__all__ = ["ResponseSource", "make_film", "worst_sequences"]

ResponseSource: TypeAlias = Callable[[str, str], Mapping[int, ResponseMap]]
"""Label of a tracker, name of a sequence -> maps of its first run, by frame of the sequence."""

_PICTURE = (384, 288)  # most pixels of a film's frame, width and height


def worst_sequences(report: Report, count: int) -> dict[str, tuple[str, ...]]:
    """The sequences on which each tracker does worst.

    Args:
        report: of any protocol.
        count: sequences for each tracker, at least 0.

    Returns:
        Name -> labels of the trackers that it is among the worst of: first every tracker's worst,
        then every second worst, and so on, each sequence once.

    Convention:
        Worst by failures where sequences have them, else by the first metric of a sequence;
        equals in the order of the data set, NaN first.

    Raises:
        InvalidArgument: a negative count.
    """
    if count < 0:
        raise InvalidArgument(f"worst_sequences: count must be at least 0, got {count}")
    known = report.sequence_metrics
    metric = "failures" if "failures" in known else known[0]
    orders = [_worst_first(tracker.sequences, metric) for tracker in report.trackers]
    worst: dict[str, list[str]] = {}
    for place in range(min(count, len(report.frames))):
        for tracker, order in zip(report.trackers, orders, strict=True):
            worst.setdefault(order[place], []).append(tracker.label)
    return {name: tuple(labels) for name, labels in worst.items()}


def _worst_first(sequences: Mapping[str, Mapping[str, float]], metric: str) -> list[str]:
    """Names from the worst to the best; NaN, where nothing could be counted, is worst."""
    best_first = METRICS[metric].rank
    keys = {name: best_first(row[metric]) for name, row in sequences.items()}
    return sorted(sequences, key=lambda name: (not keys[name][0], -keys[name][1]))


def make_film(
    sequence: AnnotatedSequence,
    runs: Mapping[str, Trajectory | VotRun],
    *,
    responses: ResponseSource | None = None,
    watched: Sequence[str] = (),
    count: int = 8,
) -> Film:
    """A film of a sequence with the boxes of several trackers.

    Args:
        sequence: with frames.
        runs: label -> its run; the order gives the colours.
        responses: maps of any frames; the film's frames are then chosen among those that have one.
        watched: labels whose first missed frame is to be in the film.
        count: evenly spaced frames besides those and the first one.

    Returns:
        The film, its pictures at most 384 x 288 pixels.

    Convention:
        The overlap is that of boxes, without a +1; of VOT runs it is counted in pixels. A frame
        with a ground truth and no box has overlap 0, an absent target NaN.

    Raises:
        InvalidArgument: the sequence has annotations only.
        SourceError: a frame cannot be read.
    """
    tracks = tuple(
        _track(i, label, run, sequence, responses) for i, (label, run) in enumerate(runs.items())
    )
    chosen = choose_frames(
        len(sequence),
        count,
        stored={frame for track in tracks for frame in track.responses},
        marked=[0, *(track.first_failure for track in tracks if track.label in watched)],
    )
    frames = []
    for index in chosen:
        picture, scale = fit_picture(sequence.frame(index), *_PICTURE)
        frames.append(FilmFrame(index, picture, scale))
    return Film(sequence.name, tuple(frames), _truth_corners(sequence), tracks)


def _track(
    i: int,
    label: str,
    run: Trajectory | VotRun,
    sequence: AnnotatedSequence,
    responses: ResponseSource | None,
) -> FilmTrack:
    if isinstance(run, Trajectory):
        corners, overlaps = _of_trajectory(run, sequence)
    else:
        corners, overlaps = _of_regions(run, sequence)
    maps = responses(label, sequence.name) if responses is not None else {}
    return FilmTrack(label, tracker_color(i).rgb_on_dark, corners, overlaps, maps)


def _of_trajectory(run: Trajectory, sequence: AnnotatedSequence) -> tuple[FloatArray, FloatArray]:
    """Corners (T, 4, 2) and overlaps (T,) of a run, NaN before its start."""
    length, rows = len(sequence), slice(run.start, run.start + len(run))
    corners, overlaps = np.full((length, 4, 2), np.nan), np.full(length, np.nan)
    corners[rows] = _corners(run.boxes_xywh) if run.corners_xy is None else run.corners_xy
    truth = sequence.boxes_xywh[rows, 0]
    known = np.isfinite(truth).all(1) & (truth[:, 2:] > 0).all(1)
    known &= sequence.visible[rows, 0] != 0
    found = np.nan_to_num(box_overlaps(run.boxes_xywh, truth))  # no box is a miss
    overlaps[rows] = np.where(known, found, np.nan)
    return corners, overlaps


def _of_regions(run: VotRun, sequence: AnnotatedSequence) -> tuple[FloatArray, FloatArray]:
    """Corners and overlaps of a VOT run: NaN for codes, but overlap 0 where it failed."""
    height, width = sequence.frame_size
    truth = [truth_region(sequence, frame) for frame in range(len(sequence))]
    overlaps = regions_overlap(run, truth, (width, height))
    overlaps[[np.size(region) == 1 and int(region) == FAILURE for region in run]] = 0.0
    return np.array([_region_corners(region) for region in run]), overlaps


def _region_corners(region: Region) -> FloatArray:
    """(4, 2) corners of a region, of its bounding box where it has another number of them."""
    if np.size(region) == 1:
        return np.full((4, 2), np.nan)
    corners = box_corners(region)
    if len(corners) == 4:
        return corners
    return box_corners(np.concatenate((corners.min(0), np.ptp(corners, axis=0))))


def _truth_corners(sequence: AnnotatedSequence) -> FloatArray:
    """(T, 4, 2) corners of the ground truth, NaN where the target is absent."""
    known = sequence.corners_xy
    corners = _corners(sequence.boxes_xywh[:, 0]) if known is None else known[:, 0].copy()
    corners[sequence.visible[:, 0] == 0] = np.nan
    return corners


def _corners(boxes_xywh: FloatArray) -> FloatArray:
    """Corners (T, 4, 2) of boxes (T, 4)."""
    x, y, w, h = boxes_xywh.T
    return np.stack((x, y, x + w, y, x + w, y + h, x, y + h), axis=1).reshape(-1, 4, 2)
