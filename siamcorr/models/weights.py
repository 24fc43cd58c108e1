"""Weights in and out: safetensors of our own, foreign checkpoints without unpickling objects."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from torch import Tensor, nn

from siamcorr.errors import CheckpointError
from siamcorr.models.importers import find_layout, import_state_dict, infer_variant
from siamcorr.models.mismatches import list_mismatches
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.torch_files import read_torch

__all__ = ["WeightsPath", "load_weights", "read_metadata", "read_state_dict", "save_safetensors"]

WeightsPath: TypeAlias = str | os.PathLike[str]
"""Path of a weights file."""

_WRAPPERS = ("state_dict", "model")
_SUFFIXES = (".safetensors", ".pth", ".pt")


def load_weights(model: nn.Module, path: WeightsPath) -> None:
    """Load a weights file into a model, strictly.

    Args:
        model: its names and shapes decide what must be in the file.
        path: `.safetensors`, or `.pth` / `.pt` as written by `torch.save`; keys as here, or as in
            one of the published layouts of `siamcorr.models.layouts`.

    Convention:
        The file may be the state dict or hold it under `state_dict` or `model`; a leading
        `module.` of every key is dropped; `num_batches_tracked` may be absent. A preprocessing
        record, where the file has one, must equal the model's.

    Raises:
        CheckpointError: the file cannot be read, or a key is missing, unexpected or of another
            shape; keys are named as in the file, and nothing is loaded then.
    """
    state = read_state_dict(path)
    own = {key: value.shape for key, value in model.state_dict().items()}
    layout = None if state.keys() == own.keys() else find_layout(state)
    expected = own
    if layout is not None:
        expected = {layout.to_published(key): shape for key, shape in own.items()}
        expected |= layout.unused
    problems = list_mismatches(expected, state) + _other_preprocessing(model, path)
    if problems:
        raise CheckpointError(
            f"{path}: the weights do not fit {type(model).__name__}"
            + ("" if layout is None else f"; by its keys the file is {infer_variant(state)}")
            + "\n  "
            + "\n  ".join(problems)
        )
    if layout is not None:
        _, state = import_state_dict(state)
    model.load_state_dict(state, strict=False)  # strict but for num_batches_tracked: checked above


def read_state_dict(path: WeightsPath) -> dict[str, Tensor]:
    """Read names and tensors of a weights file, on CPU.

    Raises:
        CheckpointError: no such file, an unknown suffix, not readable without unpickling foreign
            objects, or no tensors in it.
    """
    file = Path(path)
    if file.suffix not in _SUFFIXES:
        raise CheckpointError(f"{path}: expected a file ending in {', '.join(_SUFFIXES)}")
    if not file.is_file():
        raise CheckpointError(f"{path}: no such file")
    content = _unwrap(_read_safetensors(file) if file.suffix == _SUFFIXES[0] else read_torch(file))
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{path}: expected a dictionary of tensors, got {_summary(content)}")
    foreign = [str(key) for key, value in content.items() if not isinstance(value, Tensor)]
    if foreign:
        raise CheckpointError(
            f"{path}: expected a state dict, alone or under {' or '.join(_WRAPPERS)}; "
            f"these entries are no tensors: {', '.join(foreign[:8])}"
        )
    names = [str(key) for key in content]
    prefix = "module." if all(name.startswith("module.") for name in names) else ""
    return {str(key).removeprefix(prefix): value for key, value in content.items()}


def save_safetensors(
    model: nn.Module, path: WeightsPath, *, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a model's state dict with its record.

    Args:
        model: a `SiameseModel` also records its preprocessing.
        path: ends in `.safetensors`; replaced only when the new file is complete.
        metadata: further strings, such as the resolved config as JSON under `config`.

    Raises:
        CheckpointError: another suffix.
        InvalidArgument: the folder does not exist.
    """
    from safetensors.torch import save_file  # here: not needed to track without weights

    from siamcorr.data.files import atomic_path

    if Path(path).suffix != _SUFFIXES[0]:
        raise CheckpointError(f"save_safetensors: {path} must end in .safetensors")
    record = dict(metadata or {})
    if isinstance(model, SiameseModel):
        record["preprocessing"] = model.preprocessing.model_dump_json()
    state = {key: value.detach().cpu().contiguous() for key, value in model.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(state, temporary, metadata=record)


def read_metadata(path: WeightsPath) -> dict[str, str]:
    """Strings stored beside the tensors; empty for files that cannot hold any."""
    if Path(path).suffix != _SUFFIXES[0]:
        return {}
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            return dict(file.metadata() or {})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{path}: not readable as safetensors: {error}") from error


def _read_safetensors(file: Path) -> Any:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{file}: not readable as safetensors: {error}") from error


def _unwrap(content: Any) -> Any:
    """The state dict inside a trainer's dictionary, or the content itself."""
    if isinstance(content, Mapping):
        for name in _WRAPPERS:
            if isinstance(content.get(name), Mapping):
                return content[name]
    return content


def _other_preprocessing(model: nn.Module, path: WeightsPath) -> list[str]:
    """A line where the file's record and the model disagree on what the backbone eats."""
    record = read_metadata(path).get("preprocessing")
    if record is None or not isinstance(model, SiameseModel):
        return []
    expected = model.preprocessing.model_dump_json()
    if json.loads(record) == json.loads(expected):
        return []
    return [f"preprocessing: the file has {record}, the model expects {expected}"]


def _summary(content: Any) -> str:
    return "an empty one" if isinstance(content, Mapping) else type(content).__name__
