"""How published checkpoints name their tensors, and how the models here name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Size

__all__ = ["LAYOUTS", "Layout"]

Renames = tuple[tuple[str, str], ...]
"""Pairs of a published prefix and the prefix here."""


@dataclass(frozen=True)
class Layout:
    """The names of one published code base, which map one to one to the names here.

    Attributes:
        project: where the layout comes from.
        licence: of that project, as stated in its repository.
        renames: of prefixes; the longest that fits is taken, what none fits keeps its name.
        unused: tensors that the files hold and the network never uses, with their shapes; they are
            checked and left out.
    """

    project: str
    licence: str
    renames: Renames
    unused: Mapping[str, Size] = field(default_factory=dict)

    def to_own(self, key: str) -> str:
        """The name here of a published tensor."""
        return _rename(key, self.renames)

    def to_published(self, key: str) -> str:
        """The published name of a tensor here."""
        return _rename(key, tuple((own, published) for published, own in self.renames))


def _rename(key: str, renames: Renames) -> str:
    fitting = [pair for pair in renames if key.startswith(pair[0])]
    if not fitting:
        return key
    old, new = max(fitting, key=lambda pair: len(pair[0]))
    return new + key.removeprefix(old)


def _branch(published: str, own: str) -> Renames:
    """A depth-wise branch."""
    parts = (("conv_kernel", "template"), ("conv_search", "search"), ("head", "predict"))
    return tuple((f"{published}.{old}.", f"{own}.{new}.") for old, new in parts)


def _depthwise_rpn(published: str, own: str) -> Renames:
    return _branch(f"{published}.cls", f"{own}.cls") + _branch(f"{published}.loc", f"{own}.loc")


def _levels() -> Renames:
    """Three levels, which are numbered as the ResNet stages that they come from."""
    renames: Renames = (
        ("rpn_head.cls_weight", "head.cls_fusion.weight"),
        ("rpn_head.loc_weight", "head.loc_fusion.weight"),
    )
    for index, stage in enumerate((2, 3, 4)):
        renames += ((f"neck.downsample{stage}.downsample.", f"neck.adjust.{index}."),)
        renames += _depthwise_rpn(f"rpn_head.rpn{stage}", f"head.levels.{index}")
    return renames


def _siammask(rpn: str, neck: str, mask: str, refinement: str) -> Renames:
    renames = ((neck, "neck.adjust.0."), (refinement, "head.refinement."))
    return renames + _depthwise_rpn(rpn, "head") + _branch(mask, "head.mask")


_LEGACY_ALEXNET: Renames = tuple(
    (f"backbone.features.{first + part}.", f"backbone.layer{layer}.{part}.")
    for layer, first in enumerate((0, 4, 8, 11, 14), start=1)
    for part in (0, 1)
)


def _nanotrack(branches: Renames) -> Renames:
    """What is published once a branch: {0} is cls or reg, {1} cls or bbox, {2} logits or pred."""
    return tuple(
        (f"ban_head.{published.format(*theirs)}", f"head.{own.format(ours)}")
        for theirs, ours in ((("cls", "cls", "logits"), "cls"), (("reg", "bbox", "pred"), "loc"))
        for published, own in branches
    )


_NANOTRACK_V1 = _nanotrack((("{1}_tower.", "{}.tower."), ("{1}_{2}.0.", "{}.predict.")))
_PIXELWISE: Renames = (
    ("corr_pw_{0}.conv_kernel.", "{}.pixelwise.template."),
    ("corr_pw_{0}.conv_search.", "{}.pixelwise.search."),
    ("corr_pw_{0}.CA_layer.", "{}.pixelwise.attention."),
)
_NANOTRACK_V2 = _nanotrack(
    (*_PIXELWISE, ("{1}_pw_tower.", "{}.tower."), ("{1}_pred.0.", "{}.predict."))
)
_NANOTRACK_V3 = _nanotrack(
    (
        *_PIXELWISE,
        ("corr_pw_{0}.conv.", "{}.shrink."),
        ("corr_dw_{0}.conv_kernel.", "{}.depthwise.template."),
        ("corr_dw_{0}.conv_search.", "{}.depthwise.search."),
        ("down_{0}.0.", "{}.merge."),
        ("{1}_tower.", "{}.tower."),
        ("{1}_{2}.0.", "{}.predict."),
    )
)


def _never_called_neck(channels: int) -> dict[str, Size]:
    """NanoTrack builds this neck, stores it and calls it neither in training nor in tracking."""
    norm = ("weight", "bias", "running_mean", "running_var")
    return {
        "neck.downsample.0.weight": Size((channels, channels, 1, 1)),
        **{f"neck.downsample.1.{name}": Size((channels,)) for name in norm},
        "neck.downsample.1.num_batches_tracked": Size(()),
    }


_PYSOT = ("STVIR/pysot", "Apache-2.0")
_NANO = ("HonglinChu/SiamTrackers", "Apache-2.0")

LAYOUTS: Mapping[str, Layout] = {
    "pysot_alex": Layout(*_PYSOT, _depthwise_rpn("rpn_head", "head")),
    "pysot_alexlegacy": Layout(*_PYSOT, _LEGACY_ALEXNET + _depthwise_rpn("rpn_head", "head")),
    "pysot_levels": Layout(*_PYSOT, _levels()),
    "pysot_siammask": Layout(
        *_PYSOT, _siammask("rpn_head", "neck.downsample.downsample.", "mask_head", "refine_head.")
    ),
    "foolwood_siammask": Layout(
        "foolwood/SiamMask",
        "MIT",
        (
            ("features.features.", "backbone."),
            *_siammask(
                "rpn_model", "features.downsample.downsample.", "mask_model.mask", "refine_model."
            ),
        ),
    ),
    "siamfc_pytorch": Layout("huanglianghua/siamfc-pytorch", "MIT", ()),
    "nanotrack_v1": Layout(
        *_NANO,
        (("ban_head.corr_pw.CA_layer.", "head.attention."), *_NANOTRACK_V1),
        _never_called_neck(64),
    ),
    "nanotrack_v2": Layout(*_NANO, _NANOTRACK_V2, _never_called_neck(64)),
    "nanotrack_v3": Layout(*_NANO, _NANOTRACK_V3, _never_called_neck(96)),
}
"""Every layout that can be loaded. `backbone.` is one name in all of them but foolwood's."""
