"""Pictures of training pairs: template, search crop with both boxes, and the response over it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from siamcorr.data.pairs import PairBatch
from siamcorr.models.siamese import SiameseModel
from siamcorr.tracking.box_tracker import BoxTracker
from siamcorr.types import FrameArray, ResponseMap, Tracker
from siamcorr.viz import box_corners, draw_polygon, overlay_responses

__all__ = ["Prediction", "draw_examples", "predictions"]

_TRUTH, _PREDICTED = (255, 255, 255), (255, 170, 0)


class Prediction(NamedTuple):
    """What a model says about one search crop.

    Attributes:
        response: scores and where they stand in the crop.
        box_xywh: (4,) of the highest score, in pixels of the crop.
    """

    response: ResponseMap
    box_xywh: Tensor


@torch.no_grad()
def draw_examples(tracker: Tracker, model: SiameseModel, batch: PairBatch) -> FrameArray:
    """Show pairs and what the model says about them, a row a pair.

    Args:
        tracker: around the model; it knows how boxes are decoded.
        model: in evaluation mode.
        batch: B pairs.

    Returns:
        (B * Sx, 3 * Sx, 3) RGB uint8: the template; the search crop with the true box (white) and
        the predicted one (orange); the response over the search crop.
    """
    found = predictions(tracker, model, batch)
    rows = []
    for i, prediction in enumerate(found):
        search = _as_frame(batch.search[i])
        template = _as_frame(batch.template[i])
        padded = np.zeros_like(search)
        padded[: template.shape[0], : template.shape[1]] = template
        boxes = search.copy()
        for box, colour in ((batch.boxes_xywh[i], _TRUTH), (prediction.box_xywh, _PREDICTED)):
            draw_polygon(boxes, box_corners(box.cpu().numpy()), colour, 1)
        rows.append(np.hstack([padded, boxes, overlay_responses(search, [prediction.response])]))
    return np.vstack(rows)


def predictions(tracker: Tracker, model: SiameseModel, batch: PairBatch) -> list[Prediction]:
    """Response and best box of every pair, without window and penalty."""
    output = model(model.normalise(batch.search), model.normalise(batch.template))
    if isinstance(tracker, BoxTracker):
        return _of_boxes(tracker, output, batch.search.shape[-1], model.stride)
    return _of_responses(output, batch, model.stride)


def _of_boxes(tracker: BoxTracker, output: Any, size: int, stride: int) -> list[Prediction]:
    scores, boxes = tracker.score(output), tracker.decode(output.loc)  # (B, M), (B, M, 4)
    cells = output.cls.shape[-1]
    maps = scores.reshape(len(scores), -1, cells, cells).amax(1)  # (B, S, S), the best anchor
    best = boxes[torch.arange(len(boxes)), scores.argmax(1)].double()  # (B, 4) about the centre
    corner = best[:, :2] + size / 2 - best[:, 2:] / 2
    found = torch.cat((corner, best[:, 2:]), 1)
    middle = cells // 2
    return [
        Prediction(_response(values, size, stride, middle), box)
        for values, box in zip(maps, found, strict=True)
    ]


def _of_responses(output: Tensor, batch: PairBatch, stride: int) -> list[Prediction]:
    """SiamFC predicts a place: the box is as large as the template's."""
    size = batch.search.shape[-1]
    maps = output[:, 0].float().cpu()  # (B, S, S)
    cells = maps.shape[-1]
    middle = (cells - 1) / 2
    best = maps.flatten(1).argmax(1)
    places = torch.stack((best % cells, best // cells), 1).double()  # (B, 2) x, y
    centres = size / 2 + (places - middle) * stride
    target = batch.template_boxes_xywh[:, 2:].double().cpu()
    found = torch.cat((centres - target / 2, target), 1)
    return [
        Prediction(_response(values, size, stride, middle), box)
        for values, box in zip(maps, found, strict=True)
    ]


def _response(values: Tensor, size: int, stride: int, middle: float) -> ResponseMap:
    """A map whose `middle` cell stands on the centre of a crop."""
    offset = size / 2 - middle * stride
    mapping = torch.tensor([[stride, 0.0, offset], [0.0, stride, offset]], dtype=torch.float64)
    return ResponseMap(values.float().cpu(), mapping, "raw")


def _as_frame(image: Tensor) -> FrameArray:
    """(3, S, S) float in 0 ... 255 to (S, S, 3) uint8."""
    pixels = image.permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(pixels.cpu().numpy())
