"""An inverter in files: weights as safetensors, and everything else as JSON beside them; never a pickle."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from backbeat import plugins
from backbeat.encoder.network import Inverter, Size
from backbeat.errors import InverterError, PluginError
from backbeat.files import replacing
from backbeat.plugins import Plugin

_SCHEMA = 2
_PRETRAINED = files("backbeat.encoder") / "pretrained"
_WEIGHTS, _FACTS = "inverter.safetensors", "inverter.json"
_ODDS, _HEADS = "instruments.", "heads."


@cache
def pretrained() -> Inverter:
    """The inverter that ships with backbeat, read once.

    Raises:
        InverterError: where there is none that fits.
    """
    with as_file(_PRETRAINED) as folder:
        return load_inverter(folder)


def save_inverter(inverter: Inverter, folder: str | Path, facts: Mapping[str, Any]) -> None:
    """Write an inverter, its weights in half precision, with facts on how it came about.

    Raises:
        InverterError: where a file cannot be written.
    """
    folder = Path(folder)
    document = {
        "schema": _SCHEMA,
        "instruments": [identity(each) for each in inverter.plugins.values()],
        "size": asdict(inverter.size),
        **facts,
    }
    weights = {name: value.detach().cpu().half().contiguous() for name, value in inverter.state_dict().items()}
    try:
        with replacing(folder / _WEIGHTS) as temporary:
            temporary.write_bytes(save(weights))
        with replacing(folder / _FACTS) as temporary:
            temporary.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise InverterError(f"{folder}: cannot be written ({error.strerror})") from error


def load_inverter(folder: str | Path) -> Inverter:
    """Read an inverter; heads of instruments that are others now are left out, and `Inverter.left_out` says why.

    Raises:
        InverterError: where there is none that can be read, or no head of it fits.
    """
    folder = Path(folder)
    path = folder / _FACTS
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        if facts["schema"] != _SCHEMA:
            raise ValueError(f"schema {facts['schema']}; must be {_SCHEMA}: train again")
        found = {each["plugin"]: _fitting(each) for each in facts["instruments"]}
        kept = {name: each for name, each in found.items() if isinstance(each, Plugin)}
        left_out = {name: each for name, each in found.items() if isinstance(each, str)}
        if not kept:
            raise InverterError(f"{path}: no head fits; {'; '.join(left_out.values())}: train again")
        inverter = Inverter(list(kept.values()), Size(**facts["size"]), left_out)
        path = folder / _WEIGHTS
        weights = {name: value.float() for name, value in load_file(path).items()}
        rows = [place for place, name in enumerate(found) if name in kept]
        own = tuple(f"heads.{name}." for name in kept)
        inverter.load_state_dict(
            {
                name: value[rows] if name.startswith(_ODDS) else value
                for name, value in weights.items()
                if name.startswith(own) or not name.startswith(_HEADS)
            }
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, IndexError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InverterError(f"{path}: no inverter that can be read ({reason})") from error
    return inverter.eval()


def identity(plugin: Plugin) -> dict[str, Any]:
    """What a head is bound to: an instrument's name, version and options, and a digest of its table."""
    table = [(name, each.size, each.low, each.high, each.scale, each.options) for name, each in plugin.table.items()]
    digest = hashlib.sha256(json.dumps(table).encode()).hexdigest()[:16]
    return {"plugin": plugin.name, "version": plugin.version, "options": dict(plugin.options), "table": digest}


def _fitting(bound: Mapping[str, Any]) -> Plugin | str:
    """The instrument that a head was made for, or why it is another now."""
    try:
        plugin = plugins.get(bound["plugin"], **bound["options"])
    except PluginError as error:
        return f"{bound['plugin']}: {error}"
    if (version := bound["version"]) != plugin.version:
        return f"{plugin.name}: the weights are of version {version}, and it is of {plugin.version} now"
    if identity(plugin) != bound:
        return f"{plugin.name}: the weights are of another table of parameters"
    return plugin
