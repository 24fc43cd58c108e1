"""CFNet's head: equal to the steps of its formula, with gradients through the solution."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from siamcorr.errors import InvalidArgument, ShapeError
from siamcorr.nn.heads import HEADS, CorrelationFilterHead


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def twin_response(
    search: np.ndarray, template: np.ndarray, kernel_size: int, sigma: float, strength: float
) -> np.ndarray:
    """One sample: window, ridge regression as one dense system over all shifts, crop, correlate."""
    channels, height, width = template.shape
    rows, columns = np.hanning(height), np.hanning(width)
    windowed = template * np.outer(rows, columns)
    shifts, wanted = [], []
    for i in range(height):
        for j in range(width):
            shifts.append(np.roll(windowed, (-i, -j), (1, 2)).ravel())
            dy, dx = min(i, height - i), min(j, width - j)
            wanted.append(np.exp(-(dx**2 + dy**2) / (2 * sigma**2)))
    x, y, n = np.array(shifts), np.array(wanted), height * width
    kernel = np.linalg.solve(x.T @ x / n + strength * np.eye(x.shape[1]), x.T @ y / n)
    top, left = (height - kernel_size) // 2, (width - kernel_size) // 2
    kernel = kernel.reshape(channels, height, width)
    kernel = kernel[:, top : top + kernel_size, left : left + kernel_size]
    size = search.shape[1] - kernel_size + 1, search.shape[2] - kernel_size + 1
    response = np.zeros(size)
    for i, j in np.ndindex(size):
        response[i, j] = (search[:, i : i + kernel_size, j : j + kernel_size] * kernel).sum()
    return response


def test_equals_a_dense_ridge_regression() -> None:
    search, template = draw(2, 2, 9, 9), draw(2, 2, 7, 7, seed=1)
    head = CorrelationFilterHead(3, sigma=0.8, regularization=0.05).double()
    with torch.no_grad():
        head.scale.fill_(1.7)
        head.bias.fill_(-0.4)
        response = head(search, template)
    assert response.shape == (2, 1, 7, 7)
    for b in range(2):
        expected = twin_response(search[b].numpy(), template[b].numpy(), 3, 0.8, 0.05)
        np.testing.assert_allclose(response[b, 0].numpy(), 1.7 * expected - 0.4, atol=1e-10)


def test_convention_no_displacement_is_the_middle_and_a_shift_moves_the_peak() -> None:
    torch.manual_seed(0)
    world = torch.rand(1, 8, 45, 45)
    head = CorrelationFilterHead(9)
    template = world[:, :, 10:31, 10:31]
    for dy, dx in [(0, 0), (3, -2), (-4, 1)]:
        search = world[:, :, 10 + dy : 31 + dy, 10 + dx : 31 + dx]
        response = head(search, template)[0, 0]  # (13, 13)
        peak = divmod(int(response.argmax()), response.shape[-1])
        assert peak == (6 - dy, 6 - dx)


def test_a_sample_does_not_depend_on_its_batch() -> None:
    search, template = draw(5, 4, 13, 13).float(), draw(5, 4, 13, 13, seed=1).float()
    head = CorrelationFilterHead(5, backend="matmul")
    together = head(search, template)
    alone = torch.cat([head(search[i : i + 1], template[i : i + 1]) for i in range(5)])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-6)


def test_gradients_pass_through_the_solution() -> None:
    head = CorrelationFilterHead(3, learn_regularization=True).double()
    search, template = draw(1, 2, 7, 7).requires_grad_(), draw(1, 2, 5, 5, seed=1).requires_grad_()
    names = [name for name, _ in head.named_parameters()]
    assert sorted(names) == ["bias", "filter.log_regularization", "scale"]
    assert torch.autograd.gradcheck(
        lambda x, z, *_: head(x, z), (search, template, *head.parameters())
    )


def test_it_learns_to_find_what_plain_features_miss() -> None:
    """A 1x1 embedding of one channel that both crops share and five that are noise."""
    torch.manual_seed(0)
    embed = torch.nn.Conv2d(6, 4, 1, bias=False)
    head = CorrelationFilterHead(7, regularization=0.1)
    optimiser = torch.optim.Adam([*embed.parameters(), *head.parameters()], lr=0.02)
    labels = torch.zeros(8, 1, 15, 15)
    labels[:, :, 7, 7] = 1

    def respond(count: int) -> torch.Tensor:
        shared = torch.randn(count, 1, 21, 21)
        crops = [torch.cat((shared, 2 * torch.randn(count, 5, 21, 21)), 1) for _ in range(2)]
        return head(embed(crops[0]), embed(crops[1]))

    def found() -> float:
        with torch.no_grad():
            return (respond(200).flatten(1).argmax(1) == 7 * 15 + 7).float().mean().item()

    before = found()
    for _ in range(50):
        optimiser.zero_grad()
        cost = torch.nn.functional.binary_cross_entropy_with_logits
        cost(respond(8), labels, pos_weight=torch.tensor(224.0)).backward()
        optimiser.step()
    assert before < 0.2
    assert found() > 0.7


def test_bad_sizes_and_numbers_are_refused() -> None:
    assert HEADS["correlation_filter"] is CorrelationFilterHead
    head = CorrelationFilterHead(4)
    for search, template in [(9, 8), (8, 7), (6, 8), (2, 2)]:
        with pytest.raises(ShapeError, match="by even numbers of cells"):
            head(torch.zeros(1, 2, search, search), torch.zeros(1, 2, template, template))
    with pytest.raises(InvalidArgument, match="kernel_size must be an int >= 1, got 0"):
        CorrelationFilterHead(0)
    with pytest.raises(InvalidArgument, match="sigma must be > 0, got 0"):
        CorrelationFilterHead(4, sigma=0.0)
    with pytest.raises(InvalidArgument, match="regularization"):
        CorrelationFilterHead(4, regularization=-1.0)
