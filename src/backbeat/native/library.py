"""A C++ source as a shared library of this machine: compiled once, and loaded."""

import ctypes
import hashlib
import os
import shlex
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import torch

from backbeat.errors import NativeError
from backbeat.files import replacing

SOURCES = Path(__file__).with_name("source")
_COMPILERS = ("c++", "g++", "clang++")
_FOR_A_LIBRARY = ("-std=c++17", "-O3", "-fPIC", "-shared", "-pthread", "-fvisibility=hidden")
_OF_FLOATS = ("-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
_IF_KNOWN = (("-march=native",), ())
"""For this processor: left out where a compiler does not know of it."""


@lru_cache
def load(name: str) -> ctypes.CDLL:
    """The library of `source/<name>.cpp`.

    Raises:
        NativeError: where there is no compiler, or none that compiles it.
    """
    compiler = find_compiler()
    path = _folder() / f"{name}-{_fingerprint(compiler)}.so"
    if path.exists():
        try:
            return ctypes.CDLL(str(path))
        except OSError:  # kept by another machine, or not whole
            path.unlink(missing_ok=True)
    _compile(compiler, SOURCES / f"{name}.cpp", path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NativeError(f"{path}: found no library that loads here ({error})") from None


def check(status: int, name: str) -> None:
    """Raise what a library says of how it went.

    Raises:
        OutOfMemoryError: where memory did not suffice.
        NativeError: where something else went wrong.
    """
    if status == 1:
        raise torch.OutOfMemoryError(f"{name}: can't allocate memory")
    if status:
        raise NativeError(f"{name}: C++ failed (status {status})")


def find_compiler() -> list[str]:
    """The C++ compiler that the variable CXX names, with what stands before and after it there, or else the system's.

    Raises:
        NativeError: where there is none.
    """
    named = shlex.split(os.environ.get("CXX", ""))
    for command in [named] if named else [[name] for name in _COMPILERS]:
        if path := shutil.which(command[0]):
            return [path, *command[1:]]
    raise NativeError(f"no C++ compiler: found none of {named[0] if named else ', '.join(_COMPILERS)}")


def _folder() -> Path:
    """Where libraries are kept: in the user's cache or, where nothing can be kept there, until the process ends."""
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backbeat"
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return cache
    except (OSError, RuntimeError):  # the latter where there is no home
        return Path(_temporary_folder().name)


@lru_cache
def _temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="backbeat-")


def _fingerprint(compiler: list[str]) -> str:
    """Of all that a library is made from: the sources, the compiler, and the processor as that knows it."""
    seen = hashlib.sha256(repr((compiler, _FOR_A_LIBRARY, _OF_FLOATS, _IF_KNOWN)).encode())
    for path in sorted(SOURCES.iterdir()):
        seen.update(path.read_bytes())
    for options in (["-march=native"], []):
        seen.update(_run([*compiler, *options, "-dM", "-E", "-x", "c++", os.devnull]).stdout.encode())
    return seen.hexdigest()[:16]


def _run(command: list[str]) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise NativeError(f"{command[0]}: cannot be run ({error.strerror})") from None


def _compile(compiler: list[str], source: Path, path: Path) -> None:
    reasons: list[str] = []
    for options in _IF_KNOWN:
        # Not beside the library: what a compiler leaves when it fails is nobody's.
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / path.name
            done = _run([*compiler, *_FOR_A_LIBRARY, *_OF_FLOATS, *options, str(source), "-o", str(made)])
            if not done.returncode and made.exists():
                _keep(made, path)
                return
        reasons += [line for line in done.stderr.splitlines() if "error" in line]
    raise NativeError(f"{compiler[0]}: could not compile {source.name} ({next(iter(reasons), 'no reason given')})")


def _keep(made: Path, path: Path) -> None:
    try:
        with replacing(path) as temporary:
            shutil.copy(made, temporary)
    except OSError as error:
        raise NativeError(f"{path}: cannot be written ({error.strerror})") from None
