"""Walks through XML without building a tree, and stops at once where a document type is declared.

Office documents have none; with it go entities, and with them every way to make a little XML large.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from xml.parsers import expat

from .found import DocumentFault, Unusable

__all__ = ["Handler", "attributes_of", "walk"]


class Handler(Protocol):
    """What is done with the XML. Names come without their namespaces, as attributes' names do."""

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """Characters, in pieces as they come."""


def walk(data: bytes, handler: Handler) -> None:
    """Tell ``handler`` of everything in the XML, in order. Raises Unusable when it is none."""
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: handler.start(
        _local(name), {_local(key): value for key, value in attributes.items()}
    )
    parser.EndElementHandler = lambda name: handler.end(_local(name))
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as exc:
        raise Unusable(DocumentFault.CORRUPT, f"damaged XML: {exc}") from exc


def attributes_of(data: bytes, element: str) -> list[dict[str, str]]:
    """The attributes of every element of that name, in order. Raises Unusable."""
    found: list[dict[str, str]] = []

    class _Collecting:
        def start(self, name: str, attributes: Mapping[str, str]) -> None:
            if name == element:
                found.append(dict(attributes))

        def end(self, name: str) -> None:
            pass

        def text(self, text: str) -> None:
            pass

    if data:
        walk(data, _Collecting())
    return found


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse(*_: object) -> None:
    raise Unusable(DocumentFault.BOMB, "the XML declares a document type")
