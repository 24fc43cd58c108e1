"""Filmstrips: which frames, what is drawn where, overlap over time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from fake_tracker import fake_response
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.errors import InvalidArgument
from siamcorr.viz.filmstrip import (
    Film,
    FilmFrame,
    FilmTrack,
    choose_frames,
    draw_filmstrip,
    fit_picture,
    overlap_profile,
    response_tile,
)

RED, GREEN = (250, 20, 20), (20, 250, 20)
GREY = 80


def corners(x, y, w, h):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], dtype=np.float64)


def film(length=9, indices=(0, 4, 8), responses=None, size=(60, 80)):
    frames = tuple(FilmFrame(i, np.full((*size, 3), GREY, np.uint8), 0.5) for i in indices)
    truth = np.repeat(corners(20, 40, 60, 50)[None], length, 0)
    overlaps = np.where(np.arange(length) < 4, 0.8, 0.0)
    red = FilmTrack("red", RED, truth + 4, overlaps, responses or {})
    green = FilmTrack("green", GREEN, np.full_like(truth, np.nan), np.full(length, np.nan))
    return Film("film", frames, truth, (red, green))


def share_of(picture, color):
    return (np.abs(picture.astype(int) - color).max(-1) < 8).mean()


@given(st.integers(1, 500), st.integers(1, 20), st.data())
def test_chosen_frames_are_even_and_hold_the_marked(length, count, data):
    marked = data.draw(st.sets(st.integers(0, length - 1), max_size=3))
    chosen = choose_frames(length, count, marked=[*marked, None])
    assert list(chosen) == sorted(set(chosen))
    assert marked <= set(chosen)
    assert 0 in chosen
    even = choose_frames(length, count)
    assert set(chosen) == set(even) | marked
    assert len(even) == min(count, length)
    if count > 1:
        assert even[-1] == length - 1
        gaps = np.diff(even)
        assert len(gaps) == 0 or gaps.max() - gaps.min() <= 1


def test_chosen_frames_have_responses_where_there_are_any():
    assert choose_frames(100, 3, stored=[7, 20, 55], marked=[9]) == (7, 9, 20, 55)
    assert choose_frames(100, 8, stored=[7]) == (7,)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"length": 0, "count": 3}, "length 0 and count 3"),
        ({"length": 3, "count": 0}, "must be at least 1"),
        ({"length": 3, "count": 2, "marked": [3]}, r"\[3\] are not in 0 ... 2"),
        ({"length": 3, "count": 2, "stored": [-1]}, r"\[-1\]"),
    ],
)
def test_frames_that_are_not_there_are_refused(arguments, words):
    with pytest.raises(InvalidArgument, match=words):
        choose_frames(**arguments)


@given(st.integers(1, 300), st.integers(1, 60))
def test_profile_keeps_the_lowest_of_each_stretch(length, most):
    overlaps = np.random.default_rng(length).random(length)
    profile = overlap_profile(overlaps, most)
    assert len(profile) == min(length, most)
    assert profile.min() == overlaps.min()
    if length > most:
        ends = [i * length // most for i in range(most)] + [length]
        assert profile.tolist() == [min(overlaps[a:b]) for a, b in itertools.pairwise(ends)]


def test_picture_is_shrunk_into_the_box_and_never_blown_up():
    frame = np.zeros((300, 200, 3), np.uint8)
    frame[150:, :] = 255
    picture, scale = fit_picture(frame, 100, 100)
    assert picture.shape == (100, 67, 3)
    assert scale == pytest.approx(67 / 200)
    assert picture[:49].max() == 0
    assert picture[51:].min() == 255
    same, one = fit_picture(frame, 1000, 1000)
    assert one == 1.0
    assert (same == frame).all()


def test_tile_glows_at_the_peak_and_boxes_lie_at_their_place():
    box = torch.tensor([30.0, 50, 20, 20], dtype=torch.float64)
    response = fake_response(box, 17, peak_cell=(12, 4))
    tile = response_tile(response, 170, [(corners(30, 50, 20, 20), RED)])
    assert tile.shape == (170, 170, 3)
    brightest = np.unravel_index(tile.astype(int).sum(-1).argmax(), (170, 170))
    assert abs(brightest[0] - 45) <= 6  # row 4 of 17, ten pixels a row
    assert abs(brightest[1] - 125) <= 6
    # the map spans 2 x 20 pixels in 17 cells of 10 tile pixels: the box is 85 wide, centred
    rows, columns = np.nonzero(np.abs(tile.astype(int) - RED).max(-1) < 40)
    assert np.ptp(rows) == pytest.approx(85, abs=3)
    assert (columns.min() + columns.max()) / 2 == pytest.approx(85, abs=2)


def test_strip_draws_boxes_scaled_and_leaves_the_pictures_alone():
    story = film()
    picture = draw_filmstrip(story)
    assert all((frame.picture == GREY).all() for frame in story.frames)
    assert picture.shape[1] == 3 * 80 + 2 * 6
    first = picture[:60, :80].astype(int)
    assert (np.abs(first[40, 11:13] - RED) < 40).all(-1).any()  # left edge: (20 + 4) * 0.5
    assert (first[43, 9:11].max(-1) > 200).any()  # the truth beside it, white, at 20 * 0.5
    assert share_of(first, RED) > share_of(picture[:60, 86:166], RED)  # dashed after the loss


def test_strip_shows_responses_under_their_frames_only():
    without = draw_filmstrip(film())
    box = torch.tensor([20.0, 40, 60, 50], dtype=torch.float64)
    story = film(responses={4: fake_response(box)})
    shown = draw_filmstrip(story)
    tile = min(112, 80)
    assert shown.shape[0] == without.shape[0] + tile + 6
    row = shown[66 : 66 + tile]
    assert row[:, :80].max() == row[0, 0].max()  # nothing under the first frame
    assert row[:, 86:166].max() > 200


def test_strip_wraps_and_band_is_as_high_as_the_overlap():
    story = film(length=90, indices=(0, 40, 80))
    wrapped = draw_filmstrip(story, per_row=2)
    assert wrapped.shape[1] == 2 * 80 + 6
    assert wrapped.shape[0] == 2 * 60 + 2 * 30 + 3 * 6
    band = wrapped[132:162].astype(int)
    colored = (band[:, :, 0] > 100) & (band[:, :, 1] < 40)
    heights = colored.sum(0)
    assert np.median(heights[60:]) <= 1  # overlap 0 from frame 4 of 90 on
    level = draw_filmstrip(
        Film(
            "f",
            story.frames,
            story.truth_xy,
            (FilmTrack("", RED, story.truth_xy, np.full(90, 0.5)),),
        )
    )[66:96].astype(int)
    assert np.median(((level[:, :, 0] > 100) & (level[:, :, 1] < 40)).sum(0)) == pytest.approx(
        14, abs=1
    )


def test_first_failure_is_the_first_overlap_of_zero():
    track, other = film().tracks
    assert track.first_failure == 4
    assert other.first_failure is None


@pytest.mark.parametrize(("frames", "per_row"), [((), 5), (None, 0)])
def test_film_without_frames_is_refused(frames, per_row):
    story = film()
    chosen = story.frames if frames is None else frames
    with pytest.raises(InvalidArgument, match="draw_filmstrip: 'film'"):
        draw_filmstrip(Film("film", chosen, story.truth_xy, story.tracks), per_row=per_row)
