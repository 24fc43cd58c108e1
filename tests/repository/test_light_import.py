"""`import siamcorr` and its floors load no heavy library: seen in a fresh interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import siamcorr

PACKAGE = Path(siamcorr.__file__).parent
IMPORTED_INSIDE_FUNCTIONS = {"siamcorr.ops.backends.triton_kernels"}
"""Modules that stand for a heavy library: kernels are compiled from functions of a module."""
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if not path.is_relative_to(PACKAGE / "cli") and path.name != "__main__.py"
)

HEAVY = {
    "av",
    "cv2",
    "lightning",
    "matplotlib",
    "rich",
    "scipy",
    "torch._dynamo",
    "torch._inductor",
    "torchvision",
    "triton",
    "typer",
}

PROBE = """
import importlib, json, sys
import torch
loaded, new = set(sys.modules), {}
for name in sys.argv[1:]:
    importlib.import_module(name)
    new[name] = sorted(set(sys.modules) - loaded)
    loaded = set(sys.modules)
print(json.dumps(new))
"""


def fresh_python(source: str, *arguments: str) -> str:
    """Run a program in a new interpreter that finds the same siamcorr; returns its output."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", source, *arguments],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def loaded_by() -> dict[str, list[str]]:
    """What each import adds to sys.modules, in order, in an interpreter that has torch."""
    modules: dict[str, list[str]] = json.loads(fresh_python(PROBE, *MODULES))
    return modules


def test_import_siamcorr_loads_nothing_but_itself(loaded_by: dict[str, list[str]]) -> None:
    assert loaded_by["siamcorr"] == ["siamcorr"]


def test_no_floor_loads_a_heavy_library(loaded_by: dict[str, list[str]]) -> None:
    assert {"siamcorr.ops", "siamcorr.nn", "siamcorr.geometry"} <= set(loaded_by)
    guilty = {name: sorted(HEAVY & set(new)) for name, new in loaded_by.items()}
    guilty = {name: heavy for name, heavy in guilty.items() if heavy}
    assert set(guilty) >= IMPORTED_INSIDE_FUNCTIONS, "an exception that is none"
    guilty = {name: guilty[name] for name in guilty.keys() - IMPORTED_INSIDE_FUNCTIONS}
    assert not guilty, f"import these inside functions: {guilty}"


def test_the_probe_sees_a_heavy_library() -> None:
    assert "torchvision" in json.loads(fresh_python(PROBE, "torchvision"))["torchvision"]


def test_importing_seeds_nothing_and_touches_no_gpu() -> None:
    source = (
        "import random, torch; torch.manual_seed(5); random.seed(5); before = torch.get_rng_state()"
        "\nother = random.getstate()\nimport siamcorr, siamcorr.ops, siamcorr.nn, siamcorr.tracking"
        "\nassert torch.equal(before, torch.get_rng_state()), 'torch seeded'"
        "\nassert other == random.getstate(), 'random seeded'"
        "\nassert not torch.cuda.is_initialized(), 'GPU touched'"
    )
    fresh_python(source)
