"""Trackers named on a command line: `[LABEL=]NAME[:KEY=VALUE[,KEY=VALUE...]]`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import yaml

from siamcorr.config import find_config
from siamcorr.errors import InvalidArgument, SourceError, UnknownName, closest
from siamcorr.evaluation.adapters.external import ExternalTracker
from siamcorr.evaluation.adapters.opencv import OPENCV_KINDS, OpenCVTracker
from siamcorr.evaluation.following import Evaluable
from siamcorr.evaluation.runs import check_name
from siamcorr.tracking.factory import DEFAULT_TRACKER, load_tracker, settings_of, tracker_names

__all__ = ["TrackerSpec", "parse_tracker"]

Keys: TypeAlias = Mapping[str, Callable[[str], Any]]

_SPEC = re.compile(r"(?:(?P<label>[^=:,]+)=)?(?P<name>[^=:,]+)(?::(?P<options>.*))?", re.DOTALL)
_NEXT_KEY = re.compile(r",(?=[A-Za-z_][\w.]*=)")
_OPENCV = "opencv_"


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise SourceError(f"no file {text!r}")
    return Path(text)


_OWN_KEYS: Keys = {"weights": _file, "device": str, "runtime": str}
_OTHER_KEYS: Mapping[str, Keys] = MappingProxyType(
    {
        **{_OPENCV + name: dict.fromkeys(kind.files, _file) for name, kind in OPENCV_KINDS.items()},
        "opencv_mil": {"seed": int},
        "external": {"command": str, "timeout": float, "origin": int},
    }
)


@dataclass(frozen=True)
class TrackerSpec:
    """What to build a tracker from; calling it builds one, in any process.

    Attributes:
        label: how reports and folders call it.
        name: of `siamcorr.load_tracker`, `opencv_nano`, `opencv_vit`, `opencv_mil`,
            `opencv_dasiamrpn` or `external`.
        options: checked values by key.
        changes: settings with other values than the config's, by dotted key.
    """

    label: str
    name: str
    options: Mapping[str, Any]
    changes: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self) -> Evaluable:
        """Build the tracker.

        Raises:
            SiamcorrError: it cannot be built; says why.
        """
        if self.name == "external":
            given = dict(self.options)
            timeout = {"timeout_s": given.pop("timeout")} if "timeout" in given else {}
            return ExternalTracker(**given, **timeout)
        if self.name.startswith(_OPENCV):
            return OpenCVTracker(self.name.removeprefix(_OPENCV), **self.options)
        return load_tracker(self.name, **self.options, changes=self.changes)

    def record(self) -> dict[str, Any]:
        """What makes this tracker what it is: name, options, and the contents of its files."""
        record: dict[str, Any] = {
            "name": self.name,
            "options": {key: _described(value) for key, value in self.options.items()},
        }
        if self.name not in _OTHER_KEYS:
            config = find_config("trackers", _resolved(self.name))
            record |= {"name": config.stem, "config": _described(config)}
        if self.changes:
            record["changes"] = dict(self.changes)
        return record


def parse_tracker(text: str) -> TrackerSpec:
    """Read the specification of a tracker.

    Args:
        text: such as `default`, `opencv_mil`, `SiamFC=siamfc:weights=siamfc.safetensors`,
            `nano=opencv_nano:backbone=b.onnx,head=h.onnx` or `mine=external:command=python run.py`.
            Settings of a config are keys, too: `small=cf:window_size=128,lost.after=5`. A comma
            ends a value only where a key and `=` follow. Without a label the name is one.

    Returns:
        The specification, checked as far as it can be without building the tracker.

    Raises:
        InvalidArgument: not of this form, an unknown or a missing key, or an unusable value.
        UnknownName: no such tracker.
        ConfigError: a setting has a value that it cannot have.
        SourceError: a file does not exist.

    Example:
        >>> parse_tracker("mine=external:command=echo a,b,timeout=9").options
        {'command': 'echo a,b', 'timeout': 9.0}
    """
    found = _SPEC.fullmatch(text.strip())
    if found is None:
        raise InvalidArgument(
            f"tracker {text!r}: expected [LABEL=]NAME[:KEY=VALUE[,KEY=VALUE...]], such as "
            "nano=opencv_nano:backbone=b.onnx,head=h.onnx"
        )
    name = found["name"]
    keys = _keys_of(name)
    label = found["label"] or (Path(name).stem if name not in tracker_names() else name)
    pairs = _pairs(found["options"] or "", name)
    options = {key: _value(name, key, pairs[key], keys[key]) for key in pairs if key in keys}
    changes = _changes(name, {key: pairs[key] for key in pairs if key not in keys}, options)
    _check_complete(name, keys, options)
    return TrackerSpec(check_name(label, "the label"), name, options, changes)


def _keys_of(name: str) -> Keys:
    if name in _OTHER_KEYS:
        return _OTHER_KEYS[name]
    try:
        find_config("trackers", _resolved(name))
    except UnknownName:
        known = (*tracker_names(), *_OTHER_KEYS)
        raise UnknownName(
            f"no tracker {name!r}{closest(name, known)}\n  known: {', '.join(known)}, or the path "
            "of a YAML file"
        ) from None
    return _OWN_KEYS


def _pairs(text: str, name: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for part in _NEXT_KEY.split(text) if text else ():
        key, equals, value = part.partition("=")
        if not equals or not value:
            raise InvalidArgument(f"tracker {name}: expected KEY=VALUE, got {part!r}")
        if key in pairs:
            raise InvalidArgument(f"tracker {name}: {key} is given twice")
        pairs[key] = value
    return pairs


def _changes(name: str, pairs: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Settings of a config with the values that YAML reads, validated; none for other trackers."""
    if not pairs:
        return {}
    settings: list[str] = []
    if name not in _OTHER_KEYS:
        settings = list(type(settings_of(name, options.get("weights"))).model_fields)
    known = [*_keys_of(name), *settings]
    for key in pairs:
        if key.partition(".")[0] not in settings:
            raise InvalidArgument(
                f"tracker {name}: unknown key {key!r}{closest(key, known)}; "
                f"its keys: {', '.join(known) or 'none'}"
            )
    changes = {key: _yaml(name, key, value) for key, value in pairs.items()}
    settings_of(name, options.get("weights"), changes)
    return changes


def _value(name: str, key: str, value: str, convert: Callable[[str], Any]) -> Any:
    try:
        return convert(value)
    except SourceError as error:
        raise SourceError(f"tracker {name}: {key}: {error}") from None
    except ValueError:
        raise InvalidArgument(
            f"tracker {name}: {key} is a number ({convert.__name__}), got {value!r}"
        ) from None


def _yaml(name: str, key: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise InvalidArgument(f"tracker {name}: {key}: not readable as YAML: {text!r}") from None


def _check_complete(name: str, keys: Keys, options: Mapping[str, Any]) -> None:
    needed = ["command"] if name == "external" else []
    if name in _OTHER_KEYS:
        needed += [key for key, convert in keys.items() if convert is _file]
    missing = [key for key in needed if key not in options]
    if missing:
        raise InvalidArgument(
            f"tracker {name}: needs {', '.join(needed)}; not given: {', '.join(missing)}"
        )


def _resolved(name: str) -> str:
    return DEFAULT_TRACKER if name == "default" else name


def _described(value: Any) -> Any:
    if not isinstance(value, Path):
        return value
    return {"file": value.name, "sha256": hashlib.sha256(value.read_bytes()).hexdigest()[:16]}
