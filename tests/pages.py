"""Pages as a browser takes them apart, and what each of them must keep."""

import base64
import hashlib
import re
from html.parser import HTMLParser

HOSTILE = "$\\frac{$ ${name} \"><script>alert('x')</script>&amp;<img src=http://evil.example/x>\n 音 \udcff"


class Page(HTMLParser):
    """The tags, attributes and text of a page; raises where tags do not nest."""

    VOID = ("meta", "link", "img")

    def __init__(self, source):
        super().__init__()
        self.elements, self.open, self.text = [], [], {}
        self.feed(source)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        """Text is kept by its element's tag, and what is in a script of another type by that type."""
        tag, attributes = self.open[-1] if self.open else ("", {})
        kind = attributes.get("type", tag) if tag == "script" else tag
        self.text[kind] = self.text.get(kind, "") + data

    def find(self, tag, **attributes):
        return [found for name, found in self.elements if name == tag and attributes.items() <= found.items()]


def embedded(element, attribute, kind):
    prefix = f"data:{kind};base64,"
    assert element[attribute].startswith(prefix)
    return base64.b64decode(element[attribute].removeprefix(prefix), validate=True)


def outside(source):
    """What a page would load, or run in an attribute."""
    found = [
        attributes
        for _, attributes in Page(source).elements
        if any(name.startswith("on") or name == "style" for name in attributes)
        or any(
            not attributes.get(name, "data:").startswith("data:")
            for name in ("src", "href", "srcset", "action", "poster", "data")
        )
    ]
    return found + re.findall(r"https?://|@import|url\(|fetch\(|XMLHttpRequest|import\(", source)


def check_policy(source):
    """A page allows its own script and style only."""
    page = Page(source)
    (policy,) = page.find("meta", **{"http-equiv": "Content-Security-Policy"})
    directives = dict(part.split(maxsplit=1) for part in policy["content"].split(";"))
    assert directives["default-src"] == "'none'"
    for tag in ("script", "style"):
        digest = base64.b64encode(hashlib.sha256(page.text[tag].encode()).digest()).decode()
        assert directives[f"{tag}-src"] == f"'sha256-{digest}'"
