"""House rules of the source files: size, first line, who prints, who imports cv2, test names."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "siamcorr"
SOURCES = sorted(PACKAGE.rglob("*.py"))


def calls_of(path: Path, name: str) -> list[int]:
    """Lines on which the file calls a function by this bare name."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [c.lineno for c in calls if isinstance(c.func, ast.Name) and c.func.id == name]


def top_level_imports(path: Path) -> set[str]:
    """Roots of the libraries that the file imports anywhere."""
    roots = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            roots.add(node.module.split(".")[0])
    return roots


def test_there_are_sources() -> None:
    assert PACKAGE / "__init__.py" in SOURCES


def test_no_file_is_over_400_lines() -> None:
    long = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}
    assert not {name: lines for name, lines in long.items() if lines > 400}


def test_first_line_of_every_file_says_what_it_holds() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in (*SOURCES, *sorted((ROOT / "scripts").glob("*.py")))
        if not path.read_text(encoding="utf-8").splitlines()[0].startswith('"""')
        or not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_there_is_no_utils_module() -> None:
    assert not [path for path in SOURCES if path.stem in {"utils", "util", "helpers", "misc"}]


def test_only_the_command_line_prints() -> None:
    printing = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCES
        if PACKAGE / "cli" not in path.parents and (lines := calls_of(path, "print"))
    }
    assert not printing


def test_only_the_accessor_imports_cv2() -> None:
    importing = [
        str(path.relative_to(ROOT)) for path in SOURCES if "cv2" in top_level_imports(path)
    ]
    assert not importing, "use siamcorr.opencv.load_cv2()"


def test_test_modules_have_distinct_names() -> None:
    """Pytest imports tests by their bare name, and a folder with __init__.py would change that."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py"))
    assert not [name for name, count in names.items() if count > 1]
    assert "__init__.py" not in names
