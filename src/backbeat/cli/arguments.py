"""Arguments that more than one command takes."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from backbeat.errors import PatchError, UsageError

if TYPE_CHECKING:
    from backbeat.patch import Patch


_MACRO = "macro."


def read_patch(text: str) -> "Patch":
    """The patch file or preset that an argument names.

    Raises:
        PatchError: where the file is not a patch.
        UsageError: where it is no file and no preset has that name.
    """
    from backbeat import plugins
    from backbeat.patch import load, preset, presets

    path = Path(text)
    if path.exists() or path.suffix == ".json" or path.is_absolute():
        return load(path)
    if text in presets():
        return preset(text)
    if text in plugins.names():
        said = f"a plugin; `backbeat random {text} --out patch.json` makes a patch of it"
        raise UsageError(f"patch: found {text!r}, {said}, `backbeat plugins {text}` lists its presets")
    try:
        return preset(text)
    except PatchError as error:
        raise UsageError(f"{error}; or a patch file") from error


def with_settings(patch: "Patch", settings: list[str]) -> "Patch":
    """The patch after each `name=value`, `name[k]=value`, `name=value,value,…` or `macro.name=amount`, in order.

    Raises:
        UsageError: at a setting of another form.
        ParameterError: at an unknown name, or a value out of range.
    """
    for setting in settings:
        patch = _turned(patch, setting) if setting.startswith(_MACRO) else _with_setting(patch, setting)
    return patch


def _turned(patch: "Patch", setting: str) -> "Patch":
    """The patch after `macro.name=amount`; the amount may carry the macro's unit."""
    from backbeat.patch import turn

    name, equals, text = setting.removeprefix(_MACRO).partition("=")
    macro = patch.instrument.macros.get(name)
    if macro is None:
        known = ", ".join(_MACRO + each for each in patch.instrument.macros) or "no macros"
        raise UsageError(f"--set: found {setting!r}; {patch.plugin} has {known}")
    try:
        amount = float(text.removesuffix(macro.unit))
    except ValueError:
        amount = math.nan
    if not equals or not math.isfinite(amount):
        example = "+20" if macro.unit else "+0.2"
        raise UsageError(
            f"--set: found {setting!r}; must be {_MACRO}{name}= and a number{macro.of_unit}, such as {example}"
        )
    if macro.unit == "%" and amount < -100.0:
        raise UsageError(f"--set: found {setting!r}; must be -100 % or more")
    return turn(patch, name, amount)


def _with_setting(patch: "Patch", setting: str) -> "Patch":
    from dataclasses import replace

    from backbeat.parameters import with_value
    from backbeat.plugins.detail import LEVEL

    name, value = parsed("--set", setting)
    if name in patch.instrument.macros and name not in patch.instrument.table:
        raise UsageError(f"--set: found {setting!r}; {name} is a macro: {_MACRO}{name}=")
    if name == LEVEL and name not in patch.instrument.table:
        raise UsageError(f"--set: found {setting!r}; the patch has no detail")
    return replace(patch, values=with_value(patch.instrument.table, patch.values, name, value))


def parsed(option: str, setting: str) -> tuple[str, object]:
    """What `name=value`, `name[k]=value` or `name=value,value,…` names, and the value: numbers where they are some.

    Raises:
        UsageError: at a setting of another form.
    """
    target, equals, text = setting.partition("=")
    name, bracket, rest = target.partition("[")
    if not equals or not name or (bracket and not rest.endswith("]")):
        raise UsageError(f"{option}: found {setting!r}; must be name=value, such as gain_db=-3 or tone_hz[0]=220")
    return target, _number(text) if "," not in text else tuple(_number(part) for part in text.split(","))


def _number(text: str) -> float | str:
    """A number where the text is one, or else the text: the name of an option."""
    try:
        return float(text)
    except ValueError:
        return text
