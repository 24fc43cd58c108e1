"""Values of options that several commands read alike."""

from __future__ import annotations

__all__ = ["names"]


def names(text: str | None) -> list[str] | None:
    """The names in "A,B,...", or None for an option that was not given."""
    return None if text is None else [name.strip() for name in text.split(",")]
