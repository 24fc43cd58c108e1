"""Files appear whole or not at all."""

from __future__ import annotations

import numpy as np
import pytest

from siamcorr.data.files import atomic_path
from siamcorr.errors import InvalidArgument


def test_file_appears_only_at_the_end(tmp_path):
    target = tmp_path / "tracks.csv"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert not target.exists()
        assert temporary.parent == tmp_path
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_failure_keeps_the_old_file_and_leaves_nothing_else(tmp_path, error):
    target = tmp_path / "tracks.csv"
    target.write_text("old")

    def fail():
        with atomic_path(target) as temporary:
            temporary.write_text("half of")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_existing_file_is_replaced(tmp_path):
    target = tmp_path / "tracks.csv"
    target.write_text("old")
    with atomic_path(str(target)) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


def test_suffix_survives_for_writers_that_append_one(tmp_path):
    target = tmp_path / "responses.npz"
    with atomic_path(target) as temporary:
        np.savez(temporary, values=np.arange(3))
    with np.load(target) as content:
        assert content["values"].tolist() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [target]


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    target = tmp_path / "a.txt"
    with atomic_path(target) as first:
        with atomic_path(target) as second:
            first.write_text("first")
            second.write_text("second")
        assert target.read_text() == "second"
    assert target.read_text() == "first"


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (".", "is a folder; give the path of a file in it"),
        ("absent/a.csv", "absent' does not exist; make it first"),
    ],
)
def test_bad_place(tmp_path, place, sentence):
    with pytest.raises(InvalidArgument, match=sentence), atomic_path(tmp_path / place):
        pytest.fail("the block must not run")


def test_empty_name():
    with pytest.raises(InvalidArgument, match="expected the path of a file to write, got ''"):
        atomic_path("").__enter__()


def test_writing_nothing_is_an_error(tmp_path):
    sentence = r"nothing was written for .*a\.csv"
    with pytest.raises(InvalidArgument, match=sentence), atomic_path(tmp_path / "a.csv"):
        pass
    assert list(tmp_path.iterdir()) == []
