"""C++ sources made libraries: found, compiled once, kept, and what happens where that cannot be."""

import dataclasses
import inspect
import os
import platform
import stat
import subprocess
import sys

import pytest
import torch

from backbeat import plugins
from backbeat.compiled import native_render
from backbeat.errors import NativeError, PluginError
from backbeat.native import NativeRender, library
from backbeat.synth import Synth


@pytest.fixture
def afresh(monkeypatch, tmp_path):
    """An empty cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    library.load.cache_clear()
    yield tmp_path / "backbeat"
    library.load.cache_clear()


def script(path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_compiled_once_and_kept(afresh, monkeypatch):
    assert library.load("kick") is library.load("kick")
    (kept,) = afresh.iterdir()
    library.load.cache_clear()
    monkeypatch.setattr(library, "_compile", None)
    assert library.load("kick").layout
    assert list(afresh.iterdir()) == [kept]


def test_what_a_compiler_does_not_know_is_left_out(afresh, monkeypatch, tmp_path):
    refuse = 'for each in "$@"; do case $each in -march=native) echo "error: $each?" >&2; exit 1;; esac; done'
    monkeypatch.setenv("CXX", script(tmp_path / "old", f'{refuse}\nexec {library.find_compiler()[0]} "$@"'))
    kick = plugins.get("kick")
    params = torch.full((2, kick.table.size), 0.3)
    sound = native_render(kick, 44100.0, 300)(kick.table.physical(params), torch.tensor([1]))
    assert float((sound - Synth(kick, seconds=300 / 44100)(params, 1)[:, 0]).abs().max()) < 1e-5


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names processors of one kind")
@pytest.mark.parametrize("processor", ["x86-64", "x86-64-v3"])
@pytest.mark.parametrize("name", ["kick", "drum"])
def test_narrower_vectors(afresh, monkeypatch, name, processor):
    monkeypatch.setattr(library, "_IF_KNOWN", ((f"-march={processor}",),))
    plugin = plugins.get(name)
    native, eager = native_render(plugin, 44100.0, 5000), Synth(plugin, seconds=5000 / 44100)
    params = plugin.table.normalise(plugin.table.defaults()).float().expand(3, -1)
    leaf = params.clone().requires_grad_()
    sound = native(plugin.table.physical(leaf), torch.tensor([1]))
    (gradient,) = torch.autograd.grad(sound.square().mean(), leaf)
    other = params.clone().requires_grad_()
    (expected,) = torch.autograd.grad(eager(other, 1).square().mean(), other)
    assert float((sound.detach() - eager(params, 1)[:, 0]).abs().max()) < 1e-5
    assert float((gradient - expected).norm()) < 1e-3 * float(expected.norm())


def test_no_compiler(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(NativeError, match=r"^no C\+\+ compiler: found none of no-such-compiler$"):
        library.find_compiler()


def test_a_source_that_does_not_compile(afresh, monkeypatch, tmp_path):
    sources = tmp_path / "source"
    sources.mkdir()
    (sources / "bad.cpp").write_text("this is not C++\n")
    monkeypatch.setattr(library, "SOURCES", sources)
    with pytest.raises(NativeError, match=r"could not compile bad\.cpp \(.*error") as caught:
        library.load("bad")
    assert "\n" not in str(caught.value)
    assert list(afresh.iterdir()) == []


def test_a_library_that_does_not_load(afresh, monkeypatch, tmp_path):
    out = 'while [ "$1" != -o ]; do shift || exit 0; done; echo nonsense > "$2"'
    monkeypatch.setenv("CXX", script(tmp_path / "odd", f'case "$*" in *-dM*) exit 0;; esac\n{out}'))
    with pytest.raises(NativeError, match="found no library that loads here"):
        library.load("kick")


def test_a_compiler_with_arguments(afresh, monkeypatch):
    (compiler,) = library.find_compiler()
    monkeypatch.setenv("CXX", f"{compiler} -g0")
    assert library.find_compiler() == [compiler, "-g0"]
    assert library.load("kick").layout


def test_a_compiler_that_cannot_be_run(afresh, monkeypatch, tmp_path):
    (tmp_path / "c++").write_text("#!/no/such/interpreter\n")
    (tmp_path / "c++").chmod(0o755)
    monkeypatch.setenv("CXX", str(tmp_path / "c++"))
    with pytest.raises(NativeError, match=r"c\+\+: cannot be run \("):
        library.load("kick")


def test_a_kept_library_that_does_not_load_is_made_again(afresh):
    kept = afresh / f"kick-{library._fingerprint(library.find_compiler())}.so"
    kept.parent.mkdir()
    kept.write_bytes(b"cut off")
    assert library.load("kick").layout
    assert kept.stat().st_size > 1000


def test_without_a_home(monkeypatch):
    def homeless() -> None:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(library.Path, "home", homeless)
    library.load.cache_clear()
    assert library.load("kick").layout
    library.load.cache_clear()


@pytest.mark.skipif(os.name == "nt", reason="a folder that is a file")
def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    library.load.cache_clear()
    assert library.load("kick").layout
    library.load.cache_clear()


def test_parameters_that_the_source_does_not_know():
    sizes = {name: each.size for name, each in plugins.get("kick").table.items()}
    with pytest.raises(PluginError, match=r"^kick: found 7 of mode_hz; its C\+\+ is made for 6 of mode_hz$"):
        NativeRender("kick", {**sizes, "mode_hz": 7}, 44100.0, 100)
    with pytest.raises(PluginError, match=r"^kick: found 49 parameters; its C\+\+ is made for 32$"):
        NativeRender("kick", {str(k): 1 for k in range(49)}, 44100.0, 100)


def test_a_plugin_without_any():
    assert native_render(dataclasses.replace(plugins.get("kick"), native=None), 44100.0, 9) is None


def test_a_plugin_that_was_given_another_chain():
    def render(grid, **controls):
        return plugins.get("kick").render(grid, **controls)

    render.__signature__ = inspect.signature(plugins.get("kick").render)
    assert native_render(dataclasses.replace(plugins.get("kick"), render=render), 44100.0, 9) is None


def test_nothing_is_compiled_before_it_is_used():
    code = "import backbeat.synth, backbeat.matching, sys; backbeat.synth.Synth('kick', compile=True)\n"
    code += "from backbeat.native import library\n"
    code += "print(library.load.cache_info().currsize, 'torch._inductor' in sys.modules)"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.split() == ["0", "False"]
