"""Models as folders of the Hub: written, read back equal, uploaded whole; the extra is named."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from published_networks import model_of

from siamcorr.config import find_config, read_yaml
from siamcorr.errors import CheckpointError, MissingDependency
from siamcorr.models import SiameseModel, WeightsRecord, save_safetensors
from siamcorr.models.hub import from_pretrained, push_to_hub, save_pretrained
from siamcorr.models.record import Provenance


@pytest.fixture(scope="module")
def model() -> SiameseModel:
    return model_of("nanotrack_v1")


@pytest.fixture(scope="module")
def record() -> WeightsRecord:
    config = read_yaml(find_config("trackers", "nanotrack_v1"))
    source = Provenance(project="owner/name", file="w.pth", sha256="0" * 64)
    return WeightsRecord(
        variant="nanotrack_v1", config=config, licence="Apache-2.0", provenance=source
    )


def test_a_folder_holds_the_whole_model(
    model: SiameseModel, record: WeightsRecord, tmp_path: Path
) -> None:
    pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")
    folder = tmp_path / "nano"
    save_pretrained(model, folder, record=record)
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert json.loads((folder / "config.json").read_text()) == record.config
    card = (folder / "README.md").read_text()
    assert "license: apache-2.0" in card
    assert "library_name: siamcorr" in card

    loaded, found = from_pretrained(folder)
    assert found == record
    assert not loaded.training
    crops = torch.rand(1, 3, 255, 255), torch.rand(1, 3, 127, 127)
    with torch.inference_mode():
        assert torch.equal(loaded(*crops).loc, model(*crops).loc)


def test_what_is_uploaded_is_such_a_folder(
    model: SiameseModel, record: WeightsRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")
    sent: dict[str, Any] = {}

    def create_repo(_self: object, repo_id: str, **options: Any) -> Any:
        sent["private"] = options["private"]
        return type("Url", (), {"repo_id": repo_id})

    def upload_folder(_self: object, *, repo_id: str, folder_path: Any, **_: Any) -> str:
        sent["repo_id"] = repo_id
        sent["files"] = sorted(p.name for p in Path(folder_path).iterdir())
        return "commit"

    monkeypatch.setattr(hub.HfApi, "create_repo", create_repo)
    monkeypatch.setattr(hub.HfApi, "upload_folder", upload_folder)
    assert push_to_hub(model, "owner/nano", record=record, private=True) == "commit"
    files = ["README.md", "config.json", "model.safetensors"]
    assert sent == {"private": True, "repo_id": "owner/nano", "files": files}


def test_a_folder_without_a_record_is_refused(model: SiameseModel, tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub", reason="the extra `hub` is not installed")
    save_safetensors(model, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"model.safetensors: the file has no record"):
        from_pretrained(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match=r"model.safetensors"):
        from_pretrained(tmp_path / "empty")


def test_the_extra_is_named(
    model: SiameseModel, record: WeightsRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingDependency, match=r"pip install 'siamcorr\[hub\]'"):
        save_pretrained(model, tmp_path, record=record)
    with pytest.raises(MissingDependency, match=r"siamcorr\[hub\]"):
        from_pretrained(tmp_path)
