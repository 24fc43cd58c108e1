"""One version: the package, pyproject.toml and the top entry of CHANGELOG.md agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import siamcorr

ROOT = Path(__file__).resolve().parents[2]


def test_one_version_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    entries = re.findall(r"^## \[(.+?)\] - (\d{4}-\d\d-\d\d|unreleased)$", changelog, re.MULTILINE)
    assert entries, "CHANGELOG.md: no entry of the form `## [1.2.3] - 2026-01-31`"
    assert siamcorr.__version__ == project["version"] == entries[0][0]


def test_only_the_top_entry_may_be_unreleased() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    dates = re.findall(r"^## \[.+?\] - (.+)$", changelog, re.MULTILINE)
    assert "unreleased" not in dates[1:]
