"""Boxes, overlaps, crops, windows and scales: geometry of tracking that knows no network."""

from __future__ import annotations

from siamcorr.geometry.boxes import (
    as_boxes_xywh,
    cxcywh_to_xywh,
    xywh_to_cxcywh,
    xywh_to_xyxy,
    xyxy_to_xywh,
)
from siamcorr.geometry.crops import context_side, crop_squares, mean_colour
from siamcorr.geometry.overlap import box_overlap
from siamcorr.geometry.polygons import polygon_area, polygon_overlap
from siamcorr.geometry.rasters import box_corners, raster_overlap, raster_overlaps
from siamcorr.geometry.scales import scale_pyramid
from siamcorr.geometry.warps import crop_windows
from siamcorr.geometry.windows import hann_window_2d

__all__ = [
    "as_boxes_xywh",
    "box_corners",
    "box_overlap",
    "context_side",
    "crop_squares",
    "crop_windows",
    "cxcywh_to_xywh",
    "hann_window_2d",
    "mean_colour",
    "polygon_area",
    "polygon_overlap",
    "raster_overlap",
    "raster_overlaps",
    "scale_pyramid",
    "xywh_to_cxcywh",
    "xywh_to_xyxy",
    "xyxy_to_xywh",
]
