"""The Markdown of a tracker benchmark record."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from typing import Any

from siamcorr.workflows.records import heading

__all__ = ["command", "markdown"]

_LEGEND = (
    "Decoded frames, all candidates in turns of {turn} frames in one process; the first "
    "frame of a turn does not count. `ms`: median of a call of `update`, for all N targets. Ratios "
    "are medians over turns, with quartiles: `x {baseline}` to {baseline} at the same N, `x N = 1` "
    "to the same tracker with one target, `x apart` to the same targets in N runs of one, whose "
    "time is `ms apart`. `px`: largest difference between the boxes of the two. `lost`: share of "
    "boxes called lost. N > 1: the start box and copies of it, shifted by up to a quarter of its "
    "sides and stretched by up to 10 %. `init`: median of {inits}, all targets."
)


def markdown(record: Mapping[str, Any]) -> str:
    """Render a record: a table a clip, one of all clips, and where the time goes."""
    settings = record["settings"]
    lines = [
        *heading(record, "Trackers"),
        f"OpenCV {record['versions']['opencv']}. CPU threads: {settings['threads']}.",
        _LEGEND.format(**settings),
        "",
        f"Measured again by `{command(record)}`.",
    ]
    for clip in record["clips"]:
        height, width = clip["frame_size"]
        title = f"{clip['name']}: {clip['frames']} frames of {width}x{height}"
        lines += ["", f"## {title}", "", *_table(clip["rows"], settings["baseline"])]
    if record["pooled"]:
        lines += ["", "## All clips", "", *_table(record["pooled"], settings["baseline"])]
    if record["stages"]:
        name = record["clips"][0]["name"]
        lines += ["", f"## Where the time goes: ms/frame on {name}", ""]
        lines += _stages(record["stages"])
    return "\n".join(lines) + "\n"


def command(record: Mapping[str, Any]) -> str:
    """The command that measures a record again; files without their folders."""
    words = ["siamcorr", "bench", "track"]
    for clip in record["clips"]:
        if clip["dataset"] is None:
            box = ",".join(f"{number:g}" for number in clip["boxes_xywh"][0])
            words += ["--source", clip["name"], "--box", box]
    sequences = [clip for clip in record["clips"] if clip["dataset"] is not None]
    if sequences:
        names = ",".join(clip["name"] for clip in sequences)
        words += ["--dataset", sequences[0]["dataset"], "--root", "DIR", "--sequences", names]
    for tracker in record["trackers"]:
        words += ["--tracker", _specification(tracker)]
    settings = record["settings"]
    words += ["--targets", ",".join(map(str, settings["targets"]))]
    for key in ("frames", "baseline", "threads", "name"):
        words += [f"--{key}", str(settings[key])]
    return shlex.join(words + ["--stages"] * bool(record["stages"]))


def _specification(tracker: Mapping[str, Any]) -> str:
    """Label, name and options as on the command line."""
    options = {
        key: value["file"] if isinstance(value, dict) else str(value)
        for key, value in tracker["options"].items()
    }
    options |= {key: json.dumps(value) for key, value in tracker.get("changes", {}).items()}
    pairs = ",".join(f"{key}={value}" for key, value in options.items())
    named = tracker["name"] + (f":{pairs}" if pairs else "")
    return named if tracker["label"] == tracker["name"] else f"{tracker['label']}={named}"


def _table(rows: list[dict[str, Any]], baseline: str) -> list[str]:
    """A line for every tracker and N; columns that would be empty are left out."""
    apart = {(row["tracker"], row["targets"]): row for row in rows if row["separate"]}
    cells = [
        _cells(row, apart.get((row["tracker"], row["targets"])), baseline)
        for row in rows
        if not row["separate"]
    ]
    columns = [name for name in cells[0] if any(line[name] for line in cells)]
    lines = [_line(columns), "|" + "---|" * len(columns)]
    return lines + [_line([line[name] for name in columns]) for line in cells]


def _cells(
    row: Mapping[str, Any], apart: Mapping[str, Any] | None, baseline: str
) -> dict[str, str]:
    """Columns with what stands in them; `apart` is the row of the same targets in runs of one."""
    return {
        "tracker": row["tracker"],
        "N": str(row["targets"]),
        "ms": f"{row['ms_median']:.2f}",
        "p95": f"{row['ms_p95']:.2f}",
        f"x {baseline}": _ratio(row["to_baseline"]),
        "x N = 1": _ratio(row["to_one"]),
        "ms apart": "" if apart is None else f"{apart['ms_median']:.2f}",
        "x apart": _ratio(row["to_separate"]),
        "px": _number(row["apart_px"], ".2g"),
        "lost": f"{row['lost_share']:.1%}",
        "init": f"{row['init_ms']:.1f}",
        "overlap": _number(row["overlap"], ".3f"),
    }


def _stages(found: list[dict[str, Any]]) -> list[str]:
    """A line for every stage of every tracker; columns are the numbers of targets."""
    columns = ["tracker", "stage"]
    for count in found[0]["ms"]:
        columns += [f"N = {count}", "share"]
    lines = [_line(columns), "|" + "---|" * len(columns)]
    for tracker in found:
        totals = {count: sum(ms.values()) for count, ms in tracker["ms"].items()}
        for stage in next(iter(tracker["ms"].values())):
            cells = [tracker["tracker"], stage]
            for count, ms in tracker["ms"].items():
                cells += [f"{ms[stage]:.2f}", f"{ms[stage] / totals[count]:.0%}"]
            lines.append(_line(cells))
    return lines


def _ratio(ratio: Mapping[str, float] | None) -> str:
    if ratio is None:
        return ""
    return f"{ratio['median']:.2f} ({ratio['low']:.2f}-{ratio['high']:.2f})"


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
