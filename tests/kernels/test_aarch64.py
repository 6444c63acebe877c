"""The kernels for AArch64: they build here, take no elementary function from the system, and give the same bits."""

import json
import shutil
import struct
import subprocess

import pytest
import soundfile

from backbeat.kernels.library import library
from backbeat.patch import load, preset, presets, save
from kernels.crossbuilt import ROOT, build, shared_folder
from kernels.test_floats import ELEMENTARY

QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64")
AARCH64 = 183


def undefined(data: bytes) -> set[str]:
    """The symbols that a shared library takes from others; the file is ELF of 64 bits, lowest byte first."""
    assert data[:6] == b"\x7fELF\x02\x01"
    (sections_at,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, sections_at + k * size) for k in range(count)]
    (symbols,) = [each for each in sections if each[1] == 11]
    names_at = sections[symbols[6]][4]
    found = set()
    for at in range(symbols[4], symbols[4] + symbols[5], symbols[9]):
        name, _, _, section = struct.unpack_from("<IBBH", data, at)
        if section == 0:
            begin = names_at + name
            found.add(data[begin : data.index(b"\0", begin)].decode())
    return found


@pytest.mark.slow
def test_they_build_and_take_no_elementary_function_from_the_system(tmp_path_factory):
    """Without the C++ library, which would take long to build, and whose own wishes are none of ours."""
    folder = shared_folder(tmp_path_factory)
    made = build("aarch64-linux-gnu", folder, options=["-DCMAKE_MODULE_LINKER_FLAGS=-nostdlib++ -Wl,-z,undefs"])
    (path,) = made.glob("libbackbeat_*")
    assert path.name == "libbackbeat_aarch64.so"
    data = path.read_bytes()
    assert struct.unpack_from("<H", data, 18) == (AARCH64,)
    taken = undefined(data)
    assert "memcpy" in taken
    assert taken & (ELEMENTARY | {f"{name}f" for name in ELEMENTARY}) == set()


@pytest.mark.slow
@pytest.mark.skipif(QEMU is None, reason="no QEMU here to run programs for AArch64")
@pytest.mark.skipif(library() is None, reason="no kernels here to compare with")
def test_presets_have_the_same_bits(tmp_path):
    """Rendered by the example in C++."""
    program = build("aarch64-linux-musl", tmp_path, source=ROOT / "examples" / "engine") / "render_patch"
    for name in presets():
        patch = preset(name)
        save(patch, tmp_path / "patch.json")
        (tmp_path / "program.json").write_text(json.dumps(patch.instrument.program.as_json()), encoding="utf-8")
        command = [QEMU, program, "program.json", "patch.json", "out.wav"]
        subprocess.run(command, cwd=tmp_path, check=True)
        found, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
        assert found.tobytes() == load(tmp_path / "patch.json").sound().tobytes(), name
