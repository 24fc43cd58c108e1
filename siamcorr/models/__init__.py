"""Siamese models: a backbone and a head under one roof, built by name, loaded strictly."""

from __future__ import annotations

from siamcorr.models.factory import ModelSettings, build_model
from siamcorr.models.preprocessing import Preprocessing
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import load_weights, read_state_dict, save_safetensors

__all__ = [
    "ModelSettings",
    "Preprocessing",
    "SiameseModel",
    "build_model",
    "load_weights",
    "read_state_dict",
    "save_safetensors",
]
