"""The Siamese model and its preprocessing: stateless, search first, RGB in."""

from __future__ import annotations

import pytest
import torch

from siamcorr.config import parse_config
from siamcorr.errors import ConfigError, UnknownName
from siamcorr.models import ModelSettings, Preprocessing, SiameseModel, build_model
from siamcorr.nn.backbones import FixedFilters
from siamcorr.nn.heads import NCCHead


@pytest.fixture
def model() -> SiameseModel:
    return build_model(ModelSettings(backbone="fixed_filters", head="ncc")).eval()


def test_forward_is_the_head_on_both_embeddings(model: SiameseModel) -> None:
    search, template = torch.rand(2, 3, 64, 64) * 255, torch.rand(2, 3, 32, 32) * 255
    network = FixedFilters()
    expected = NCCHead()(network(search), network(template))
    assert torch.equal(model(search, template), expected)
    assert torch.equal(
        model.compare(model.embed_search(search), model.embed_template(template)), expected
    )


def test_convention_model_takes_search_first(model: SiameseModel) -> None:
    search, template = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 32, 32)
    assert model(search, template).shape == (1, 1, 9, 9)
    with pytest.raises(ValueError, match="template"):
        model(template, search)


def test_the_model_keeps_nothing_between_calls(model: SiameseModel) -> None:
    crop, other = torch.rand(1, 3, 32, 32) * 255, torch.rand(1, 3, 32, 32) * 255
    first = model.embed_template(crop)
    model.embed_template(other)
    assert torch.equal(model.embed_template(crop), first)
    assert set(vars(model)) == set(
        vars(build_model(ModelSettings(backbone="fixed_filters", head="ncc")))
    )


def test_stride_is_the_backbones(model: SiameseModel) -> None:
    assert model.stride == 4
    assert build_model(ModelSettings(backbone="alexnet_v1", head="siamfc")).stride == 8


def test_convention_frames_are_rgb() -> None:
    """Crops are RGB; a model that was trained on BGR says so in its record."""
    crop = torch.tensor([[[[1, 2, 3]]]], dtype=torch.uint8)
    assert Preprocessing().apply(crop).flatten().tolist() == [1, 2, 3]
    assert Preprocessing(channels="bgr").apply(crop).flatten().tolist() == [3, 2, 1]


def test_normalisation_is_in_the_order_of_the_model() -> None:
    crop = torch.tensor([[[[10, 20, 30]]]], dtype=torch.uint8)
    record = Preprocessing(channels="bgr", mean=(3.0, 2.0, 1.0), std=(1.0, 2.0, 4.0))
    prepared = record.apply(crop)
    assert prepared.shape == (1, 3, 1, 1)
    assert prepared.dtype == torch.float32
    assert prepared.flatten().tolist() == [27, 9, 2.25]


def test_unknown_parts_are_named() -> None:
    with pytest.raises(UnknownName, match="backbone 'alexnet_v2'; did you mean 'alexnet_v1'"):
        build_model(ModelSettings(backbone="alexnet_v2", head="siamfc"))
    with pytest.raises(UnknownName, match="unknown head 'siamfcc'; did you mean 'siamfc'"):
        build_model(ModelSettings(backbone="alexnet_v1", head="siamfcc"))
    with pytest.raises(UnknownName, match="matmull"):
        build_model(ModelSettings(backbone="alexnet_v1", head="siamfc", xcorr_backend="matmull"))
    with pytest.raises(ConfigError, match=r"x.yaml: unknown key 'hed'; did you mean 'head'"):
        parse_config({"backbone": "alexnet_v1", "head": "ncc", "hed": 1}, ModelSettings, "x.yaml")
