"""Trackers by name: a shipped config, a YAML file, or the default."""

from __future__ import annotations

from typing import cast

import torch

from siamcorr.config import config_names, find_config, parse_config, read_yaml
from siamcorr.errors import BackendUnavailable, ConfigError, InvalidArgument, closest
from siamcorr.models.weights import WeightsPath
from siamcorr.tracking.registry import TRACKERS
from siamcorr.types import Tracker

__all__ = ["DEFAULT_TRACKER", "load_tracker", "tracker_names"]

DEFAULT_TRACKER = "fixed_filters"
"""What `default` stands for: the best tracker that runs with nothing downloaded."""


def load_tracker(
    name: str = "default",
    *,
    weights: WeightsPath | None = None,
    device: str | torch.device | None = None,
) -> Tracker:
    """Build a tracker that is ready to run.

    Args:
        name: a name of `tracker_names()`, or the path of a YAML file of the same form.
        weights: `.safetensors`, `.pth` or `.pt` file for trackers that are trained.
        device: such as `cpu` or `cuda:0`; None means cpu.

    Returns:
        A tracker with `init`, `update`, `add` and `drop`.

    Raises:
        UnknownName: no such tracker; lists the closest names.
        ConfigError: a malformed YAML file; names the key.
        CheckpointError: the weights cannot be read or do not fit.
        InvalidArgument: weights are needed and absent or the reverse; no such device.
        BackendUnavailable: this machine or this build of torch does not have the device.

    Example:
        >>> tracker = load_tracker()
        >>> import numpy as np
        >>> state = tracker.init(np.zeros((80, 80, 3), np.uint8), [30, 30, 16, 16])
        >>> state.ids
        tensor([0])
    """
    path = find_config("trackers", DEFAULT_TRACKER if name == "default" else str(name))
    content = read_yaml(path)
    if "kind" not in content:
        raise ConfigError(f"{path}: missing key 'kind'; one of {', '.join(TRACKERS)}")
    kind = str(content["kind"])
    if kind not in TRACKERS:
        known = ", ".join(TRACKERS)
        raise ConfigError(f"{path}: unknown kind {kind!r}; one of {known}{closest(kind, TRACKERS)}")
    tracker_type = TRACKERS[kind]
    settings = parse_config(content, tracker_type.settings_type, str(path))
    tracker = tracker_type.from_settings(settings, weights=weights, device=_usable(device))
    return cast(Tracker, tracker)


def tracker_names() -> list[str]:
    """Names that `load_tracker` knows: `default` and the configs in `configs/trackers`."""
    return ["default", *config_names("trackers")]


def _usable(device: str | torch.device | None) -> torch.device:
    """The device, proved by putting a number on it."""
    try:
        place = torch.device("cpu" if device is None else device)
    except (RuntimeError, TypeError) as error:
        raise InvalidArgument(
            f"load_tracker: {device!r} is no device of torch; use cpu, cuda or cuda:0"
        ) from error
    try:
        torch.zeros(1, device=place)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise BackendUnavailable(
            f"load_tracker: device {str(place)!r} cannot be used here: {str(error).splitlines()[0]}"
            "\n  use device='cpu', or install a torch build for this device"
        ) from error
    return place
