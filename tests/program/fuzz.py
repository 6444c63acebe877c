"""Documents that are cut, and bytes that are changed: run in a process of its own, so that a crash is seen."""

import json
import random
import sys

import numpy as np

from backbeat.errors import ProgramError
from backbeat.kernels.library import Compiled

_MOST_ENTRIES = 20_000


def tried(text: str) -> bool:
    """Whether it is a program; where it is, it is played."""
    try:
        compiled = Compiled(text)
    except ProgramError as error:
        message = str(error)
        assert message.startswith("program: "), message
        assert len(message) > len("program: "), message
        assert "\n" not in message, message
        return False
    if compiled.inputs == 0 and compiled.entries < _MOST_ENTRIES:
        given = np.full((1, compiled.entries), 0.5, np.float32)
        audio = compiled.render(given, np.zeros(1, np.int64), 70, 44100.0)
        compiled.differentiate(audio, np.ones_like(audio), given, np.zeros(1, np.int64), 44100.0)
    return True


def main() -> None:
    text = sys.stdin.read()
    assert tried(text)
    for end in range(len(text)):
        assert not tried(text[:end]), end
    chance, valid = random.Random(7), 0
    for _ in range(int(sys.argv[1])):
        changed = bytearray(text.encode())
        for _ in range(chance.choice([1, 1, 2, 8])):
            changed[chance.randrange(len(changed))] = chance.choice(b'0123456789-+.eE"{}[],:abn\\ \x00\x7f\xff')
        valid += tried(changed.decode("latin-1"))
    print(json.dumps({"valid": valid}))


if __name__ == "__main__":
    main()
