"""What every source of pairs cuts: the sizes of both crops and the context round the target."""

from __future__ import annotations

from pydantic import Field

from siamcorr.config import Settings

__all__ = ["PairShape"]


class PairShape(Settings):
    """Sizes of a training pair.

    Attributes:
        template_size: side of the template crop in pixels.
        search_size: side of the search crop in pixels, at the scale of the template crop.
        context_amount: context round the target as a share of its width plus height, added to
            either side before the square is taken.
    """

    template_size: int = Field(127, gt=1)
    search_size: int = Field(255, gt=1)
    context_amount: float = Field(0.5, ge=0)
