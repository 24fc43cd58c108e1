"""Palettes of scenes and the textures that go with them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from siamcorr.data.synthetic_pairs.hashing import Draws
from siamcorr.data.synthetic_pairs.settings import ObjectSettings
from siamcorr.data.synthetic_pairs.textures import PATTERNS, TextureSpecs

__all__ = [
    "GROUPS",
    "ON_GROUND",
    "ON_OBJECTS",
    "Looks",
    "draw_looks",
    "draw_palette",
    "draw_textures",
    "to_rgb",
]

Floats = npt.NDArray[np.float64]
GROUPS = 4
"""Colour groups of a body."""
ON_OBJECTS = dict.fromkeys(PATTERNS, 1.0) | {"noise": 2.0, "leaves": 3.0, "marks": 1.5}
"""How often objects wear each pattern."""
ON_GROUND = {
    "noise": 3.0,
    "plain": 1.0,
    "gradient": 1.0,
    "leaves": 5.0,
    "patches": 0.7,
    "windows": 0.7,
    "veins": 0.7,
    "spots": 0.5,
    "stripes": 0.4,
    "checks": 0.2,
}
"""How often the ground has each pattern."""
_COLOURS = 8
_OPPONENT = np.array([[1.0, 0.6, 0.35], [1.0, -0.6, 0.35], [1.0, 0.0, -1.0]])
"""RGB from luminance, red against green, and yellow against blue."""


@dataclass(frozen=True)
class Looks:
    """Colours and textures of a body, for each of its groups.

    Attributes:
        colour: (B, GROUPS, 3) mean RGB.
        tile: (B, GROUPS) texture.
        gain: (B, GROUPS) of the texture.
        zoom: (B,) half sides of the texture per half body.
        turn: (B,) of the texture in radians.
        offset: (B, 2) of the texture in its half sides.
        shade: (B, 3) as in `Parts`.
    """

    colour: Floats
    tile: npt.NDArray[np.int64]
    gain: Floats
    zoom: Floats
    turn: Floats
    offset: Floats
    shade: Floats


def to_rgb(opponent: Floats) -> Floats:
    """(..., 3) luminance and two chromas -> RGB; not clipped."""
    return np.asarray(opponent @ _OPPONENT.T)


def draw_palette(draws: Draws, name: str, saturated: float) -> Floats:
    """Colours of a scene: (B, 8, 3) RGB in 4 ... 251.

    Luminance varies widely, the chromas keep near one of the scene, more along blue and yellow
    than along red and green, as in photographs; in strong scenes each colour has its own.
    """
    exposure = draws.uniform(f"{name}/exposure", 70, 170)[:, None]
    luminance = exposure + 52 * draws.normal(f"{name}/luminance", _COLOURS)
    strong = draws.chance(f"{name}/strong", saturated)[:, None]
    common = draws.normal(f"{name}/common", 1, 2) * np.array([4.0, 13.0])
    spread = np.where(strong, 42.0, 9.0)[..., None] * np.array([0.7, 1.2])
    chroma = common + spread * draws.normal(f"{name}/chroma", _COLOURS, 2)
    chroma[..., 0] += 0.3 * chroma[..., 1]  # orange and blue are common, purple is rare
    return np.clip(to_rgb(np.concatenate((luminance[..., None], chroma), -1)), 4, 251)


def draw_textures(
    draws: Draws, name: str, palettes: Floats, patterns: dict[str, float]
) -> TextureSpecs:
    """One texture for each of (B, T, n, 3) palettes; the T rows of a pair side by side.

    Args:
        draws: of the B pairs.
        name: stream of the random numbers.
        palettes: what each texture takes its colours from.
        patterns: name of a pattern -> how often it is drawn, relative to the others.
    """
    count, n = palettes.shape[1:3]
    rows, columns = np.arange(len(draws))[:, None], np.arange(count)

    def pick(stream: str) -> Floats:
        return np.asarray(palettes[rows, columns, draws.below(f"{name}/{stream}", n, count)])

    strength = 2 ** draws.uniform(f"{name}/strength", -1.5, 0.3, count)
    sharp = 2 ** draws.uniform(f"{name}/sharp", 0.0, 4.0, count)
    grain = 4 * 2 ** draws.uniform(f"{name}/grain", 0, 3.2, count)[..., None]
    tint = 1 + 0.2 * draws.normal(f"{name}/tint", count, 3)
    fields = {
        "pattern": _drawn(draws.uniform(f"{name}/pattern", 0, 1, count), patterns),
        "exponent": draws.uniform(f"{name}/exponent", 1.2, 3.2, count),
        "frequency": 1.5 * 2 ** draws.uniform(f"{name}/frequency", 0, 2.6, count),
        "angle": draws.uniform(f"{name}/angle", 0, 2 * np.pi, count),
        "stretch": 2 ** np.maximum(draws.uniform(f"{name}/stretch", -2, 2.5, count), 0),
        "warp": np.maximum(draws.uniform(f"{name}/warp", -0.05, 0.12, count), 0),
        "sharpness": sharp,
        "contrast": (pick("one") - pick("other")) * strength[..., None],
        "grain": grain * tint,
        "keys": draws.keys(f"{name}/keys", count),
    }
    return TextureSpecs(
        **{key: value.reshape(-1, *value.shape[2:]) for key, value in fields.items()}
    )


def _drawn(uniform: Floats, patterns: dict[str, float]) -> npt.NDArray[np.int64]:
    """Numbers of patterns for uniform numbers in 0 ... 1."""
    shares = np.cumsum([patterns.get(name, 0.0) for name in PATTERNS])
    return np.searchsorted(shares / shares[-1], uniform, side="right")


def draw_looks(
    draws: Draws, name: str, palette: Floats, tiles: npt.NDArray[np.int64], settings: ObjectSettings
) -> Looks:
    """Colours from a palette and textures among the given ones.

    Args:
        draws: of the B pairs.
        name: stream of the random numbers.
        palette: (B, n, 3) RGB.
        tiles: (T,) numbers of textures to choose from.
        settings: of objects.
    """
    rows = np.arange(len(draws))[:, None]
    chosen = palette[rows, draws.below(f"{name}/colour", palette.shape[1], GROUPS)]
    tone = 12 * draws.normal(f"{name}/tone", GROUPS, 1) + 5 * draws.normal(f"{name}/hue", GROUPS, 3)
    textured = draws.chance(f"{name}/textured", settings.textured, GROUPS)
    gain = draws.uniform(f"{name}/gain", 0.4, 1.2, GROUPS)
    light = settings.shading * draws.normal(f"{name}/light", 2) / 2
    rim = settings.shading * draws.uniform(f"{name}/rim", 0, 0.6)[:, None]
    return Looks(
        colour=np.clip(chosen + tone, 4, 251),
        tile=tiles[draws.below(f"{name}/tile", len(tiles), GROUPS)],
        gain=np.where(textured, gain, 0.15 * gain),
        zoom=2 ** draws.uniform(f"{name}/zoom", -1.2, 0.4),
        turn=draws.uniform(f"{name}/turn", 0, 2 * np.pi),
        offset=draws.uniform(f"{name}/offset", -1, 1, 2),
        shade=np.concatenate((np.clip(light, -0.6, 0.6), rim), 1),
    )
