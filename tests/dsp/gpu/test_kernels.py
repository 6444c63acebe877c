"""Kernels for a GPU, without one: each suite where Triton does what it is to do there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")


@pytest.mark.parametrize(
    ("suites", "interpret", "marked"),
    [
        (("kernels_suite", "squares_combs_suite"), "1", "not slow"),
        pytest.param(("kernels_suite",), "1", "slow", marks=pytest.mark.slow),
        (("machine_code_suite",), "0", "not slow"),
    ],
)
def test_kernels(suites, interpret, marked):
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider", "-m", marked]
    command += ["-o", "filterwarnings=default", *(str(Path(__file__).with_name(f"{each}.py")) for each in suites)]
    environment = {**os.environ, "TRITON_INTERPRET": interpret}
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert process.returncode == 0, process.stdout[-4000:]
