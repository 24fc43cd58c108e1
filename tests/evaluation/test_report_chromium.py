"""The page in headless Chromium: no console error, pictures decode, tables sort, boxes switch."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from report_scenes import small_set, some_responses, three_runs

from siamcorr.evaluation.report import build_ope_report, write_report

pytestmark = pytest.mark.slow

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

PROBE = """
<script>
(async () => {
  const say = (key, value) => { document.body.dataset[key] = value; };
  const pictures = [...document.querySelectorAll("img")].map((i) => i.src)
    .concat([...document.querySelectorAll("image")].map((i) => i.getAttribute("href")));
  const loads = pictures.map((src) => new Promise((answer) => {
    const image = new Image();
    image.onload = () => answer(image.naturalWidth > 0);
    image.onerror = () => answer(false);
    image.src = src;
  }));
  const decoded = (await Promise.all(loads)).filter((good) => good).length;
  say("decoded", decoded + " of " + pictures.length);
  const column = () => [...document.querySelectorAll("#sequences tbody")[0].rows]
    .map((row) => row.cells[5].textContent).join(" ");
  const button = document.querySelectorAll("#sequences thead")[0].rows[0].cells[5]
    .querySelector("button");
  button.click(); say("down", column());
  button.click(); say("up", column());
  const box = document.querySelector(".film .of-t1 .box");
  const seen = () => getComputedStyle(box.parentElement).display;
  const before = seen();
  document.querySelector(".toggles input[value=t1]").click();
  say("switch", before + " " + seen());
  document.querySelector(".frame").click();
  say("viewer", document.getElementById("viewer").open);
  const plots = [...document.querySelectorAll("#plots svg")];
  say("plots", plots.filter((p) => p.getBoundingClientRect().height > 150).length);
  say("overflow", document.documentElement.scrollWidth - document.documentElement.clientWidth);
  say("requests", performance.getEntriesByType("resource")
    .filter((entry) => !entry.name.startsWith("data:")).length);
})();
</script>
"""


@pytest.fixture(scope="module")
def chromium():
    """Path of a Chromium; the tests are skipped where there is none."""
    named = os.environ.get("SIAMCORR_CHROMIUM")
    found = named or next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        pytest.skip(f"none of {', '.join(NAMES)} is installed; set SIAMCORR_CHROMIUM to a path")
    return found


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    sequences, runs = small_set(folder / "data"), three_runs()
    report = build_ope_report(sequences, runs)
    settings = {"sequence_set": sequences, "runs": runs, "responses": some_responses}
    return write_report(report, folder, worst=2, **settings).page


def browse(chromium, page, folder, *options):
    """What Chromium prints of a page, and the messages of its console."""
    command = [chromium, "--headless", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=8000"]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []  # it refuses root otherwise
    command += [*options, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout, re.findall(r"CONSOLE.*", done.stderr)


@pytest.mark.parametrize(
    "wrong", ["console.error('no')", "missing.call()", ("document.body.append(Object.assign("
              "new Image(), {src: 'absent.png'}))")]
)  # fmt: skip
def test_console_errors_would_be_seen(chromium, page, tmp_path, wrong):
    broken = tmp_path / "broken.html"
    broken.write_text(page.read_text() + f"<script>{wrong}</script>")
    _, console = browse(chromium, broken, tmp_path, "--dump-dom")
    assert console


def test_page_runs_without_an_error_and_does_what_it_offers(chromium, page, tmp_path):
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text() + PROBE)
    dom, console = browse(chromium, probed, tmp_path, "--dump-dom", "--window-size=1280,900")
    assert console == []
    said = dict(re.findall(r' data-(\w+)="([^"]*)"', re.search("<body[^>]*>", dom)[0]))
    count = page.read_text().count("data:image/webp")
    assert count >= 20
    assert said["decoded"] == f"{count} of {count}"
    down = [float(value) for value in said["down"].split()]
    assert down == sorted(down, reverse=True)
    assert [float(value) for value in said["up"].split()] == sorted(down)
    assert len(set(down)) == 3
    assert said["switch"] == "inline none"
    assert said["viewer"] == "true"
    assert said["plots"] == "3"
    assert said["overflow"] == "0"
    assert said["requests"] == "0"


@pytest.mark.parametrize("width", [1280, 500])
def test_screenshot_shows_text_plots_and_frames(chromium, page, tmp_path, width):
    shot = tmp_path / "shot.png"
    size = f"--window-size={width},6000"
    _, console = browse(chromium, page, tmp_path, f"--screenshot={shot}", size)
    assert console == []
    picture = cv2.imread(str(shot)).astype(int)[:, :, ::-1]
    assert picture.shape[1] == width
    for color in ((0, 0x67, 0xA8), (0xC9, 0x4A, 0x00), (0x00, 0x80, 0x5C)):
        assert (np.abs(picture - color).max(-1) < 12).sum() > 400, "a tracker's curve is not there"
    frame = np.abs(picture - 90).max(-1) < 4  # the grey of the frames
    assert frame.sum() > 20_000


def test_data_of_the_probe_come_from_the_page(page):
    """The probe counts on these names."""
    text = page.read_text()
    for name in ('id="sequences"', 'class="toggles"', 'id="viewer"', 'class="frame"', 'id="plots"'):
        assert name in text
    assert isinstance(page, Path)
