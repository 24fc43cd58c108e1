"""Backbones: crops to features, chosen by name from `BACKBONES`."""

from __future__ import annotations

from siamcorr.nn.backbones.alexnet import AlexNet
from siamcorr.nn.backbones.alexnet_v1 import AlexNetV1
from siamcorr.nn.backbones.colour_bins import ColourBins
from siamcorr.nn.backbones.compact import Compact
from siamcorr.nn.backbones.filter_features import FilterFeatures
from siamcorr.nn.backbones.fixed_filters import FixedFilters
from siamcorr.nn.backbones.grey import Grey
from siamcorr.nn.backbones.hog import Hog
from siamcorr.nn.backbones.mobilenet_v2 import DilatedMobileNetV2
from siamcorr.nn.backbones.mobilenet_v3 import NanoMobileNetV3
from siamcorr.nn.backbones.registry import BACKBONES
from siamcorr.nn.backbones.resnet import DilatedResNet50
from siamcorr.nn.backbones.torchvision_features import TorchvisionFeatures

__all__ = [
    "BACKBONES",
    "AlexNet",
    "AlexNetV1",
    "ColourBins",
    "Compact",
    "DilatedMobileNetV2",
    "DilatedResNet50",
    "FilterFeatures",
    "FixedFilters",
    "Grey",
    "Hog",
    "NanoMobileNetV3",
    "TorchvisionFeatures",
]
