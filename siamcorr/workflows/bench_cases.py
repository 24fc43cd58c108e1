"""The shapes of the op benchmark and its baseline: the classic formulation, written out here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from siamcorr import ops
from siamcorr.ops.problem import Problem, Window, describe
from siamcorr.ops.roofline import least_seconds, work
from siamcorr.workflows.machine_limits import Limits

__all__ = ["BASELINES", "OPS", "BenchCase", "device_cases", "exact", "headline_cases", "wide_cases"]

Shape = tuple[int, int, int, int]
Op = Callable[..., Tensor]
_HEAVY = 2e10
"""Multiplications."""


@dataclass(frozen=True)
class BenchCase:
    """One call: the op and the shapes of search and template, (B, C, H, W) each."""

    op: str
    search: Shape
    template: Shape
    backward: bool = False

    def operands(
        self, seed: int = 0, *, device: str = "cpu", dtype: torch.dtype = torch.float32
    ) -> tuple[Tensor, Tensor]:
        """Standard normal operands, which record gradients for `backward`."""
        generator = torch.Generator().manual_seed(seed)
        x, z = (
            torch.randn(shape, generator=generator).to(device, dtype)
            for shape in (self.search, self.template)
        )
        return x.requires_grad_(self.backward), z.requires_grad_(self.backward)

    def problem(self, device: str, dtype: torch.dtype) -> Problem:
        """The correlation that the op makes of the two shapes."""
        x, z = (torch.empty(shape, device="meta") for shape in (self.search, self.template))
        kernel, groups = KERNELS[self.op](x, z)
        batch = max(len(x), len(z))
        window = Window((1, 1), (0, 0), (1, 1), groups)
        described = describe(x.expand(batch, -1, -1, -1), kernel, window, dtype)
        return described._replace(device=device)

    def least_seconds(self, device: str, dtype: torch.dtype, limits: Limits) -> float:
        """The roofline of the call: of one map, or of the three of forward and backward."""
        counted = work(self.problem(device, dtype))
        return (3 if self.backward else 1) * least_seconds(counted, **asdict(limits))

    @property
    def heavy(self) -> bool:
        """Whether the classic formulation takes many seconds."""
        (batch, channels, *large), (*_, rows, columns) = self.search, self.template
        cells = (large[0] - rows + 1) * (large[1] - columns + 1)
        return batch * channels * rows * columns * cells > _HEAVY

    @property
    def name(self) -> str:
        """Such as `xcorr 8x256 6x6 on 22x22 forward+backward`."""
        (bx, channels, *large), (bz, up, *small) = self.search, self.template
        batch = str(bx) if bx == bz else f"{bx} search : {bz} template"
        outputs = f" K={up // channels}" if self.op == "xcorr_upchannel" else ""
        sizes = f"{small[0]}x{small[1]} on {large[0]}x{large[1]}"
        direction = "forward+backward" if self.backward else "forward"
        return f"{self.op} batch {batch} C={channels}{outputs} {sizes} {direction}"


def _classic(op: str) -> Op:
    def classic(x: Tensor, z: Tensor) -> Tensor:
        return _classic_grouped(x, *KERNELS[op](x, z))

    return classic


def _classic_grouped(x: Tensor, kernels: Tensor, groups: int) -> Tensor:
    """Fold the batch into the groups of one convolution; kernels are (B, O, C/G, h, w)."""
    batch = max(x.shape[0], kernels.shape[0])
    x, kernels = x.expand(batch, -1, -1, -1), kernels.expand(batch, -1, -1, -1, -1)
    folded = F.conv2d(
        x.reshape(1, -1, *x.shape[2:]),
        kernels.reshape(-1, *kernels.shape[2:]),
        groups=batch * groups,
    )
    return folded.reshape(batch, -1, *folded.shape[2:])


def exact(case: BenchCase, *, device: str = "cpu", dtype: torch.dtype = torch.float32) -> Tensor:
    """The response in float64; by spectra where the classic formulation would need 500 GB.

    Args:
        case: the call.
        device: where its operands are.
        dtype: to which its operands are rounded.
    """
    operands = case.operands(device=device, dtype=dtype)
    x, z = (tensor.detach().double() for tensor in operands)
    return _spectral_xcorr(x, z) if case.heavy else BASELINES[case.op](x, z)


def _spectral_xcorr(x: Tensor, z: Tensor) -> Tensor:
    """`xcorr` as a product of spectra, one channel at a time; no cell wraps around."""
    size = x.shape[2], x.shape[3]
    total = sum(
        torch.fft.rfft2(x[:, c], s=size) * torch.fft.rfft2(z[:, c], s=size).conj()
        for c in range(x.shape[1])
    )
    cells: Tensor = torch.fft.irfft2(torch.as_tensor(total), s=size)
    return cells[:, None, : size[0] - z.shape[2] + 1, : size[1] - z.shape[3] + 1]


KERNELS: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, int]]] = {
    "xcorr": lambda x, z: (z[:, None], 1),
    "xcorr_depthwise": lambda x, z: (z[:, :, None], x.shape[1]),
    "xcorr_upchannel": lambda x, z: (z.reshape(len(z), -1, x.shape[1], *z.shape[2:]), 1),
    "xcorr_pixelwise": lambda x, z: (z.flatten(2).transpose(1, 2)[..., None, None], 1),
}
"""Kernels (B, O, C/G, h, w) and the number of groups, written out here like the baseline."""
BASELINES: dict[str, Op] = {name: _classic(name) for name in KERNELS}
OPS: dict[str, Op] = {name: getattr(ops, name) for name in BASELINES}


def headline_cases() -> list[BenchCase]:
    """The shapes of the papers: SiamFC, SiamRPN++, and one very large template."""
    cases = [
        BenchCase("xcorr", (b, 256, 22, 22), (b, 256, 6, 6), backward)
        for b in (1, 8, 32)
        for backward in (False, True)
    ]
    cases += [
        BenchCase("xcorr_depthwise", (b, 256, 29, 29), (b, 256, 5, 5), backward)
        for b in (1, 8, 28)
        for backward in (False, True)
    ]
    return [*cases, BenchCase("xcorr", (1, 256, 255, 255), (1, 256, 127, 127))]


def wide_cases() -> list[BenchCase]:
    """A wide grid: every op, few to many channels and samples, tiny to large templates."""
    batches = (1, 8)
    sizes = ((3, 9), (4, 20), (5, 24), (7, 31), (8, 16), (13, 25), (17, 61), (31, 63))
    shapes = [
        (op, (b, c, x, x), (b, c, z, z))
        for op in ("xcorr", "xcorr_depthwise")
        for b in batches
        for c in (32, 256)
        for z, x in sizes
        if b * c * z * z * (x - z + 1) ** 2 < 2e9
    ]
    shapes += [
        ("xcorr_upchannel", (b, c, x, x), (b, k * c, z, z))
        for b in batches
        for c, k in ((64, 10), (256, 10), (256, 20))
        for z, x in ((4, 20), (5, 24))
    ]
    shapes += [
        ("xcorr_pixelwise", (b, c, x, x), (b, c, z, z))
        for b in batches
        for c in (48, 96, 256)
        for z, x in ((4, 16), (8, 16), (8, 31))
    ]
    shapes += [
        (op, (bx, c, 22, 22), (bz, c, 6, 6))
        for op in ("xcorr", "xcorr_depthwise")
        for bx, bz in ((1, 4), (1, 16), (4, 1), (16, 1))
        for c in (64, 256)
    ]
    return [BenchCase(*shape, backward) for shape in shapes for backward in (False, True)]


def device_cases() -> list[BenchCase]:
    """For accelerators: the shapes of the papers in batches of training, small ones, large ones."""
    shapes = [("xcorr", (b, 256, 22, 22), (b, 256, 6, 6)) for b in (1, 8, 32, 64)]  # SiamFC
    shapes += [
        ("xcorr_depthwise", (b, 256, x, x), (b, 256, z, z))
        for z, x in ((5, 29), (7, 31))
        for b in (1, 8, 28, 64)
    ]  # SiamRPN++ with and without the centre crop
    shapes += [
        ("xcorr_upchannel", (b, 256, 20, 20), (b, 256 * k, 4, 4))
        for k in (10, 20)
        for b in (1, 8, 32)
    ]  # SiamRPN
    shapes += [
        ("xcorr_pixelwise", (b, c, 16, 16), (b, c, 8, 8)) for c in (48, 96) for b in (1, 32, 128)
    ]  # NanoTrack
    shapes += [
        (op, (b, c, x, x), (b, c, z, z))
        for op in ("xcorr", "xcorr_depthwise")
        for b, c, z, x in ((8, 64, 17, 61), (8, 256, 17, 61), (2, 256, 31, 63), (1, 32, 63, 127))
    ]  # large templates
    return [BenchCase(*shape, backward) for shape in shapes for backward in (False, True)]
