"""The plugin's drum machine, built by the compiler at hand and driven through ports/plugin/testing.cpp."""

import ctypes
import os
import platform
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from kernels.crossbuilt import ROOT

PADS, OUTPUTS, CHANNELS = 16, 16, 34
KIT_LEVEL, HUMANIZE, KIT_PARAMETERS = 0, 1, 2
LEVEL, PAN, TUNE, LENGTH, BRIGHTNESS, SNAP, PAD_PARAMETERS = range(7)
COMPILER = shutil.which(os.environ.get("CXX", "c++"))

_KERNELS, _PLUGIN = ROOT / "src" / "backbeat" / "kernels", ROOT / "ports" / "plugin"
_OWN = (
    "face_files",
    "face_process",
    "hits",
    "kit",
    "knobs",
    "machine",
    "player",
    "renderer",
    "settings",
    "tables",
    "text",
)
_MESSAGE = 1000


class Event(ctypes.Structure):
    """As in ports/plugin/machine.h."""

    _fields_ = (("frame", ctypes.c_uint32), ("data", ctypes.c_uint8 * 3))


def pad_parameter(pad: int, which: int) -> int:
    return KIT_PARAMETERS + pad * PAD_PARAMETERS + which


def note(frame: int, number: int, velocity: int) -> tuple[int, ...]:
    return frame, 0x90, number, velocity


def build(
    folder: Path,
    main: Path,
    *,
    name: str,
    link: Sequence[str],
    options: Sequence[str] = ("-O2",),
    compiled: Sequence[Path] = (),
) -> Path:
    """What is built of the kernels, the drum machine and a file more; processes of tests take turns.

    Args:
        folder: that it is built in.
        main: the file.
        name: of what is built.
        link: options of the linker.
        options: of the compiler.
        compiled: objects of some of the sources, which are taken as they are.
    """
    found = re.search(r"set\(FLOATS (.*)\)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8"))
    assert found is not None
    assert COMPILER is not None
    march = ["-march=x86-64-v2"] if platform.machine() == "x86_64" else []
    flags = ["-std=c++17", "-fPIC", "-fvisibility=hidden", *shlex.split(found[1]), *march, *options]
    flags += [f"-I{_KERNELS}", f"-I{_PLUGIN}", '-DBACKBEAT_SOURCES=""', '-DBACKBEAT_VARIANT=""']
    sources = [*sorted(_KERNELS.glob("*.cpp")), *(_PLUGIN / f"{each}.cpp" for each in _OWN), main]
    there = {each.name for each in compiled}
    folder.mkdir(exist_ok=True)

    def object_of(source: Path) -> Path:
        made = folder / f"{source.stem}.o"
        if not made.exists():
            run([COMPILER, *flags, "-c", source, "-o", made])
        return made

    with FileLock(folder / "lock"), ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = [*compiled, *pool.map(object_of, (each for each in sources if f"{each.name}.o" not in there))]
        if not (folder / name).exists():
            run([COMPILER, *link, *options, *objects, "-o", folder / name, "-lpthread", "-ldl"])
    return folder / name


def run(command: Sequence[Any]) -> str:
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


class DrumMachine:
    """A machine of the library."""

    def __init__(self, library: ctypes.CDLL, kit: str | None = None, rate: float | None = None) -> None:
        library.machine_create.restype = ctypes.c_void_p
        library.machine_get.restype = ctypes.c_float
        library.machine_wave.restype = ctypes.c_size_t
        self.calls, self.handle = library, ctypes.c_void_p(library.machine_create())
        if rate is not None:
            self.activate(rate)
        if kit is not None:
            assert self.load(kit) == ""
            library.machine_wait(self.handle)

    def __enter__(self) -> "DrumMachine":
        return self

    def __exit__(self, *_: object) -> None:
        self.calls.machine_destroy(self.handle)

    def activate(self, rate: float) -> bool:
        return self.calls.machine_activate(self.handle, ctypes.c_double(rate)) == 0

    def load(self, kit: str | bytes) -> str:
        """Nothing, or what is wrong."""
        text = kit if isinstance(kit, bytes) else kit.encode()
        message = ctypes.create_string_buffer(_MESSAGE)
        length, room = ctypes.c_size_t(len(text)), ctypes.c_size_t(_MESSAGE)
        status = self.calls.machine_load(self.handle, text, length, message, room)
        assert bool(status) == bool(message.value)
        return message.value.decode(errors="replace")

    def wait(self) -> None:
        self.calls.machine_wait(self.handle)

    def set(self, index: int, value: float) -> None:
        self.calls.machine_set(self.handle, index, ctypes.c_float(value))

    def get(self, index: int) -> float:
        return float(self.calls.machine_get(self.handle, index))

    def set_offline(self, is_offline: bool) -> None:
        self.calls.machine_set_offline(self.handle, int(is_offline))

    def name(self) -> str:
        text = ctypes.create_string_buffer(_MESSAGE)
        self.calls.machine_name(self.handle, text, ctypes.c_size_t(_MESSAGE))
        return text.value.decode()

    def wave(self, pad: int) -> NDArray[np.float32]:
        wave = np.zeros(1 << 20, np.float32)
        room = ctypes.c_size_t(len(wave))
        return wave[: self.calls.machine_wave(self.handle, pad, wave.ctypes.data_as(ctypes.c_void_p), room)]

    def play(self, events: Iterable[tuple[int, ...]], frames: int, block: int = 64) -> NDArray[np.float32]:
        """Blocks of that size: (CHANNELS, frames)."""
        given = [Event(frame, (ctypes.c_uint8 * 3)(*data)) for frame, *data in events]
        audio = np.full((CHANNELS, frames), np.nan, np.float32)
        pointer, count = audio.ctypes.data_as(ctypes.c_void_p), ctypes.c_size_t(len(given))
        self.calls.machine_play(self.handle, (Event * max(1, len(given)))(*given), count, pointer, frames, block)
        return audio
