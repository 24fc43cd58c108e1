"""Benchmark records: the machine, the versions, their heading, and where a record is written."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import siamcorr
from siamcorr.data.files import atomic_path

__all__ = ["heading", "machine", "versions", "write_record"]


def machine() -> dict[str, Any]:
    """Processor, cores, memory and system of this machine."""
    return {
        "processor": _first_match(Path("/proc/cpuinfo"), r"model name\s*:\s*(.+)")
        or platform.processor()
        or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "system": f"{platform.system()} {platform.machine()}",
        "accelerator": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def versions() -> dict[str, str | None]:
    """siamcorr, torch, Python, and the commit of a clone (None for an installed package)."""
    return {
        "siamcorr": siamcorr.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "commit": _commit(),
    }


def heading(record: Mapping[str, Any], title: str) -> list[str]:
    """First lines of a record's Markdown: what was measured, on which machine and versions.

    Args:
        record: with `machine` and `versions` of this module.
        title: without the versions, which follow it.

    Returns:
        The title line, a line on the machine, and an empty one.
    """
    found, using = record["machine"], record["versions"]
    return [
        f"# {title}: siamcorr {using['siamcorr']}, torch {using['torch']}",
        (
            f"{found['processor']}, {found['cores']} cores, {found['memory_gib']} GiB, "
            f"{found['system']}{_with(found)}, Python {using['python']}, commit {using['commit']}."
        ),
        "",
    ]


def _with(found: Mapping[str, Any]) -> str:
    return f", {found['accelerator']}" if found.get("accelerator") else ""


def write_record(out: Path, record: Mapping[str, Any], table: str, kind: str) -> tuple[Path, Path]:
    """Write `<out>/<version>/<machine>-<kind>.json` and the table as `.md` beside it."""
    folder = out / siamcorr.__version__
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", str(record["machine"]["processor"]).lower()).strip("-")
    stem = f"{name}-{record['machine']['cores']}-cores-{kind}"
    paths = folder / f"{stem}.json", folder / f"{stem}.md"
    texts = json.dumps(record, indent=1) + "\n", table
    for path, text in zip(paths, texts, strict=True):
        with atomic_path(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return paths


def _first_match(file: Path, pattern: str) -> str | None:
    found = re.search(pattern, file.read_text(encoding="utf-8")) if file.is_file() else None
    return found.group(1).strip() if found else None


def _memory_gib() -> float | None:
    kibibytes = _first_match(Path("/proc/meminfo"), r"MemTotal:\s*(\d+) kB")
    return round(int(kibibytes) / 2**20, 1) if kibibytes else None


def _commit() -> str | None:
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.strip() or None
