"""Synthetic video with exact ground truth: recipes, random recipes, rendering."""

from siamcorr.data.synthetic.recipe import Recipe
from siamcorr.data.synthetic.sampler import RandomScenes, random_recipe
from siamcorr.data.synthetic.sequence import (
    SyntheticSample,
    SyntheticSequence,
    load_synthetic,
    render_video,
)

__all__ = [
    "RandomScenes",
    "Recipe",
    "SyntheticSample",
    "SyntheticSequence",
    "load_synthetic",
    "random_recipe",
    "render_video",
]
