"""The kits that ship with backbeat, one JSON file each in `shipped/`."""

from importlib.resources import files

from backbeat.errors import KitError
from backbeat.kits.document import Kit, from_json

_SHIPPED = files("backbeat.kits") / "shipped"
_SUFFIX = ".json"


def factory_kits() -> list[str]:
    """Names of all of them."""
    return sorted(file.name.removesuffix(_SUFFIX) for file in _SHIPPED.iterdir() if file.name.endswith(_SUFFIX))


def factory_kit(name: str) -> Kit:
    """The kit of that name.

    Raises:
        KitError: listing the kits there are.
    """
    if name not in factory_kits():
        raise KitError(f"kit: found {name!r}; there are {', '.join(factory_kits())}, or a kit file")
    return from_json((_SHIPPED / f"{name}{_SUFFIX}").read_text(encoding="utf-8"))
