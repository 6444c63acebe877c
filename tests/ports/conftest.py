"""The package for JavaScript, built once."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kernels.crossbuilt import ROOT, build, shared_folder

MOST_BYTES = 400_000
LEGACY = ("-DBACKBEAT_LEGACY_EXCEPTIONS=ON",)


@pytest.fixture(scope="session")
def package(tmp_path_factory) -> Path:
    folder = shared_folder(tmp_path_factory) / "legacy"
    folder.mkdir(exist_ok=True)
    wasm = build("wasm32-wasi", folder, options=LEGACY) / "backbeat.wasm"
    out = tmp_path_factory.mktemp("package")
    command = [sys.executable, ROOT / "ports" / "web" / "package.py", wasm, "--out", out]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+) kB compressed", said)
    assert found is not None
    assert 1000 * int(found[1]) <= MOST_BYTES
    return out
