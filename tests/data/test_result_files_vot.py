"""VOT result files: codes, boxes and polygons, round trips, the published raw results."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siamcorr.data.result_files import FORMATS, read_regions
from siamcorr.data.sequences import load_dataset
from siamcorr.errors import InvalidArgument, SourceError

VOT = FORMATS["vot"]
REGIONS = [1, np.array([1.5, 2, 3, 4]), 2, 0, 0, 0, 0, 1, np.arange(8.0)]


def assert_same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, int) == isinstance(other, int)
        np.testing.assert_array_equal(one, other)


def test_convention_layout_and_codes(tmp_path):
    path = VOT.write(tmp_path, "bag", regions=REGIONS, seconds=np.arange(9) / 8)
    assert path == tmp_path / "baseline" / "bag" / "bag_001.txt"
    assert path.read_text() == (
        "1\n1.5,2.0,3.0,4.0\n2\n0\n0\n0\n0\n1\n0.0,1.0,2.0,3.0,4.0,5.0,6.0,7.0\n"
    )
    assert (path.parent / "bag_time.txt").read_text().splitlines()[:2] == ["0.0", "0.125"]
    assert_same(VOT.read(tmp_path, "bag"), REGIONS)
    np.testing.assert_array_equal(VOT.read_seconds(tmp_path, "bag"), np.arange(9) / 8)


numbers = st.floats(allow_infinity=False)
region = st.one_of(
    st.sampled_from([0, 1, 2]),
    *(st.lists(numbers, min_size=count, max_size=count).map(np.array) for count in (4, 6, 8, 10)),
)


@given(regions=st.lists(region, min_size=1, max_size=12), run=st.integers(1, 15))
def test_every_region_is_read_back_equal(tmp_path_factory, regions, run):
    folder = tmp_path_factory.mktemp("vot")
    VOT.write(folder, "bag", regions=regions, run=run)
    assert (folder / "baseline" / "bag" / f"bag_{run:03d}.txt").is_file()
    assert_same(VOT.read(folder, "bag", run), regions)


def test_files_of_other_people(tmp_path):
    path = tmp_path / "bag_001.txt"
    path.write_text("\ufeff1\r\n1\t2 3,4\r\n2.0000\r\n0\r\nnan,nan,nan,nan\r\n1,2,3,4,5,6\r\n\r\n")
    expected = [1, np.array([1, 2, 3, 4]), 2, 0, np.full(4, np.nan), np.arange(1, 7)]
    assert_same(read_regions(path), expected)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("1\n3\n", "line 2: '3' is no code"),
        ("1\nnan\n", "line 2: 'nan' is no code"),
        ("1\n1,2,3,4,5\n", "line 2: '1,2,3,4,5' is no code"),
        ("1\nm1,2,3,4\n", "line 2: 'm1' is no finite number"),
        ("1\n1,2,3,\n\n4\n", "line 3: is blank"),
        ("", "is empty"),
    ],
)
def test_malformed_files_name_file_and_line(tmp_path, content, problem):
    path = tmp_path / "bag_001.txt"
    path.write_text(content)
    with pytest.raises(InvalidArgument, match=rf"bag_001\.txt.*{problem}"):
        read_regions(path)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"boxes_xywh": np.ones((2, 4))}, "give regions"),
        ({"boxes_xywh": np.ones((1, 4)), "regions": [1]}, "and no boxes_xywh"),
        ({"regions": []}, "regions is empty"),
        ({"regions": [1, 3]}, r"regions\[1\] = 3 is no code"),
        ({"regions": [1, np.ones(5)]}, r"regions\[1\]"),
        ({"regions": [1, np.ones((2, 2))]}, r"regions\[1\]"),
        ({"regions": [np.array([1, 2, 3, np.inf])]}, "infinite"),
        ({"regions": [1], "run": 0}, "numbered from 1"),
        ({"regions": [1], "seconds": [1, 2]}, "seconds has shape"),
    ],
)
def test_wrong_arguments_write_no_result(tmp_path, arguments, problem):
    with pytest.raises(InvalidArgument, match=problem):
        VOT.write(tmp_path, "bag", **arguments)
    assert not list(tmp_path.rglob("*.txt"))


def test_an_absent_run_is_an_error(tmp_path):
    VOT.write(tmp_path, "bag", regions=[1])
    with pytest.raises(SourceError, match=r"bag_002\.txt"):
        VOT.read(tmp_path, "bag", run=2)


def test_published_results_have_the_known_failures(data_root):
    annotations = load_dataset("vot", data_root / "annotations" / "VOT2018.json")
    failures = 0
    for sequence in annotations:
        regions = VOT.read(data_root / "raw_results" / "vot2018" / "NanoTrack", sequence.name)
        assert len(regions) == len(sequence)
        codes = [region for region in regions if isinstance(region, int)]
        assert regions[0] == 1
        failures += codes.count(2)
    assert failures == 70
