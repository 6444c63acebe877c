"""The kernels in processes of their own: forked ones, and one whose code is compiled."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("suite", ["processes_suite", pytest.param("compiling_suite", marks=pytest.mark.slow)])
def test_other_processes(suite):
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"]
    command += ["-o", "filterwarnings=default", str(Path(__file__).with_name(f"{suite}.py"))]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout[-4000:]
