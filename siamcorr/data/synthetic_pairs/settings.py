"""Settings of the synthetic pairs: every ingredient has a probability or a range, 0 is off."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field

from siamcorr.config import Settings

__all__ = [
    "BackgroundSettings",
    "ChangeSettings",
    "DistractorSettings",
    "NegativeSettings",
    "ObjectSettings",
    "OcclusionSettings",
    "OpticsSettings",
    "SensorSettings",
    "SyntheticPairSettings",
]

Share: TypeAlias = Annotated[float, Field(ge=0, le=1)]
"""A probability, or a share of something."""
Amount: TypeAlias = Annotated[float, Field(ge=0, le=2)]
"""A strength; 0 is off."""


class _Ingredients(Settings):
    model_config = ConfigDict(allow_inf_nan=False)


class ObjectSettings(_Ingredients):
    """What the target and all other objects look like.

    Attributes:
        articulated: probability of a body of several jointed parts; others have one part and some
            markings.
        part_of_body: probability that the target is only a piece of its body, such as a head,
            where the body has such a piece.
        textured: probability that a colour group wears its texture at full contrast.
        saturated: probability that a scene has strong colours.
        camouflage: probability that the target takes its colours from the background.
        shading: largest relative change of brightness across a part.
        shadow: probability that an object casts a shadow on the ground.
        box_jitter: standard deviation of the centre of the template crop, and of the logarithm of
            its side, relative to the size of the target.
    """

    articulated: Share = 0.7
    part_of_body: Share = 0.25
    textured: Share = 0.7
    saturated: Share = 0.25
    camouflage: Share = 0.35
    shading: Share = 0.4
    shadow: Share = 0.3
    box_jitter: Share = 0.03


class ChangeSettings(_Ingredients):
    """What differs between template and search; each pair scales all of it by its own gap, 0 ... 1.

    Attributes:
        shift: largest displacement in x and in y, as a share of the side of the search crop; not
            scaled by the gap.
        scale: largest change of the logarithm of the size.
        stretch: standard deviation of the change of the logarithm of the aspect ratio.
        rotation_deg: standard deviation of the turn in the plane.
        pose: strength of the articulation, 1 as the plans of the bodies say.
        slide: how far textures slide over a body, as in a turn out of the plane, in half bodies.
        light: standard deviation of the change of the logarithm of the target's brightness.
        colour: standard deviation of the change of a colour, in 0 ... 255.
    """

    shift: Annotated[float, Field(ge=0, lt=0.5)] = 0.25
    scale: Annotated[float, Field(ge=0, le=1)] = 0.3
    stretch: Share = 0.15
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 15.0
    pose: Amount = 1.0
    slide: Share = 0.25
    light: Share = 0.15
    colour: Annotated[float, Field(ge=0, le=64)] = 6.0


class BackgroundSettings(_Ingredients):
    """What is behind the target, the same in both crops under the motion of the camera.

    Attributes:
        regions: probability that a second region, such as ground under a sky, lies in the picture.
        leaves: largest number of overlapping shapes of power-law sizes (dead leaves).
        objects: largest number of whole objects that stand about.
        detail: strength of the fine texture.
        parallax: largest motion of the background against the target, as a share of the side of
            the search crop, at a gap of 1.
        zoom: standard deviation of the logarithm of the camera's zoom.
        rotation_deg: standard deviation of the camera's roll.
        replaced: probability that the search shows another place.
    """

    regions: Share = 0.5
    leaves: Annotated[int, Field(ge=0, le=200)] = 60
    objects: Annotated[int, Field(ge=0, le=4)] = 2
    detail: Amount = 0.5
    parallax: Share = 0.3
    zoom: Share = 0.06
    rotation_deg: Annotated[float, Field(ge=0, le=180)] = 3.0
    replaced: Share = 0.12


class DistractorSettings(_Ingredients):
    """Objects that look like the target and are not.

    Attributes:
        probability: of each of them.
        count: largest number.
        twin: probability that it has the target's body and looks, but for small differences;
            others share the plan of the body alone.
        reach: largest distance from the target, in sizes of the target.
    """

    probability: Share = 0.4
    count: Annotated[int, Field(ge=0, le=4)] = 2
    twin: Share = 0.5
    reach: Annotated[float, Field(ge=0.8, le=4)] = 2.2


class NegativeSettings(_Ingredients):
    """Pairs whose search crop does not show the target but another object in its place.

    Attributes:
        share: of all pairs.
        alike: share of them whose other object has the same plan of body.
    """

    share: Share = 0.1
    alike: Share = 0.5


class OcclusionSettings(_Ingredients):
    """Something in front of the target.

    Attributes:
        search: probability in the search crop.
        template: probability in the template crop.
        depth: how far it reaches at most over the target, as a share of the target's size.
    """

    search: Share = 0.25
    template: Share = 0.05
    depth: Share = 0.6


class OpticsSettings(_Ingredients):
    """Blur before the sensor.

    Attributes:
        motion: probability of motion blur in a crop.
        of_target: share of it that blurs the target alone; else all of the picture.
        length_px: longest motion during the exposure, in pixels of the crop.
        defocus: probability that both crops are out of focus.
        sigma_px: largest standard deviation of the defocus in pixels of the crop.
    """

    motion: Share = 0.25
    of_target: Share = 0.4
    length_px: Annotated[float, Field(ge=0, le=12)] = 9.0
    defocus: Share = 0.3
    sigma_px: Annotated[float, Field(ge=0, le=3)] = 1.5


class SensorSettings(_Ingredients):
    """From light to the pixels of a compressed video.

    Attributes:
        small: probability that the video is coarser than the crops.
        smallest: its smallest pixels per pixel of the crop, along a side.
        noise: probability of sensor noise.
        noise_level: largest standard deviation of it, in 0 ... 255.
        jpeg: probability of compression.
        worst_quality: lowest quality of the compression, in the scale of JPEG.
        grey: probability of a video without colours.
        gradient: largest relative change of light across a crop, to either side.
        gamma: standard deviation of the logarithm of the exponent.
        cast: standard deviation of the logarithm of the gain of each colour.
        change: share of gradient, gamma and cast that is not common to both crops.
    """

    small: Share = 0.6
    smallest: Annotated[float, Field(gt=0.1, le=1)] = 0.35
    noise: Share = 0.4
    noise_level: Annotated[float, Field(ge=0, le=64)] = 8.0
    jpeg: Share = 0.6
    worst_quality: Annotated[int, Field(ge=1, le=100)] = 20
    grey: Share = 0.15
    gradient: Share = 0.25
    gamma: Share = 0.2
    cast: Share = 0.08
    change: Share = 0.3


class SyntheticPairSettings(_Ingredients):
    """All ingredients of the synthetic pairs.

    Attributes:
        objects: what the target and all other objects look like.
        change: what differs between template and search.
        background: what is behind the target.
        distractors: objects that look like the target.
        negatives: pairs without the target in the search crop.
        occlusion: what stands in front of it.
        optics: blur.
        sensor: light, resolution, noise and compression.
    """

    objects: ObjectSettings = ObjectSettings()
    change: ChangeSettings = ChangeSettings()
    background: BackgroundSettings = BackgroundSettings()
    distractors: DistractorSettings = DistractorSettings()
    negatives: NegativeSettings = NegativeSettings()
    occlusion: OcclusionSettings = OcclusionSettings()
    optics: OpticsSettings = OpticsSettings()
    sensor: SensorSettings = SensorSettings()
