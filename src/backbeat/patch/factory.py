"""The patches that ship with backbeat, one JSON file each in `presets/`."""

from difflib import get_close_matches
from importlib.resources import files

from backbeat.errors import PatchError
from backbeat.patch.document import Patch, from_json

_NEAR = 0.8
"""How alike names are that one may be a slip for the other."""
_PRESETS = files("backbeat.patch") / "presets"


def presets() -> list[str]:
    """Names of all of them, as `kick/classic`, `drum/snare`."""
    return sorted(
        f"{folder.name}/{file.name.removesuffix('.json')}"
        for folder in _PRESETS.iterdir()
        if folder.is_dir()
        for file in folder.iterdir()
        if file.name.endswith(".json")
    )


def preset(name: str) -> Patch:
    """The preset of that name; its plugin may be left out where only one has such a preset (`909`).

    Raises:
        PatchError: listing the presets there are.
    """
    available = presets()
    found = [each for each in available if name in (each, each.partition("/")[2])]
    if len(found) == 1:
        plugin, _, stem = found[0].partition("/")
        return from_json((_PRESETS / plugin / f"{stem}.json").read_text(encoding="utf-8"))
    if found:
        raise PatchError(f"preset: found {name!r}; say which: {', '.join(found)}")
    if near := get_close_matches(name, available, 3, _NEAR):
        raise PatchError(f"preset: found {name!r}; did you mean {' or '.join(near)}? `backbeat plugins` lists all")
    raise PatchError(f"preset: found {name!r}; there are {', '.join(available)}")
