"""What a call settles before it computes: checked and described once, remembered for calls alike.

The checks and the description take longer than a small correlation. They depend on static
properties alone, so a second call with the same ones goes straight to its backend.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from siamcorr.ops import reference
from siamcorr.ops.dispatch import (
    Backend,
    backend_for,
    check_backend,
    named_in_block,
    records_choices,
)
from siamcorr.ops.precision import autocast_dtype, autocast_is_on, under_autocast
from siamcorr.ops.primitive import correlate, records
from siamcorr.ops.problem import Problem, Window, describe

__all__ = ["Plan", "make_plan", "recall", "run"]

_MOST = 4096
"""Plans that are remembered; beyond it all are forgotten."""
_PLAIN = (int, str, type(None))
_plans: dict[Hashable, Plan] = {}


class Plan(NamedTuple):
    """A checked call.

    Attributes:
        problem: its forward correlation.
        backend: a name, or None for the fastest.
        kernels: N where one sample meets N > 1 kernels, which become N*O kernels of one sample.
        direct: the backend of a remembered plan that may be called as things are.
    """

    problem: Problem
    backend: str | None
    kernels: int
    direct: Backend | None = None


def recall(call: tuple[object, ...], x: Tensor, k: Tensor) -> Plan | None:
    """The plan of an earlier call like this one, or None: then check, and make one.

    Args:
        call: name of the function and its settings, as the caller gave them.
        x: search, as the caller gave it.
        k: template, as the caller gave it.
    """
    if torch.compiler.is_compiling() or records_choices():
        return None
    for setting in call:
        if type(setting) not in _PLAIN and not _is_plain_pair(setting):
            return None  # such as 1.0, which equals 1 but is refused
    try:
        plan = _plans.get(_key(call, x, k))
        return None if plan is None or autocast_is_on(x.device.type) else plan
    except (AttributeError, TypeError):  # no tensors, or symbolic sizes
        return None


def make_plan(
    call: tuple[object, ...], operands: tuple[Tensor, Tensor], kernel: Tensor, window: Window
) -> Plan:
    """Describe a checked call and remember it.

    Args:
        call: as in `recall`; its last entry is the backend.
        operands: x and k of `recall`.
        kernel: (B or 1, O, C/G, h, w), made from k.
        window: stride, padding, dilation, groups.

    Raises:
        UnknownName: no backend has this name.
    """
    who, *_, backend = call
    x, _ = operands
    name = check_backend(str(who), backend)  # type: ignore[arg-type]
    lower = autocast_dtype(x)
    kernels = kernel.shape[0] if x.shape[0] == 1 else 1
    problem = describe(x, kernel, window, lower or x.dtype, kernels)
    plan = Plan(problem, name, kernels)
    if not torch.compiler.is_compiling() and not records_choices() and lower is None:
        _remember(plan, _key(call, *operands))
    return plan


def _key(call: tuple[object, ...], x: Tensor, k: Tensor) -> tuple[object, ...]:
    """All that a plan depends on."""
    return call, x.shape, k.shape, x.dtype, k.dtype, x.device, k.device, named_in_block()


def _remember(plan: Plan, key: tuple[object, ...]) -> None:
    if plan.kernels == 1 and plan.backend != "reference":
        plan = plan._replace(direct=backend_for(plan.problem, plan.backend))
    if len(_plans) >= _MOST:
        _plans.clear()
    with contextlib.suppress(TypeError):  # symbolic sizes, settings that are lists
        _plans[key] = plan


def run(plan: Plan, x: Tensor, kernel: Tensor) -> Tensor:
    """Correlate (B, C, H, W) with (B or 1, O, C/G, h, w), or one sample with N kernels."""
    if plan.direct is not None and not records(x, kernel):
        return plan.direct.forward(x, kernel, plan.problem)
    return under_autocast(
        partial(_one_to_one if plan.kernels == 1 else _many_kernels, plan), x, kernel
    )


def _is_plain_pair(setting: object) -> bool:
    return type(setting) is tuple and all(type(number) is int for number in setting)


def _one_to_one(plan: Plan, x: Tensor, kernel: Tensor) -> Tensor:
    if plan.backend == "reference":
        return reference.forward(x, kernel, plan.problem)
    return correlate(x, kernel, plan.problem, plan.backend)


def _many_kernels(plan: Plan, x: Tensor, kernel: Tensor) -> Tensor:
    """N kernels on one sample are N*O kernels, in the order of their groups."""
    groups, outputs = plan.problem.window.groups, kernel.shape[1]
    grouped = torch.unflatten(kernel, 1, (groups, -1)).transpose(0, 1)  # (G, N, O/G, C/G, h, w)
    response = _one_to_one(plan, x, grouped.reshape(1, -1, *kernel.shape[2:]))
    size = response.shape[-2:]
    parts = response.reshape(groups, plan.kernels, -1, *size).transpose(0, 1)  # (N, G, O/G, ...)
    return parts.reshape(plan.kernels, outputs, *size)
