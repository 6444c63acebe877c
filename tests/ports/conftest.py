"""The package for JavaScript and the plugin, built once."""

import ctypes
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import ninja
import pytest
from filelock import FileLock

from kernels.crossbuilt import ROOT, build, shared_folder
from ports import drum_machine

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


DPF = Path("/usr/share/dpf")


def build_plugin(folder: Path, *options: str, targets: Sequence[str] = ("all",)) -> Path:
    """The folder with the plugin in all formats, as `make plugin` makes it."""
    configure = [
        "-S",
        ROOT,
        "-B",
        folder / "make",
        "-G",
        "Ninja",
        f"-DCMAKE_MAKE_PROGRAM={Path(ninja.BIN_DIR) / 'ninja'}",
    ]
    configure += ["-DBACKBEAT_PLUGIN=ON", f"-DBACKBEAT_OUT={folder}", f"-DPython3_EXECUTABLE={sys.executable}"]
    configure += [f"-DDPF={DPF}", "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON", *options]
    with FileLock(folder.with_suffix(".lock")):
        for arguments in (configure, ["--build", folder / "make", "--parallel", "2", "--target", *targets]):
            command = [sys.executable, "-m", "cmake", *map(str, arguments)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture(scope="session")
def plugin(tmp_path_factory) -> Path:
    if not DPF.is_dir() or shutil.which("c++") is None:
        pytest.skip("DPF or a compiler is not installed")
    return build_plugin(shared_folder(tmp_path_factory) / "plugin")


@pytest.fixture(scope="session")
def machines(tmp_path_factory) -> ctypes.CDLL:
    folder = shared_folder(tmp_path_factory) / "drum_machine"
    main = ROOT / "ports" / "plugin" / "testing.cpp"
    return ctypes.CDLL(str(drum_machine.build(folder, main, name="machine.so", link=["-shared"])))
