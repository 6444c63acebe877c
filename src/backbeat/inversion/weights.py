"""An inverter in files: weights as safetensors, and everything else as JSON beside them; never a pickle."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save

from backbeat import plugins
from backbeat.errors import InverterError
from backbeat.files import replacing
from backbeat.inversion.network import Inverter, Size

_SCHEMA = 1
_PRETRAINED = files("backbeat.inversion") / "pretrained"
_WEIGHTS, _FACTS = "inverter.safetensors", "inverter.json"


def pretrained(plugin: str) -> Inverter:
    """The inverter that ships with backbeat for a plugin.

    Raises:
        InverterError: listing the plugins there are inverters for.
    """
    available = pretrained_plugins()
    if plugin not in available:
        raise InverterError(f"plugin: found {plugin!r}; there are inverters for {', '.join(available) or 'none'}")
    with as_file(_PRETRAINED / plugin) as folder:
        return load_inverter(folder)


def pretrained_plugins() -> list[str]:
    """The plugins that an inverter ships for."""
    return sorted(each.name for each in _PRETRAINED.iterdir() if each.is_dir()) if _PRETRAINED.is_dir() else []


def save_inverter(inverter: Inverter, folder: str | Path, facts: Mapping[str, Any]) -> None:
    """Write an inverter, its weights in half precision, with facts on how it came about.

    Raises:
        InverterError: where a file cannot be written.
    """
    folder, plugin = Path(folder), inverter.plugin
    document = {
        "schema": _SCHEMA,
        "plugin": plugin.name,
        "plugin_version": plugin.version,
        "options": dict(plugin.options),
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
    """Read an inverter.

    Raises:
        InverterError: where there is none, or it is of another version of its plugin.
    """
    folder = Path(folder)
    path = folder / _FACTS
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        plugin = plugins.get(facts["plugin"], **facts["options"])
        version = facts["plugin_version"]
        if version != plugin.version:
            raise InverterError(
                f"{path}: of version {version} of {plugin.name}; must be of {plugin.version}: train again"
            )
        inverter = Inverter(plugin, Size(**facts["size"]))
        path = folder / _WEIGHTS
        inverter.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise InverterError(f"{path}: no inverter that can be read ({reason})") from error
    return inverter.eval()
