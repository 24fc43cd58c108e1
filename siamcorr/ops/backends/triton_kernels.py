"""Triton kernels of the three bilinear maps; imported when the backend `triton` first runs.

All count in the same letters: G groups; R channels of a group that are made and Q that are summed
over; P places of the response, flattened; T taps, flattened. Sums run in ACC, which is float32, or
float64 for float64; FACTOR is the dtype of what `tl.dot` multiplies. Where the summed axis is cut
into parts, every part writes its own sum, and the caller adds them: no atomic addition, so that
results do not depend on the order of programs.
"""

# mypy: ignore-errors
from __future__ import annotations

import triton
import triton.language as tl

__all__ = ["gather", "gather_dot", "taps", "taps_dot"]


@triton.jit
def _source(
    place, tap, length, S: tl.constexpr, P: tl.constexpr, D: tl.constexpr, SPREAD: tl.constexpr
):
    """Along one axis: the source cell that a tap brings to a place, and whether there is one.

    Gathering as in the forward map, cell = place * S - P + tap * D; spreading as in the input
    gradient, place = cell * S - P + tap * D.
    """
    if SPREAD:
        scaled = place + P - tap * D
        cell = scaled // S
        inside = (scaled >= 0) & (cell * S == scaled) & (cell < length)
    else:
        cell = place * S - P + tap * D
        inside = (cell >= 0) & (cell < length)
    return cell, inside


@triton.jit
def gather(
    source, kernel, made, G, R, Q, source_rows, source_columns, rows, columns,
    kernel_batch, kernel_made, kernel_summed, share,
    SY: tl.constexpr, SX: tl.constexpr, PY: tl.constexpr, PX: tl.constexpr,
    DY: tl.constexpr, DX: tl.constexpr, KY: tl.constexpr, KX: tl.constexpr,
    SPREAD: tl.constexpr, ACC: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """made[part, b, g, r, p] = sum_{q, t} kernel[b, g, r, q, t] * source[b, g, q, p at t].

    One program makes BLOCK_P places of one channel: for few channels a group.
    """
    places = rows * columns
    tiles = tl.cdiv(places, BLOCK_P)
    plane, tile = tl.program_id(0) // tiles, tl.program_id(0) % tiles
    sample, group, channel = plane // (G * R), plane // R % G, plane % R
    cells = source_rows * source_columns
    source += (sample.to(tl.int64) * G + group) * Q * cells
    kernel += sample.to(tl.int64) * kernel_batch + group * R * Q * KY * KX + channel * kernel_made

    p = tile * BLOCK_P + tl.arange(0, BLOCK_P)
    i, j, here = p // columns, p % columns, p < places
    first = tl.program_id(1) * share
    last = tl.minimum(first + share, Q)
    total = tl.zeros((BLOCK_Q, BLOCK_P), ACC)
    for start in range(first, last, BLOCK_Q):
        q = start + tl.arange(0, BLOCK_Q)
        for u in range(KY):
            row, row_inside = _source(i, u, source_rows, SY, PY, DY, SPREAD)
            for v in range(KX):
                column, inside = _source(j, v, source_columns, SX, PX, DX, SPREAD)
                seen = (here & row_inside & inside)[None, :] & (q < last)[:, None]
                at = q[:, None] * cells + (row * source_columns + column)[None, :]
                x = tl.load(source + at, mask=seen, other=0).to(ACC)
                k = tl.load(kernel + q * kernel_summed + u * KX + v, mask=q < last, other=0)
                total += k.to(ACC)[:, None] * x
    planes = tl.num_programs(0) // tiles
    at = (tl.program_id(1).to(tl.int64) * planes + plane) * places + p
    tl.store(made + at, tl.sum(total, 0).to(made.dtype.element_ty), mask=here)


@triton.jit
def gather_dot(
    source, kernel, made, G, R, Q, source_rows, source_columns, rows, columns,
    kernel_batch, kernel_made, kernel_summed, share,
    SY: tl.constexpr, SX: tl.constexpr, PY: tl.constexpr, PX: tl.constexpr,
    DY: tl.constexpr, DX: tl.constexpr, KY: tl.constexpr, KX: tl.constexpr,
    SPREAD: tl.constexpr, ACC: tl.constexpr, FACTOR: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_Q: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """As `gather`, as matrix products: one program makes BLOCK_R channels at BLOCK_P places."""
    places = rows * columns
    tiles, blocks = tl.cdiv(places, BLOCK_P), tl.cdiv(R, BLOCK_R)
    tile, block = tl.program_id(0) % tiles, tl.program_id(0) // tiles % blocks
    plane = tl.program_id(0) // (tiles * blocks)  # sample * G + group
    cells = source_rows * source_columns
    source += plane.to(tl.int64) * Q * cells
    kernel += (plane // G).to(tl.int64) * kernel_batch + plane % G * R * Q * KY * KX

    p = tile * BLOCK_P + tl.arange(0, BLOCK_P)
    r = block * BLOCK_R + tl.arange(0, BLOCK_R)
    i, j, here = p // columns, p % columns, p < places
    first = tl.program_id(1) * share
    last = tl.minimum(first + share, Q)
    total = tl.zeros((BLOCK_R, BLOCK_P), ACC)
    for start in range(first, last, BLOCK_Q):
        q = start + tl.arange(0, BLOCK_Q)
        filled = (r < R)[:, None] & (q < last)[None, :]
        for u in range(KY):
            row, row_inside = _source(i, u, source_rows, SY, PY, DY, SPREAD)
            for v in range(KX):
                column, inside = _source(j, v, source_columns, SX, PX, DX, SPREAD)
                seen = (here & row_inside & inside)[None, :] & (q < last)[:, None]
                at = q[:, None] * cells + (row * source_columns + column)[None, :]
                x = tl.load(source + at, mask=seen, other=0)
                at = r[:, None] * kernel_made + q[None, :] * kernel_summed + u * KX + v
                k = tl.load(kernel + at, mask=filled, other=0)
                total = tl.dot(k.to(FACTOR), x.to(FACTOR), total, input_precision="ieee")
    planes = tl.num_programs(0) // (tiles * blocks)
    channel = (tl.program_id(1).to(tl.int64) * planes + plane) * R + r
    at = channel[:, None] * places + p[None, :]
    filled = (r < R)[:, None] & here[None, :]
    tl.store(made + at, total.to(made.dtype.element_ty), mask=filled)


@triton.jit
def taps(
    source, gradient, made, G, R, Q, B, source_rows, source_columns, rows, columns, share,
    SY: tl.constexpr, SX: tl.constexpr, PY: tl.constexpr, PX: tl.constexpr,
    DY: tl.constexpr, DX: tl.constexpr, KY: tl.constexpr, KX: tl.constexpr,
    ACC: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """made[part, b, g, r, q, t] = sum_p gradient[b, g, r, p] * source[b, g, q, p at t].

    Every program adds up B samples: 1, or all where they share a kernel. One program makes BLOCK_T
    of the Q * T taps of one channel.
    """
    places, cells, all_taps = rows * columns, source_rows * source_columns, Q * KY * KX
    tiles = tl.cdiv(all_taps, BLOCK_T)
    plane, tile = tl.program_id(0) // tiles, tl.program_id(0) % tiles
    sample, group, channel = plane // (G * R), plane // R % G, plane % R
    t = tile * BLOCK_T + tl.arange(0, BLOCK_T)
    q, u, v, known = t // (KY * KX), t // KX % KY, t % KX, t < all_taps
    first = tl.program_id(1) * share
    last = tl.minimum(first + share, places)
    total = tl.zeros((BLOCK_T, BLOCK_P), ACC)
    for b in range(B):
        x_group = source + ((sample * B + b).to(tl.int64) * G + group) * Q * cells
        g_plane = gradient + (((sample * B + b).to(tl.int64) * G + group) * R + channel) * places
        for start in range(first, last, BLOCK_P):
            p = start + tl.arange(0, BLOCK_P)
            i, j, here = (p // columns)[None, :], (p % columns)[None, :], p < last
            row, row_inside = _source(i, u[:, None], source_rows, SY, PY, DY, False)
            column, inside = _source(j, v[:, None], source_columns, SX, PX, DX, False)
            seen = row_inside & inside & here[None, :] & known[:, None]
            at = q[:, None] * cells + row * source_columns + column
            x = tl.load(x_group + at, mask=seen, other=0).to(ACC)
            g = tl.load(g_plane + p, mask=here, other=0).to(ACC)
            total += g[None, :] * x
    planes = tl.num_programs(0) // tiles
    at = (tl.program_id(1).to(tl.int64) * planes + plane) * all_taps + t
    tl.store(made + at, tl.sum(total, 1).to(made.dtype.element_ty), mask=known)


@triton.jit
def taps_dot(
    source, gradient, made, G, R, Q, B, source_rows, source_columns, rows, columns, share,
    SY: tl.constexpr, SX: tl.constexpr, PY: tl.constexpr, PX: tl.constexpr,
    DY: tl.constexpr, DX: tl.constexpr, KY: tl.constexpr, KX: tl.constexpr,
    ACC: tl.constexpr, FACTOR: tl.constexpr,
    BLOCK_R: tl.constexpr, BLOCK_T: tl.constexpr, BLOCK_P: tl.constexpr,
):  # fmt: skip
    """As `taps`, as matrix products: one program makes BLOCK_T taps of BLOCK_R channels."""
    places, cells, all_taps = rows * columns, source_rows * source_columns, Q * KY * KX
    tiles, blocks = tl.cdiv(all_taps, BLOCK_T), tl.cdiv(R, BLOCK_R)
    tile, block = tl.program_id(0) % tiles, tl.program_id(0) // tiles % blocks
    plane = tl.program_id(0) // (tiles * blocks)  # sample * G + group
    t = tile * BLOCK_T + tl.arange(0, BLOCK_T)
    r = block * BLOCK_R + tl.arange(0, BLOCK_R)
    q, u, v, known = t // (KY * KX), t // KX % KY, t % KX, t < all_taps
    first = tl.program_id(1) * share
    last = tl.minimum(first + share, places)
    total = tl.zeros((BLOCK_R, BLOCK_T), ACC)
    for b in range(B):
        folded = (plane // G * B + b).to(tl.int64) * G + plane % G
        for start in range(first, last, BLOCK_P):
            p = start + tl.arange(0, BLOCK_P)
            i, j, here = (p // columns)[:, None], (p % columns)[:, None], p < last
            row, row_inside = _source(i, u[None, :], source_rows, SY, PY, DY, False)
            column, inside = _source(j, v[None, :], source_columns, SX, PX, DX, False)
            seen = row_inside & inside & here[:, None] & known[None, :]
            at = q[None, :] * cells + row * source_columns + column
            x = tl.load(source + folded * Q * cells + at, mask=seen, other=0)
            filled = (r < R)[:, None] & here[None, :]
            at = (folded * R + r[:, None]) * places + p[None, :]
            g = tl.load(gradient + at, mask=filled, other=0)
            total = tl.dot(g.to(FACTOR), x.to(FACTOR), total, input_precision="ieee")
    planes = tl.num_programs(0) // (tiles * blocks)
    channel = (tl.program_id(1).to(tl.int64) * planes + plane) * R + r
    at = channel[:, None] * all_taps + t[None, :]
    filled = (r < R)[:, None] & known[None, :]
    tl.store(made + at, total.to(made.dtype.element_ty), mask=filled)
