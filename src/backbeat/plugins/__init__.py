"""The instruments: one file each, found by name.

Each file of this folder but `base`, `detail` and `parts` has a constant `PLUGIN`: a `Plugin`, or a function that makes
one from its options.
Packages register theirs, of either kind, through the entry-point group `backbeat.plugins`. A program that makes one for
itself calls `register`.
"""

import inspect
from collections.abc import Callable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pkgutil import iter_modules
from typing import TypeAlias

from backbeat.errors import PluginError
from backbeat.plugins.base import Macro, Plugin
from backbeat.plugins.detail import BANDS, PARTIALS, with_detail

_GROUP = "backbeat.plugins"
_OTHERS = ("base", "detail", "parts")
"""Files of this folder that are no instruments."""

Maker: TypeAlias = Callable[..., Plugin]

__all__ = ["Macro", "Plugin", "get", "names", "register"]


def names() -> list[str]:
    """The plugins there are, in alphabetical order."""
    return sorted(_registered())


def get(name: str, /, **options: int) -> Plugin:
    """The plugin of that name, shaped by its options (`get("drum", tones=24)`).

    Every plugin has the options `detail_partials` and `detail_bands`, the size of its detail layer: none by default.

    Raises:
        PluginError: listing the plugins or options there are.
    """
    partials, bands = (options.pop(each, 0) for each in (PARTIALS, BANDS))
    return with_detail(_voice(name, options), partials, bands)


def _voice(name: str, options: dict[str, int]) -> Plugin:
    found = _registered().get(name)
    if found is None:
        raise PluginError(f"plugin: found {name!r}; there are {', '.join(names())}")
    if isinstance(found, Plugin):
        if options:
            raise PluginError(f"plugin {name}: found option {next(iter(options))!r}; it has none")
        return found
    allowed = list(inspect.signature(found).parameters)
    for option, value in options.items():
        if option not in allowed:
            raise PluginError(f"plugin {name}: found option {option!r}; it has {', '.join(allowed)}")
        # Before the cache, to which True and 1.0 are 1, and a list is nothing at all.
        if type(value) is not int:
            raise PluginError(f"plugin {name}: found {option}={value!r}; must be a whole number")
    return _make(found, tuple(sorted(options.items())))


def register(plugin: Plugin) -> None:
    """Make a plugin known by its name, so that patches and matches can refer to it.

    Raises:
        PluginError: where another plugin has that name.
    """
    if _registered().setdefault(plugin.name, plugin) is not plugin:
        raise PluginError(f"plugin {plugin.name}: registered twice; must take another name")


@cache
def _make(maker: Maker, options: tuple[tuple[str, int], ...]) -> Plugin:
    return maker(**dict(options))


@cache
def _registered() -> dict[str, Plugin | Maker]:
    names = [each.name for each in iter_modules(__path__) if each.name not in _OTHERS]
    found: dict[str, Plugin | Maker] = {name: import_module(f"{__name__}.{name}").PLUGIN for name in names}
    for entry in entry_points(group=_GROUP):
        if entry.name in found:
            raise PluginError(f"plugin {entry.name}: registered twice; {entry.value} must take another name")
        found[entry.name] = entry.load()
    return found
