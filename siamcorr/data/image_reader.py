"""Sources made of image files: a folder, a glob pattern, one file."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path

from siamcorr.data.frames import Span, VideoFrame
from siamcorr.data.images import is_image, natural_key, read_image
from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["ImageReader", "is_pattern"]


def is_pattern(text: str) -> bool:
    """Whether a string holds one of the glob characters `*`, `?`, `[`."""
    return glob.has_magic(text)


class ImageReader:
    """Image files in natural order; without a clock."""

    total_is_exact = True
    fps: float | None = None
    may_run_ahead = True

    def __init__(self, name: str, paths: Sequence[Path]) -> None:
        self.name = name
        self.paths = sorted(paths, key=natural_key)
        self.total: int | None = len(self.paths)

    @classmethod
    def from_folder(cls, folder: Path) -> ImageReader:
        """All images of a folder; other files in it are passed over."""
        entries = list(folder.iterdir())
        images = [path for path in entries if is_image(path) and path.is_file()]
        if not images:
            inside = sorted(path.name for path in entries if path.is_dir())
            found = f"{len(entries)} other entries" if entries else "nothing at all"
            hint = f"; give one of its folders: {', '.join(inside[:5])}" if inside else ""
            raise SourceError(f"open_source: no image in the folder '{folder}': {found}{hint}")
        return cls(str(folder), images)

    @classmethod
    def from_pattern(cls, pattern: str) -> ImageReader:
        """All files that a glob pattern matches; every one has to be an image."""
        anchor = Path(pattern).anchor
        try:
            found = list(Path(anchor).glob(pattern[len(anchor) :]))
        except ValueError as error:
            raise InvalidArgument(f"open_source: the pattern {pattern!r}: {error}") from error
        paths = [path for path in found if path.is_file() and not path.name.startswith(".")]
        if not paths:
            raise SourceError(f"open_source: no file matches the pattern {pattern!r}")
        others = [path.name for path in paths if not is_image(path)]
        if others:
            raise InvalidArgument(
                f"open_source: the pattern {pattern!r} matches files that are no images: "
                f"{', '.join(sorted(others)[:5])}; narrow it, for instance to '*.jpg'"
            )
        return cls(pattern, paths)

    def frames(self, span: Span) -> Iterator[VideoFrame]:
        """Decode the files of the span; images may differ in size."""
        for index in span.indices(len(self.paths)):
            try:
                image = read_image(self.paths[index])
            except SourceError as error:
                raise SourceError(f"frame {index} of {self.name}: {error}") from error
            yield VideoFrame(index, float("nan"), image)

    def close(self) -> None:
        """Nothing stays open between two images."""
