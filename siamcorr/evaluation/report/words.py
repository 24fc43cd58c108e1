"""Names of data sets and protocols as people write them."""

from __future__ import annotations

from collections.abc import Mapping

from siamcorr.evaluation.report.model import Report

__all__ = ["report_title", "short_title"]

_DATASETS: Mapping[str, str] = {
    "otb": "OTB",
    "vot": "VOT",
    "got10k": "GOT-10k",
    "lasot": "LaSOT",
    "trackingnet": "TrackingNet",
}
_PROTOCOLS: Mapping[str, str] = {
    "ope": "one-pass evaluation",
    "tre": "temporal robustness evaluation",
    "sre": "spatial robustness evaluation",
    "vot": "supervised evaluation with resets",
}


def report_title(report: Report) -> str:
    """Data set and protocol in full, such as `OTB: one-pass evaluation`."""
    protocol = _PROTOCOLS.get(report.protocol, report.protocol)
    return f"{_DATASETS.get(report.dataset, report.dataset)}: {protocol}"


def short_title(report: Report) -> str:
    """Protocol and data set as over a plot, such as `OPE on OTB`."""
    dataset = _DATASETS.get(report.dataset, report.dataset)
    return (
        f"resets on {dataset}"
        if report.protocol == "vot"
        else f"{report.protocol.upper()} on {dataset}"
    )
