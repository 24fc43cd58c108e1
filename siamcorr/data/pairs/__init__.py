"""Training pairs: a template and a search crop of one target, from video or rendered."""

from siamcorr.data.pairs.augment import AugmentationSettings, CropAugmentation
from siamcorr.data.pairs.batch import PairBatch, PairSource
from siamcorr.data.pairs.cropped_511 import CroppedVideo, read_cropped_511
from siamcorr.data.pairs.joined import JoinedPairs
from siamcorr.data.pairs.loader import StagedPairs, pair_batches, pair_order, steps_per_epoch
from siamcorr.data.pairs.photometric import photometric
from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.pairs.target_filter import TargetFilter
from siamcorr.data.pairs.tracks import WeightedSet
from siamcorr.data.pairs.video_pairs import VideoPairs

__all__ = [
    "AugmentationSettings",
    "CropAugmentation",
    "CroppedVideo",
    "JoinedPairs",
    "PairBatch",
    "PairShape",
    "PairSource",
    "StagedPairs",
    "TargetFilter",
    "VideoPairs",
    "WeightedSet",
    "pair_batches",
    "pair_order",
    "photometric",
    "read_cropped_511",
    "steps_per_epoch",
]
