"""Validation by tracking: mean overlap with the ground truth of sequences held out of training."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from typing import TYPE_CHECKING

import numpy as np
import torch

from siamcorr.errors import InvalidArgument
from siamcorr.geometry.curves import box_overlaps
from siamcorr.training.launch import reduced
from siamcorr.types import Sequence, Tracker

if TYPE_CHECKING:
    from lightning.fabric import Fabric

__all__ = ["mean_overlap", "validate"]


def validate(fabric: Fabric, tracker: Tracker, sequences: SequenceOf[Sequence]) -> dict[str, float]:
    """Track every sequence from its first frame; processes share the sequences.

    Args:
        fabric: launched.
        tracker: around the model to validate, which is in evaluation mode.
        sequences: held out of training.

    Returns:
        Name of the sequence to its mean overlap, the same in all processes.
    """
    scores = torch.zeros(len(sequences), dtype=torch.float64, device=fabric.device)
    for i in range(fabric.global_rank, len(sequences), fabric.world_size):
        scores[i] = mean_overlap(tracker, sequences[i])
    everywhere = reduced(fabric, scores, "sum").tolist()
    return {sequence.name: score for sequence, score in zip(sequences, everywhere, strict=True)}


def mean_overlap(tracker: Tracker, sequence: Sequence) -> float:
    """Mean overlap of all targets that the first frame shows, after that frame.

    Args:
        tracker: starts once, with the true boxes of the first frame.
        sequence: frames with their boxes.

    Returns:
        In 0 ... 1; frames in which a target is absent or not annotated do not count.

    Raises:
        InvalidArgument: the first frame shows no target, or none is seen after it.
    """
    truth = np.asarray(sequence.boxes_xywh)  # (T, N, 4)
    counted = np.isfinite(truth).all(-1) & ~(np.asarray(sequence.visible) == 0)  # (T, N)
    here = np.flatnonzero(counted[0])
    if not len(here) or not counted[1:, here].any():
        raise InvalidArgument(
            f"validation: {sequence.name}: needs a target in its first frame that is seen again"
        )
    frames = iter(sequence)
    state = tracker.init(next(frames), truth[0, here])
    overlaps = np.full((len(truth), len(here)), np.nan)
    for t, frame in enumerate(frames, start=1):
        state, result = tracker.update(state, frame)
        overlaps[t] = box_overlaps(result.boxes_xywh.numpy(), truth[t, here])
    return float(overlaps[1:][counted[1:, here]].mean())
