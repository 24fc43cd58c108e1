"""Heads of SiamFC and of the fixed filters against loops and OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from siamcorr.errors import UnknownName
from siamcorr.nn.heads import HEADS, NCCHead, SiamFCHead


def test_siamfc_head_is_the_correlation_times_a_thousandth() -> None:
    search, template = torch.rand(2, 3, 6, 7), torch.rand(2, 3, 3, 2)
    response = SiamFCHead()(search, template)
    assert response.shape == (2, 1, 4, 6)
    for b, i, j in np.ndindex(2, 4, 6):
        window = search[b, :, i : i + 3, j : j + 2]
        assert response[b, 0, i, j].item() == pytest.approx(
            1e-3 * (window * template[b]).sum().item(), rel=1e-5
        )


def test_ncc_head_equals_opencv() -> None:
    search, template = torch.rand(1, 1, 20, 24), torch.rand(1, 1, 7, 5)
    expected = cv2.matchTemplate(search[0, 0].numpy(), template[0, 0].numpy(), cv2.TM_CCOEFF_NORMED)
    response = NCCHead()(search, template)[0, 0].numpy()
    np.testing.assert_allclose(response, expected, atol=1e-5)


@pytest.mark.parametrize("head", [SiamFCHead, NCCHead])
def test_convention_search_first_template_second(head: type[torch.nn.Module]) -> None:
    """The first argument is the larger map; swapped, the template would not fit."""
    search, template = torch.rand(1, 2, 9, 9), torch.rand(1, 2, 3, 3)
    assert head()(search, template).shape == (1, 1, 7, 7)
    with pytest.raises(ValueError, match="template"):
        head()(template, search)


@pytest.mark.parametrize("head", [SiamFCHead, NCCHead])
def test_the_named_backend_runs(head: type[torch.nn.Module]) -> None:
    search, template = torch.rand(1, 2, 9, 9), torch.rand(1, 2, 3, 3)
    responses = [head(backend=name)(search, template) for name in ("conv2d", "matmul", "fft")]
    torch.testing.assert_close(responses[1], responses[0], rtol=1e-4, atol=1e-6)
    torch.testing.assert_close(responses[2], responses[0], rtol=1e-4, atol=1e-6)
    with pytest.raises(UnknownName, match="matmul"):
        head(backend="matmull")(search, template)


def test_heads_by_name() -> None:
    assert HEADS["siamfc"] is SiamFCHead
    assert HEADS["ncc"] is NCCHead
