"""Small integer examples worked by hand, so that loops and backends cannot be wrong together."""

from __future__ import annotations

import pytest
import torch
from ops_contract import BACKENDS

from siamcorr import ops
from siamcorr.errors import ShapeError


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


SEARCH = torch.tensor([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]])
TEMPLATE = torch.tensor([[[[1.0, 0.0], [0.0, 10.0]]]])


def test_convention_correlation_does_not_flip(backend: str) -> None:
    # [[1 + 50, 2 + 60], [4 + 80, 5 + 90]]; a convolution would give 5 + 10, ...
    response = ops.xcorr(SEARCH, TEMPLATE, backend=backend)
    torch.testing.assert_close(response, torch.tensor([[[[51.0, 62.0], [84.0, 95.0]]]]))


def test_convention_search_first_template_second(backend: str) -> None:
    assert ops.xcorr(SEARCH, TEMPLATE, backend=backend).shape == (1, 1, 2, 2)
    with pytest.raises(ShapeError, match="the search comes first, the template second"):
        ops.xcorr(TEMPLATE, SEARCH, backend=backend)


def test_padding_and_stride(backend: str) -> None:
    # padded rows 0 0 0 0 0 / 0 1 2 3 0 / 0 4 5 6 0 / 0 7 8 9 0 / 0 0 0 0 0, every second window
    response = ops.xcorr(SEARCH, TEMPLATE, padding=1, stride=2, backend=backend)
    torch.testing.assert_close(response, torch.tensor([[[[10.0, 30.0], [70.0, 95.0]]]]))


def test_depthwise_keeps_channels_apart(backend: str) -> None:
    search = torch.cat((SEARCH, 100 * SEARCH), 1)
    template = torch.cat((TEMPLATE, torch.tensor([[[[0.0, 1.0], [0.0, 0.0]]]])), 1)
    response = ops.xcorr_depthwise(search, template, backend=backend)
    expected = [[[51.0, 62.0], [84.0, 95.0]], [[200.0, 300.0], [500.0, 600.0]]]
    torch.testing.assert_close(response, torch.tensor([expected]))


def test_convention_upchannel_template_channel_order(backend: str) -> None:
    search = torch.tensor([[[[2.0]], [[3.0]]]])  # C = 2
    template = torch.tensor([1.0, 10.0, 100.0, 1000.0]).view(1, 4, 1, 1)  # K = 2
    response = ops.xcorr_upchannel(search, template, backend=backend)
    torch.testing.assert_close(response.flatten(), torch.tensor([32.0, 3200.0]))


def test_convention_pixelwise_channels_are_template_cells_row_by_row(backend: str) -> None:
    search = torch.tensor([[[[2.0, 3.0]]]])
    template = torch.tensor([[[[1.0, 10.0], [100.0, 1000.0]]]])
    response = ops.xcorr_pixelwise(search, template, backend=backend)
    expected = [[2.0, 3.0], [20.0, 30.0], [200.0, 300.0], [2000.0, 3000.0]]
    torch.testing.assert_close(response[0, :, 0], torch.tensor(expected))


def test_bias_is_per_sample(backend: str) -> None:
    weight = torch.ones(2, 1, 1, 1, 1)
    bias = torch.tensor([[10.0], [20.0]])
    response = ops.batched_conv2d(torch.ones(2, 1, 1, 1), weight, bias, backend=backend)
    torch.testing.assert_close(response.flatten(), torch.tensor([11.0, 21.0]))


def test_ncc_of_a_copy_and_its_negative(backend: str) -> None:
    search = torch.tensor([[[[0.0, 1.0, 5.0, 5.0], [2.0, 3.0, 5.0, 5.0]]]])
    template = torch.tensor([[[[10.0, 12.0], [14.0, 16.0]]]])  # 2 x + 10 of the first window
    response = ops.ncc(search, template, backend=backend).flatten()
    assert response[0] == pytest.approx(1.0, abs=1e-6)
    assert response[2] == 0.0  # flat window
    assert ops.ncc(search, -template, backend=backend)[0, 0, 0, 0] == pytest.approx(-1, abs=1e-6)


def test_channel_affine_equals_a_grouped_1x1_convolution() -> None:
    x, scale, shift = torch.randn(2, 3, 4, 5), torch.randn(3), torch.randn(3)
    conv = torch.nn.functional.conv2d(x, scale.view(3, 1, 1, 1), shift, groups=3)
    torch.testing.assert_close(ops.channel_affine(x, scale, shift), conv)
    torch.testing.assert_close(
        ops.channel_affine(x, scale), conv - shift[:, None, None], rtol=1e-5, atol=1e-6
    )
