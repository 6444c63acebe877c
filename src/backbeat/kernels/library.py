"""The kernels' library: the variant for this processor, and programs that it has read."""

from __future__ import annotations

import ctypes
import hashlib
import os
import sys
import weakref
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import KernelError, ProgramError

VARIANT = "BACKBEAT_KERNELS"
"""The environment variable that names the variant to load: v2, v3 or v4 of x86-64, or `none` for no kernels at all."""

FOLDER = "BACKBEAT_KERNELS_FOLDER"
"""The environment variable that names a folder of other libraries, such as those of `make test-sanitize`."""

_SUFFIX = {"darwin": ".dylib", "win32": ".dll"}.get(sys.platform, ".so")
_OK, _OUT_OF_MEMORY, _INVALID = 0, 1, 2
_LONGEST_MESSAGE = 1000

_Pointer = ctypes.c_void_p


class _Batch(ctypes.Structure):
    """As in backbeat.h."""

    _fields_ = (
        ("sample_rate", ctypes.c_double),
        ("samples", ctypes.c_int64),
        ("items", ctypes.c_int64),
        ("most_threads", ctypes.c_int64),
        ("seeds_apart", ctypes.c_int64),
        ("seeds", _Pointer),
        ("params", _Pointer),
        ("values", _Pointer),
        ("inputs", _Pointer),
    )


class _Strike(ctypes.Structure):
    """As in backbeat.h."""

    _fields_ = (
        ("velocity", ctypes.c_double),
        ("number", ctypes.c_int64),
        ("seed", ctypes.c_int64),
        *((name, _Pointer) for name in ("amounts", "curves", "humanize")),
    )


LOSS_FRAMES = 16
"""Frames of a chunk, as the cells of a loss's target are laid out; BACKBEAT_LOSS_FRAMES in backbeat.h."""


class LossResolution(ctypes.Structure):
    """As in backbeat.h."""

    _fields_ = (
        *((name, ctypes.c_int64) for name in ("length", "hop", "frames", "bands")),
        *((name, ctypes.c_double) for name in ("convergence", "log_magnitude", "log_mel")),
        *((name, ctypes.c_double) for name in ("offset", "norm", "mel_reference", "mel_floor")),
        *((name, _Pointer) for name in ("window", "magnitude", "level", "mel_level", "mel_audible")),
        *((name, _Pointer) for name in ("first_share", "band_of_share", "share")),
    )


class LossEnvelope(ctypes.Structure):
    """As in backbeat.h."""

    _fields_ = (
        ("block", ctypes.c_int64),
        ("blocks", ctypes.c_int64),
        *((name, ctypes.c_double) for name in ("weight", "reference", "floor")),
        ("level", _Pointer),
        ("audible", _Pointer),
    )


class LossTarget(ctypes.Structure):
    """As in backbeat.h."""

    _fields_ = (
        ("samples", ctypes.c_int64),
        ("resolutions", ctypes.c_int64),
        ("resolution", ctypes.POINTER(LossResolution)),
        ("envelope", LossEnvelope),
    )


class Voice(ctypes.Structure):
    """A hit that is to sound, as in backbeat.h."""

    _fields_ = (
        ("at", ctypes.c_int64),
        ("frames", ctypes.c_int64),
        ("audio", _Pointer),
        *((name, ctypes.c_int32) for name in ("channels", "output", "choke_group")),
        *((name, ctypes.c_float) for name in ("gain", "pan")),
    )


@lru_cache
def library() -> ctypes.CDLL | None:
    """The kernels, or none where this installation has none.

    Raises:
        KernelError: where the environment names a variant that is not there, or what is there does not load.
    """
    wanted = os.environ.get(VARIANT, "")
    if wanted == "none":
        return None
    folder = _folder()
    there = sorted(path.stem.removeprefix("libbackbeat_") for path in folder.glob(f"libbackbeat_*{_SUFFIX}"))
    if wanted and wanted not in there:
        raise KernelError(f"{VARIANT}: found {wanted!r}; must be one of {', '.join([*there, 'none'])}")
    if not there:
        return None
    path = folder / f"libbackbeat_{wanted or _best(folder, there)}{_SUFFIX}"
    try:
        found = _declared(ctypes.CDLL(str(path)))
    except OSError as error:
        raise KernelError(f"{path}: found no library that loads here ({error})") from None
    sources = _sources()
    if sources and found.backbeat_sources().decode() != sources:
        raise KernelError(f"{path}: built from other sources than those beside it; must be built anew (make kernels)")
    return found


def _folder() -> Path:
    """Where the libraries are: beside this file or, of an editable installation, where that was installed.

    Raises:
        KernelError: where the environment names a folder that is not there.
    """
    chosen = os.environ.get(FOLDER)
    if chosen:
        if not Path(chosen).is_dir():
            raise KernelError(f"{FOLDER}: found {chosen!r}; must be a folder of libraries")
        return Path(chosen)
    folders = [Path(path) / "lib" for path in import_module("backbeat.kernels").__path__]
    return next((folder for folder in folders if folder.is_dir()), folders[-1])


def _sources() -> str:
    """The hash of the sources beside this file, as CMakeLists.txt takes it; "" where there are none, as in a wheel."""
    files = sorted(each for each in Path(__file__).parent.iterdir() if each.suffix in (".cpp", ".h"))
    if not files:
        return ""
    listed = "".join(f"{each.name} {hashlib.sha256(each.read_bytes()).hexdigest()}\n" for each in files)
    return hashlib.sha256(listed.encode()).hexdigest()


def _best(folder: Path, there: list[str]) -> str:
    """The highest level of x86-64 that this processor can run; elsewhere there are no levels, but one library."""
    first = ctypes.CDLL(str(folder / f"libbackbeat_{there[0]}{_SUFFIX}"))
    levels = [f"v{level}" for level in range(first.backbeat_processor(), 1, -1)]
    return next((name for name in levels if name in there), there[0])


def _declared(library: ctypes.CDLL) -> ctypes.CDLL:
    library.backbeat_sources.restype = ctypes.c_char_p
    library.backbeat_variant.restype = ctypes.c_char_p
    library.backbeat_read.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.POINTER(_Pointer),
        ctypes.c_char_p,
        ctypes.c_size_t,
    ]
    library.backbeat_free.argtypes = [_Pointer]
    library.backbeat_free.restype = None
    for name in ("entries", "inputs"):
        function = getattr(library, f"backbeat_{name}")
        function.argtypes, function.restype = [_Pointer], ctypes.c_int64
    library.backbeat_render.argtypes = [_Pointer, ctypes.POINTER(_Batch), _Pointer]
    library.backbeat_differentiate.argtypes = [_Pointer, ctypes.POINTER(_Batch), *[_Pointer] * 4]
    mixer, voice = ctypes.POINTER(_Pointer), ctypes.POINTER(Voice)
    library.backbeat_mixer_create.argtypes = [ctypes.c_double, ctypes.c_int32, ctypes.c_int64, mixer]
    library.backbeat_mixer_free.argtypes, library.backbeat_mixer_free.restype = [_Pointer], None
    library.backbeat_mixer_voices.argtypes, library.backbeat_mixer_voices.restype = [_Pointer], ctypes.c_int64
    library.backbeat_mixer_start.argtypes = [_Pointer, voice]
    library.backbeat_mixer_choke.argtypes = [_Pointer, ctypes.c_int32, ctypes.c_int64]
    library.backbeat_mixer_process.argtypes = [_Pointer, ctypes.c_int64, _Pointer]
    library.backbeat_hit.argtypes = [_Pointer, ctypes.POINTER(_Strike), *[_Pointer] * 3]
    target, count = ctypes.POINTER(LossTarget), ctypes.c_int64
    library.backbeat_loss_kept.argtypes, library.backbeat_loss_kept.restype = [target], ctypes.c_int64
    library.backbeat_loss_compare.argtypes = [target, count, count, *[_Pointer] * 3]
    library.backbeat_loss_differentiate.argtypes = [target, count, count, *[_Pointer] * 4]
    return library


class Compiled:
    """A program that the kernels have read.

    Args:
        json: the program.

    Raises:
        ProgramError: where it is none that these kernels can run.
        KernelError: where there are no kernels.
    """

    def __init__(self, json: str) -> None:
        found = library()
        if found is None:
            raise KernelError("kernels: none in this installation; install a wheel of backbeat, or build it with CMake")
        self._library, self._json = found, json
        text, message, handle = json.encode(), ctypes.create_string_buffer(_LONGEST_MESSAGE), _Pointer()
        status = found.backbeat_read(text, len(text), ctypes.byref(handle), message, len(message))
        if status == _INVALID:
            raise ProgramError(f"program: {message.value.decode('utf-8', 'replace')}")
        check(status)
        self._handle = handle
        self._finalizer = weakref.finalize(self, found.backbeat_free, handle)
        self.entries = int(found.backbeat_entries(handle))
        self.inputs = int(found.backbeat_inputs(handle))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._json,)

    def render(
        self,
        given: NDArray[Any],
        seeds: NDArray[np.int64],
        samples: int,
        sample_rate: float,
        threads: int = 1,
        inputs: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Render (items, samples).

        Args:
            given: params in [0, 1], float32, or values in physical units, float64; (items, entries).
            seeds: of the noise, (items,) or (1,).
            samples: length.
            sample_rate: in Hz.
            threads: at most so many.
            inputs: signals that the program asks for, (items, inputs, samples).
        """
        audio = np.empty((len(given), samples), np.float32)
        batch, _held = self._batch(given, seeds, samples, sample_rate, threads, inputs)
        check(self._library.backbeat_render(self._handle, ctypes.byref(batch), audio.ctypes.data))
        return audio

    def differentiate(
        self,
        audio: NDArray[np.float32],
        grad_audio: NDArray[np.float32],
        given: NDArray[Any],
        seeds: NDArray[np.int64],
        sample_rate: float,
        threads: int = 1,
        inputs: NDArray[np.float32] | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        """The gradients of what was given, (items, entries), and of the inputs, by that of the audio."""
        audio, grad_audio = (np.ascontiguousarray(each, np.float32) for each in (audio, grad_audio))
        batch, held = self._batch(given, seeds, audio.shape[-1], sample_rate, threads, inputs)
        grad_entries = np.empty((len(given), self.entries))
        grad_inputs = None if inputs is None else np.empty_like(held[2])
        check(
            self._library.backbeat_differentiate(
                self._handle,
                ctypes.byref(batch),
                audio.ctypes.data,
                grad_audio.ctypes.data,
                grad_entries.ctypes.data,
                None if grad_inputs is None else grad_inputs.ctypes.data,
            )
        )
        return grad_entries, grad_inputs

    def hit(
        self,
        values: NDArray[np.float64],
        velocity: float,
        number: int,
        seed: int,
        amounts: NDArray[np.float64],
        curves: NDArray[np.int64],
        humanize: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], int]:
        """The values of a hit, (entries,), and its noise seed; see `backbeat.program.hit`."""
        values, amounts, humanize = (np.ascontiguousarray(each, np.float64) for each in (values, amounts, humanize))
        curves = np.ascontiguousarray(curves, np.int64)
        if any(each.shape != (self.entries,) for each in (values, amounts, curves, humanize)):
            raise ProgramError(f"hit: found values of shape {values.shape}; must be ({self.entries},), and as amounts")
        strike = _Strike(velocity, number, seed, *(each.ctypes.data for each in (amounts, curves, humanize)))
        struck, own_seed = np.empty_like(values), ctypes.c_int64()
        given = values.ctypes.data, struck.ctypes.data, ctypes.byref(own_seed)
        check(self._library.backbeat_hit(self._handle, ctypes.byref(strike), *given))
        return struck, own_seed.value

    def _batch(
        self,
        given: NDArray[Any],
        seeds: NDArray[np.int64],
        samples: int,
        sample_rate: float,
        threads: int,
        inputs: NDArray[np.float32] | None,
    ) -> tuple[_Batch, tuple[Any, ...]]:
        """What the library is given, and the arrays that it points to."""
        is_params = given.dtype == np.float32
        given = np.ascontiguousarray(given, np.float32 if is_params else np.float64)
        seeds = np.ascontiguousarray(seeds, np.int64)
        inputs = None if inputs is None else np.ascontiguousarray(inputs, np.float32)
        if given.shape[1:] != (self.entries,) or seeds.shape not in ((1,), (len(given),)):
            raise ProgramError(
                f"batch: found {given.shape} and {seeds.shape} seeds; must be (items, {self.entries}), and 1 or as many"
            )
        pointer = given.ctypes.data
        batch = _Batch(
            sample_rate=sample_rate,
            samples=samples,
            items=len(given),
            most_threads=threads,
            seeds_apart=int(len(seeds) > 1),
            seeds=seeds.ctypes.data,
            params=pointer if is_params else None,
            values=None if is_params else pointer,
            inputs=None if inputs is None else inputs.ctypes.data,
        )
        return batch, (given, seeds, inputs)


@lru_cache(maxsize=256)
def read_program(json: str) -> Compiled:
    """The program, read once; see `Compiled`."""
    return Compiled(json)


def check(status: int) -> None:
    """Raise what a call's status says.

    Raises:
        MemoryError: where memory did not suffice.
        KernelError: where something else went wrong.
    """
    if status == _OUT_OF_MEMORY:
        raise MemoryError("backbeat's kernels: can't allocate memory")
    if status != _OK:
        raise KernelError(f"kernels: failed (status {status})")
