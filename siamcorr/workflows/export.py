"""Trackers as folders of graphs that other runtimes read, checked against torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from siamcorr.data.files import atomic_folder
from siamcorr.errors import ExportError, InvalidArgument
from siamcorr.models.graph_check import largest_differences
from siamcorr.models.graphs import find_graphs, load_graphs
from siamcorr.models.weights import WeightsPath
from siamcorr.tracking.factory import WEIGHTS_SUFFIXES, settings_of
from siamcorr.tracking.runtimes import write_graphs

__all__ = ["BATCHES", "TOLERANCE", "ExportedTracker", "export_tracker"]

BATCHES = (1, 2, 3, 5, 8, 16)
"""Numbers of targets at which the graphs are compared with the network."""
TOLERANCE = 1e-4
"""Largest difference that is rounding, as a share of the largest value."""


@dataclass(frozen=True)
class ExportedTracker:
    """What was exported.

    Attributes:
        path: the folder.
        files: template graph and search graph in it.
        differences: number of targets to the largest difference from torch, as a share of the
            largest value.
    """

    path: Path
    files: tuple[Path, Path]
    differences: dict[int, float]


def export_tracker(
    name: WeightsPath,
    out: WeightsPath,
    *,
    weights: WeightsPath | None = None,
    suffix: Literal["onnx", "pt2"] = "onnx",
    overwrite: bool = False,
    batches: Sequence[int] = BATCHES,
) -> ExportedTracker:
    """Write a tracker's network as two graphs for any number of targets, and check them.

    The folder holds `template.SUFFIX` (RGB uint8 crops to features) and `search.SUFFIX` (crops and
    features to the head's answer). Each carries config, preprocessing and, where known, licence and
    provenance, so that `siamcorr.load_tracker` needs nothing else.

    Args:
        name: of a tracker, or a weights file that tells which tracker it belongs to.
        out: folder to make.
        weights: file for a tracker that is given by name.
        suffix: `onnx`, or `pt2` for the archive of `torch.export`.
        overwrite: replace an exported folder.
        batches: numbers of targets to check.

    Returns:
        What was written.

    Raises:
        ExportError: trackers of this kind do not run on two graphs, or the graphs answer
            otherwise than the network; nothing is written then.
        InvalidArgument: `out` exists, or lies in an absent folder.
        MissingDependency: the extra `onnx` is not installed.
        SiamcorrError: as `load_tracker` for name and weights.
    """
    target = _checked_target(out, overwrite)
    if weights is None and Path(name).suffix in WEIGHTS_SUFFIXES:
        name, weights = "default", name
    settings = cast(Any, settings_of(name, weights))
    with atomic_folder(target) as folder:
        network = write_graphs(settings, weights, folder, suffix)
        differences = largest_differences(
            network,
            load_graphs(folder),
            template_size=settings.template_size,
            search_size=settings.search_size,
            batches=batches,
        )
        wrong = {n: value for n, value in differences.items() if not value <= TOLERANCE}
        if wrong:
            listed = ", ".join(f"{value:.1e} for {n} targets" for n, value in wrong.items())
            raise ExportError(
                f"export: the graphs answer otherwise than torch, by {listed}; "
                f"at most {TOLERANCE:g} of the largest value is rounding"
            )
    files = find_graphs(target)
    assert files is not None
    return ExportedTracker(target, files, differences)


def _checked_target(out: WeightsPath, overwrite: bool) -> Path:
    """Only a folder of graphs is replaced: anything else there is not ours to delete."""
    target = Path(out)
    if not target.parent.is_dir():
        raise InvalidArgument(f"export: the folder {str(target.parent)!r} does not exist")
    if not target.exists():
        return target
    if not overwrite:
        raise InvalidArgument(f"export: {str(target)!r} exists; name another or overwrite it")
    others = [] if target.is_file() else [each.name for each in target.iterdir()]
    graphs = {f"{name}.{suffix}" for name in ("template", "search") for suffix in ("onnx", "pt2")}
    if target.is_file() or not set(others) <= graphs:
        raise InvalidArgument(
            f"export: {str(target)!r} is not a folder of graphs alone, so it is not overwritten"
        )
    return target
