"""The scenes of a batch of pairs: all that is random but the noise of pixels, drawn on the CPU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.data.pairs.shape import PairShape
from siamcorr.data.synthetic_pairs.actors import Actor, draw_actor
from siamcorr.data.synthetic_pairs.backdrop import Backdrop, draw_backdrop
from siamcorr.data.synthetic_pairs.bodies import draw_body, draw_plan, is_upright
from siamcorr.data.synthetic_pairs.cast import Cast
from siamcorr.data.synthetic_pairs.clutter import leaf_parts, occluder_parts
from siamcorr.data.synthetic_pairs.colours import (
    ON_OBJECTS,
    draw_looks,
    draw_palette,
    draw_textures,
)
from siamcorr.data.synthetic_pairs.company import (
    bystander_parts,
    distractor_parts,
    draw_impostor,
    with_shadow,
)
from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.parts import Parts, join
from siamcorr.data.synthetic_pairs.placement import camera_maps, free_turns, place_target
from siamcorr.data.synthetic_pairs.settings import SyntheticPairSettings
from siamcorr.data.synthetic_pairs.textures import TextureSpecs

__all__ = ["Scene", "draw_scenes"]

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_OF_TARGET, _TEXTURES = 3, 8  # textures that the target wears, and textures of a scene
_STILL = 0.15  # probability of a pair without any change but the shift


@dataclass(frozen=True)
class Scene:
    """What B pairs show.

    Attributes:
        parts: all that is painted, far to near.
        backdrop: what is behind it.
        textures: specifications of B * T tiles, those of a pair side by side.
        boxes: (B, 2, 4) xywh of the target in either crop; in the search crop of a negative pair
            of the other object.
        positive: (B,).
        gap: (B,) in 0 ... 1, how far template and search are apart.
    """

    parts: Parts
    backdrop: Backdrop
    textures: TextureSpecs
    boxes: Floats
    positive: Bools
    gap: Floats


def draw_scenes(draws: Draws, settings: SyntheticPairSettings, shape: PairShape) -> Scene:
    """Draw the scenes of B pairs."""
    gap = np.where(draws.chance("gap/still", _STILL), 0.0, draws.uniform("gap/gap", 0, 1))
    palette = draw_palette(draws, "scene", settings.objects.saturated)
    cast = Cast(draws, settings, shape, gap, palette, np.arange(_OF_TARGET, _TEXTURES))
    own = draw_palette(draws, "target", settings.objects.saturated)
    hidden = draws.chance("target/camouflage", settings.objects.camouflage)
    of_target = np.where(hidden[:, None, None], palette, own)
    palettes = np.stack([of_target] * _OF_TARGET + [palette] * (_TEXTURES - _OF_TARGET), 1)
    positive = ~draws.chance("negative", settings.negatives.share)
    players, boxes = _players(cast, of_target, positive)
    replaced = draws.chance("background/replaced", settings.background.replaced)
    middle = boxes[..., :2] + boxes[..., 2:] / 2
    camera = camera_maps(cast, middle)
    leaves = leaf_parts(cast, _TEXTURES, camera, replaced)
    front = occluder_parts(cast, _TEXTURES, boxes)
    return Scene(
        parts=join((leaves, *bystander_parts(cast, camera, replaced), *players, front)),
        backdrop=draw_backdrop(cast, camera, replaced),
        textures=draw_textures(draws, "textures", palettes, ON_OBJECTS),
        boxes=boxes,
        positive=positive,
        gap=gap,
    )


def _players(cast: Cast, palette: Floats, positive: Bools) -> tuple[list[Parts], Floats]:
    """Target, look-alikes, and in negative pairs the other object; and the boxes."""
    draws, settings = cast.draws, cast.settings
    target, member = _draw_target(cast, palette)
    linear = free_turns(draws, "target", is_upright(target.body.plan))
    placed = place_target(cast, target, member, linear)
    seen = np.stack((np.ones_like(positive), positive), -1)
    parts = with_shadow(cast, "target", placed, target, seen, member)
    behind, beside = distractor_parts(cast, target, placed)
    boxes = placed.boxes
    if settings.negatives.share > 0:
        other = draw_impostor(cast, target)
        instead = place_target(cast, other, other.body.present, linear)
        nobody = np.zeros_like(member)
        parts += with_shadow(cast, "impostor", instead, other, ~seen, nobody)
        boxes = np.where(seen[..., None], boxes, instead.boxes)
    return [*behind, *parts, *beside], boxes


def _draw_target(cast: Cast, palette: Floats) -> tuple[Actor, Bools]:
    """The target, and which of its parts count: all, or a piece of the body."""
    draws, objects = cast.draws, cast.settings.objects
    body = draw_body(draws, "target", draw_plan(draws, "target", objects.articulated))
    looks = draw_looks(draws, "target", palette, np.arange(_OF_TARGET), objects)
    actor = draw_actor(draws, "target", body, looks, cast.settings.change, cast.gap)
    piece = body.core & body.present
    partly = draws.chance("target/part", objects.part_of_body) & piece.any(1)
    return actor, np.where(partly[:, None], piece, body.present)
