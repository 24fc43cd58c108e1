"""Heads: search and template features to responses, chosen by name from `HEADS`."""

from __future__ import annotations

from siamcorr.nn.heads.correlation_filter import CorrelationFilterHead
from siamcorr.nn.heads.nanotrack import NanoTrackV1Head, NanoTrackV2Head, NanoTrackV3Head
from siamcorr.nn.heads.ncc import NCCHead
from siamcorr.nn.heads.outputs import BoxOutput
from siamcorr.nn.heads.point import DepthwisePointHead
from siamcorr.nn.heads.registry import HEADS
from siamcorr.nn.heads.rpn import DepthwiseRPNHead, MultiLevelRPNHead
from siamcorr.nn.heads.rpn_upchannel import UpChannelRPNHead
from siamcorr.nn.heads.siamfc import SiamFCHead
from siamcorr.nn.heads.siammask import SiamMaskHead

__all__ = [
    "HEADS",
    "BoxOutput",
    "CorrelationFilterHead",
    "DepthwisePointHead",
    "DepthwiseRPNHead",
    "MultiLevelRPNHead",
    "NCCHead",
    "NanoTrackV1Head",
    "NanoTrackV2Head",
    "NanoTrackV3Head",
    "SiamFCHead",
    "SiamMaskHead",
    "UpChannelRPNHead",
]
