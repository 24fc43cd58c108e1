"""torch.compile: one graph for one target and one for any other number of them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import pytest
import torch
from torch._dynamo.testing import CompileCounterWithBackend

from siamcorr.config import find_config, read_yaml
from siamcorr.models import ModelSettings, build_model


@pytest.fixture(autouse=True)
def _fresh_compiler() -> Iterator[None]:
    torch._dynamo.reset()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["as configured", None])
@pytest.mark.parametrize("name", ["nanotrack_v2", "nanotrack_v3", "siamfc", "siamrpn_alex"])
def test_two_graphs_serve_every_number_of_targets(name: str, backend: str | None) -> None:
    """Whole graphs; tracing `nn.Conv2d` alone adds a guard of torch's own at 16 samples on CPU.

    It asks which of its CPU libraries would take the convolution, so these are hidden from it.
    """
    content = read_yaml(find_config("trackers", name))
    settings = ModelSettings.model_validate(content["model"])
    if backend is None:
        settings = settings.model_copy(update={"xcorr_backend": None})
    model = build_model(settings, pretrained=False).eval()
    counter = CompileCounterWithBackend("aot_eager")
    compiled = torch.compile(model.respond, backend=counter, fullgraph=True)
    with torch.no_grad(), torch.backends.nnpack.flags(enabled=False):
        for count in (1, 2, 3, 5, 8, 16):
            search = torch.randn(count, 3, content["search_size"], content["search_size"])
            crops = torch.randn(count, 3, content["template_size"], content["template_size"])
            template = model.embed_template(crops)
            if count > 1:
                torch._dynamo.mark_dynamic(search, 0)
                torch._dynamo.mark_dynamic(template, 0)
            with torch.backends.mkldnn.flags(enabled=False):
                _, traced = compiled(search, template)
                _, eager = model.respond(search, template)
            torch.testing.assert_close(traced, eager)
    assert counter.frame_count <= 2
