"""What a report holds: trackers with their numbers and curves, and how each compares."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from siamcorr.evaluation.results import FloatArray

__all__ = ["METRICS", "Comparison", "Curve", "Metric", "Report", "TrackerReport"]

Curve: TypeAlias = tuple[FloatArray, FloatArray]
"""Thresholds (or frame counts) and values, of equal length."""


@dataclass(frozen=True)
class Metric:
    """How a number of a report is called and read.

    Attributes:
        title: as in a heading.
        short: as a column of a table.
        higher_is_better: False for errors and failures.
        digits: shown after the point.
    """

    title: str
    short: str
    higher_is_better: bool = True
    digits: int = 3

    def rank(self, value: float) -> tuple[bool, float]:
        """Key that sorts the best value first and NaN last."""
        if math.isnan(value):
            return True, 0.0
        return False, -value if self.higher_is_better else value


METRICS: Mapping[str, Metric] = {
    "success_auc": Metric("Success (area under the curve)", "AUC"),
    "precision_20": Metric("Precision at 20 px", "P@20"),
    "precision": Metric("Precision (area under the curve)", "Precision"),
    "normalised_precision": Metric("Normalised precision", "Norm. P"),
    "eao": Metric("Expected average overlap", "EAO"),
    "accuracy": Metric("Accuracy", "Accuracy"),
    "robustness": Metric("Robustness (failures per 100 frames)", "Robustness", False),
    "failures": Metric("Failures", "Failures", False, 0),
    "ao": Metric("Average overlap", "AO"),
    "sr_50": Metric("Success rate at 0.50", "SR.50"),
    "sr_75": Metric("Success rate at 0.75", "SR.75"),
    "mao": Metric("Average overlap, mean over classes", "mAO"),
    "msr_50": Metric("Success rate at 0.50, mean over classes", "mSR.50"),
    "msr_75": Metric("Success rate at 0.75, mean over classes", "mSR.75"),
}
"""Every number that a report can hold, in the order of its columns."""


@dataclass(frozen=True, eq=False)
class TrackerReport:
    """The numbers of one tracker; every metric is a key of `METRICS`.

    Attributes:
        label: name of the tracker.
        summary: over the whole data set, by metric.
        intervals: 95 % bootstrap interval over sequences (low, high), by metric.
        curves: by name, such as `success`.
        sequences: by name of the sequence, then by metric.
        attributes: by tag, then by metric: the mean over the sequences with the tag.
    """

    label: str
    summary: Mapping[str, float]
    intervals: Mapping[str, tuple[float, float]]
    curves: Mapping[str, Curve]
    sequences: Mapping[str, Mapping[str, float]]
    attributes: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Comparison:
    """One tracker against the first of its report, sequence by sequence.

    Attributes:
        label: of the tracker.
        baseline: label of the first tracker.
        metric: key of `METRICS`.
        difference: mean over sequences of tracker minus baseline.
        low: lower end of the paired 95 % bootstrap interval.
        high: upper end.
        wins: sequences on which the tracker is better.
        losses: sequences on which it is worse; ties are neither.
    """

    label: str
    baseline: str
    metric: str
    difference: float
    low: float
    high: float
    wins: int
    losses: int

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, eq=False)
class Report:
    """All that is said about some trackers on one data set; holds no time, path or host.

    Attributes:
        dataset: name of the data set.
        protocol: `ope`, `tre`, `sre` or `vot`.
        convention: name of the rules that the numbers follow.
        headline: the metric that ranks, a key of `METRICS`.
        trackers: in the order given; the others are compared with the first.
        comparisons: of all trackers but the first, for the metrics that a sequence has.
        frames: number of frames by name of the sequence.
        attributes: names of the sequences by tag.
        notes: sentences on how the numbers are counted.
    """

    dataset: str
    protocol: str
    convention: str
    headline: str
    trackers: tuple[TrackerReport, ...]
    comparisons: tuple[Comparison, ...] = ()
    frames: Mapping[str, int] = field(default_factory=dict)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> tuple[str, ...]:
        """Metrics that any tracker has in its summary, the headline first, then as in METRICS."""
        known = {metric for tracker in self.trackers for metric in tracker.summary}
        return tuple(sorted(known, key=lambda m: (m != self.headline, list(METRICS).index(m))))

    @property
    def sequence_metrics(self) -> tuple[str, ...]:
        """Those of `metrics` that single sequences have; the first stands for a sequence."""
        rows = [row for tracker in self.trackers for row in tracker.sequences.values()]
        return tuple(metric for metric in self.metrics if any(metric in row for row in rows))

    @property
    def attribute_metric(self) -> str | None:
        """The first of `metrics` that attributes have; None where there are no attributes."""
        rows = [row for tracker in self.trackers for row in tracker.attributes.values()]
        found = (metric for metric in self.metrics if any(metric in row for row in rows))
        return next(found, None)

    @property
    def ranking(self) -> tuple[int, ...]:
        """Positions in `trackers`, the best by the headline first, NaN last; equals keep order."""
        metric = METRICS[self.headline]
        scores = [tracker.summary[self.headline] for tracker in self.trackers]
        return tuple(sorted(range(len(scores)), key=lambda i: metric.rank(scores[i])))
