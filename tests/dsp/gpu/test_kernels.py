"""Kernels for a GPU, without one: each suite where Triton does what it is to do there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton")


@pytest.mark.parametrize(
    ("suite", "interpret"), [("kernels_suite", "1"), ("squares_combs_suite", "1"), ("machine_code_suite", "0")]
)
def test_kernels(suite, interpret):
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"]
    command += ["-o", "filterwarnings=default", str(Path(__file__).with_name(f"{suite}.py"))]
    environment = {**os.environ, "TRITON_INTERPRET": interpret}
    process = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert process.returncode == 0, process.stdout[-4000:]
