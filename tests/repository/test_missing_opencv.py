"""A cv2 that does not load ends in one sentence with both cures."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

import pytest

from siamcorr.errors import MissingDependency, SiamcorrError
from siamcorr.opencv import load_cv2


@pytest.fixture
def _fresh_accessor() -> Iterator[None]:
    load_cv2.cache_clear()
    yield
    load_cv2.cache_clear()


@pytest.mark.usefixtures("_fresh_accessor")
def test_the_error_names_both_cures(monkeypatch: pytest.MonkeyPatch) -> None:
    reason = "libGL.so.1: cannot open shared object file: No such file or directory"

    def bare_machine(name: str, package: str | None = None) -> ModuleType:
        raise ImportError(reason)

    monkeypatch.setattr(importlib, "import_module", bare_machine)
    with pytest.raises(MissingDependency) as caught:
        load_cv2()
    lines = str(caught.value).splitlines()
    assert lines[0] == f"OpenCV does not load: {reason}"
    assert "apt-get install libgl1 libglib2.0-0" in lines[1]
    assert "pip install opencv-python-headless" in lines[2]
    assert isinstance(caught.value, SiamcorrError)
    assert isinstance(caught.value, ImportError)  # what a caller would catch
    assert isinstance(caught.value.__cause__, ImportError)


@pytest.mark.usefixtures("_fresh_accessor")
def test_a_failure_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in = ModuleType("cv2")
    answers: list[Exception | ModuleType] = [ImportError("absent"), stand_in]

    def repaired(name: str, package: str | None = None) -> ModuleType:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(importlib, "import_module", repaired)
    with pytest.raises(MissingDependency):
        load_cv2()
    assert load_cv2() is stand_in
    assert load_cv2() is stand_in  # answered from the cache: nothing is left to pop
