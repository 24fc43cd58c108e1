"""Trackers on exported graphs: written from settings and weights, and built from files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch

from siamcorr.config import Settings, parse_config, with_changes
from siamcorr.errors import ConfigError, ExportError, InvalidArgument, closest
from siamcorr.models.export import export_graphs
from siamcorr.models.factory import build_model
from siamcorr.models.graphs import load_graphs
from siamcorr.models.importers import find_layout, infer_variant
from siamcorr.models.record import WeightsRecord, read_record
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import WeightsPath, read_state_dict
from siamcorr.tracking.crop_settings import CropSettings
from siamcorr.tracking.registry import TRACKERS
from siamcorr.types import Tracker

__all__ = ["RUNTIMES", "check_runtime", "tracker_of_graphs", "tracker_on_onnx", "write_graphs"]

RUNTIMES = ("eager", "onnx")
"""What `load_tracker` can run a network in."""
_FIXED = ("kind", "model", "template_size", "search_size")
"""Settings that are part of the graphs."""


def check_runtime(runtime: str) -> None:
    """Refuse what is no runtime.

    Raises:
        InvalidArgument: it is none; lists them.
    """
    if runtime not in RUNTIMES:
        raise InvalidArgument(
            f"load_tracker: no runtime {runtime!r}{closest(runtime, RUNTIMES)}; "
            f"one of {', '.join(RUNTIMES)}"
        )


def write_graphs(
    settings: Settings, weights: WeightsPath | None, folder: Path, suffix: str
) -> SiameseModel:
    """Build a tracker's network, load its weights and write it as graphs with their record.

    Args:
        settings: of a tracker.
        weights: its file.
        folder: exists.
        suffix: one of `siamcorr.models.export.FORMATS`.

    Returns:
        The network as the tracker runs it in torch.

    Raises:
        ExportError: trackers of this kind do not run on two graphs; says why.
        MissingDependency: the extra `onnx` is not installed.
    """
    kind = str(cast(Any, settings).kind)
    reason = TRACKERS[kind].no_graphs
    if reason is not None or not isinstance(settings, CropSettings):
        raise ExportError(f"{kind}: trackers of this kind do not run on two graphs: {reason}")
    cpu = torch.device("cpu")
    tracker = cast(Any, TRACKERS[kind].from_settings(settings, weights=weights, device=cpu))
    model: SiameseModel = tracker.model
    # the named backend is the tracker's for torch; an ONNX file has its own formula for any batch
    free = settings.model.model_copy(update={"xcorr_backend": None})
    traced = build_model(free if suffix == "onnx" else settings.model, pretrained=False)
    traced.load_state_dict(model.state_dict())
    export_graphs(
        traced.eval(),
        folder,
        suffix,
        template_size=settings.template_size,
        search_size=settings.search_size,
        metadata=_record(settings, weights, model),
    )
    return model


def tracker_on_onnx(settings: Settings, weights: WeightsPath | None) -> Tracker:
    """A tracker on graphs that are written for it and then forgotten, which takes some seconds."""
    with tempfile.TemporaryDirectory(prefix="siamcorr-") as folder:
        write_graphs(settings, weights, Path(folder), "onnx")
        return tracker_of_graphs(folder)


def tracker_of_graphs(path: WeightsPath, changes: Mapping[str, Any] | None = None) -> Tracker:
    """The tracker that exported graphs belong to, by their record.

    Raises:
        CheckpointError: the files cannot be read, or have no record.
        ConfigError: a malformed record or change.
        InvalidArgument: a change of what is part of the graphs.
        MissingDependency: the extra `onnx` is not installed.
    """
    model = load_graphs(path)
    content = json.loads(model.metadata["config"])
    kind = content.get("kind")
    if kind not in TRACKERS:
        raise ConfigError(f"{path}: record 'config': unknown kind {kind!r}")
    tracker = cast(Any, TRACKERS[kind])
    source = f"{path}: record 'config'"
    settings = parse_config(with_changes(content, changes or {}), tracker.settings_type, source)
    fixed = parse_config(content, tracker.settings_type, source)
    for name in _FIXED:
        if getattr(settings, name) != getattr(fixed, name):
            raise InvalidArgument(f"load_tracker: {name} is part of the graphs in {path}")
    return cast(Tracker, tracker(model, settings))


def _record(settings: Settings, weights: WeightsPath | None, model: SiameseModel) -> dict[str, str]:
    """What a file says of itself; variant, licence and provenance where the weights tell them."""
    known = None if weights is None else read_record(weights)
    if known is None and weights is not None:
        state = read_state_dict(weights)
        layout, config = find_layout(state), settings.model_dump(mode="json")
        if layout is not None:
            known = WeightsRecord.of_published(
                weights, layout, variant=infer_variant(state), config=config
            )
    return {
        **({} if known is None else known.to_metadata()),
        "config": settings.model_dump_json(),
        "preprocessing": model.preprocessing.model_dump_json(),
        "stride": str(model.stride),
    }
