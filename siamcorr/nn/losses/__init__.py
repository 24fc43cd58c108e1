"""Losses of Siamese trackers: functions of what a head predicts and what it should have."""

from __future__ import annotations

from siamcorr.nn.losses.averages import weighted_mean
from siamcorr.nn.losses.boxes import BoxLoss, box_losses, weighted_l1_loss
from siamcorr.nn.losses.checks import Balance
from siamcorr.nn.losses.classes import balanced_logistic_loss, foreground_logits
from siamcorr.nn.losses.focal import focal_loss, quality_focal_loss
from siamcorr.nn.losses.masks import mask_losses

__all__ = [
    "Balance",
    "BoxLoss",
    "balanced_logistic_loss",
    "box_losses",
    "focal_loss",
    "foreground_logits",
    "mask_losses",
    "quality_focal_loss",
    "weighted_l1_loss",
    "weighted_mean",
]
