"""docs/ against the code: every module has its place, every convention its test, links lead on."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md"))
)


def functions_of(path: Path) -> set[str]:
    """`file::test` of every test function, methods included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    where = path.relative_to(ROOT / "tests").as_posix()
    return {f"{where}::{name}" for name in names if name.startswith("test_")}


def test_architecture_names_every_module_and_no_other() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?!siamcorr/|tests/)([\w/]+\.py)`", text))
    package = ROOT / "siamcorr"
    modules = {path.relative_to(package).as_posix() for path in package.rglob("*.py")}
    modules = {name for name in modules if not name.endswith("__init__.py")}
    assert not sorted(modules - named), "docs/architecture.md: add these"
    assert not sorted(named - modules), "docs/architecture.md: these do not exist"


def test_conventions_names_every_convention_test_and_only_real_ones() -> None:
    text = (ROOT / "docs" / "conventions.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.py::test_\w+)`", text))
    existing = set().union(*(functions_of(path) for path in (ROOT / "tests").rglob("*.py")))
    assert not sorted(named - existing), "docs/conventions.md: these tests do not exist"
    pinned = {test for test in existing if "::test_convention_" in test}
    assert not sorted(pinned - named), "docs/conventions.md: add these"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files(document: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert not [target for target in local if not (document.parent / target).exists()]
