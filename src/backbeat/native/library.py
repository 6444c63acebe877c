"""A C++ source as a shared library of this machine: compiled once, and loaded."""

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from backbeat.errors import NativeError
from backbeat.files import replacing

SOURCES = Path(__file__).with_name("source")
_COMPILERS = ("c++", "g++", "clang++")
_FOR_A_LIBRARY = ("-std=c++17", "-O3", "-fPIC", "-shared", "-fvisibility=hidden")
_ALWAYS = (*_FOR_A_LIBRARY, "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math")
_IF_KNOWN = (("-march=native", "-fopenmp"), ("-march=native",), ("-fopenmp",), ())
"""For this processor, and on several threads: what a compiler does not know of that is left out."""


@lru_cache
def load(name: str) -> ctypes.CDLL:
    """The library of `source/<name>.cpp`.

    Raises:
        NativeError: where there is no compiler, or none that compiles it.
    """
    compiler = find_compiler()
    folder = _folder()
    path = folder / f"{name}-{_fingerprint(compiler)}.so"
    if not path.exists():
        _compile(compiler, SOURCES / f"{name}.cpp", path)
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NativeError(f"{path}: found no library that loads here ({error})") from None


def find_compiler() -> str:
    """The C++ compiler that the variable CXX names, or else the system's.

    Raises:
        NativeError: where there is none.
    """
    wanted = (os.environ["CXX"],) if os.environ.get("CXX") else _COMPILERS
    found = next((path for name in wanted if (path := shutil.which(name))), None)
    if found is None:
        raise NativeError(f"no C++ compiler: found none of {', '.join(wanted)}")
    return found


def _folder() -> Path:
    """Where libraries are kept: in the user's cache or, where nothing can be kept there, until the process ends."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "backbeat"
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            return cache
    except OSError:
        return _temporary_folder()


@lru_cache
def _temporary_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="backbeat-"))


def _fingerprint(compiler: str) -> str:
    """Of all that a library is made from: the sources, the compiler, and the processor as that knows it."""
    seen = hashlib.sha256(repr((_ALWAYS, _IF_KNOWN)).encode())
    for path in sorted(SOURCES.iterdir()):
        seen.update(path.read_bytes())
    for options in (("-march=native",), ()):
        command = [compiler, *options, "-dM", "-E", "-x", "c++", os.devnull]
        seen.update(subprocess.run(command, capture_output=True, check=False).stdout)
    return seen.hexdigest()[:16]


def _compile(compiler: str, source: Path, path: Path) -> None:
    reasons: list[str] = []
    for options in _IF_KNOWN:
        try:
            with replacing(path) as temporary:
                command = [compiler, *_ALWAYS, *options, str(source), "-o", str(temporary)]
                subprocess.run(command, capture_output=True, text=True, check=True)
            return
        except subprocess.CalledProcessError as error:
            reasons += [line for line in error.stderr.splitlines() if "error" in line]
        except OSError as error:
            raise NativeError(f"{compiler}: cannot be run ({error.strerror})") from None
    raise NativeError(f"{compiler}: could not compile {source.name} ({next(iter(reasons), 'no reason given')})")
