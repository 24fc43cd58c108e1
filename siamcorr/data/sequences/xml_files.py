"""XML annotation files: parsed with an error that names the file and what is missing."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from siamcorr.errors import InvalidArgument, SourceError

__all__ = ["attribute", "child_text", "number", "read_xml"]


def read_xml(path: Path) -> Element:
    """The root element of a file.

    Raises:
        SourceError: the file cannot be read.
        InvalidArgument: it is no XML.
    """
    try:
        return ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ElementTree.ParseError as error:
        raise InvalidArgument(f"{path}: is no XML: {error}") from error


def child_text(element: Element, name: str, where: object) -> str:
    """Text of a child that has to be there.

    Raises:
        InvalidArgument: it is absent or empty.
    """
    text = (element.findtext(name) or "").strip()
    if not text:
        raise InvalidArgument(f"{where}: <{element.tag}> has no <{name}>")
    return text


def attribute(element: Element, name: str, where: object) -> str:
    """An attribute that has to be there.

    Raises:
        InvalidArgument: it is absent.
    """
    text = element.get(name)
    if text is None:
        raise InvalidArgument(f"{where}: <{element.tag}> has no attribute {name!r}")
    return text


def number(text: str, where: object) -> float:
    """A finite number.

    Raises:
        InvalidArgument: the text is none.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise InvalidArgument(f"{where}: {text!r} is no finite number")
    return value
