"""Settings of the augmentation of pairs, and those of the published recipes."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument

__all__ = ["AugmentationSettings", "CropAugmentation", "Interpolation"]

Probability = Annotated[float, Field(ge=0, le=1)]
Interpolation: TypeAlias = Literal["linear", "cubic", "area", "nearest", "lanczos"]
Share = Annotated[float, Field(ge=0, lt=1)]


class CropAugmentation(Settings):
    """What happens to one of the two crops.

    Attributes:
        shift: largest shift of the window along x and along y, in pixels of the crop at its nominal
            scale; uniform.
        scale: the window's width and height are multiplied by 1 + U(-scale, scale) each.
        isotropic: one such factor for both.
        flip: probability of a mirror image of this crop alone.
        brightness: factor U(1 - b, 1 + b).
        contrast: factor U(1 - c, 1 + c).
        saturation: factor U(1 - s, 1 + s).
        hue: shift U(-h, h) of the hue, as a share of the full circle.
        colour: probability of a colour offset drawn from three components, after AlexNet's PCA.
        gaussian_blur: probability.
        gaussian_sigma: smallest and largest standard deviation in pixels; uniform.
        motion_blur: probability of the mean along a row and a column, mixed by a uniform weight.
        motion_blur_sizes: `uniform`: odd lengths 5 ... 45 (PySOT); `normal`: 2 * round(n) + 1 with
            n ~ N(0, 1), none for n below -1/2 and none in half of the other cases (SiamMask).
    """

    shift: float = Field(0.0, ge=0)
    scale: Share = 0.0
    isotropic: bool = False
    flip: Probability = 0.0
    brightness: Share = 0.0
    contrast: Share = 0.0
    saturation: Share = 0.0
    hue: float = Field(0.0, ge=0, le=0.5)
    colour: Probability = 0.0
    gaussian_blur: Probability = 0.0
    gaussian_sigma: tuple[float, float] = (0.1, 2.0)
    motion_blur: Probability = 0.0
    motion_blur_sizes: Literal["uniform", "normal"] = "uniform"

    @property
    def jitters(self) -> bool:
        """Whether brightness, contrast, saturation or hue change."""
        return max(self.brightness, self.contrast, self.saturation, self.hue) > 0

    @model_validator(mode="after")
    def _sigma_ascends(self) -> CropAugmentation:
        if not 0 < self.gaussian_sigma[0] <= self.gaussian_sigma[1]:
            raise InvalidArgument(
                f"gaussian_sigma must be two numbers 0 < a <= b, got {self.gaussian_sigma}"
            )
        return self


class AugmentationSettings(Settings):
    """What happens to pairs; the default changes nothing.

    Attributes:
        template: of the template crop.
        search: of the search crop.
        grey: probability that both crops become grey.
        flip: probability that both crops are mirrored.
        border: what stands where a window leaves the frame: the frame's mean colour, rounded, or
            black. PySOT's training has black beyond its stored crops, which hold the mean.
        interpolation: how crops are resampled; of several, one is drawn for every crop.
    """

    template: CropAugmentation = CropAugmentation()
    search: CropAugmentation = CropAugmentation()
    grey: Probability = 0.0
    flip: Probability = 0.0
    border: Literal["mean", "black"] = "mean"
    interpolation: Annotated[tuple[Interpolation, ...], Field(min_length=1)] = ("linear",)

    @property
    def changes_colours(self) -> bool:
        """Whether anything but the crop windows is drawn."""
        return self.grey > 0 or any(
            side.jitters or side.colour or side.gaussian_blur or side.motion_blur
            for side in (self.template, self.search)
        )

    @classmethod
    def siamrpn(cls) -> AugmentationSettings:
        """PySOT's for SiamRPN++, which NanoTrack shares; its share of negatives is 0.2."""
        return cls(
            template=CropAugmentation(shift=4, scale=0.05, colour=1),
            search=CropAugmentation(shift=64, scale=0.18, colour=1, motion_blur=0.2),
        )

    @classmethod
    def siammask(cls) -> AugmentationSettings:
        """Those of SiamMask's first stage; its share of negatives is 0.2."""
        return cls(
            template=CropAugmentation(shift=4, scale=0.05, colour=1),
            search=CropAugmentation(
                shift=64, scale=0.18, colour=1, motion_blur=0.18, motion_blur_sizes="normal"
            ),
            grey=0.25,
        )

    @classmethod
    def siamfc(cls) -> AugmentationSettings:
        """siamfc-pytorch's for search crops of 239 cut from 247.

        It resamples twice, each time with an interpolation that it draws; here that is once.
        """
        both = CropAugmentation(shift=4, scale=0.05, isotropic=True)
        every = ("linear", "cubic", "area", "nearest", "lanczos")
        return cls(template=both, search=both, interpolation=every)
