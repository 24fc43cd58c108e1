"""Filmstrips: chosen frames with the boxes of several trackers, response maps, overlap in time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from siamcorr.errors import InvalidArgument
from siamcorr.opencv import load_cv2
from siamcorr.types import FrameArray, ResponseMap
from siamcorr.viz.boxes import draw_polygon
from siamcorr.viz.colors import Color, heat_colors
from siamcorr.viz.panel import cell_from_frame
from siamcorr.viz.responses import normalise_response
from siamcorr.viz.text import draw_label, draw_text

__all__ = [
    "TRUTH_COLOR",
    "Film",
    "FilmFrame",
    "FilmTrack",
    "choose_frames",
    "draw_filmstrip",
    "fit_picture",
    "overlap_profile",
    "response_tile",
]

TRUTH_COLOR: Color = (255, 255, 255)
_SHADOW: Color = (0, 0, 0)
_PAPER: Color = (17, 18, 22)
_INK: Color = (225, 228, 235)
_GAP, _LETTERS, _BAND, _TILE = 6, 12, 30, 112
"""Pixels: between pictures, height of capitals, of an overlap band, of a response map."""

Corners = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """One frame of a film.

    Attributes:
        index: of the frame in its sequence.
        picture: (h, w, 3) RGB uint8, the frame without marks, made smaller.
        scale: pixels of the picture per pixel of the frame.
    """

    index: int
    picture: FrameArray
    scale: float


@dataclass(frozen=True, eq=False)
class FilmTrack:
    """What one tracker did in a film.

    Attributes:
        label: name of the tracker.
        color: RGB, of its boxes on photos.
        corners_xy: (T, 4, 2) of its boxes in continuous pixels of the frame; NaN where none.
        overlaps: (T,) with the truth, 0 ... 1; NaN where there is no truth or no box.
        responses: maps of some frames, by the frame's index.
    """

    label: str
    color: Color
    corners_xy: Corners
    overlaps: npt.NDArray[np.float64]
    responses: Mapping[int, ResponseMap] = field(default_factory=dict)

    @property
    def first_failure(self) -> int | None:
        """Index of the first frame whose overlap is 0; None where there is none."""
        failed = np.flatnonzero(self.overlaps == 0)
        return int(failed[0]) if len(failed) else None


@dataclass(frozen=True, eq=False)
class Film:
    """A sequence told in a few frames.

    Attributes:
        name: of the sequence.
        frames: in order.
        truth_xy: (T, 4, 2) corners of the ground truth; NaN where there is none.
        tracks: one a tracker.
    """

    name: str
    frames: tuple[FilmFrame, ...]
    truth_xy: Corners
    tracks: tuple[FilmTrack, ...]


def choose_frames(
    length: int,
    count: int,
    *,
    stored: Iterable[int] = (),
    marked: Iterable[int | None] = (),
) -> tuple[int, ...]:
    """Indices of evenly spaced frames from the first to the last, and of the marked ones.

    Args:
        length: frames of the sequence, at least 1.
        count: evenly spaced frames wanted, at least 1.
        stored: frames whose responses are at hand; where there are any, the even ones are chosen
            among them.
        marked: frames that must be there; None is left out.

    Returns:
        Ascending, each once.

    Raises:
        InvalidArgument: a number below 1, or a frame outside the sequence.

    Example:
        >>> choose_frames(101, 3, marked=[7, None])
        (0, 7, 50, 100)
        >>> choose_frames(100, 3, stored=[0, 11, 22, 33, 44, 55])
        (0, 22, 55)
    """
    if length < 1 or count < 1:
        raise InvalidArgument(
            f"choose_frames: length {length} and count {count} must be at least 1"
        )
    from_these = sorted(set(stored)) or range(length)
    wanted = {int(i) for i in marked if i is not None}
    if outside := [i for i in (*from_these, *wanted) if not 0 <= i < length]:
        raise InvalidArgument(f"choose_frames: frames {outside[:5]} are not in 0 ... {length - 1}")
    places = np.linspace(0, len(from_these) - 1, min(count, len(from_these)))
    return tuple(sorted({from_these[int(place)] for place in places} | wanted))


def overlap_profile(overlaps: npt.NDArray[np.float64], most: int) -> npt.NDArray[np.float64]:
    """Overlap over time in at most `most` numbers, the lowest of each stretch: no loss is hidden.

    Args:
        overlaps: (T,), T at least 1; NaN where nothing is known.
        most: length of the result where T is longer.

    Returns:
        (min(T, most),); NaN where a stretch holds nothing else.

    Example:
        >>> overlap_profile(np.array([0.9, 0.8, 0.7, 0.0, np.nan, np.nan]), 3)
        array([0.8, 0. , nan])
    """
    if len(overlaps) <= most:
        return overlaps
    starts = np.arange(most) * len(overlaps) // most
    profile: npt.NDArray[np.float64] = np.fmin.reduceat(overlaps, starts)
    return profile


def fit_picture(frame: FrameArray, width: int, height: int) -> tuple[FrameArray, float]:
    """Shrink a frame into `width` x `height`, its shape kept; a smaller one stays as it is.

    Returns:
        The picture and its scale, pixels of the picture per pixel of the frame.
    """
    cv2 = load_cv2()
    scale = min(width / frame.shape[1], height / frame.shape[0], 1.0)
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    if scale == 1.0:
        return frame, 1.0
    picture: FrameArray = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return picture, size[0] / frame.shape[1]


def response_tile(
    response: ResponseMap, size: int, outlines: Sequence[tuple[Corners, Color]] = ()
) -> FrameArray:
    """A response as a square heat map, with boxes at their place in it.

    Args:
        response: of one target.
        size: of the tile in pixels.
        outlines: (4, 2) corners in the frame, and their colours; drawn in order.

    Returns:
        (size, size, 3) RGB uint8.
    """
    cv2 = load_cv2()
    heat = normalise_response(response.values)
    rows, columns = heat.shape
    wide, high = (max(1, round(n * size / max(rows, columns))) for n in (columns, rows))
    tile = np.zeros((size, size, 3), np.uint8)
    top, left = (size - high) // 2, (size - wide) // 2
    scaled = cv2.resize(heat, (wide, high), interpolation=cv2.INTER_LINEAR)
    tile[top : top + high, left : left + wide] = heat_colors(scaled)
    mapping = cell_from_frame(response, size)
    for corners, color in outlines:
        draw_polygon(tile, corners @ mapping[:, :2].T + mapping[:, 2], color, 1)
    return tile


def draw_filmstrip(film: Film, *, per_row: int = 5) -> FrameArray:
    """Compose a film as one picture: frames with boxes, response maps, overlap over time.

    Args:
        film: with at least one frame.
        per_row: pictures in a row, at least 1.

    Returns:
        RGB uint8 on a dark ground.

    Raises:
        InvalidArgument: the film has no frame, or `per_row` is below 1.
    """
    if not film.frames or per_row < 1:
        raise InvalidArgument(
            f"draw_filmstrip: {film.name!r} with {len(film.frames)} frames, {per_row} in a row; "
            "both must be at least 1"
        )
    rows: list[FrameArray] = []
    for start in range(0, len(film.frames), per_row):
        frames = film.frames[start : start + per_row]
        rows.append(_side_by_side([_drawn(film, frame) for frame in frames]))
        for track in film.tracks:
            if any(frame.index in track.responses for frame in frames):
                tiles = [_tile_or_nothing(film, track, frame) for frame in frames]
                rows.append(_side_by_side(tiles))
    width = max(row.shape[1] for row in rows)
    rows = [np.concatenate((row, _ground(len(row), width - row.shape[1])), 1) for row in rows]
    rows += [_overlap_band(film, track, width) for track in film.tracks]
    return np.concatenate([row for row in rows for row in (row, _ground(_GAP, width))][:-1])


def _drawn(film: Film, frame: FilmFrame) -> FrameArray:
    """A picture with the truth in white, the boxes over it, and the number of the frame."""
    canvas = frame.picture.copy()
    truth = film.truth_xy[frame.index] * frame.scale
    draw_polygon(canvas, truth, _SHADOW, 3)
    draw_polygon(canvas, truth, TRUTH_COLOR, 1)
    for track in film.tracks:
        corners = track.corners_xy[frame.index] * frame.scale
        draw_polygon(canvas, corners, track.color, 2, dashed=track.overlaps[frame.index] == 0)
    failed = [track.label for track in film.tracks if track.first_failure == frame.index]
    text = f"{frame.index}" + (f"  lost by {', '.join(failed)}" if failed else "")
    draw_label(canvas, text, (0, 0), _LETTERS, TRUTH_COLOR)
    return canvas


def _tile_or_nothing(film: Film, track: FilmTrack, frame: FilmFrame) -> FrameArray:
    """The response of one frame centred under its picture, or the empty ground."""
    size = min(_TILE, frame.picture.shape[1])
    cell = _ground(size, frame.picture.shape[1])
    if frame.index in track.responses:
        truth = (film.truth_xy[frame.index], TRUTH_COLOR)
        own = (track.corners_xy[frame.index], track.color)
        left = (cell.shape[1] - size) // 2
        tile = response_tile(track.responses[frame.index], size, [truth, own])
        cell[:, left : left + size] = tile
    return cell


def _overlap_band(film: Film, track: FilmTrack, width: int) -> FrameArray:
    """Overlap over time as a filled curve in the tracker's colour, the film's frames as ticks."""
    band = _ground(_BAND, width)
    profile = np.nan_to_num(overlap_profile(track.overlaps, width))
    at = np.minimum(np.arange(width) * len(profile) // width, len(profile) - 1)
    heights = np.round(profile[at] * (_BAND - 2)).astype(int)
    filled = np.arange(_BAND)[:, None] >= _BAND - heights
    band[filled] = np.array(track.color) // 2
    band[_BAND - 1 - heights, np.arange(width)] = track.color
    for frame in film.frames:
        band[:, frame.index * width // len(track.overlaps)] = _INK
    draw_text(band, track.label, (6, _BAND - 9), _LETTERS, _INK)
    return band


def _side_by_side(pictures: Sequence[FrameArray]) -> FrameArray:
    """Pictures in a row with gaps, all as high as the highest."""
    height = max(picture.shape[0] for picture in pictures)
    cells: list[FrameArray] = []
    for picture in pictures:
        foot = _ground(height - picture.shape[0], picture.shape[1])
        cells += [np.concatenate((picture, foot)), _ground(height, _GAP)]
    return np.concatenate(cells[:-1], axis=1)


def _ground(height: int, width: int) -> FrameArray:
    return np.full((height, width, 3), _PAPER, np.uint8)
