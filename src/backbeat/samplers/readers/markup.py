"""XML of kits, read by defusedxml: bounded in size, elements and depth, without entities or anything from outside."""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from backbeat.errors import KitError
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.remarks import plain

MOST_ELEMENTS = 300_000
"""Of all files of a kit."""

MOST_ATTRIBUTES = 128
"""Of one element."""

MOST_DEPTH = 32


class MalformedError(KitError):
    """XML that is not well formed."""


class _BoundedBuilder(TreeBuilder):
    """Builds a tree until it is too large, or those of a kit together are."""

    def __init__(self, folder: KitFolder) -> None:
        super().__init__()
        self._folder, self._depth = folder, 0

    def start(self, tag: str, attributes: dict[str, str], /) -> Element:
        self._folder.elements += 1
        self._depth += 1
        if self._folder.elements > MOST_ELEMENTS or self._depth > MOST_DEPTH:
            raise KitError(f"found more than {MOST_ELEMENTS:,} elements, or {MOST_DEPTH} deep; must be at most that")
        if len(attributes) > MOST_ATTRIBUTES:
            raise KitError(f"found {len(attributes):,} attributes of one element; must be at most {MOST_ATTRIBUTES}")
        return super().start(_local(tag), attributes)

    def end(self, tag: str, /) -> Element:
        self._depth -= 1
        return super().end(_local(tag))


def parsed(folder: KitFolder, path: Path) -> Element:
    """The root element of an XML file of a kit; names of elements come without namespaces.

    Raises:
        KitError: if it cannot be read, is no XML (`MalformedError`) or too large, or declares entities.
    """
    return element(folder.content(path), folder)


def element(content: bytes, folder: KitFolder) -> Element:
    """The root element of XML of a kit.

    Raises:
        KitError: as `parsed`.
    """
    parser = XMLParser(target=_BoundedBuilder(folder))
    try:
        parser.feed(content)
        root: Element = parser.close()
    except DefusedXmlException as error:
        raise KitError("found an entity, or what is outside the file; must be without") from error
    # Besides its own error, the parser passes on those of a declared encoding that Python has not.
    except (ParseError, ValueError, LookupError, AssertionError) as error:
        raise MalformedError(f"found no XML ({plain(str(error))}); must be well formed") from error
    return root


def text_of(element: Element, *names: str) -> str | None:
    """What the first child of one of these names holds; none if there is no such child, or it is empty."""
    for name in names:
        if (text := element.findtext(name)) and text.strip():
            return text.strip()
    return None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]
