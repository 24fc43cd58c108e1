"""Every shipped config loads through its public loader, and a misspelt key in it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from siamcorr.config import find_config, parse_config, read_yaml
from siamcorr.data.synthetic import load_synthetic
from siamcorr.errors import ConfigError
from siamcorr.tracking.factory import load_tracker
from siamcorr.tracking.registry import TRACKERS
from siamcorr.training.settings import load_train_settings

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
FILES = sorted(path.relative_to(CONFIGS) for path in CONFIGS.rglob("*.*") if path.is_file())


def public_loader(folder: str) -> Callable[[str], Any]:
    """The function that users call with a name or a path of that folder."""
    loaders: dict[str, Callable[[str], Any]] = {
        "trackers": load_tracker,
        "synthetic": load_synthetic,
        "train": load_train_settings,
    }
    assert folder in loaders, f"configs/{folder}: name its loader in this test"
    return loaders[folder]


def content_of(folder: str, name: str) -> Any:
    """What the config stands for, comparable, and without the weights that a tracker may need."""
    if folder == "train":
        return load_train_settings(name)
    if folder != "trackers":
        return public_loader(folder)(name).boxes_xywh.tolist()
    path = find_config("trackers", name)
    content = read_yaml(path)
    return parse_config(content, TRACKERS[content["kind"]].settings_type, str(path))


def test_there_are_configs_of_every_kind() -> None:
    assert {"trackers", "synthetic", "train"} <= {path.parts[0] for path in FILES}


@pytest.mark.parametrize("file", FILES, ids=str)
def test_config_loads_by_name_and_by_path(file: Path) -> None:
    assert file.suffix == ".yaml", "shipped configs are .yaml"
    assert len(file.parts) == 2, "shipped configs lie in configs/<folder>/<name>.yaml"
    folder = file.parts[0]
    assert find_config(folder, file.stem).read_bytes() == (CONFIGS / file).read_bytes()
    assert content_of(folder, file.stem) == content_of(folder, str(CONFIGS / file))


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_misspelt_key_is_refused_with_the_right_one(file: Path, tmp_path: Path) -> None:
    content = yaml.safe_load((CONFIGS / file).read_text(encoding="utf-8"))
    key = max(content, key=len)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(yaml.safe_dump({**content, f"{key}z": content[key]}), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=rf"unknown key '{key}z'; did you mean .*'{key}'"
    ) as caught:
        public_loader(file.parts[0])(str(wrong))
    assert str(wrong) in str(caught.value)


def test_the_default_tracker_needs_no_weights() -> None:
    tracker = load_tracker()
    assert all(callable(getattr(tracker, name)) for name in ("init", "update", "add", "drop"))
