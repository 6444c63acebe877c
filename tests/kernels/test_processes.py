"""The kernels in processes that are forked: see `processes_suite.py`."""

import subprocess
import sys
from pathlib import Path

SUITE = Path(__file__).with_name("processes_suite.py")


def test_other_processes():
    command = [sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "no:cacheprovider"]
    command += ["-o", "filterwarnings=default", str(SUITE)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stdout[-4000:]
