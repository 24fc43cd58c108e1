"""Which published network a state dict is, told by its keys, and the same under the names here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from siamcorr.errors import CheckpointError
from siamcorr.models.layouts import LAYOUTS, Layout
from siamcorr.models.mismatches import list_mismatches

__all__ = ["find_layout", "import_state_dict", "infer_variant"]


class _Signs(NamedTuple):
    """A variant, the layout of its files, and the prefixes that all must be there."""

    variant: str
    layout: str
    prefixes: tuple[str, ...]


_LONG_TERM_WIDTH = 128
"""Channels of the shallowest level of the long-term model, 256 in the others."""

_SIGNS = (
    _Signs("nanotrack_v3", "nanotrack_v3", ("ban_head.corr_dw_",)),
    _Signs("nanotrack_v2", "nanotrack_v2", ("ban_head.corr_pw_",)),
    _Signs("nanotrack_v1", "nanotrack_v1", ("ban_head.corr_pw.",)),
    _Signs("siammask_r50", "foolwood_siammask", ("refine_model.",)),
    _Signs("siammask_r50", "pysot_siammask", ("refine_head.",)),
    _Signs("siamrpn_mobilev2", "pysot_levels", ("rpn_head.rpn2.", "backbone.layer0.")),
    _Signs("siamrpn_r50", "pysot_levels", ("rpn_head.rpn2.", "rpn_head.cls_weight")),
    _Signs("siamrpn_r50_otb", "pysot_levels", ("rpn_head.rpn2.", "backbone.layer4.")),
    _Signs("siamrpn_alex", "pysot_alexlegacy", ("rpn_head.cls.", "backbone.features.")),
    _Signs("siamrpn_alex", "pysot_alex", ("rpn_head.cls.", "backbone.layer1.0.")),
    _Signs("siamfc", "siamfc_pytorch", ("backbone.conv1.0.", "backbone.conv5.0.")),
)
"""In this order: the first whose prefixes are all there."""


def infer_variant(state: Mapping[str, Tensor]) -> str:
    """The name of the tracker's config for published weights.

    Args:
        state: keys as published, without `module.`.

    Returns:
        A name in `configs/trackers`. Configs that share one network (the r50 models trained on
        other numbers of GPUs) cannot be told apart: this is the one named in the paper's results.

    Raises:
        CheckpointError: no published network has these keys.

    Example:
        >>> import torch
        >>> infer_variant({"ban_head.corr_pw.CA_layer.fc1.bias": torch.zeros(64)})
        'nanotrack_v1'
    """
    signs = _find(state)
    if signs is None:
        raise _unknown(state)
    return _variant(signs, state)


def find_layout(state: Mapping[str, Tensor]) -> Layout | None:
    """The published layout of a state dict, or None where it has none that is known."""
    signs = _find(state)
    return None if signs is None else LAYOUTS[signs.layout]


def import_state_dict(state: Mapping[str, Tensor]) -> tuple[str, dict[str, Tensor]]:
    """The variant and the tensors under the names of the models here.

    Args:
        state: keys as published, without `module.`.

    Returns:
        Name of the config, and the state dict that `SiameseModel` of that config takes; tensors
        that the network never uses are left out. That all are there is checked when they are
        loaded.

    Raises:
        CheckpointError: no published network has these keys, or an unused tensor does not fit.
    """
    signs = _find(state)
    if signs is None:
        raise _unknown(state)
    variant, layout = _variant(signs, state), LAYOUTS[signs.layout]
    unused = {key: value for key, value in state.items() if key in layout.unused}
    problems = list_mismatches(layout.unused, unused)
    if problems:
        raise CheckpointError(
            f"import_state_dict: the weights do not fit {variant}\n  " + "\n  ".join(problems)
        )
    own = {layout.to_own(key): value for key, value in state.items() if key not in layout.unused}
    return variant, own


def _find(state: Mapping[str, Tensor]) -> _Signs | None:
    for signs in _SIGNS:
        if all(any(key.startswith(prefix) for key in state) for prefix in signs.prefixes):
            return signs
    return None


def _variant(signs: _Signs, state: Mapping[str, Tensor]) -> str:
    """The long-term model has the keys of another; it differs in its widths."""
    shallowest = (v for key, v in state.items() if key.startswith("neck.downsample2.downsample."))
    narrow = any(_LONG_TERM_WIDTH in value.shape for value in shallowest)
    return "siamrpn_r50_lt" if signs.variant == "siamrpn_r50" and narrow else signs.variant


def _unknown(state: Mapping[str, Tensor]) -> CheckpointError:
    first = ", ".join(list(state)[:4])
    known = ", ".join(dict.fromkeys(signs.variant for signs in _SIGNS))
    return CheckpointError(
        f"no known network has these keys: {first}, ...\n  known: {known}"
        "\n  if the weights belong to a config, name it beside the file"
    )
