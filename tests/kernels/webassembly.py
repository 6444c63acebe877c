"""The kernels as a module of WebAssembly, called as `backbeat.kernels.library` calls the library."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import wasmtime
from numpy.typing import NDArray

OK, OUT_OF_MEMORY, INVALID = 0, 1, 2
_LONGEST_MESSAGE = 1000


class Engine:
    """An instance of the module.

    Args:
        path: the module.
        most_bytes: of its memory; none is what WebAssembly allows.
    """

    def __init__(self, path: Path, most_bytes: int | None = None) -> None:
        config = wasmtime.Config()
        config.wasm_exceptions = True
        self._store = wasmtime.Store(wasmtime.Engine(config))
        if most_bytes is not None:
            self._store.set_limits(memory_size=most_bytes)
        self.module = wasmtime.Module.from_file(self._store.engine, str(path))
        self._exports = wasmtime.Instance(self._store, self.module, []).exports(self._store)
        self._memory = self._exports["memory"]
        self.call("_initialize")

    def call(self, name: str, *arguments: Any) -> Any:
        return self._exports[name](self._store, *arguments)

    def room(self, size: int) -> int:
        """The address of so many bytes."""
        found = self.call("malloc", size) & 0xFFFFFFFF
        assert found, "no memory"
        return found

    def put(self, array: NDArray[Any] | bytes) -> int:
        """The address of a copy."""
        data = array if isinstance(array, bytes) else np.ascontiguousarray(array).tobytes()
        address = self.room(len(data) + 1)
        self._memory.write(self._store, data, address)
        return address

    def take(self, address: int, shape: tuple[int, ...], kind: type) -> NDArray[Any]:
        """A copy of an array."""
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        found = self._memory.read(self._store, address, address + size)
        return np.frombuffer(found, kind).reshape(shape)

    def text(self, address: int) -> str:
        found = bytearray()
        while character := self._memory.read(self._store, address + len(found), address + len(found) + 1):
            if character == b"\0":
                break
            found += character
        return found.decode()

    def free(self, *addresses: int) -> None:
        for each in addresses:
            self.call("free", each)


class Program:
    """A program that an instance has read; `Compiled` of `backbeat.kernels.library` says what the arguments are."""

    def __init__(self, engine: Engine, json: str) -> None:
        self._engine = engine
        text = json.encode()
        handle, message = engine.room(4), engine.room(_LONGEST_MESSAGE)
        document = engine.put(text)
        self.status = engine.call("backbeat_read", document, len(text), handle, message, _LONGEST_MESSAGE)
        self.message = engine.text(message)
        self._handle = int(engine.take(handle, (1,), np.uint32)[0])
        engine.free(document, handle, message)
        if self.status == OK:
            self.entries = engine.call("backbeat_entries", self._handle)
            self.inputs = engine.call("backbeat_inputs", self._handle)

    def render(
        self,
        given: NDArray[Any],
        seeds: NDArray[np.int64],
        samples: int,
        sample_rate: float,
        threads: int = 1,
        inputs: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        batch, held = self._batch(given, seeds, samples, sample_rate, threads, inputs)
        audio = self._engine.room(4 * len(given) * samples)
        try:
            check(self._engine.call("backbeat_render", self._handle, batch, audio))
            return self._engine.take(audio, (len(given), samples), np.float32)
        finally:
            self._engine.free(audio, batch, *held)

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
        samples = audio.shape[-1]
        batch, held = self._batch(given, seeds, samples, sample_rate, threads, inputs)
        sounds = [self._engine.put(np.asarray(each, np.float32)) for each in (audio, grad_audio)]
        grad_entries = self._engine.room(8 * len(given) * self.entries + 1)
        grad_inputs = 0 if inputs is None else self._engine.room(inputs.nbytes)
        made = [batch, *held, *sounds, grad_entries, grad_inputs]
        try:
            status = self._engine.call(
                "backbeat_differentiate", self._handle, batch, *sounds, grad_entries, grad_inputs
            )
            check(status)
            found = self._engine.take(grad_entries, (len(given), self.entries), np.float64)
            return found, None if inputs is None else self._engine.take(grad_inputs, inputs.shape, np.float32)
        finally:
            self._engine.free(*made)

    def hit(
        self,
        values: NDArray[np.float64],
        velocity: float,
        number: int,
        seed: int,
        *amounts: NDArray[Any],
    ) -> tuple[NDArray[np.float64], int]:
        put = [self._engine.put(each) for each in (values, *amounts)]
        strike = self._engine.put(struct.pack("<d2q3I4x", velocity, number, seed, *put[1:]))
        found = self._engine.room(8)
        try:
            check(self._engine.call("backbeat_hit", self._handle, strike, put[0], put[0], found))
            seeds = self._engine.take(found, (1,), np.int64)
            return self._engine.take(put[0], values.shape, np.float64), int(seeds[0])
        finally:
            self._engine.free(*put, strike, found)

    def _batch(
        self,
        given: NDArray[Any],
        seeds: NDArray[np.int64],
        samples: int,
        sample_rate: float,
        threads: int,
        inputs: NDArray[np.float32] | None,
    ) -> tuple[int, list[int]]:
        """The address of a `backbeat_batch`, whose pointers have 4 bytes here, and those of what it points to."""
        entries = self._engine.put(given)
        sounds = 0 if inputs is None else self._engine.put(inputs)
        numbers = self._engine.put(np.asarray(seeds, np.int64))
        either = (entries, 0) if given.dtype == np.float32 else (0, entries)
        counts = samples, len(given), threads, int(len(seeds) > 1)
        batch = self._engine.put(struct.pack("<d4q4I", sample_rate, *counts, numbers, *either, sounds))
        return batch, [entries, sounds, numbers]


def check(status: int) -> None:
    if status == OUT_OF_MEMORY:
        raise MemoryError
    assert status == OK
