"""Every op on every backend against loops that know nothing of the library."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import torch
from ops_contract import Array, Case, OpContract
from torch import Tensor

from siamcorr import ops


def correlate_loops(
    search: Array,
    kernels: Array,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    dilation: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> Array:
    """The definition, one scalar product a cell; kernels are (B, O, C/G, h, w)."""
    batch = max(search.shape[0], kernels.shape[0])
    outputs, each, rows, columns = kernels.shape[1:]
    padded = np.pad(search, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    extent = (rows - 1) * dilation[0] + 1, (columns - 1) * dilation[1] + 1
    size = [(padded.shape[2 + a] - extent[a]) // stride[a] + 1 for a in (0, 1)]
    response = np.zeros((batch, outputs, *size))
    for b, o, i, j in itertools.product(range(batch), range(outputs), *map(range, size)):
        x, k = padded[b % search.shape[0]], kernels[b % kernels.shape[0]]
        for c, u, v in itertools.product(range(each), range(rows), range(columns)):
            channel = (o // (outputs // groups)) * each + c
            row, column = i * stride[0] + u * dilation[0], j * stride[1] + v * dilation[1]
            response[b, o, i, j] += x[channel, row, column] * k[o, c, u, v]
    return response


def pair(value: object) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def window_of(keywords: dict[str, object]) -> dict[str, tuple[int, int]]:
    return {name: pair(value) for name, value in keywords.items()}


class TestXCorr(OpContract):
    op = staticmethod(ops.xcorr)
    cases = [
        Case((3, 4, 7, 9), (3, 4, 3, 2)),
        Case((1, 1, 5, 5), (1, 1, 1, 1)),
        Case((2, 3, 5, 7), (2, 3, 5, 7)),
        Case((2, 2, 8, 7), (2, 2, 3, 3), (("stride", (2, 3)), ("padding", (1, 2)))),
        Case((1, 3, 11, 13), (4, 3, 4, 5), (("padding", 4),)),
        Case((3, 3, 7, 7), (1, 3, 2, 3), (("stride", 2),)),
    ]

    @staticmethod
    def loops(search: Array, template: Array, **keywords: object) -> Array:
        return correlate_loops(search, template[:, None], **window_of(keywords))


class TestXCorrDepthwise(OpContract):
    op = staticmethod(ops.xcorr_depthwise)
    cases = [
        Case((3, 4, 7, 9), (3, 4, 3, 2)),
        Case((1, 1, 5, 5), (1, 1, 1, 1)),
        Case((2, 3, 5, 7), (2, 3, 5, 7)),
        Case((2, 2, 8, 7), (2, 2, 3, 3), (("stride", (2, 3)), ("padding", (1, 2)))),
        Case((1, 3, 11, 7), (4, 3, 4, 5), (("padding", 1),)),
        Case((3, 3, 7, 7), (1, 3, 2, 3), (("stride", 2),)),
    ]

    @staticmethod
    def loops(search: Array, template: Array, **keywords: object) -> Array:
        groups = search.shape[1]
        return correlate_loops(search, template[:, :, None], groups=groups, **window_of(keywords))


class TestXCorrUpchannel(OpContract):
    op = staticmethod(ops.xcorr_upchannel)
    cases = [
        Case((3, 4, 7, 9), (3, 8, 3, 2)),
        Case((1, 1, 5, 5), (1, 3, 1, 1)),
        Case((2, 2, 8, 7), (2, 6, 3, 3), (("stride", (2, 1)), ("padding", 2))),
        Case((1, 3, 7, 7), (4, 6, 4, 5)),
        Case((3, 3, 7, 7), (1, 3, 7, 7)),
    ]

    @staticmethod
    def loops(search: Array, template: Array, **keywords: object) -> Array:
        batch, _, *size = template.shape
        kernels = template.reshape(batch, -1, search.shape[1], *size)
        return correlate_loops(search, kernels, **window_of(keywords))


class TestXCorrPixelwise(OpContract):
    op = staticmethod(ops.xcorr_pixelwise)
    cases = [
        Case((3, 4, 5, 6), (3, 4, 3, 2)),
        Case((1, 1, 2, 3), (1, 1, 1, 1)),
        Case((2, 3, 3, 3), (2, 3, 5, 4)),
        Case((1, 3, 3, 4), (4, 3, 2, 2)),
        Case((3, 3, 4, 3), (1, 3, 2, 2)),
    ]

    @staticmethod
    def loops(search: Array, template: Array, **keywords: object) -> Array:
        batch = max(search.shape[0], template.shape[0])
        rows, columns = template.shape[2:]
        response = np.zeros((batch, rows * columns, *search.shape[2:]))
        for b, v, u in itertools.product(range(batch), range(rows), range(columns)):
            x, z = search[b % search.shape[0]], template[b % template.shape[0]]
            for c in range(search.shape[1]):
                response[b, v * columns + u] += x[c] * z[c, v, u]
        return response


class TestNcc(OpContract):
    op = staticmethod(ops.ncc)
    cases = [
        Case((3, 4, 7, 9), (3, 4, 3, 2)),
        Case((1, 1, 6, 5), (1, 1, 2, 2)),
        Case((2, 3, 5, 7), (2, 3, 5, 7)),
        Case((1, 3, 7, 7), (4, 3, 4, 5)),
        Case((3, 3, 7, 7), (1, 3, 2, 3)),
    ]

    @staticmethod
    def loops(search: Array, template: Array, **keywords: object) -> Array:
        batch = max(search.shape[0], template.shape[0])
        rows, columns = template.shape[2:]
        size = [search.shape[2] - rows + 1, search.shape[3] - columns + 1]
        response = np.zeros((batch, 1, *size))
        for b, i, j in itertools.product(range(batch), *map(range, size)):
            x = search[b % search.shape[0]][:, i : i + rows, j : j + columns]
            z = template[b % template.shape[0]]
            x, z = (part - part.mean((1, 2), keepdims=True) for part in (x, z))
            response[b, 0, i, j] = (x * z).sum() / np.sqrt((x**2).sum() * (z**2).sum())
        return response

    @staticmethod
    def check_homogeneous(plain: Tensor, doubled: Tensor) -> None:
        torch.testing.assert_close(doubled, plain, rtol=1e-12, atol=1e-12)


def _with_outputs(outputs: int, groups: int) -> tuple[Callable[..., Tensor], Callable[..., Array]]:
    """`batched_conv2d` as a two-operand op whose weight travels as (B, O*C/G, h, w)."""

    def op(search: Tensor, template: Tensor, **keywords: object) -> Tensor:
        weight = template.unflatten(1, (outputs, -1))
        return ops.batched_conv2d(search, weight, groups=groups, **keywords)

    def loops(search: Array, template: Array, **keywords: object) -> Array:
        batch, _, *size = template.shape
        weight = template.reshape(batch, outputs, -1, *size)
        return correlate_loops(search, weight, groups=groups, **window_of(keywords))

    return op, loops


class TestBatchedConv2d(OpContract):
    op, loops = map(staticmethod, _with_outputs(6, 1))
    cases = [
        Case((3, 4, 7, 9), (3, 24, 3, 2)),
        Case((2, 3, 9, 8), (2, 18, 3, 2), (("dilation", (2, 3)), ("padding", 1))),
        Case((2, 2, 9, 8), (2, 12, 3, 3), (("stride", 2), ("padding", (3, 0)), ("dilation", 2))),
    ]


class TestBatchedConv2dGrouped(OpContract):
    op, loops = map(staticmethod, _with_outputs(6, 2))
    cases = [
        Case((3, 4, 7, 9), (3, 12, 3, 2)),
        Case((2, 4, 9, 8), (2, 12, 3, 2), (("dilation", (2, 3)), ("padding", 1))),
        Case((1, 4, 7, 7), (3, 12, 2, 2), (("stride", (1, 3)),)),
        Case((3, 4, 7, 7), (1, 12, 2, 2), (("stride", 2), ("padding", 4))),
    ]
