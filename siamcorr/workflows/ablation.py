"""Ablation of the correlation-filter tracker: variants forward and on time-reversed sequences."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from siamcorr.data.files import atomic_path
from siamcorr.data.sequences import AnnotatedSequence
from siamcorr.evaluation.following import follow
from siamcorr.evaluation.metrics.ope import mean_ope, score_ope
from siamcorr.evaluation.worker import limited_threads
from siamcorr.tracking.cf import CFTracker
from siamcorr.tracking.cf_settings import CFSettings
from siamcorr.tracking.factory import settings_of_config

__all__ = [
    "ROWS",
    "SIZES",
    "Variant",
    "ablation_table",
    "reverse_in_time",
    "run_variant",
    "run_variants",
    "variant_settings",
]


@dataclass(frozen=True)
class Variant:
    """One row of the table.

    Attributes:
        name: what differs from the shipped config.
        changes: keys of `CFSettings`, or `lost.<key>`, with their values.
    """

    name: str
    changes: Mapping[str, Any] = dataclasses.field(default_factory=dict)


ROWS: tuple[Variant, ...] = (
    Variant("as shipped"),
    Variant("HOG alone", {"features": ["hog"]}),
    Variant("HOG and grey", {"features": ["hog", "grey"]}),
    Variant("filter on the whole window", {"support": "window"}),
    Variant("no temporal term", {"temporal": 0.0}),
    Variant("temporal term halved", {"temporal": 6.0}),
    Variant("no colour histogram", {"colour_weight": 0.0}),
    Variant("1 scale", {"num_scales": [1]}),
    Variant("5 scales", {"num_scales": [5]}),
    Variant("2 looks at a frame", {"num_scales": [1, 3]}),
    Variant("learns from every frame", {"update_above": 0.0}),
    Variant("no lost state", {"lost.below": 0.0}),
    Variant("no warm-up", {"warm_up": 0}),
)
"""Ingredients."""

SIZES: tuple[Variant, ...] = (
    Variant("window 112", {"window_size": 112}),
    Variant("window 128", {"window_size": 128}),
    Variant("window 144", {"window_size": 144}),
    Variant("window 176", {"window_size": 176}),
)
"""Smaller and larger windows than the shipped one; `siamcorr bench track` measures their time."""


def variant_settings(variant: Variant) -> CFSettings:
    """The shipped settings with a variant's changes.

    Raises:
        ConfigError: a change that the settings refuse.
    """
    return cast(CFSettings, settings_of_config("cf", variant.changes))


def reverse_in_time(sequence: AnnotatedSequence) -> AnnotatedSequence:
    """The sequence from its last frame to its first, without tags and rotated annotations."""
    assert sequence.frame_files is not None
    return AnnotatedSequence(
        f"{sequence.name} reversed",
        np.ascontiguousarray(sequence.boxes_xywh[::-1]),
        np.ascontiguousarray(sequence.visible[::-1]),
        frame_files=sequence.frame_files[::-1],
        size=sequence.size,
    )


def run_variant(variant: Variant, sequences: Sequence[AnnotatedSequence]) -> dict[str, Any]:
    """Run a variant through all sequences forward and backward, on one thread.

    Returns:
        `name`, `changes`, and for `forward` and `reversed`: `auc`, `precision_20` (means over
        sequences, PySOT's convention), and `sequences`, the same two scores of each.
    """
    settings, row = variant_settings(variant), {"name": variant.name, "changes": variant.changes}
    turned = [reverse_in_time(sequence) for sequence in sequences]
    with limited_threads(1):
        for direction, videos in (("forward", sequences), ("reversed", turned)):
            scores = {}
            for video in videos:
                found = follow(CFTracker(settings), video).trajectory
                scores[video.name] = score_ope(found.boxes_xywh, video.boxes_xywh[:, 0])
            mean = mean_ope(scores.values())
            row[direction] = {
                "auc": mean.auc,
                "precision_20": mean.precision_20,
                "sequences": {
                    name: {"auc": each.auc, "precision_20": each.precision_20}
                    for name, each in scores.items()
                },
            }
    return row


def run_variants(
    variants: Iterable[Variant],
    sequences: Sequence[AnnotatedSequence],
    folder: Path,
    *,
    map_rows: Callable[..., Iterable[dict[str, Any]]] = map,
) -> list[dict[str, Any]]:
    """Rows of all variants; those in the folder are not run again.

    Args:
        variants: to run.
        sequences: of one target each.
        folder: keeps a JSON file a row, named by the variant, and is made if absent.
        map_rows: `map`, or that of a pool of processes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return list(map_rows(partial(_kept_row, sequences=sequences, folder=folder), list(variants)))


def _kept_row(
    variant: Variant, sequences: Sequence[AnnotatedSequence], folder: Path
) -> dict[str, Any]:
    path = folder / f"{variant.name.replace(' ', '-')}.json"
    settings = variant_settings(variant).model_dump(mode="json")
    if path.exists():
        kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if kept["settings"] == settings and len(kept["forward"]["sequences"]) == len(sequences):
            return kept
    row = {**run_variant(variant, sequences), "settings": settings}
    with atomic_path(path) as partial_path:
        partial_path.write_text(json.dumps(row, indent=1), encoding="utf-8")
    return row


def ablation_table(rows: Sequence[Mapping[str, Any]], title: str) -> str:
    """Markdown of rows; differences to the first one in brackets."""
    lines = [
        f"## {title}",
        "",
        "| variant | AUC | P20 | AUC reversed | P20 reversed | mean AUC |",
        "|---|---|---|---|---|---|",
    ]
    first = _mean_auc(rows[0])
    for row in rows:
        scores = [
            f"{row[direction][key]:.3f}"
            for direction in ("forward", "reversed")
            for key in ("auc", "precision_20")
        ]
        change = _mean_auc(row) - first
        both = f"{_mean_auc(row):.3f}" + ("" if row is rows[0] else f" ({change:+.3f})")
        lines.append("| " + " | ".join([row["name"], *scores, both]) + " |")
    return "\n".join(lines) + "\n"


def _mean_auc(row: Mapping[str, Any]) -> float:
    return float(row["forward"]["auc"] + row["reversed"]["auc"]) / 2
