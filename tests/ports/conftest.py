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

from kernels.crossbuilt import BUILDS, ROOT, build, shared_folder
from ports import drum_machine

MOST_BYTES = 400_000
LEGACY = ("-DBACKBEAT_LEGACY_EXCEPTIONS=ON",)


@pytest.fixture(scope="session")
def package(tmp_path_factory) -> Path:
    wasm = build("wasm32-wasi", BUILDS / "legacy", options=LEGACY) / "backbeat.wasm"
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
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        for arguments in (configure, ["--build", folder / "make", "--parallel", "2", "--target", *targets]):
            command = [sys.executable, "-m", "cmake", *map(str, arguments)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


CAN_BUILD_PLUGIN = DPF.is_dir() and shutil.which("c++") is not None


@pytest.fixture(scope="session")
def plugin() -> Path:
    if not CAN_BUILD_PLUGIN:
        pytest.skip("DPF or a compiler is not installed")
    return build_plugin(BUILDS / "plugin")


@pytest.fixture(scope="session")
def machine_objects(request) -> list[Path]:
    """The machine as the plugin has it compiled, where that is built: it need not be compiled twice."""
    if not CAN_BUILD_PLUGIN:
        return []
    return sorted((request.getfixturevalue("plugin") / "make").rglob("machine.dir/**/*.o"))


@pytest.fixture(scope="session")
def machines(tmp_path_factory, machine_objects) -> ctypes.CDLL:
    folder = shared_folder(tmp_path_factory) / "drum_machine"
    main = ROOT / "ports" / "plugin" / "testing.cpp"
    built = drum_machine.build(folder, main, name="machine.so", link=["-shared"], compiled=machine_objects)
    return ctypes.CDLL(str(built))
