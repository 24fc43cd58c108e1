"""Synthetic training pairs: rendered in batches on the training device, with no file at all."""

from siamcorr.data.synthetic_pairs.pairs import SyntheticPairs
from siamcorr.data.synthetic_pairs.settings import SyntheticPairSettings

__all__ = ["SyntheticPairSettings", "SyntheticPairs"]
