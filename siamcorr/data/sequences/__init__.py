"""Sequences of published data sets, read from their own folder layouts.

The names of the data sets are registered by the reader modules that this package imports.
"""

from siamcorr.data.sequences import got10k, lasot, otb, trackingnet, vot
from siamcorr.data.sequences.annotated import AnnotatedSequence
from siamcorr.data.sequences.box_files import read_boxes
from siamcorr.data.sequences.registry import DATASETS, dataset_names, load_dataset
from siamcorr.data.sequences.sequence_set import SequenceSet

__all__ = [
    "DATASETS",
    "AnnotatedSequence",
    "SequenceSet",
    "dataset_names",
    "got10k",
    "lasot",
    "load_dataset",
    "otb",
    "read_boxes",
    "trackingnet",
    "vot",
]
