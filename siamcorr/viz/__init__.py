"""Drawing only, arrays in and arrays out: boxes, trails and response maps on RGB frames."""

from siamcorr.viz.boxes import box_corners, draw_polygon, draw_trail
from siamcorr.viz.colors import heat_colors, id_color
from siamcorr.viz.frames import draw_frame, draw_targets
from siamcorr.viz.panel import attach_panel, panel_layout, response_cell
from siamcorr.viz.responses import heat_in_frame, normalise_response, overlay_responses
from siamcorr.viz.text import draw_label

__all__ = [
    "attach_panel",
    "box_corners",
    "draw_frame",
    "draw_label",
    "draw_polygon",
    "draw_targets",
    "draw_trail",
    "heat_colors",
    "heat_in_frame",
    "id_color",
    "normalise_response",
    "overlay_responses",
    "panel_layout",
    "response_cell",
]
