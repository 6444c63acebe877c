"""A small host of LV2, in ctypes, without options or a worker: all that it has is a map of URIs.

References:
    | LV2, http://lv2plug.in/ns, extensions atom, midi, state and urid
"""

import ctypes as c
import re
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_p, _s, _u32 = c.c_void_p, c.c_char_p, c.c_uint32
_MAP = c.CFUNCTYPE(_u32, _p, _s)
_STORE = c.CFUNCTYPE(_u32, _p, _u32, _p, c.c_size_t, _u32, _u32)
_RETRIEVE = c.CFUNCTYPE(_p, _p, _u32, c.POINTER(c.c_size_t), c.POINTER(_u32), c.POINTER(_u32))
SEQUENCE, CHUNK, STRING = (f"http://lv2plug.in/ns/ext/atom#{name}" for name in ("Sequence", "Chunk", "String"))
MIDI_EVENT = "http://lv2plug.in/ns/ext/midi#MidiEvent"
OUTPUTS = 34
ROOM = 1 << 16


class _Feature(c.Structure):
    _fields_ = (("uri", _s), ("data", _p))


class _Map(c.Structure):
    _fields_ = (("handle", _p), ("map", _MAP))


class _Descriptor(c.Structure):
    _fields_ = (
        ("uri", _s), ("instantiate", c.CFUNCTYPE(_p, _p, c.c_double, _s, c.POINTER(c.POINTER(_Feature)))),
        ("connect_port", c.CFUNCTYPE(None, _p, _u32, _p)), ("activate", c.CFUNCTYPE(None, _p)),
        ("run", c.CFUNCTYPE(None, _p, _u32)), ("deactivate", c.CFUNCTYPE(None, _p)),
        ("cleanup", c.CFUNCTYPE(None, _p)), ("extension_data", c.CFUNCTYPE(_p, _s)),
    )  # fmt: skip


class _State(c.Structure):
    _fields_ = (
        ("save", c.CFUNCTYPE(_u32, _p, _STORE, _p, _u32, _p)),
        ("restore", c.CFUNCTYPE(_u32, _p, _RETRIEVE, _p, _u32, _p)),
    )  # fmt: skip


_WRITE, _FIND, _IDLE = c.CFUNCTYPE(None, _p, _u32, _u32, _u32, _p), c.CFUNCTYPE(_p, _s), c.CFUNCTYPE(c.c_int, _p)


class _FaceDescriptor(c.Structure):
    _fields_ = (
        ("uri", _s),
        ("instantiate", c.CFUNCTYPE(_p, _p, _s, _s, _WRITE, _p, _p, c.POINTER(c.POINTER(_Feature)))),
        ("cleanup", c.CFUNCTYPE(None, _p)), ("port_event", c.CFUNCTYPE(None, _p, _u32, _u32, _u32, _p)),
        ("extension_data", _FIND),
    )  # fmt: skip


class Plugin:
    """The plugin in a folder, active at a sample rate."""

    def __init__(self, folder: Path, sample_rate: float):
        self.uris: dict[str, int] = {}
        text = (folder / "backbeat.ttl").read_text(encoding="utf-8")
        found = re.findall(r'lv2:index (\d+) ;(?:(?!lv2:index).)*?lv2:symbol "(\w+)"', text, re.DOTALL)
        self.ports = {symbol: int(index) for index, symbol in found}
        defaults = dict(re.findall(r'lv2:symbol "(\w+)" ;(?:(?!lv2:symbol).)*?lv2:default ([-\d.]+)', text, re.DOTALL))
        self.folder, self.library = folder, c.CDLL(str(folder / "backbeat.so"))
        library = self.library
        library.lv2_descriptor.restype = c.POINTER(_Descriptor)
        self.descriptor = library.lv2_descriptor(0).contents
        assert not library.lv2_descriptor(1)
        self._map = _Map(None, _MAP(lambda _, uri: self.number(uri.decode())))
        feature = _Feature(b"http://lv2plug.in/ns/ext/urid#map", c.addressof(self._map))
        features = (c.POINTER(_Feature) * 2)(c.pointer(feature), None)
        self.handle = self.descriptor.instantiate(
            c.byref(self.descriptor),
            sample_rate,
            f"{folder}/".encode(),
            c.cast(features, c.POINTER(c.POINTER(_Feature))),
        )
        assert self.handle
        self.controls = {name: c.c_float(float(value)) for name, value in defaults.items()}
        for name, value in self.controls.items():
            self.descriptor.connect_port(self.handle, self.ports[name], c.addressof(value))
        self.descriptor.activate(self.handle)

    def number(self, uri: str) -> int:
        return self.uris.setdefault(uri, len(self.uris) + 1)

    def play(self, frames: int, events: Sequence[tuple[int, bytes]] = ()) -> NDArray[np.float32]:
        """What a block sounds like, (channels, frames); events are frames and messages of MIDI."""
        body = struct.pack("<II", 0, 0)
        for frame, data in events:
            body += struct.pack("<qII", frame, len(data), self.number(MIDI_EVENT)) + data.ljust(8, b"\0")
        given = c.create_string_buffer(struct.pack("<II", len(body), self.number(SEQUENCE)) + body)
        taken = c.create_string_buffer(struct.pack("<II", ROOM, self.number(CHUNK)), ROOM + 8)
        audio = np.full((OUTPUTS, frames), np.nan, np.float32)
        for index, channel in enumerate(audio):
            self.descriptor.connect_port(self.handle, index, channel.ctypes.data)
        for name, buffer in (("lv2_events_in", given), ("lv2_events_out", taken)):
            if name in self.ports:
                self.descriptor.connect_port(self.handle, self.ports[name], c.addressof(buffer))
        self.descriptor.run(self.handle, frames)
        return audio

    def _state(self) -> Any:
        found = self.descriptor.extension_data(b"http://lv2plug.in/ns/ext/state#interface")
        return c.cast(found, c.POINTER(_State)).contents

    def save(self) -> dict[str, bytes]:
        names = {number: uri for uri, number in self.uris.items()}
        kept = {}

        def store(_: Any, key: int, value: int, size: int, kind: int, __: int) -> int:
            names.update((number, uri) for uri, number in self.uris.items())
            assert names[kind] == STRING
            kept[names[key]] = c.string_at(value, size)
            return 0

        assert self._state().save(self.handle, _STORE(store), None, 0, None) == 0
        return kept

    def restore(self, kept: dict[str, bytes]) -> None:
        buffers = {self.number(uri): c.create_string_buffer(value, len(value)) for uri, value in kept.items()}

        def retrieve(_: Any, key: int, size: Any, kind: Any, flags: Any) -> int | None:
            if key not in buffers:
                return None
            size[0], kind[0], flags[0] = len(buffers[key]), self.number(STRING), 3
            return c.addressof(buffers[key])

        assert self._state().restore(self.handle, _RETRIEVE(retrieve), None, 0, None) == 0

    def end(self) -> None:
        self.descriptor.deactivate(self.handle)
        self.descriptor.cleanup(self.handle)


class Face:
    """The face of a plugin in a window, by its number, of the same process."""

    def __init__(self, plugin: Plugin, window: int):
        def write(_: Any, port: int, size: int, __: int, data: int) -> None:
            names = {index: name for name, index in plugin.ports.items()}
            if size == c.sizeof(c.c_float):
                plugin.controls[names[port]].value = c.c_float.from_address(data).value

        plugin.library.lv2ui_descriptor.restype = c.POINTER(_FaceDescriptor)
        self.descriptor = plugin.library.lv2ui_descriptor(0).contents
        self._kept = (_FIND(lambda name: plugin.descriptor.extension_data(name)), _WRITE(write))
        given = {
            "http://lv2plug.in/ns/ext/urid#map": c.addressof(plugin._map),
            "http://lv2plug.in/ns/extensions/ui#parent": window,
            "http://lv2plug.in/ns/ext/data-access": c.addressof(self._kept[0]),
            "http://lv2plug.in/ns/ext/instance-access": plugin.handle,
        }
        features = [c.pointer(_Feature(name.encode(), data)) for name, data in given.items()]
        listed = (c.POINTER(_Feature) * 5)(*features, None)
        self.handle = self.descriptor.instantiate(
            c.addressof(self.descriptor), b"urn:backbeat:drum-machine", f"{plugin.folder}/".encode(), self._kept[1],
            None, c.addressof(_p()), c.cast(listed, c.POINTER(c.POINTER(_Feature))),
        )  # fmt: skip
        assert self.handle
        found = self.descriptor.extension_data(b"http://lv2plug.in/ns/extensions/ui#idleInterface")
        self._idle = _IDLE(c.c_void_p.from_address(found).value or 0)

    def idle(self) -> None:
        assert self._idle(self.handle) == 0

    def close(self) -> None:
        self.descriptor.cleanup(self.handle)
