"""All files of one tracking run: opened at its first result, complete however it ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from siamcorr.data.video import VideoWriter
from siamcorr.errors import InvalidArgument, SourceError
from siamcorr.types import FrameArray, TrackResult
from siamcorr.workflows.annotate import Annotator, ResponseStyle
from siamcorr.workflows.response_files import ResponseChunks, remove_chunks
from siamcorr.workflows.track_records import CsvTracks, JsonTracks, ResultWriter

__all__ = ["OutputOptions", "RunFiles", "RunHead"]

_CSV, _JSON, _VIDEO, _RESPONSES = "tracks.csv", "tracks.json", "video.mp4", "responses"


@dataclass(frozen=True)
class OutputOptions:
    """What a run writes besides `tracks.csv` and `tracks.json`.

    Attributes:
        video: write `video.mp4`, annotated.
        response: how the video shows the responses, if it does.
        save_responses: write the response maps to `responses/`.
        overwrite: replace the files of an earlier run in the same folder.
    """

    video: bool = True
    response: ResponseStyle | None = None
    save_responses: bool = False
    overwrite: bool = False

    @property
    def needs_responses(self) -> bool:
        """Whether the tracker has to hand its response maps over."""
        return self.save_responses or (self.video and self.response is not None)


@dataclass(frozen=True)
class RunHead:
    """What is known of a run before its first frame.

    Attributes:
        source: name of the source.
        fps: of the video to write.
        total: expected number of frames, where it is known.
        metadata: facts for the head of `tracks.json`.
    """

    source: str
    fps: float
    total: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


class RunFiles:
    """Writes every result to all files; `close` completes them under their own names.

    Args:
        out: folder of the run; made with its parents at the first result.
        options: what to write.

    Raises:
        InvalidArgument: the folder holds a run already and `overwrite` is off, or is no folder.
    """

    def __init__(self, out: Path, options: OutputOptions) -> None:
        if out.exists() and not out.is_dir():
            raise InvalidArgument(f"{out}: is a file; the output needs a folder")
        found = [name for name in (_CSV, _JSON, _VIDEO) if (out / name).exists()]
        if found and not options.overwrite:
            raise InvalidArgument(
                f"{out}: holds the results of a run already ({', '.join(found)}); "
                "name another folder with --out or pass --overwrite"
            )
        self.out = out
        self._options = options
        self._annotate = Annotator(options.response)
        self._records: list[ResultWriter] = []
        self._video: VideoWriter | None = None
        self._source = ""
        self._frame_size: tuple[int, int] | None = None

    def open(self, result: TrackResult, head: RunHead) -> None:
        """Make the folder and start the files for frames of the size of this result."""
        try:
            self.out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidArgument(f"{self.out}: cannot be made: {error.strerror}") from error
        self._source, self._frame_size = head.source, result.frame_size
        height, width = result.frame_size
        facts = {**head.metadata, "frame_width": width, "frame_height": height, "fps": head.fps}
        self._records.append(CsvTracks(self.out / _CSV))
        self._records.append(JsonTracks(self.out / _JSON, facts))
        if self._options.save_responses:
            self._records.append(ResponseChunks(self.out / _RESPONSES))
        if self._options.video:
            self._video = VideoWriter(self.out / _VIDEO, head.fps)

    def write(self, result: TrackResult, frame: FrameArray) -> None:
        """Append one frame to every file.

        Raises:
            SourceError: there is a video, and the frame has another size than its first.
        """
        if self._video is not None and result.frame_size != self._frame_size:
            raise SourceError(self._size_change(result))
        for record in self._records:
            record.write(result)
        if self._video is not None:
            self._video.write(self._annotate(frame, result))

    def close(self, ending: Mapping[str, Any]) -> dict[str, Path]:
        """Complete what was started and remove what an earlier run left that this one replaces.

        Returns:
            What was written: `csv`, `json` and, where asked for, `responses` and `video`.
        """
        if self._frame_size is None:
            return {}
        with ExitStack() as closers:  # each is closed even where another fails
            for record in self._records:
                closers.callback(record.close, ending)
            if self._video is not None and self._video.frame_count:
                closers.callback(self._video.close)
        files = {"csv": self.out / _CSV, "json": self.out / _JSON}
        if self._options.video:
            files["video"] = self.out / _VIDEO
        else:
            (self.out / _VIDEO).unlink(missing_ok=True)
        if self._options.save_responses:
            files["responses"] = self.out / _RESPONSES
        else:
            remove_chunks(self.out / _RESPONSES)
        return files

    def _size_change(self, result: TrackResult) -> str:
        sizes = (self._frame_size or (0, 0), result.frame_size)
        first, here = (f"{width} x {height}" for height, width in sizes)
        return (
            f"frame {result.frame_index} of {self._source}: the size changes from {first} to "
            f"{here} pixels, and a video needs one size; --no-video tracks on without it"
        )
