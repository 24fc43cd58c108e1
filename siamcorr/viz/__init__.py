"""Drawing only, arrays in: boxes, trails and responses on RGB frames, filmstrips and plots."""

from siamcorr.viz.boxes import box_corners, draw_polygon, draw_trail
from siamcorr.viz.colors import heat_colors, id_color
from siamcorr.viz.filmstrip import Film, FilmFrame, FilmTrack, choose_frames, draw_filmstrip
from siamcorr.viz.frames import draw_frame, draw_targets
from siamcorr.viz.panel import attach_panel, panel_layout, response_cell
from siamcorr.viz.plots import Curve, plot_curves, tracker_color
from siamcorr.viz.responses import heat_in_frame, normalise_response, overlay_responses
from siamcorr.viz.text import draw_label

__all__ = [
    "Curve",
    "Film",
    "FilmFrame",
    "FilmTrack",
    "attach_panel",
    "box_corners",
    "choose_frames",
    "draw_filmstrip",
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
    "plot_curves",
    "response_cell",
    "tracker_color",
]
