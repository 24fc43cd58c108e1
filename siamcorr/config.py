"""YAML files into validated settings: unknown keys are refused with the closest valid name."""

from __future__ import annotations

import copy
import importlib.resources
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from siamcorr.errors import ConfigError, UnknownName, closest

__all__ = [
    "Settings",
    "config_names",
    "find_config",
    "load_config",
    "parse_config",
    "read_yaml",
    "with_changes",
]

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


def with_changes(content: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a config's content with other values in some places; not validated.

    Args:
        content: of a YAML file.
        changes: dotted key -> value, such as `lost.after` -> 5; blocks that are absent are made.

    Raises:
        ConfigError: a dotted key leads through something that is not a block.

    Example:
        >>> with_changes({"kind": "cf", "lost": {"after": 3}}, {"lost.after": 5})
        {'kind': 'cf', 'lost': {'after': 5}}
    """
    changed = copy.deepcopy(dict(content))
    for dotted, value in changes.items():
        *blocks, last = dotted.split(".")
        place = changed
        for block in blocks:
            place = place.setdefault(block, {})
            if not isinstance(place, dict):
                raise ConfigError(f"{dotted}: {block!r} is no block of keys, but {place!r}")
        place[last] = value
    return changed


def parse_config(content: dict[str, Any], model: type[M], source: str) -> M:
    """Validate a mapping; errors name the source, the dotted key and the closest valid key."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        items = [dict(item) for item in error.errors()]
        lines = [_describe(item, model) for item in items if not _follows(item, items)]
        raise ConfigError(f"{source}: " + "\n  ".join(lines)) from error


def load_config(folder: str, name: str, model: type[M]) -> M:
    """Read and validate a shipped config by name, or any YAML file by path."""
    path = find_config(folder, name)
    return parse_config(read_yaml(path), model, str(path))


def _describe(item: dict[str, Any], model: type[BaseModel]) -> str:
    """One validation error as a sentence that starts with the dotted key."""
    dotted, fields = _walk(model, item["loc"])
    context = item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return f"unknown key {dotted!r}{closest(str(item['loc'][-1]), fields)}"
        case "missing":
            return f"missing key {dotted!r}"
        case "union_tag_not_found":
            return f"missing key '{dotted}.{context['discriminator'].strip(chr(39))}'"
        case "union_tag_invalid":
            known = [tag.strip(" '") for tag in context["expected_tags"].split(",")]
            return (
                f"{dotted}: unknown {context['discriminator'].strip(chr(39))} {context['tag']!r}"
                f"{closest(context['tag'], known)}; known: {', '.join(known)}"
            )
        case "value_error":  # raised by a validator of ours, whose sentence holds the values
            return f"{dotted}: {context['error']}" if dotted else str(context["error"])
    return f"{dotted}: {item['msg']}, got {item['input']!r}"


def _follows(item: dict[str, Any], items: list[dict[str, Any]]) -> bool:
    """Whether a container is called too short only because items of it are wrong themselves."""
    place = item["loc"]
    inside = (other["loc"] for other in items if len(other["loc"]) > len(place))
    return item["type"] == "too_short" and any(loc[: len(place)] == place for loc in inside)


def _walk(model: type[BaseModel], location: Sequence[str | int]) -> tuple[str, list[str]]:
    """Dotted key of an error location, without the tags of unions, and the keys valid there."""
    members: list[Any] = [model]
    known: list[str] = []
    spoken: list[str] = []
    for part in location:
        if len(members) > 1 and (tagged := [m for m in members if _has_tag(m, part)]):
            members = tagged
            continue
        known = [name for m in members if _is_model(m) for name in m.model_fields]
        members = [inner for m in members for inner in _inside(m, part)]
        spoken.append(str(part))
    return ".".join(spoken), known


def _inside(annotation: Any, part: str | int) -> list[Any]:
    """Alternatives of the field, item or value `part` of an annotation; empty where it has none."""
    if _is_model(annotation):
        field = annotation.model_fields.get(part)
        return [] if field is None else _members(field.annotation)
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is tuple and isinstance(part, int):
        fixed = Ellipsis not in args and part < len(args)
        return _members(args[part] if fixed else args[0])
    if origin is list and isinstance(part, int):
        return _members(args[0])
    return _members(args[1]) if origin is dict else []


def _members(annotation: Any) -> list[Any]:
    """Alternatives of an annotation: `Annotated` opened, unions flattened."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _members(args[0])
    if origin in (Union, UnionType):
        return [member for arg in args for member in _members(arg)]
    return [annotation]


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _has_tag(annotation: Any, part: str | int) -> bool:
    """Whether a settings class has a `Literal` field, the discriminator of a union, with `part`."""
    return _is_model(annotation) and any(
        get_origin(field.annotation) is Literal and part in get_args(field.annotation)
        for field in annotation.model_fields.values()
    )
