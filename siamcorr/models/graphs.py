"""Exported networks at work: ONNX files in ONNX Runtime, or archives of `torch.export`."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from siamcorr.errors import CheckpointError, ShapeError
from siamcorr.models.export import FORMATS, RECORD
from siamcorr.models.network import Rows
from siamcorr.models.onnx_graph import OnnxGraph
from siamcorr.models.weights import WeightsPath
from siamcorr.nn.features import Features
from siamcorr.nn.heads.outputs import BoxOutput

__all__ = ["GraphModel", "find_graphs", "load_graphs"]

_NAMES = ("template", "search")
_Run: TypeAlias = Callable[..., tuple[Tensor, ...]]


class GraphModel:
    """The two graphs of a network as a `siamcorr.models.network.Network`, on CPU.

    Args:
        template: crops to feature maps.
        search: crops and feature maps to the tensors of the head's answer.
        outputs: their names.
        metadata: the record: strings by name.
        rows: how rows are computed that must not depend on one another.
    """

    device = torch.device("cpu")

    def __init__(
        self,
        template: _Run,
        search: _Run,
        outputs: list[str],
        metadata: Mapping[str, str],
        *,
        rows: Rows,
    ) -> None:
        self._template = template
        self._search = search
        self._outputs = outputs
        self.metadata = metadata
        self.rows = rows

    @property
    def stride(self) -> int:
        """Pixels of the crop per cell of the response."""
        return int(self.metadata["stride"])

    def prepare(self, crops: Tensor) -> Tensor:
        """The crops as they are: the preprocessing is part of the graphs."""
        return crops

    def embed_template(self, template: Tensor) -> Features:
        """Features of RGB uint8 crops (N, H, W, 3), one map or one a level."""
        maps = self._template(template)
        return maps if len(maps) > 1 else maps[0]

    def respond(self, search: Tensor, template: Features) -> tuple[Features, Any]:
        """No features, and the head's answer on crops and template features.

        Raises:
            ShapeError: not as many crops as templates.
        """
        maps = (template,) if isinstance(template, Tensor) else template
        if len(search) != len(maps[0]):
            raise ShapeError(
                f"GraphModel: {len(search)} search crops and {len(maps[0])} templates; the graph "
                "takes as many of one as of the other"
            )
        tensors = self._search(search, *maps)
        if self._outputs == ["response"]:
            return (), tensors[0]
        return (), BoxOutput(**dict(zip(self._outputs, tensors, strict=True)))


def find_graphs(path: WeightsPath) -> tuple[Path, Path] | None:
    """Template and search file of a folder with both, or of the path of one; None: they are not it.

    Example:
        >>> find_graphs("nowhere") is None
        True
    """
    given = Path(path)
    if given.is_dir():
        pairs = [(given, suffix) for suffix in FORMATS]
    else:
        pairs = [(given.parent, suffix) for suffix in FORMATS if given.suffix == f".{suffix}"]
    for folder, suffix in pairs:
        template, search = (folder / f"{name}.{suffix}" for name in _NAMES)
        if template.is_file() and search.is_file():
            return template, search
    return None


def load_graphs(path: WeightsPath) -> GraphModel:
    """Read what `siamcorr export` wrote.

    ONNX Runtime uses as many threads as torch has when this is called.

    Args:
        path: the folder, or one of the two files.

    Raises:
        CheckpointError: they are not there, cannot be read, or have no record of siamcorr.
        MissingDependency: the extra `onnx` is not installed.
    """
    files = find_graphs(path)
    if files is None:
        raise CheckpointError(
            f"{path}: expected a folder with template.onnx and search.onnx (or .pt2), as "
            "siamcorr export writes it, or one of the two files beside the other"
        )
    load = _load_onnx if files[0].suffix == ".onnx" else _load_pt2
    (template, _, first), (search, outputs, metadata) = (load(file) for file in files)
    for file, record in zip(files, (first, metadata), strict=True):
        if not {"config", "stride"} <= record.keys():
            raise CheckpointError(f"{file}: no record of siamcorr, so no tracker can be built")
    if first != metadata:
        raise CheckpointError(f"{files[0]} and {files[1].name} are not of one network")
    onnx = files[0].suffix == ".onnx"
    return GraphModel(template, search, outputs, metadata, rows="together" if onnx else "alone")


def _load_onnx(file: Path) -> tuple[_Run, list[str], dict[str, str]]:
    """A graph in ONNX Runtime, names of its outputs, its record."""
    graph = OnnxGraph(file)
    return graph, graph.outputs, graph.metadata


def _load_pt2(file: Path) -> tuple[_Run, list[str], dict[str, str]]:
    """A graph in torch, names of its outputs, its record."""
    extra = {RECORD: ""}
    try:
        program = torch.export.load(file, extra_files=extra)
    except (OSError, RuntimeError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{file}: not readable by torch.export: {error}") from error
    record = json.loads(extra[RECORD] or "{}")
    return program.module(), record.get("outputs", []), record.get("metadata", {})
