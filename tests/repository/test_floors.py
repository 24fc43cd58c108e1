"""Imports go downward: a module imports from lower floors or from its own package only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import siamcorr

PACKAGE = Path(__file__).resolve().parents[2] / "siamcorr"

FLOORS: list[list[set[str]]] = [
    [{"errors", "types"}],
    [{"registry"}, {"config"}, {"opencv"}],
    [{"ops"}, {"geometry"}],
    [{"nn"}, {"data"}],
    [{"models"}, {"viz"}],
    [{"tracking"}, {"training"}, {"evaluation"}],
    [{"workflows"}],
    [{"cli", "__main__"}],
]
"""From the ground up; what stands in one set may import one another, neighbours may not."""

FLOOR_OF = {part: floor for floor, row in enumerate(FLOORS) for room in row for part in room}
ROOM_OF = {part: room for row in FLOORS for room in row for part in room}


def imported_parts(tree: ast.AST, module: str) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import of the package, wherever in the file it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.split(".")[: -node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{source}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            name = node.args[0]
            if isinstance(name, ast.Constant):
                yield node.lineno, str(name.value)


def part_of(dotted: str) -> str | None:
    """The part of the package that a dotted name belongs to; None where it is another library.

    Public names of `siamcorr` belong to the module that defines them, and the bare package to the
    highest of them.
    """
    root, _, rest = dotted.partition(".")
    if root != "siamcorr" or rest == "__version__":
        return None
    if not rest:
        return max(siamcorr._SUBPACKAGES, key=lambda part: FLOOR_OF[part])
    part = rest.split(".")[0]
    return siamcorr._HOME.get(part, dotted).split(".")[1]


def violations(module: str, source: str) -> list[str]:
    """Sentences, one for each import of `module` that does not go downward."""
    here = module.split(".")[1]
    found = []
    for line, dotted in imported_parts(ast.parse(source), module):
        there = part_of(dotted)
        if there is None or there in ROOM_OF[here] or FLOOR_OF[there] < FLOOR_OF[here]:
            continue
        found.append(
            f"{module}:{line} (floor {FLOOR_OF[here]}) imports {dotted} (floor {FLOOR_OF[there]}): "
            f"only floors below {FLOOR_OF[here]} and {here!r} itself are allowed"
        )
    return found


def modules() -> list[tuple[str, Path]]:
    paths = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")
    return [
        (".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts), path) for path in paths
    ]


def test_every_part_of_the_package_has_a_floor() -> None:
    parts = {module.split(".")[1] for module, _ in modules()}
    assert parts <= set(FLOOR_OF), f"give {parts - set(FLOOR_OF)} a floor in FLOORS"


def test_imports_go_downward() -> None:
    found = [line for name, path in modules() for line in violations(name, path.read_text())]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("siamcorr.ops.functional", "from siamcorr.geometry.boxes import as_boxes_xywh"),
        ("siamcorr.nn.layers", "def f():\n    from siamcorr.data import video"),
        ("siamcorr.data.video", "import siamcorr.models"),
        ("siamcorr.tracking.loop", "if x:\n    from siamcorr import evaluation"),
        ("siamcorr.geometry.boxes", "from siamcorr import track"),
        ("siamcorr.geometry.boxes", "import siamcorr"),
        ("siamcorr.nn.layers", "from ..models import factory"),
        ("siamcorr.ops.functional", "importlib.import_module('siamcorr.nn')"),
        ("siamcorr.workflows.demo", "from siamcorr.cli import main"),
        ("siamcorr.config", "from siamcorr.registry import Registry"),
    ],
)
def test_an_upward_import_is_found(module: str, source: str) -> None:
    (sentence,) = violations(module, source)
    assert "only floors below" in sentence


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("siamcorr.types", "from siamcorr.errors import InvalidArgument"),
        ("siamcorr.nn.layers", "from siamcorr import ops, __version__\nimport torch"),
        ("siamcorr.nn.heads.siamfc", "from ..layers import XCorr"),
        ("siamcorr.cli.main", "import siamcorr"),
        ("siamcorr.cli.track", "from siamcorr import track"),
    ],
)
def test_a_downward_import_is_fine(module: str, source: str) -> None:
    assert violations(module, source) == []
