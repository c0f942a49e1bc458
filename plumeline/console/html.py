"""Text becomes HTML: every string is escaped unless it was built here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from markupsafe import Markup, escape

Child: TypeAlias = "str | int | Markup | Iterable[Child] | None"
"""What may stand inside an element; strings are escaped, None is nothing."""

VOID = {"br", "hr", "img", "input", "meta", "wbr"}
"""Elements without an end tag."""


def h(tag: str, *children: Child, **attributes: str | int | bool | None) -> Markup:
    """Return one element with its children, all text escaped.

    Args:
        tag: the element's name, ours.
        children: text, numbers, elements, or iterables of them.
        attributes: ``cls`` is ``class``; a trailing underscore is dropped and others become hyphens; True stands bare; None and
            False are left out.
    """
    parts = [f"<{tag}"]
    for name, value in attributes.items():
        if value is None or value is False:
            continue
        word = "class" if name == "cls" else name.rstrip("_").replace("_", "-")
        parts.append(f" {word}" if value is True else f' {word}="{escape(str(value))}"')
    parts.append(">")
    if tag not in VOID:
        parts.append(str(join(children)))
        parts.append(f"</{tag}>")
    return Markup("".join(parts))


def join(children: Iterable[Child], by: str = "") -> Markup:
    """Return children one after another, strings escaped."""
    return Markup(escape(by)).join(_flat(children))


def link(href: str, *children: Child, cls: str | None = None, **attributes: str | int | bool | None) -> Markup:
    """Return a link; ``href`` is one that ``words`` built, so its parts are already percent-encoded."""
    return h("a", *children, href=href, cls=cls, **attributes)


def _flat(children: Iterable[Child]) -> Iterable[Markup]:
    for child in children:
        if child is None:
            continue
        if isinstance(child, str | int):
            yield escape(str(child)) if not isinstance(child, Markup) else child
        else:
            yield from _flat(child)
