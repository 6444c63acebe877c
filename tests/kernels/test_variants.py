"""Which of the libraries in a folder is loaded."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from backbeat.kernels.library import FOLDER, VARIANT, library
from backbeat.patch import presets

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")

X86_64 = platform.machine() in ("x86_64", "AMD64")


def loaded(folder: Path) -> str:
    """The name of the file."""
    environment = {each: value for each, value in os.environ.items() if each != VARIANT} | {FOLDER: str(folder)}
    script = "from backbeat.kernels.library import library; print(library()._name)"
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return Path(done.stdout.strip()).name


@pytest.mark.parametrize("name", ["aarch64", "generic"])
def test_the_only_one(tmp_path, name):
    source = Path(library()._name)
    shutil.copy(source, tmp_path / f"libbackbeat_{name}{source.suffix}")
    assert loaded(tmp_path) == f"libbackbeat_{name}{source.suffix}"


@pytest.mark.skipif(not X86_64, reason="no levels on this processor")
def test_the_highest_level_that_the_processor_runs_whatever_else_is_there(tmp_path):
    source = Path(library()._name)
    highest = library().backbeat_processor()
    names = ["aarch64", "generic", *(f"v{level}" for level in range(2, highest + 2))]
    for name in names:
        shutil.copy(source, tmp_path / f"libbackbeat_{name}{source.suffix}")
    assert loaded(tmp_path) == f"libbackbeat_v{highest}{source.suffix}"


def hits(variant: str) -> list[str]:
    environment = {**os.environ, VARIANT: variant, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(Path(__file__).with_name("hits.py"))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.skipif(not X86_64, reason="no levels on this processor")
def test_hits_and_mixes_are_the_same_in_every_variant():
    levels = [f"v{level}" for level in range(2, library().backbeat_processor() + 1)]
    found = [hits(level) for level in levels]
    assert len(found[0]) == len(presets()) + 1
    assert all(each == found[0] for each in found)
