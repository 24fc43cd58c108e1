"""Networks as files for other runtimes: a template graph and a search graph, for any batch size."""

from __future__ import annotations

import importlib
import json
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from siamcorr.errors import InvalidArgument, MissingDependency
from siamcorr.models.siamese import SiameseModel
from siamcorr.nn.features import Features
from siamcorr.ops.exporting import onnx_export

__all__ = ["FORMATS", "RECORD", "export_graphs", "load_onnx_library", "output_names"]

FORMATS = ("onnx", "pt2")
"""Suffixes of the two files: ONNX, or the archive of `torch.export`."""
RECORD = "siamcorr.json"
"""Name of the record inside a pt2 archive."""
_TRACED_BATCH = 2
"""Any size but 0 and 1, which tracing takes for constants."""


class _Graph(NamedTuple):
    """What is traced: a module, its inputs and the names of what goes in and comes out."""

    module: nn.Module
    inputs: tuple[Tensor, ...]
    input_names: list[str]
    output_names: list[str]


class _TemplateGraph(nn.Module):
    def __init__(self, model: SiameseModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """RGB uint8 crops (N, H, W, 3) to one feature map, or one a level."""
        return _tensors(self.model.embed_template(self.model.prepare(crops)))


class _SearchGraph(nn.Module):
    def __init__(self, model: SiameseModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, crops: Tensor, *template: Tensor) -> tuple[Tensor, ...]:
        """RGB uint8 crops (N, H, W, 3) and template features to the tensors of the answer."""
        features: Features = template if len(template) > 1 else template[0]
        _, answer = self.model.respond(self.model.prepare(crops), features)
        return _tensors(answer)


def export_graphs(
    model: SiameseModel,
    folder: Path,
    suffix: str,
    *,
    template_size: int,
    search_size: int,
    metadata: Mapping[str, str],
) -> None:
    """Write `template` and `search` graphs, each with the record.

    The template graph takes crops, the search graph crops and what the template graph gave; the
    crops are RGB uint8 (N, H, W, 3), the preprocessing is part of the graphs. N is free.

    Args:
        model: in evaluation mode, on CPU. ONNX needs a head whose correlation names no backend, or
            one that has no batch in a convolution's groups, such as `matmul`.
        folder: exists.
        suffix: one of `FORMATS`.
        template_size: side of the template crops in pixels.
        search_size: side of the search crops in pixels.
        metadata: the record, as strings.

    Raises:
        MissingDependency: the extra `onnx` is not installed.
        BackendUnavailable: the correlation names a backend that ONNX cannot hold.
        InvalidArgument: another suffix.
    """
    if suffix not in FORMATS:
        raise InvalidArgument(f"export_graphs: no format {suffix!r}; one of {', '.join(FORMATS)}")
    with torch.no_grad(), _quiet():
        for name, graph in _graphs(model, template_size, search_size).items():
            write = _write_onnx if suffix == "onnx" else _write_pt2
            write(graph, folder / f"{name}.{suffix}", metadata)


def output_names(answer: Any) -> list[str]:
    """Names of the tensors that a head answers with: fields of its tuple, or `response`."""
    if isinstance(answer, Tensor):
        return ["response"]
    return [name for name, value in answer._asdict().items() if value is not None]


def load_onnx_library(name: str) -> Any:
    """Import onnxruntime, or what writes ONNX files.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingDependency(f"ONNX needs {name}: pip install 'siamcorr[onnx]'") from error


def _graphs(model: SiameseModel, template_size: int, search_size: int) -> dict[str, _Graph]:
    template, search = (
        torch.zeros(_TRACED_BATCH, size, size, 3, dtype=torch.uint8)
        for size in (template_size, search_size)
    )
    features = model.embed_template(model.prepare(template))
    maps = _tensors(features)
    _, answer = model.respond(model.prepare(search), features)
    names = [f"template_{level}" for level in range(len(maps))]
    return {
        "template": _Graph(_TemplateGraph(model), (template,), ["crops"], names),
        "search": _Graph(
            _SearchGraph(model), (search, *maps), ["crops", *names], output_names(answer)
        ),
    }


def _traced(graph: _Graph) -> torch.export.ExportedProgram:
    """The graph for any batch: the first axis of all that goes in is N."""
    targets = {0: torch.export.Dim("targets", min=1)}
    template = tuple(targets for _ in graph.inputs[1:])
    shapes = (targets, template) if template else (targets,)
    return torch.export.export(graph.module, graph.inputs, dynamic_shapes=shapes, strict=False)


def _write_onnx(graph: _Graph, path: Path, metadata: Mapping[str, str]) -> None:
    for library in ("onnx", "onnxscript"):
        load_onnx_library(library)
    with onnx_export():
        traced = _traced(graph)
    program = torch.onnx.export(
        traced,
        input_names=graph.input_names,
        output_names=graph.output_names,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.model.metadata_props.update(metadata)
    program.save(path, external_data=False)


def _write_pt2(graph: _Graph, path: Path, metadata: Mapping[str, str]) -> None:
    record = {"outputs": graph.output_names, "metadata": dict(metadata)}
    torch.export.save(_traced(graph), path, extra_files={RECORD: json.dumps(record)})


def _tensors(answer: Any) -> tuple[Tensor, ...]:
    """The tensors of features, or of a head's answer."""
    parts = (answer,) if isinstance(answer, Tensor) else answer
    return tuple(part for part in parts if part is not None)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' remarks about themselves off the screen."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
