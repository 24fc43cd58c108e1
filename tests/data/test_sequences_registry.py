"""`load_dataset`: names, selection, wrong roots; `SequenceSet`; the sequence itself."""

from __future__ import annotations

import pickle
import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from siamcorr.data.sequences import (
    AnnotatedSequence,
    SequenceSet,
    dataset_names,
    load_dataset,
)
from siamcorr.errors import InvalidArgument, SourceError, UnknownName
from siamcorr.types import Sequence

NAMES = {
    *("otb", "vot", "got10k", "lasot", "trackingnet", "uav123", "uav20l", "nfs", "nfs_240"),
    *("davis", "imagenet_vid", "imagenet_det", "youtube_bb", "coco", "boxes_csv", "mot", "cvat"),
}


@pytest.fixture
def otb_root(tmp_path):
    for name in ("Deer", "Dog", "Dog1"):
        (tmp_path / name / "img").mkdir(parents=True)
        for i, level in ((1, 10), (2, 20)):
            image = np.full((6, 8, 3), level, np.uint8)
            assert cv2.imwrite(str(tmp_path / name / "img" / f"{i:04d}.png"), image)
        (tmp_path / name / "groundtruth_rect.txt").write_text("1,2,3,4\n2,2,3,4\n")
    return tmp_path


def test_names_and_unknown_data_sets(otb_root):
    assert set(dataset_names()) == NAMES
    with pytest.raises(UnknownName, match="did you mean 'got10k'"):
        load_dataset("got-10k", otb_root)


def test_selection_keeps_the_order_of_the_data_set(otb_root):
    found = load_dataset("otb", otb_root, sequences=["Dog1", "Deer", "Dog1"])
    assert found.names == ("Deer", "Dog1")
    assert (found.name, len(found), [s.name for s in found]) == ("otb", 2, ["Deer", "Dog1"])


@pytest.mark.parametrize(
    ("sequences", "error", "problem"),
    [
        (["Deer", "Dg1"], UnknownName, "otb has no sequence 'Dg1'; did you mean 'Dog1'"),
        ("Deer", InvalidArgument, "is the text 'Deer'; give a list"),
        ([], InvalidArgument, "sequences is empty"),
    ],
)
def test_wrong_selections(otb_root, sequences, error, problem):
    with pytest.raises(error, match=problem):
        load_dataset("otb", otb_root, sequences=sequences)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_wrong_roots_say_what_was_looked_for_and_found(tmp_path, name):
    with pytest.raises(SourceError, match="does not exist"):
        load_dataset(name, tmp_path / "absent")
    with pytest.raises(SourceError, match="found     : an empty folder"):
        load_dataset(name, tmp_path)
    for i in range(9):
        (tmp_path / f"clip{i}").mkdir()
    (tmp_path / "a.zip").touch()
    with pytest.raises(
        SourceError, match=r"looked for: .*\n.*found     : a\.zip, clip0/"
    ) as caught:
        load_dataset(name, tmp_path)
    assert "... (10 entries)" in str(caught.value)
    with pytest.raises(SourceError, match=r"a\.zip' is a file\n  looked for: "):
        load_dataset(name, tmp_path / "a.zip")


def test_a_sequence_is_a_sequence_and_travels_to_other_processes(otb_root):
    sequence = load_dataset("otb", otb_root)["Deer"]
    assert isinstance(sequence, Sequence)
    copy = pickle.loads(pickle.dumps(sequence))
    assert [int(frame[0, 0, 0]) for frame in copy] == [10, 20]
    assert copy.frame(1).shape == (6, 8, 3)
    assert copy.frame_size == (6, 8)
    for index in (-1, 2):
        with pytest.raises(InvalidArgument, match=r"is not in 0 \.\.\. 1"):
            copy.frame(index)


def test_masks_and_classes_are_asked_of_a_sequence(otb_root):
    sequence = load_dataset("otb", otb_root)["Deer"]
    assert (sequence.has_masks, sequence.class_of()) == (False, None)
    with pytest.raises(InvalidArgument, match="Deer: has boxes but no masks; ask `has_masks`"):
        sequence.mask(0)
    with pytest.raises(InvalidArgument, match="no target 1 among its 1"):
        sequence.class_of(1)
    classes = replace(sequence, classes={"object_class": "deer"})
    assert classes.class_of() == "deer"
    assert replace(classes, target_classes=("elk",)).class_of(0) == "elk"


def test_a_set_knows_its_names_and_refuses_one_twice():
    sequence = AnnotatedSequence("Deer", np.zeros((1, 1, 4)), np.ones((1, 1)))
    with pytest.raises(UnknownName, match="otb: no sequence 'Dear'; did you mean 'Deer'"):
        SequenceSet("otb", (sequence,))["Dear"]
    with pytest.raises(InvalidArgument, match=r"twice: \['Deer'\]"):
        SequenceSet("otb", (sequence, sequence))


def test_importing_loads_no_image_library():
    code = (
        "import sys, siamcorr.data.sequences, siamcorr.data.result_files\n"
        "heavy = ('cv2', 'av', 'PIL', 'torchvision', 'matplotlib', 'scipy')\n"
        "print([module for module in heavy if module in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
