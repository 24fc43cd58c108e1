"""What this installation can do: versions, devices, trackers, and each backend's reasons."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass

import torch

import siamcorr
from siamcorr.config import find_config
from siamcorr.errors import MissingDependency
from siamcorr.opencv import load_cv2
from siamcorr.ops import list_backends
from siamcorr.tracking.factory import tracker_names

__all__ = ["Environment", "describe_environment"]


@dataclass(frozen=True)
class Environment:
    """What `siamcorr info` prints.

    Attributes:
        versions: by library; the reason where it does not load.
        devices: what torch can compute on.
        threads: CPU threads of torch.
        trackers: names that `siamcorr.load_tracker` takes.
        backends: reasons why each cannot run here, by name; empty is usable.
        configs: where the shipped configs lie.
    """

    versions: dict[str, str]
    devices: list[str]
    threads: int
    trackers: list[str]
    backends: dict[str, list[str]]
    configs: str


def describe_environment() -> Environment:
    """Look at this installation."""
    return Environment(
        versions={
            "siamcorr": siamcorr.__version__,
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": _installed("torchvision"),
            "opencv": _opencv_version(),
            "av": _installed("av"),
            "numpy": _installed("numpy"),
        },
        devices=_devices(),
        threads=torch.get_num_threads(),
        trackers=tracker_names(),
        backends={backend.name: list(backend.reasons) for backend in list_backends()},
        configs=str(find_config("synthetic", "demo").parent.parent),
    )


def _installed(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _opencv_version() -> str:
    try:
        return str(load_cv2().__version__)
    except MissingDependency as error:
        return str(error).splitlines()[0]


def _devices() -> list[str]:
    gpus = [f"cuda:{i}: {torch.cuda.get_device_name(i)}" for i in range(torch.cuda.device_count())]
    devices = [f"cpu: {platform.machine()}", *gpus]
    if torch.backends.mps.is_available():
        devices.append("mps: Apple GPU")
    return devices
