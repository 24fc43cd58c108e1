"""YAML files into validated settings: unknown keys are refused with the closest valid name."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from siamcorr.errors import ConfigError, UnknownName, closest

__all__ = ["Settings", "config_names", "find_config", "load_config", "parse_config", "read_yaml"]

M = TypeVar("M", bound=BaseModel)


class Settings(BaseModel):
    """Base of every settings class: frozen, typed, refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def _config_root() -> Path:
    """`siamcorr/configs` in an installed wheel, `configs` beside the package in a clone."""
    package = Path(str(importlib.resources.files("siamcorr")))
    installed = package / "configs"
    return installed if installed.is_dir() else package.parent / "configs"


def config_names(folder: str) -> list[str]:
    """Names of the shipped configs in one folder, such as `trackers`."""
    return sorted(path.stem for path in (_config_root() / folder).glob("*.yaml"))


def find_config(folder: str, name: str) -> Path:
    """Path of a shipped config by its name, or of a YAML file by its path.

    Raises:
        UnknownName: neither a shipped name nor a file.
    """
    path = Path(name)
    if path.suffix in {".yaml", ".yml"} and path.is_file():
        return path
    if name in config_names(folder):
        return _config_root() / folder / f"{name}.yaml"
    known = config_names(folder)
    raise UnknownName(
        f"no config {name!r} in {folder!r} and no such YAML file{closest(name, known)}"
        f"\n  known: {', '.join(known)}"
    )


def read_yaml(path: Path) -> dict[str, Any]:
    """Parse a YAML file whose top level is a mapping."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: not readable as YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: the top level must be a mapping, got {type(content).__name__}")
    return content


def parse_config(content: dict[str, Any], model: type[M], source: str) -> M:
    """Validate a mapping; errors name the source, the dotted key and the closest valid key."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = [_describe(dict(item), model) for item in error.errors()]
        raise ConfigError(f"{source}: " + "\n  ".join(lines)) from error


def load_config(folder: str, name: str, model: type[M]) -> M:
    """Read and validate a shipped config by name, or any YAML file by path."""
    path = find_config(folder, name)
    return parse_config(read_yaml(path), model, str(path))


def _describe(item: dict[str, Any], model: type[BaseModel]) -> str:
    location = [str(part) for part in item["loc"]]
    dotted = ".".join(location)
    if item["type"] == "extra_forbidden":
        return f"unknown key {dotted!r}{closest(location[-1], _fields_at(model, location[:-1]))}"
    return f"{dotted}: {item['msg']}, got {item['input']!r}"


def _fields_at(model: type[BaseModel], path: list[str]) -> list[str]:
    """Valid keys of the nested settings class at a dotted path."""
    current: Any = model
    for part in path:
        field = current.model_fields.get(part) if hasattr(current, "model_fields") else None
        current = field.annotation if field is not None else None
    return list(current.model_fields) if hasattr(current, "model_fields") else []
