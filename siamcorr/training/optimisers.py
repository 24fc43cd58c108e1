"""Optimisers, and which part of the backbone learns in which epoch at which rate."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Literal, Self, TypeAlias

import torch
from pydantic import Field, model_validator
from torch import nn

from siamcorr.config import Settings
from siamcorr.errors import InvalidArgument, closest
from siamcorr.models.siamese import SiameseModel

__all__ = [
    "AdamWSettings",
    "BackboneSettings",
    "OptimiserSettings",
    "Release",
    "SGDSettings",
    "build_optimiser",
    "set_learning_rate",
    "set_train_mode",
]


class SGDSettings(Settings):
    """Stochastic gradient descent with momentum.

    Attributes:
        momentum: share of the last step in the next.
        weight_decay: on all parameters.
        nesterov: look ahead along the momentum.
    """

    kind: Literal["sgd"]
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(1e-4, ge=0)
    nesterov: bool = False


class AdamWSettings(Settings):
    """Adam with decoupled weight decay.

    Attributes:
        betas: decay of the averages of gradient and squared gradient.
        weight_decay: on all parameters.
        eps: added to the root of the averaged square.
    """

    kind: Literal["adamw"]
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(1e-4, ge=0)
    eps: float = Field(1e-8, gt=0)


OptimiserSettings: TypeAlias = Annotated[SGDSettings | AdamWSettings, Field(discriminator="kind")]


class Release(Settings):
    """Layers of the backbone that begin to learn with an epoch.

    Attributes:
        epoch: 0-based.
        layers: names of modules of the backbone, such as `layer3`.
    """

    epoch: int = Field(ge=0)
    layers: tuple[str, ...] = Field(min_length=1)


class BackboneSettings(Settings):
    """How the backbone learns.

    Attributes:
        lr_factor: its learning rate as a multiple of the head's.
        releases: which layers learn from which epoch on; None lets the whole backbone learn from
            the start, an empty list never, so that neck and head are trained alone.
    """

    lr_factor: float = Field(1.0, gt=0)
    releases: tuple[Release, ...] | None = None

    @model_validator(mode="after")
    def _no_layer_twice(self) -> Self:
        names = Counter(name for release in self.releases or () for name in release.layers)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise ValueError(f"releases: released twice: {', '.join(twice)}")
        return self

    def stage(self, epoch: int) -> int:
        """Number of releases up to an epoch; where it changes, the optimiser starts anew."""
        return sum(release.epoch <= epoch for release in self.releases or ())

    def released(self, model: SiameseModel, epoch: int) -> list[nn.Module]:
        """Modules of the backbone that learn in an epoch, in the order of their releases.

        Raises:
            InvalidArgument: the backbone has no such layer; lists the closest.
        """
        if self.releases is None:
            return [model.backbone]
        known = dict(model.backbone.named_modules())
        for name in (name for release in self.releases for name in release.layers):
            if name not in known or not name:
                top = [name for name, _ in model.backbone.named_children()]
                raise InvalidArgument(
                    f"backbone.releases: {type(model.backbone).__name__} has no layer {name!r}"
                    f"{closest(name, known)}\n  its layers: {', '.join(top)}"
                )
        now = [release for release in self.releases if release.epoch <= epoch]
        return [known[name] for release in now for name in release.layers]


def set_train_mode(
    model: SiameseModel, settings: BackboneSettings, epoch: int, *, frozen_norm: bool = False
) -> None:
    """Which parameters get gradients in an epoch, and which batch norms learn their statistics.

    Args:
        model: changed in place.
        settings: of its backbone.
        epoch: 0-based.
        frozen_norm: keep every batch norm in evaluation mode.

    Convention:
        Layers of the backbone that do not learn are in evaluation mode, so their batch norms keep
        scale, shift and statistics.

    Source:
        PySOT, which trains neck and head alone for 10 epochs and then layer2 to layer4, too.
    """
    model.train()
    model.backbone.eval().requires_grad_(False)
    for layer in settings.released(model, epoch):
        layer.train().requires_grad_(True)
    if frozen_norm:
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()


def build_optimiser(
    model: SiameseModel, settings: OptimiserSettings, backbone: BackboneSettings, epoch: int
) -> torch.optim.Optimizer:
    """A fresh optimiser over what learns in an epoch.

    Args:
        model: on its device.
        settings: kind and constants.
        backbone: how the backbone learns.
        epoch: 0-based.

    Returns:
        One group for neck and head, and one for the released layers of the backbone, where there
        are any; `lr_factor` of a group multiplies the schedule's rate.

    Raises:
        InvalidArgument: nothing learns, or a layer does not exist.
    """
    parts = [part for part in (model.neck, model.head) if part is not None]
    rest = _parameters(parts)
    released = _parameters(backbone.released(model, epoch))
    groups: list[dict[str, Any]] = [
        {"params": parameters, "lr_factor": factor}
        for parameters, factor in ((rest, 1.0), (released, backbone.lr_factor))
        if parameters
    ]
    if not groups:
        raise InvalidArgument(
            f"build_optimiser: nothing learns in epoch {epoch}: neck and head have no parameters "
            "and no layer of the backbone is released; see backbone.releases"
        )
    options = settings.model_dump(exclude={"kind"})
    if settings.kind == "sgd":
        return torch.optim.SGD(groups, lr=0.0, **options)
    return torch.optim.AdamW(groups, lr=0.0, **options)


def set_learning_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Give every group the schedule's rate times its factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["lr_factor"]


def _parameters(modules: list[nn.Module]) -> list[nn.Parameter]:
    """Parameters of modules, each once, even where one module lies inside another."""
    once = {id(p): p for module in modules for p in module.parameters()}
    return list(once.values())
