"""A strict name -> object table: no silent overwrite, unknown names list the closest ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from siamcorr.errors import InvalidArgument, UnknownName, closest

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Named objects of one kind.

    Example:
        >>> colours = Registry[int]("colour")
        >>> _ = colours.register("red")(1)
        >>> colours["red"], list(colours)
        (1, ['red'])
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Decorator that stores the object under `name`; a second use of a name raises."""
        if name in self._entries:
            raise InvalidArgument(f"{self.kind} {name!r} is registered already")

        def store(entry: T) -> T:
            self._entries[name] = entry
            return entry

        return store

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            raise UnknownName(
                f"unknown {self.kind} {name!r}{closest(name, self._entries)}"
                f"\n  known: {', '.join(self._entries) or 'none'}"
            )
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)
