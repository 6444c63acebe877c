"""A host of CLAP, in ctypes: the structures of the specification 1.1, and a plugin that is played with NumPy.

References:
    | CLAP, https://github.com/free-audio/clap, include/clap
"""

import ctypes as c
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CORE, FOREIGN = 0, 77
NOTE_ON, NOTE_OFF, PARAM_VALUE, TRANSPORT, MIDI = 0, 1, 5, 9, 10
ERROR = 0
REALTIME, OFFLINE = 0, 1
IDENTIFIER = b"backbeat.drum-machine"
SAID: list[str] = []
"""What plugins asked of the host."""


def _struct(title: str, /, **fields: Any) -> type[c.Structure]:
    return type(title, (c.Structure,), {"_fields_": list(fields.items())})


_p, _s, _u32, _bool = c.c_void_p, c.c_char_p, c.c_uint32, c.c_bool
Version = _struct("Version", major=_u32, minor=_u32, revision=_u32)
Descriptor = _struct(
    "Descriptor", version=Version, id=_s, name=_s, vendor=_s, url=_s, manual_url=_s, support_url=_s, release=_s,
    description=_s, features=c.POINTER(_s),
)  # fmt: skip
HostStruct = _struct(
    "HostStruct", version=Version, data=_p, name=_s, vendor=_s, url=_s, release=_s,
    get_extension=c.CFUNCTYPE(_p, _p, _s), request_restart=c.CFUNCTYPE(None, _p),
    request_process=c.CFUNCTYPE(None, _p), request_callback=c.CFUNCTYPE(None, _p),
)  # fmt: skip
PluginStruct = _struct(
    "PluginStruct", desc=c.POINTER(Descriptor), data=_p, init=c.CFUNCTYPE(_bool, _p), destroy=c.CFUNCTYPE(None, _p),
    activate=c.CFUNCTYPE(_bool, _p, c.c_double, _u32, _u32), deactivate=c.CFUNCTYPE(None, _p),
    start_processing=c.CFUNCTYPE(_bool, _p), stop_processing=c.CFUNCTYPE(None, _p), reset=c.CFUNCTYPE(None, _p),
    process=c.CFUNCTYPE(c.c_int32, _p, _p), get_extension=c.CFUNCTYPE(_p, _p, _s), on_main_thread=c.CFUNCTYPE(None, _p),
)  # fmt: skip
Factory = _struct(
    "Factory", count=c.CFUNCTYPE(_u32, _p), descriptor=c.CFUNCTYPE(c.POINTER(Descriptor), _p, _u32),
    create=c.CFUNCTYPE(c.POINTER(PluginStruct), _p, c.POINTER(HostStruct), _s),
)  # fmt: skip
Entry = _struct(
    "Entry", version=Version, init=c.CFUNCTYPE(_bool, _s), deinit=c.CFUNCTYPE(None), factory=c.CFUNCTYPE(_p, _s)
)
Header = _struct("Header", size=_u32, time=_u32, space=c.c_uint16, type=c.c_uint16, flags=_u32)
Note = _struct(
    "Note", header=Header, id=c.c_int32, port=c.c_int16, channel=c.c_int16, key=c.c_int16, velocity=c.c_double
)
ParamValue = _struct(
    "ParamValue", header=Header, param=_u32, cookie=_p, note=c.c_int32, port=c.c_int16, channel=c.c_int16,
    key=c.c_int16, value=c.c_double,
)  # fmt: skip
Midi = _struct("Midi", header=Header, port=c.c_uint16, data=c.c_uint8 * 3)
InEvents = _struct("InEvents", context=_p, size=c.CFUNCTYPE(_u32, _p), get=c.CFUNCTYPE(_p, _p, _u32))
OutEvents = _struct("OutEvents", context=_p, push=c.CFUNCTYPE(_bool, _p, _p))
Buffer = _struct("Buffer", data32=c.POINTER(_p), data64=_p, channels=_u32, latency=_u32, constant=c.c_uint64)
Process = _struct(
    "Process", steady=c.c_int64, frames=_u32, transport=_p, inputs=_p, outputs=c.POINTER(Buffer), inputs_count=_u32,
    outputs_count=_u32, in_events=c.POINTER(InEvents), out_events=c.POINTER(OutEvents),
)  # fmt: skip
ParamInfo = _struct(
    "ParamInfo", id=_u32, flags=_u32, cookie=_p, name=c.c_char * 256, module=c.c_char * 1024, least=c.c_double,
    greatest=c.c_double, standard=c.c_double,
)  # fmt: skip
Params = _struct(
    "Params", count=c.CFUNCTYPE(_u32, _p), info=c.CFUNCTYPE(_bool, _p, _u32, c.POINTER(ParamInfo)),
    value=c.CFUNCTYPE(_bool, _p, _u32, c.POINTER(c.c_double)),
    to_text=c.CFUNCTYPE(_bool, _p, _u32, c.c_double, _p, _u32),
    to_value=c.CFUNCTYPE(_bool, _p, _u32, _s, c.POINTER(c.c_double)),
    flush=c.CFUNCTYPE(None, _p, c.POINTER(InEvents), c.POINTER(OutEvents)),
)  # fmt: skip
Stream = _struct("Stream", context=_p, call=c.CFUNCTYPE(c.c_int64, _p, _p, c.c_uint64))
State = _struct("State", save=c.CFUNCTYPE(_bool, _p, c.POINTER(Stream)), load=c.CFUNCTYPE(_bool, _p, c.POINTER(Stream)))
PortInfo = _struct("PortInfo", id=_u32, name=c.c_char * 256, flags=_u32, channels=_u32, type=_s, pair=_u32)
Ports = _struct(
    "Ports", count=c.CFUNCTYPE(_u32, _p, _bool), get=c.CFUNCTYPE(_bool, _p, _u32, _bool, c.POINTER(PortInfo))
)
Render = _struct("Render", needs_real_time=c.CFUNCTYPE(_bool, _p), set=c.CFUNCTYPE(_bool, _p, c.c_int32))
Window = _struct("Window", api=_s, number=c.c_ulong)
_size = c.CFUNCTYPE(_bool, _p, c.POINTER(_u32), c.POINTER(_u32))
Gui = _struct(
    "Gui", is_api_supported=c.CFUNCTYPE(_bool, _p, _s, _bool), get_preferred_api=_p,
    create=c.CFUNCTYPE(_bool, _p, _s, _bool), destroy=c.CFUNCTYPE(None, _p),
    set_scale=c.CFUNCTYPE(_bool, _p, c.c_double), get_size=_size, can_resize=c.CFUNCTYPE(_bool, _p),
    get_resize_hints=_p, adjust_size=_size, set_size=c.CFUNCTYPE(_bool, _p, _u32, _u32),
    set_parent=c.CFUNCTYPE(_bool, _p, c.POINTER(Window)), set_transient=_p, suggest_title=_p,
    show=c.CFUNCTYPE(_bool, _p), hide=c.CFUNCTYPE(_bool, _p),
)  # fmt: skip
HostGui = _struct(
    "HostGui", resize_hints_changed=c.CFUNCTYPE(None, _p), request_resize=c.CFUNCTYPE(_bool, _p, _u32, _u32),
    request_show=c.CFUNCTYPE(_bool, _p), request_hide=c.CFUNCTYPE(_bool, _p), closed=c.CFUNCTYPE(None, _p, _bool),
)  # fmt: skip
Timer = _struct("Timer", on_timer=c.CFUNCTYPE(None, _p, _u32))
HostTimer = _struct(
    "HostTimer", register_timer=c.CFUNCTYPE(_bool, _p, _u32, c.POINTER(_u32)),
    unregister_timer=c.CFUNCTYPE(_bool, _p, _u32),
)  # fmt: skip
EXTENSIONS = {
    "params": (b"clap.params", Params), "state": (b"clap.state", State), "ports": (b"clap.audio-ports", Ports),
    "render": (b"clap.render", Render), "gui": (b"clap.gui", Gui), "timer": (b"clap.timer-support", Timer),
}  # fmt: skip


def note(time: int, key: int, velocity: float, *, kind: int = NOTE_ON, space: int = CORE, port: int = 0) -> Any:
    return Note(Header(c.sizeof(Note), time, space, kind, 0), -1, port, 0, key, velocity)


def midi(time: int, *data: int) -> Any:
    return Midi(Header(c.sizeof(Midi), time, CORE, MIDI, 0), 0, (c.c_uint8 * 3)(*data))


def value(time: int, param: int, number: float, *, space: int = CORE) -> Any:
    return ParamValue(Header(c.sizeof(ParamValue), time, space, PARAM_VALUE, 0), param, None, -1, -1, -1, -1, number)


_SIZE, _GET = c.CFUNCTYPE(_u32, _p), c.CFUNCTYPE(_p, _p, _u32)
_PUSH, _CALL = c.CFUNCTYPE(_bool, _p, _p), c.CFUNCTYPE(c.c_int64, _p, _p, c.c_uint64)


def _events(events: Sequence[Any]) -> Any:
    return InEvents(None, _SIZE(lambda _: len(events)), _GET(lambda _, index: c.addressof(events[index])))


class Host:
    """A plugin file, loaded and begun."""

    def __init__(self, path: Path, extensions: Mapping[bytes, c.Structure] | None = None):
        self.library = c.CDLL(str(path))
        self.entry = Entry.in_dll(self.library, "clap_entry")
        assert self.entry.version.major == 1
        assert self.entry.init(str(path).encode())
        self.factory = c.cast(self.entry.factory(b"clap.plugin-factory"), c.POINTER(Factory)).contents
        requests = [
            c.CFUNCTYPE(None, _p)(lambda _, what=what: SAID.append(what)) for what in ("restart", "run", "call")
        ]
        places = {name: c.addressof(each) for name, each in (extensions or {}).items()}
        self.extensions = extensions
        find = c.CFUNCTYPE(_p, _p, _s)(lambda _, name: places.get(name))
        self.struct = HostStruct(Version(1, 1, 1), None, b"tests", b"", b"", b"1", find, *requests)

    def descriptor(self, index: int = 0) -> Any:
        found = self.factory.descriptor(c.byref(self.factory), index)
        return found.contents if found else None

    def create(self, identifier: bytes = IDENTIFIER) -> "Plugin | None":
        made = self.factory.create(c.byref(self.factory), c.byref(self.struct), identifier)
        return Plugin(made) if made else None

    def begun(self) -> "Plugin":
        plugin = self.create()
        assert plugin is not None
        assert plugin.call("init")
        return plugin


class Plugin:
    """An instance. `call` calls its functions; `params`, `state`, `ports` and `render` those of its extensions."""

    def __init__(self, pointer: Any):
        self.pointer = pointer
        self.channels = 34

    def call(self, name: str, *arguments: Any) -> Any:
        return getattr(self.pointer.contents, name)(self.pointer, *arguments)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        identifier, kind = EXTENSIONS[name]
        extension = c.cast(self.call("get_extension", identifier), c.POINTER(kind)).contents
        return lambda function, *arguments: getattr(extension, function)(self.pointer, *arguments)

    def start(self, rate: float, most: int = 4096, mode: int = OFFLINE) -> None:
        assert self.render("set", mode)
        assert self.call("activate", rate, 1, most)
        assert self.call("start_processing")

    def stop(self) -> None:
        self.call("stop_processing")
        self.call("deactivate")

    def play(self, frames: int, events: Sequence[Any] = (), *, ports: int | None = None) -> NDArray[np.float32] | int:
        """What a block sounds like, (channels, frames), or the status of one that fails."""
        audio = np.full((self.channels, frames), np.nan, np.float32)
        pointers = (_p * self.channels)(*(each.ctypes.data for each in audio))
        size = c.sizeof(_p)
        buffers = (Buffer * (self.channels // 2))()
        for k, buffer in enumerate(buffers):
            place = c.addressof(pointers) + 2 * k * size
            buffer.data32, buffer.channels = c.cast(place, c.POINTER(_p)), 2
        given, taken = _events(events), OutEvents(None, _PUSH(lambda *_: True))
        count = len(buffers) if ports is None else ports
        process = Process(-1, frames, None, None, buffers, 0, count, c.pointer(given), c.pointer(taken))
        status: int = self.call("process", c.byref(process))
        return status if status == ERROR else audio

    def flush(self, events: Sequence[Any]) -> None:
        taken = OutEvents(None, _PUSH(lambda *_: True))
        self.params("flush", c.byref(_events(events)), c.byref(taken))

    def save(self, most: Callable[[], int] = lambda: 1 << 20) -> bytes:
        """The state, of which the host takes at most as many bytes at a time."""
        whole = bytearray()

        def write(_: Any, data: int, size: int) -> int:
            taken = min(size, most())
            whole.extend(c.string_at(data, taken))
            return taken

        stream = Stream(None, _CALL(write))
        assert self.state("save", c.byref(stream))
        return bytes(whole)

    def load(self, state: bytes, most: Callable[[], int] = lambda: 1 << 20) -> bool:
        left = memoryview(state)

        def read(_: Any, data: int, size: int) -> int:
            nonlocal left
            piece = bytes(left[: min(size, most())])
            c.memmove(data, piece, len(piece))
            left = left[len(piece) :]
            return len(piece)

        stream = Stream(None, _CALL(read))
        return bool(self.state("load", c.byref(stream)))

    def parameter(self, number: int) -> float | None:
        found = c.c_double()
        return found.value if self.params("value", number, c.byref(found)) else None

    def destroy(self) -> None:
        self.call("destroy")
