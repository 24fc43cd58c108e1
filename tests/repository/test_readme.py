"""README.md: its pictures exist, .ci/run runs its commands; its Python and that of docs/ runs."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

import siamcorr
from siamcorr.data.synthetic import load_synthetic
from siamcorr.data.video import VideoWriter

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str, text: str | None = None) -> list[str]:
    """The fenced blocks of one language, in order; of all of README.md unless a text is given."""
    text = README.read_text(encoding="utf-8") if text is None else text
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def reader_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with what README's examples name: the first frames of the demo clip."""
    monkeypatch.chdir(tmp_path)
    clip = load_synthetic("demo")
    with VideoWriter(tmp_path / "video.mp4", clip.fps) as writer:
        for _, frame in zip(range(12), clip, strict=False):
            writer.write(frame)
    return tmp_path


@pytest.mark.usefixtures("reader_folder")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if "```python" in page.read_text("utf-8")], ids=lambda p: p.name
)
def test_python_blocks_run_one_after_another(page: Path) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    for number, source in enumerate(blocks("python", page.read_text(encoding="utf-8"))):
        exec(compile(source, f"{page.name}, Python block {number}", "exec"), names)
    assert set(names) - {"__name__", "__builtins__"}, "the blocks define nothing"


def test_the_first_page_shows_python() -> None:
    assert blocks("python")


def test_shows_a_picture_that_exists() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)\s]+)", README.read_text(encoding="utf-8"))
    local = [picture for picture in pictures if "://" not in picture]
    assert local, "README.md shows no picture of the repository"
    assert not [picture for picture in local if not (ROOT / picture).is_file()]


def test_every_public_op_is_named() -> None:
    text = README.read_text(encoding="utf-8")
    functions = set(siamcorr.ops.__all__) - {"list_backends", "use_backend"}
    assert not [op for op in functions if f"`{op}`" not in text]


def test_ci_runs_the_two_commands_as_printed() -> None:
    opening = README.read_text(encoding="utf-8").split("\n## ")[0]
    commands = "".join(blocks("bash", opening)).splitlines()
    assert len(commands) == 2
    done = subprocess.run(
        [str(ROOT / ".ci" / "run"), "--list"],
        cwd=ROOT,
        env={**os.environ, "CI": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = [step.strip() for command in commands for step in command.split("&&")]
    assert done.stdout.splitlines() == steps
    assert steps[0].startswith("python -m pip install .")
    assert steps[-1].startswith("pytest")
