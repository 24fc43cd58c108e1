"""Scores by attribute: means over the sequences that carry a tag, such as occlusion."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from siamcorr.errors import InvalidArgument

__all__ = ["attribute_means"]


def attribute_means(
    scores: Mapping[str, Mapping[str, float]], tags: Mapping[str, Collection[str]]
) -> dict[str, dict[str, float]]:
    """Mean of every metric over the sequences of each tag.

    Args:
        scores: for each sequence its metrics by name; all sequences have the same metrics.
        tags: for each sequence its tags, such as {"OCC", "SV"}; empty where it has none.

    Returns:
        For each tag, in alphabetical order, the mean of each metric.

    Convention:
        A tag belongs to a whole sequence, a sequence counts once for each of its tags, and
        sequences weigh alike.

    Raises:
        InvalidArgument: a sequence has no entry in `tags`, or other metrics than the first one.

    Example:
        >>> attribute_means({"a": {"auc": 0.5}, "b": {"auc": 1.0}}, {"a": ["OCC"], "b": ["OCC"]})
        {'OCC': {'auc': 0.75}}
    """
    missing = sorted(set(scores) - set(tags))
    if missing:
        raise InvalidArgument(f"attribute_means: no entry in tags for {', '.join(missing)}")
    names = list(next(iter(scores.values()), {}))
    for sequence, metrics in scores.items():
        if set(metrics) != set(names):
            raise InvalidArgument(
                f"attribute_means: {sequence} has the metrics {', '.join(metrics)}; "
                f"the first sequence has {', '.join(names)}"
            )
    carriers: dict[str, list[str]] = {}
    for sequence in scores:
        for tag in set(tags[sequence]):
            carriers.setdefault(tag, []).append(sequence)
    return {
        tag: {
            name: float(np.mean([scores[sequence][name] for sequence in carriers[tag]]))
            for name in names
        }
        for tag in sorted(carriers)
    }
