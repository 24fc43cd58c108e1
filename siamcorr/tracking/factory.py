"""Trackers by name: a shipped config, a YAML file, a weights file, or the default."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch

from siamcorr.config import (
    Settings,
    config_names,
    find_config,
    parse_config,
    read_yaml,
    with_changes,
)
from siamcorr.errors import BackendUnavailable, ConfigError, InvalidArgument, closest
from siamcorr.models.graphs import find_graphs
from siamcorr.models.importers import infer_variant
from siamcorr.models.weights import WeightsPath, read_metadata, read_state_dict
from siamcorr.tracking.registry import TRACKERS
from siamcorr.tracking.runtimes import check_runtime, tracker_of_graphs, tracker_on_onnx
from siamcorr.types import Tracker

__all__ = [
    "DEFAULT_TRACKER",
    "WEIGHTS_SUFFIXES",
    "load_tracker",
    "settings_of",
    "settings_of_config",
    "settings_of_weights",
    "tracker_names",
]

DEFAULT_TRACKER = "cf"
"""What `default` stands for: the best tracker that runs with nothing downloaded."""


WEIGHTS_SUFFIXES = (".safetensors", ".pth", ".pt")


def load_tracker(
    name: WeightsPath = "default",
    *,
    weights: WeightsPath | None = None,
    device: str | torch.device | None = None,
    runtime: str | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Tracker:
    """Build a tracker that is ready to run.

    Args:
        name: a name of `tracker_names()`, the path of a YAML file of the same form, the path of a
            weights file, which tells by its record or its keys which tracker it belongs to, or the
            folder of graphs that `siamcorr export` wrote (or a file in it), which hold everything.
        weights: `.safetensors`, `.pth` or `.pt` file for trackers that are trained. With the name
            `default` it is what a weights file as `name` is.
        device: such as `cpu` or `cuda:0`; None means cpu, where alone graphs run.
        runtime: what computes the network: `eager` is torch, `onnx` is ONNX Runtime, for which the
            network is exported first, in some seconds. None means eager, and with exported graphs
            what they were exported for.
        changes: settings with other values than the config's, by dotted key, such as
            `{"window_size": 128, "lost.after": 5}`.

    Returns:
        A tracker with `init`, `update`, `add` and `drop`.

    Raises:
        UnknownName: no such tracker; lists the closest names.
        ConfigError: a malformed YAML file or change; names the key.
        CheckpointError: the weights cannot be read, do not fit, or are of no known network.
        InvalidArgument: weights are needed and absent or the reverse; no such device or runtime.
        ExportError: trackers of this kind do not run in ONNX Runtime; says why.
        MissingDependency: ONNX Runtime is wanted, and the extra `onnx` is not installed.
        BackendUnavailable: this machine or this build of torch does not have the device.

    Example:
        >>> tracker = load_tracker()
        >>> import numpy as np
        >>> state = tracker.init(np.zeros((80, 80, 3), np.uint8), [30, 30, 16, 16])
        >>> state.ids
        tensor([0])
    """
    check_runtime(runtime or "eager")
    if find_graphs(name) is not None:
        return _of_graphs(name, weights, device, runtime, changes)
    if Path(name).suffix in WEIGHTS_SUFFIXES:
        if weights is not None:
            raise InvalidArgument(
                f"load_tracker: {name!s} is a weights file itself, and weights={weights!s} another"
            )
        name, weights = "default", name
    settings = settings_of(name, weights, changes)
    if runtime == "onnx":
        _check_cpu(device)
        return tracker_on_onnx(settings, weights)
    kind = cast(Any, settings).kind
    tracker = TRACKERS[kind].from_settings(settings, weights=weights, device=_usable(device))
    return cast(Tracker, tracker)


def _of_graphs(
    path: WeightsPath,
    weights: WeightsPath | None,
    device: str | torch.device | None,
    runtime: str | None,
    changes: Mapping[str, Any] | None,
) -> Tracker:
    if weights is not None or runtime == "eager":
        what = "runtime='eager'" if weights is None else f"weights={weights!s}"
        raise InvalidArgument(
            f"load_tracker: {path!s} holds graphs, and {what} has no use for them"
        )
    _check_cpu(device)
    return tracker_of_graphs(path, changes)


def _check_cpu(device: str | torch.device | None) -> None:
    if device is not None and _usable(device).type != "cpu":
        raise InvalidArgument(f"load_tracker: graphs run on cpu, not on {str(device)!r}")


def settings_of(
    name: WeightsPath = "default",
    weights: WeightsPath | None = None,
    changes: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings that `load_tracker` would build from, for a name that is no weights file.

    Raises:
        UnknownName: no such config.
        ConfigError: a malformed YAML file, record or change.
        CheckpointError: the weights have to tell, and do not.
    """
    if name == "default" and weights is not None:
        return settings_of_weights(weights, changes)
    return settings_of_config(DEFAULT_TRACKER if name == "default" else str(name), changes)


def settings_of_config(name: str, changes: Mapping[str, Any] | None = None) -> Settings:
    """Settings of a shipped config by name, or of a YAML file by path.

    Raises:
        UnknownName: no such config.
        ConfigError: a malformed YAML file or change.
    """
    path = find_config("trackers", name)
    return _settings(read_yaml(path), str(path), changes)


def settings_of_weights(path: WeightsPath, changes: Mapping[str, Any] | None = None) -> Settings:
    """Settings of the tracker that a weights file belongs to.

    They stand in the record of a file that siamcorr wrote (`config`, as JSON); published files
    have the shipped config that their keys tell.

    Raises:
        CheckpointError: the file cannot be read, or has keys of no known network.
        ConfigError: a malformed record or change.
    """
    record = read_metadata(path).get("config") if Path(path).is_file() else None
    if record is None:
        return settings_of_config(infer_variant(read_state_dict(path)), changes)
    try:
        content = json.loads(record)
    except ValueError as error:
        raise ConfigError(f"{path}: the record 'config' is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: the record 'config' must be an object, got {content!r}")
    return _settings(content, f"{path}: record 'config'", changes)


def tracker_names() -> list[str]:
    """Names that `load_tracker` knows: `default` and the configs in `configs/trackers`."""
    return ["default", *config_names("trackers")]


def _settings(content: dict[str, Any], source: str, changes: Mapping[str, Any] | None) -> Settings:
    """A config's content, changed, as the settings of its kind."""
    if "kind" not in content:
        raise ConfigError(f"{source}: missing key 'kind'; one of {', '.join(TRACKERS)}")
    kind = str(content["kind"])
    if kind not in TRACKERS:
        known = ", ".join(TRACKERS)
        raise ConfigError(
            f"{source}: unknown kind {kind!r}; one of {known}{closest(kind, TRACKERS)}"
        )
    changed = with_changes(content, changes or {})
    return parse_config(changed, TRACKERS[kind].settings_type, source)


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
