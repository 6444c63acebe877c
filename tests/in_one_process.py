"""Commands of the command line, one after another in a process of their own: PyTorch is read in once for all."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

_RUN = """
import sys
from backbeat.cli import main
for command in sys.argv[1:]:
    sys.argv = command.split()
    try:
        main()
    except SystemExit as end:
        assert not end.code, command
"""


def run_commands(commands: Sequence[str], folder: Path, before: str = "") -> None:
    """Each such as "backbeat plugins"; `before` is Python that the process begins with."""
    program = [sys.executable, "-c", before + _RUN, *commands]
    done = subprocess.run(program, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
