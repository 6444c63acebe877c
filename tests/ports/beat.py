"""What is played: chokes, round robins, noise left and right, a shared output."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from backbeat.kits import Kit, Pad
from backbeat.patch import preset

KIT = Kit(
    "Three",
    (
        Pad("kick", 36, preset("kick/909"), {"length": 20.0}, level_db=-2.0),
        Pad("closed", 42, preset("hat/808-closed"), pan=0.6, choke_group=1, layers=5, round_robins=3),
        Pad("open", 46, preset("hat/808-open"), width=0.7, pan=0.6, choke_group=1, output=3),
        Pad("toms", 65, preset("tom/808"), notes=(63, 68), width=1.0, output=3),
    ),
)

NOTES = [
    (0.0, 36, 127), (0.013, 42, 100), (0.1, 46, 90), (0.2, 42, 60), (0.2, 36, 1), (0.25, 42, 60), (0.31, 65, 127),
    (0.4, 46, 90), (0.5, 46, 90), (0.6, 42, 100), (0.75, 36, 127), (0.75, 65, 127), (0.75, 42, 60), (0.75, 42, 60),
]  # fmt: skip


def sha(audio: NDArray[np.float32]) -> str:
    return hashlib.sha256(np.ascontiguousarray(audio).tobytes()).hexdigest()
