"""Where a training goes on: weights and the optimiser's moments, as safetensors, with the step and the settings."""

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as to_bytes
from torch import Tensor, nn

from backbeat.errors import TrainingError
from backbeat.files import replacing

_FILE = "checkpoint.safetensors"


def path(folder: Path) -> Path:
    """The checkpoint's file."""
    return folder / _FILE


def save(folder: Path, settings: dict[str, Any], module: nn.Module, optimiser: Any, step: int) -> None:
    """Write a checkpoint over the last one."""
    tensors = {f"weight.{name}": value.detach().cpu().contiguous() for name, value in module.state_dict().items()}
    for number, moments in optimiser.state_dict()["state"].items():
        tensors |= {f"moment.{number}.{name}": value.detach().cpu().contiguous() for name, value in moments.items()}
    with replacing(path(folder)) as temporary:
        temporary.write_bytes(to_bytes(tensors, {"settings": json.dumps(settings), "step": str(step)}))


def load(folder: Path, settings: dict[str, Any], module: nn.Module, optimiser: Any) -> int:
    """Read a folder's checkpoint into a module and its optimiser; the steps it has taken.

    Raises:
        TrainingError: where there is none that can be read, or it is of another training.
    """
    file_path = path(folder)
    try:
        with safe_open(file_path, framework="pt") as file:
            facts = file.metadata()
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        begun, step = json.loads(facts["settings"]), int(facts["step"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise TrainingError(f"{file_path}: no checkpoint that can be read ({error})") from error
    for name, wanted in settings.items():
        if begun.get(name) != wanted:
            raise TrainingError(f"{file_path}: of a training whose {name} is {begun.get(name)!r}; found {wanted!r}")
    module.load_state_dict(
        {name.removeprefix("weight."): t for name, t in tensors.items() if name.startswith("weight")}
    )
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        if name.startswith("moment."):
            _, number, moment = name.split(".", 2)
            state.setdefault(int(number), {})[moment] = value
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})
    return step
