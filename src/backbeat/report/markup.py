"""What every page is made with: its parts, text that is safe in it, and a policy that lets it run no other script."""

import base64
import hashlib
from html import escape
from importlib import resources

from backbeat.files import encodable


def part(name: str, package: str = "backbeat.report") -> str:
    """A file of a package."""
    return resources.files(package).joinpath(name).read_text(encoding="utf-8")


def policy(script: str, style: str, *, sources: str) -> str:
    """A Content-Security-Policy: this script and style alone, and pictures and sounds from `sources`."""
    return (
        f"default-src 'none'; script-src {_hash_source(script)}; style-src {_hash_source(style)}; "
        f"img-src {sources}; media-src {sources}; base-uri 'none'; form-action 'none'"
    )


def _hash_source(inline: str) -> str:
    return f"'sha256-{base64_text(hashlib.sha256(inline.encode()).digest())}'"


def escaped(text: str) -> str:
    """Text for an element or an attribute."""
    return escape(encodable(text), quote=True)


def base64_text(data: bytes) -> str:
    """Bytes for a data URL."""
    return base64.b64encode(data).decode("ascii")
