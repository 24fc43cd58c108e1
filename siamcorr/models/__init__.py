"""Siamese models: backbone, neck and head under one roof, built by name, loaded strictly."""

from __future__ import annotations

from siamcorr.models.factory import ModelSettings, build_model
from siamcorr.models.importers import import_state_dict, infer_variant
from siamcorr.models.preprocessing import Preprocessing
from siamcorr.models.record import WeightsRecord, read_record
from siamcorr.models.siamese import SiameseModel
from siamcorr.models.weights import (
    load_weights,
    read_metadata,
    read_state_dict,
    save_safetensors,
)

__all__ = [
    "ModelSettings",
    "Preprocessing",
    "SiameseModel",
    "WeightsRecord",
    "build_model",
    "import_state_dict",
    "infer_variant",
    "load_weights",
    "read_metadata",
    "read_record",
    "read_state_dict",
    "save_safetensors",
]
