"""What workers do in tests of executors; they import it."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import torch

from backbeat.errors import MatchError


def squared(number: int) -> int:
    if number == 13:
        raise MatchError("13: unlucky")
    if number == 14:
        raise ValueError("two\nlines")
    return number * number


def killed_once(folder: Path, number: int) -> int:
    """Killed by the system the first time, for one number."""
    mark = folder / "killed"
    if number == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def always_killed(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def doubled(sound: np.ndarray) -> tuple[np.ndarray, int]:
    """And on how many threads."""
    return 2.0 * sound, torch.get_num_threads()


def slow_once(folder: Path, number: int) -> str:
    """Stuck the first time, for one number; says who did it."""
    mark = folder / "stuck"
    if number == 7 and not mark.exists():
        mark.touch()
        time.sleep(300)
        return "the stuck one"
    time.sleep(0.2)
    return "a quick one"
