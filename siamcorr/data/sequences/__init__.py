"""Sequences of published data sets, read from their own folder layouts.

The names of the data sets are registered by the reader modules that this package imports.
"""

from siamcorr.data.sequences import (
    boxes_csv,
    coco,
    cvat,
    davis,
    got10k,
    imagenet_det,
    imagenet_vid,
    lasot,
    mot,
    nfs,
    otb,
    trackingnet,
    uav123,
    vot,
    youtube_bb,
)
from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_boxes
from siamcorr.data.sequences.registry import DATASETS, dataset_names, load_dataset
from siamcorr.data.sequences.sequence_set import SequenceSet

__all__ = [
    "DATASETS",
    "AnnotatedSequence",
    "SequenceSet",
    "boxes_csv",
    "coco",
    "cvat",
    "dataset_names",
    "davis",
    "got10k",
    "imagenet_det",
    "imagenet_vid",
    "lasot",
    "load_dataset",
    "mot",
    "nfs",
    "otb",
    "read_boxes",
    "trackingnet",
    "uav123",
    "vot",
    "youtube_bb",
]
