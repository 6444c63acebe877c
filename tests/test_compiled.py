"""Compiled code, tested where annotations are not checked: see `compiled_suite.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).with_name("compiled_suite.py")


@pytest.mark.parametrize("chosen", ["not drum", pytest.param("drum", marks=pytest.mark.slow)])
def test_compiled_code(chosen):
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"]
    command += ["-o", "filterwarnings=default", "-k", chosen, str(SUITE)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout[-4000:]
