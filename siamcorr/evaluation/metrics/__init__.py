"""Metrics: arrays in, numbers out; each under a convention that it names."""

from __future__ import annotations

from siamcorr.evaluation.metrics.attributes import attribute_means
from siamcorr.evaluation.metrics.bootstrap import (
    Interval,
    PairedDifference,
    bootstrap_interval,
    paired_interval,
)
from siamcorr.evaluation.metrics.conventions import (
    OPE_CONVENTIONS,
    OpeConvention,
    find_convention,
)
from siamcorr.evaluation.metrics.eao import VOT_INTERVALS, Eao, expected_average_overlap
from siamcorr.evaluation.metrics.got10k import Got10kScores, OverlapScores, got10k_scores
from siamcorr.evaluation.metrics.longterm import LongTermScores, long_term_f1
from siamcorr.evaluation.metrics.masks import (
    MaskScores,
    MaskStatistics,
    boundary_f,
    mask_scores,
    mask_statistics,
    region_similarity,
)
from siamcorr.evaluation.metrics.ope import OpeScores, mean_ope, score_ope
from siamcorr.evaluation.metrics.speed import SpeedSummary, speed_summary
from siamcorr.evaluation.metrics.vot import (
    UnsupervisedScores,
    VotRun,
    VotScores,
    VotSequence,
    unsupervised_average_overlap,
    vot_accuracy_robustness,
)
from siamcorr.evaluation.metrics.vot_got10k import VotTagScores, got10k_vot_scores

__all__ = [
    "OPE_CONVENTIONS",
    "VOT_INTERVALS",
    "Eao",
    "Got10kScores",
    "Interval",
    "LongTermScores",
    "MaskScores",
    "MaskStatistics",
    "OpeConvention",
    "OpeScores",
    "OverlapScores",
    "PairedDifference",
    "SpeedSummary",
    "UnsupervisedScores",
    "VotRun",
    "VotScores",
    "VotSequence",
    "VotTagScores",
    "attribute_means",
    "bootstrap_interval",
    "boundary_f",
    "expected_average_overlap",
    "find_convention",
    "got10k_scores",
    "got10k_vot_scores",
    "long_term_f1",
    "mask_scores",
    "mask_statistics",
    "mean_ope",
    "paired_interval",
    "region_similarity",
    "score_ope",
    "speed_summary",
    "unsupervised_average_overlap",
    "vot_accuracy_robustness",
]
