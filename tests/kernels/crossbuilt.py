"""Builds of the kernels for other machines, by the compiler of the package `ziglang`."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import ninja
import pytest
import ziglang
from filelock import FileLock

ROOT = Path(__file__).parents[2]
ZIG = Path(ziglang.__file__).parent / "zig"
BUILDS = ROOT / "build" / "tests"
"""These stay from run to run: only what has changed is compiled again."""


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """One for all processes of this run of the tests."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def build(target: str, folder: Path, source: Path = ROOT, options: Sequence[str] = ()) -> Path:
    """The folder of a build, in which processes that run tests side by side take turns."""
    made = folder / source.name / target
    configure = ["-S", source, "-B", made, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={Path(ninja.BIN_DIR) / 'ninja'}"]
    configure += ["--toolchain", ROOT / "ports" / "zig.cmake", f"-DBACKBEAT_TARGET={target}", f"-DZIG={ZIG}"]
    configure += ["-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", *options]
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{target}.lock"):
        for arguments in (configure, ["--build", made, "--parallel", "2"]):
            command = [sys.executable, "-m", "cmake", *map(str, arguments)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made
