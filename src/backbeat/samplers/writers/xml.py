"""XML and credits as several formats write them."""

from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from backbeat.samplers.description import SampledKit
from backbeat.samplers.names import plain_text

CREDITS = "LICENCE.txt"


def document(root: Element) -> bytes:
    """A whole XML file, UTF-8, with a declaration and a line for each element."""
    indent(root, " ")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="utf-8") + b"\n"


def add_texts(parent: Element, **texts: object) -> None:
    """Add one element for each name, with its text; True and False in small letters."""
    for name, text in texts.items():
        SubElement(parent, name).text = str(text).lower() if isinstance(text, bool) else str(text)


def write_credits(kit: SampledKit, folder: Path) -> None:
    """Write name, author and licence as text, for formats that have no field for them."""
    lines = (plain_text(kit.name), f"Author: {plain_text(kit.author)}", f"Licence: {plain_text(kit.licence)}")
    (folder / CREDITS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
