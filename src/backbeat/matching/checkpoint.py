"""A search on disk, so that a long match can be stopped and resumed."""

import json
import zipfile
import zlib
from pathlib import Path

import numpy as np
import torch

from backbeat.errors import MatchError
from backbeat.files import replacing
from backbeat.matching.search import SearchState

_ARRAYS = ("params", "gradient", "power", "lowest", "best_params")
_UNREADABLE = (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error)
"""What NumPy raises at a file that is not what it should be."""


def save_checkpoint(path: Path, state: SearchState, request: dict[str, object]) -> None:
    """Write a search's state and what was asked for, as a NumPy archive without pickles.

    Raises:
        MatchError: naming the file, where it cannot be written.
    """
    arrays = {name: getattr(state, name).detach().cpu().numpy() for name in _ARRAYS}
    try:
        # Through an open file: given a path, NumPy adds a suffix to it.
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, history=np.array(state.history), request=np.array(json.dumps(request)), **arrays)
    except OSError as error:
        raise MatchError(f"{path}: the checkpoint cannot be written ({error.strerror})") from error


def load_checkpoint(path: Path, request: dict[str, object], device: str) -> SearchState:
    """Read a search's state back.

    Raises:
        MatchError: where there is no readable checkpoint, or it is of another match.
    """
    try:
        # Opened here: NumPy leaves the file open where the archive is damaged.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = dict(json.loads(str(archive["request"])))
            history = tuple(float(loss) for loss in archive["history"])
            tensors = {name: torch.from_numpy(archive[name]).to(device) for name in _ARRAYS}
        state = SearchState(**tensors, best_loss=min(history), history=history)
        _check_shapes(state)
    except FileNotFoundError as error:
        raise MatchError(f"{path}: no checkpoint to resume from; run once without resuming") from error
    except _UNREADABLE as error:
        raise MatchError(f"{path}: not a checkpoint, or a damaged one; delete it to start afresh") from error
    for name, value in request.items():
        if found.get(name) != value:
            raise MatchError(f"{path}: made with {name}={found.get(name)!r}, now asked for {value!r}; must be the same")
    return state


def _check_shapes(state: SearchState) -> None:
    """Raise a `ValueError` unless the arrays are of one search."""
    starts, size = state.params.shape
    for tensor, shape in (
        (state.gradient, (starts, size)),
        (state.power, (starts, size)),
        (state.lowest, (starts,)),
        (state.best_params, (size,)),
    ):
        if tensor.shape != shape:
            raise ValueError(f"shape {tuple(tensor.shape)}, not {shape}")
