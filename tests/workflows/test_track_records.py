"""`tracks.csv`, `tracks.json` and the npz chunks hold what the results held."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from fake_tracker import fake_result

from siamcorr.workflows import response_files
from siamcorr.workflows.response_files import ResponseChunks
from siamcorr.workflows.track_records import CsvTracks, JsonTracks

ENDING = {"status": "finished", "error": None}


def results(count=3, responses=False):
    for index in range(count):
        result = fake_result(
            [[1.5 + index, 2, 30, 40], [50, 60, 7.25, 8]], (90, 120), responses=responses
        )
        lost = torch.tensor([False, index == 2])
        yield replace(result, frame_index=4 + 2 * index, time_s=index / 8, lost=lost)


def csv_rows(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_csv_holds_a_line_per_target_and_frame(tmp_path):
    writer = CsvTracks(tmp_path / "tracks.csv")
    for result in results():
        writer.write(result)
    assert not (tmp_path / "tracks.csv").exists()
    writer.close(ENDING)
    assert (tmp_path / "tracks.csv").read_text().splitlines() == [
        "frame_index,time_s,id,x,y,w,h,score,lost",
        "4,0.0,0,1.5,2.0,30.0,40.0,0.75,0",
        "4,0.0,1,50.0,60.0,7.25,8.0,0.75,0",
        "6,0.125,0,2.5,2.0,30.0,40.0,0.75,0",
        "6,0.125,1,50.0,60.0,7.25,8.0,0.75,0",
        "8,0.25,0,3.5,2.0,30.0,40.0,0.75,0",
        "8,0.25,1,50.0,60.0,7.25,8.0,0.75,1",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["tracks.csv"]


def test_json_holds_metadata_rows_and_ending(tmp_path):
    writer = JsonTracks(tmp_path / "tracks.json", {"source": {"name": 'a "b"'}, "fps": 25.0})
    for result in results():
        writer.write(result)
    writer.close({**ENDING, "frames": 3})
    found = json.loads((tmp_path / "tracks.json").read_text())
    assert found["source"] == {"name": 'a "b"'}
    assert " ".join(found["columns"]) == "frame_index time_s id x y w h score lost"
    assert (found["status"], found["error"], found["frames"]) == ("finished", None, 3)
    assert len(found["tracks"]) == 6
    assert found["tracks"][5] == {
        "frame_index": 8, "time_s": 0.25, "id": 1, "x": 50, "y": 60, "w": 7.25, "h": 8,
        "score": 0.75, "lost": True,
    }  # fmt: skip


def test_numbers_that_are_not_finite_are_null_and_empty(tmp_path):
    result = next(results())
    odd = replace(result, time_s=float("nan"), scores=torch.tensor([float("inf"), float("nan")]))
    rows = CsvTracks(tmp_path / "tracks.csv")
    tree = JsonTracks(tmp_path / "tracks.json", {})
    for writer in (rows, tree):
        writer.write(odd)
        writer.close(ENDING)
    first = csv_rows(tmp_path / "tracks.csv")[0]
    assert (first["time_s"], first["score"]) == ("", "")
    first = json.loads((tmp_path / "tracks.json").read_text())["tracks"][0]
    assert (first["time_s"], first["score"]) == (None, None)


def test_files_without_a_frame_still_parse(tmp_path):
    for writer in (CsvTracks(tmp_path / "t.csv"), JsonTracks(tmp_path / "t.json", {"fps": 1})):
        writer.close(ENDING)
    assert csv_rows(tmp_path / "t.csv") == []
    assert json.loads((tmp_path / "t.json").read_text())["tracks"] == []


@pytest.mark.parametrize("chunk_frames", [1, 2, 5])
def test_chunks_hold_every_map_in_order(tmp_path, monkeypatch, chunk_frames):
    monkeypatch.setattr(response_files, "_CHUNK_FRAMES", chunk_frames)
    expected = list(results(5, responses=True))
    writer = ResponseChunks(tmp_path / "responses")
    for result in expected:
        writer.write(result)
    writer.close(ENDING)
    chunks = [np.load(path) for path in sorted((tmp_path / "responses").iterdir())]
    assert len(chunks) == -(-5 // chunk_frames)
    assert [path.name for path in tmp_path.iterdir()] == ["responses"]
    values = np.concatenate([chunk["values"] for chunk in chunks])
    wanted = np.concatenate([[m.values for m in result.responses] for result in expected])
    np.testing.assert_array_equal(values, wanted)
    mappings = np.concatenate([chunk["crop_to_frame"] for chunk in chunks])
    np.testing.assert_array_equal(mappings[7], expected[3].responses[1].crop_to_frame)
    assert np.concatenate([chunk["frame_index"] for chunk in chunks])[::2].tolist() == [
        4,
        6,
        8,
        10,
        12,
    ]
    assert np.concatenate([chunk["id"] for chunk in chunks]).tolist() == [0, 1] * 5
    assert set(np.concatenate([chunk["kind"] for chunk in chunks])) == {"windowed"}


def test_maps_of_several_sizes_are_padded_with_nan(tmp_path):
    result = next(results(1, responses=True))
    small = replace(result.responses[1], values=result.responses[1].values[:5, :9])
    writer = ResponseChunks(tmp_path / "responses")
    writer.write(replace(result, responses=[result.responses[0], small]))
    writer.close(ENDING)
    chunk = np.load(tmp_path / "responses" / "000004.npz")
    assert chunk["shape"].tolist() == [[17, 17], [5, 9]]
    np.testing.assert_array_equal(chunk["values"][1, :5, :9], small.values)
    assert np.isnan(chunk["values"][1]).sum() == 17 * 17 - 45


def test_large_maps_are_flushed_by_size(tmp_path, monkeypatch):
    monkeypatch.setattr(response_files, "_CHUNK_BYTES", 3 * 17 * 17 * 4)
    writer = ResponseChunks(tmp_path / "responses")
    for result in results(4, responses=True):
        writer.write(result)
    assert len(list((tmp_path / "responses.partial").iterdir())) == 2  # two frames of two maps each
    writer.close(ENDING)
    assert len(list((tmp_path / "responses").iterdir())) == 2


def test_chunks_replace_those_of_an_earlier_run_and_nothing_else(tmp_path):
    folder = tmp_path / "responses"
    folder.mkdir()
    for name in ("000099.npz", "notes.txt"):
        (folder / name).write_text("old")
    writer = ResponseChunks(folder)
    for result in results(1, responses=True):
        writer.write(result)
    writer.close(ENDING)
    assert sorted(path.name for path in folder.iterdir()) == ["000004.npz", "notes.txt"]
