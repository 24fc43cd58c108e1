"""HTML elements as text that is escaped once: strings are, what an element returned is not."""

from __future__ import annotations

import html

__all__ = ["Html", "element", "join", "raw"]

_VOID = frozenset({"br", "img", "input", "meta"})
_CLOSED = frozenset({"circle", "image", "line", "path", "polygon", "rect"})  # of SVG, never a child


class Html(str):
    """Text that is HTML already; made by `element`, `join` and `raw` only."""

    __slots__ = ()


def element(tag: str, *children: str | None, **attributes: str | float | bool | None) -> Html:
    """One element with its children.

    Args:
        tag: such as `td`.
        children: strings are escaped, `Html` is taken as it is, None is left out.
        attributes: escaped; `class_` becomes `class`, `data_v` becomes `data-v`; True stands alone,
            False and None are left out.

    Returns:
        The element as HTML.

    Example:
        >>> element("td", "a < b", element("br"), class_="name", hidden=False)
        '<td class="name">a &lt; b<br></td>'
    """
    pairs = []
    for name, value in attributes.items():
        spelt = name.rstrip("_").replace("_", "-")
        if value is True:
            pairs.append(f" {spelt}")
        elif value is not None and value is not False:
            pairs.append(f' {spelt}="{html.escape(str(value))}"')
    start = f"<{tag}{''.join(pairs)}"
    if tag in _VOID or tag in _CLOSED:
        return Html(start + ("/>" if tag in _CLOSED else ">"))
    return Html(f"{start}>{join(*children)}</{tag}>")


def join(*children: str | None) -> Html:
    """Children one after the other; strings are escaped."""
    parts = (
        child if isinstance(child, Html) else html.escape(child) for child in children if child
    )
    return Html("".join(parts))


def raw(text: str) -> Html:
    """Text that is trusted to be HTML: our own style, script and plots."""
    return Html(text)
