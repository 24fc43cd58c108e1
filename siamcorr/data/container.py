"""Is a video file whole? Its packets are walked without decoding them."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

__all__ = ["find_damage"]

_TIMEOUT_S = 10.0  # for addresses; files do not wait


def find_damage(path: str, decoded: int, announced: int) -> str | None:
    """Judge a video whose decoding has ended by what its container says about itself.

    The count that OpenCV announces cannot decide alone. It is exact for AVI, MP4 and MOV, which
    have an index, but indexed packets need not be shown (edit lists of trimmed clips, empty packets
    of dropped frames). For Matroska, WebM and MPEG-TS it is duration times rate, too many where
    the sound outlasts the picture or the rate varies.

    Args:
        path: file or address.
        decoded: number of frames that were decoded.
        announced: number of frames that OpenCV announced.

    Returns:
        The damage in words, or None if the file is whole.
    """
    import av

    try:
        with av.open(path, timeout=_TIMEOUT_S) as container:
            if container.streams.video[0].frames:
                return _index_damage(container, decoded)
            return _duration_damage(container) if decoded < announced else None
    except (av.error.FFmpegError, OSError, IndexError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__  # no address, no password
        return f"its container cannot be read to the end ({reason})"


def _index_damage(container: Any, decoded: int) -> str | None:
    """Every indexed packet has to be there, complete, and decoded if it is to be shown."""
    video = container.streams.video[0]
    present = shown = 0
    for packet in container.demux(video):
        if packet.dts is None and packet.size == 0:
            continue  # the flush packet that ends the stream
        if packet.is_corrupt:
            return f"its data break off in frame {present}"
        present += 1
        shown += packet.size > 0 and not packet.is_discard
    if present < video.frames:
        return f"{video.frames - present} of {video.frames} indexed frames are missing"
    if decoded < shown:
        return f"{shown - decoded} of {shown} frames cannot be decoded"
    return None


def _duration_damage(container: Any) -> str | None:
    """Picture or sound has to reach the duration, give or take one and a half frames."""
    video = container.streams.video[0]
    start = end = Fraction(container.start_time or 0, 1_000_000)
    for packet in container.demux():
        if packet.pts is not None:
            end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
    frame_s = 1 / video.average_rate if video.average_rate else Fraction(1, 25)
    missing_s = Fraction(container.duration or 0, 1_000_000) - (end - start)
    if missing_s > 1.5 * frame_s:
        return f"its last {math.ceil(missing_s * 10) / 10} s are missing"
    return None
