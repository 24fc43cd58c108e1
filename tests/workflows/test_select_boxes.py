"""Picking with the mouse: a sentence without a screen, the dragged boxes with one."""

from __future__ import annotations

import numpy as np
import pytest

from siamcorr.errors import InvalidArgument, MissingDependency
from siamcorr.opencv import load_cv2
from siamcorr.workflows import select_boxes as module
from siamcorr.workflows.select_boxes import has_screen, pick_boxes, select_boxes


def test_no_screen_at_a_display_that_does_not_exist(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":9871")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    assert not has_screen()


def test_probe_that_hangs_is_no_screen(monkeypatch):
    monkeypatch.setattr(module, "_PROBE", "import time; time.sleep(60)")
    assert not has_screen(timeout_s=0.5)


def test_screen_where_the_probe_succeeds(monkeypatch):
    monkeypatch.setattr(module, "_PROBE", "pass")
    assert has_screen()


@pytest.mark.parametrize(
    ("display", "state"),
    [(":9871", "display ':9871' cannot be reached"), ("", "no display is set")],
)
def test_sentence_names_the_other_options(monkeypatch, display, state):
    monkeypatch.setattr(module, "has_screen", lambda: False)
    monkeypatch.setenv("DISPLAY", display)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(MissingDependency, match="OpenCV cannot open a window") as caught:
        select_boxes("clip.mp4")
    assert state in str(caught.value)
    assert "--box x,y,w,h or --boxes FILE" in str(caught.value)


def test_picked_boxes_are_returned_and_the_picture_is_in_true_colors(monkeypatch):
    shown = []
    cv2 = load_cv2()

    def drag(title, image, showCrosshair):
        shown.append(image)
        return np.array([[3, 4, 10, 12], [0, 0, 0, 0], [20, 8, 5, 6]])

    monkeypatch.setattr(cv2, "selectROIs", drag)
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    frame = np.zeros((40, 50, 3), np.uint8)
    frame[..., 0] = 200  # red
    assert pick_boxes(frame).tolist() == [[3, 4, 10, 12], [20, 8, 5, 6]]
    assert shown[0][0, 0].tolist() == [0, 0, 200]  # OpenCV shows BGR


def test_nothing_picked(monkeypatch):
    cv2 = load_cv2()
    monkeypatch.setattr(cv2, "selectROIs", lambda *args, **kwargs: ())
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    with pytest.raises(InvalidArgument, match="no box was picked"):
        pick_boxes(np.zeros((40, 50, 3), np.uint8))
