"""A host that opens the face of the CLAP plugin in a window of an X server without a screen.

    python tests/ports/face_host.py build/plugin/backbeat.clap --out docs/images/plugin.png

writes how it looks while a pad has just been struck.
"""

import argparse
import ctypes as c
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image, ImageGrab

from ports import clap_host
from ports.clap_host import REALTIME, Host, midi

RATE, BLOCK = 48000, 512
WIDTH, HEIGHT = 960, 600
PROGRAMS = ("Xvfb", "xdotool")
MISSING = [each for each in PROGRAMS if shutil.which(each) is None]


@contextmanager
def screen(width: int = WIDTH, height: int = HEIGHT) -> Iterator[str]:
    """An X server, and the name by which programs find it."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        try:
            with os.fdopen(reading) as said:
                name = ":" + said.readline().strip()
            before = os.environ.get("DISPLAY")
            os.environ["DISPLAY"] = name
            yield name
        finally:
            server.terminate()
    if before is None:
        del os.environ["DISPLAY"]
    else:
        os.environ["DISPLAY"] = before


class FaceHost:
    """A plugin with its face in a window at the screen's upper left; it plays as time goes by."""

    def __init__(self, path: Path, display: str, *, size: tuple[int, int] = (WIDTH, HEIGHT), scale: float = 1.0):
        self.display, self.size = display, size
        self.asked: list[tuple[int, int]] = []
        true, nothing = (lambda *_: True), (lambda *_: None)
        kinds = dict(clap_host.HostGui._fields_)
        gui = clap_host.HostGui(
            kinds["resize_hints_changed"](nothing), kinds["request_resize"](self._resize),
            *(kinds[each](true) for each in ("request_show", "request_hide")), kinds["closed"](nothing),
        )  # fmt: skip
        timers = dict(clap_host.HostTimer._fields_)
        timer = clap_host.HostTimer(timers["register_timer"](self._register), timers["unregister_timer"](true))
        self.host = Host(path, {b"clap.gui": gui, b"clap.timer-support": timer})
        self.drums = self.host.begun()
        self.drums.start(RATE, BLOCK, REALTIME)
        assert self.drums.gui("is_api_supported", b"x11", False)
        assert self.drums.gui("create", b"x11", False)
        assert self.drums.gui("set_scale", scale)
        self.window = Window(*size)
        assert self.drums.gui("set_parent", c.byref(clap_host.Window(b"x11", self.window.number)))
        assert self.drums.gui("show")
        self.run(0.5)

    def _resize(self, _: Any, width: int, height: int) -> bool:
        self.asked.append((width, height))
        return True

    def _register(self, _: Any, __: int, number: Any) -> bool:
        number[0] = 1
        return True

    def run(self, seconds: float, events: Sequence[Any] = ()) -> float:
        """The peak of what is heard meanwhile."""
        peak, end = 0.0, time.monotonic() + seconds
        while time.monotonic() < end:
            audio = self.drums.play(BLOCK, events)
            events = ()
            peak = max(peak, float(abs(audio).max()))
            self.drums.timer("on_timer", 1)
            time.sleep(BLOCK / RATE)
        return peak

    def until(self, what: Callable[[], bool], seconds: float = 20.0) -> None:
        end = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < end, "it has not happened"
            self.run(0.05)

    def do(self, *command: str | int, seconds: float = 0.15) -> float:
        """What xdotool is told: the peak of what is heard after it."""
        subprocess.run(["xdotool", *map(str, command)], check=True)
        return self.run(seconds)

    def click(self, x: int, y: int, seconds: float = 0.15) -> float:
        return self.do("mousemove", x, y, "click", 1, seconds=seconds)

    def drag(self, x: int, y: int, up: int) -> None:
        self.do("mousemove", x, y, "mousedown", 1)
        for step in range(1, 11):
            self.do("mousemove", x, y - up * step // 10, seconds=0.03)
        self.do("mouseup", 1)

    def picture(self) -> Image.Image:
        return ImageGrab.grab(xdisplay=self.display)

    def close(self) -> None:
        self.drums.gui("destroy")
        self.drums.stop()
        self.drums.destroy()
        self.host.entry.deinit()
        self.window.close()


class Window:
    """A plain window of Xlib."""

    def __init__(self, width: int, height: int):
        self.x = c.CDLL("libX11.so.6")
        self.x.XOpenDisplay.restype = c.c_void_p
        self.x.XDefaultRootWindow.restype = self.x.XCreateSimpleWindow.restype = c.c_ulong
        self.display = c.c_void_p(self.x.XOpenDisplay(None))
        assert self.display, "no X server"
        root = c.c_ulong(self.x.XDefaultRootWindow(self.display))
        self.number: int = self.x.XCreateSimpleWindow(
            self.display, root, 0, 0, width, height, 0, c.c_ulong(0), c.c_ulong(0)
        )
        self.x.XMapWindow(self.display, c.c_ulong(self.number))
        self.x.XSync(self.display, 0)

    def close(self) -> None:
        self.x.XCloseDisplay(self.display)


def main() -> None:
    """Write the picture."""
    parser = argparse.ArgumentParser(description="Write a picture of the plugin's face.")
    parser.add_argument("plugin", type=Path, help="backbeat.clap")
    parser.add_argument("--out", type=Path, required=True, help="the PNG file")
    parser.add_argument("--scale", type=float, default=1.0, help="of the host")
    arguments = parser.parse_args()
    if MISSING:
        sys.exit(f"{' and '.join(MISSING)}: not found; install the packages xvfb and xdotool")
    size = (round(WIDTH * arguments.scale), round(HEIGHT * arguments.scale))
    with screen(*size) as display:
        face = FaceHost(arguments.plugin, display, size=size, scale=arguments.scale)
        face.run(2.0)
        face.drag(*(round(each * arguments.scale) for each in (874, 229, 40)))
        face.run(0.5)
        face.run(0.03, [midi(0, 0x90, note, velocity) for note, velocity in ((36, 127), (42, 60), (38, 100))])
        face.picture().quantize(64).save(arguments.out, optimize=True)
        face.close()


if __name__ == "__main__":
    main()
