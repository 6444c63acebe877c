"""Chromium without a screen, told what to do through a pipe by its DevTools protocol."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from select import select
from threading import Thread
from time import monotonic, sleep
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe")
_LONGEST_S = 60.0
_NOWHERE = subprocess.DEVNULL
_LAUNCHER = """
import fcntl, os, sys
pipes = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
for each, place in zip(pipes, (3, 4)):
    os.dup2(each, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""The browser reads from 3 and writes to 4."""


class _Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Page:
    """A page of a browser.

    Attributes:
        messages: what it has written on the console, and errors that nothing caught.
    """

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write, self._last, self._rest = read, write, 0, b""
        self._session: str | None = None
        self.messages: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """The answer to a command."""
        self._last += 1
        command: dict[str, Any] = {"id": self._last, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._write, json.dumps(command).encode() + b"\0")
        until = monotonic() + _LONGEST_S
        while True:
            message = self._next(until)
            if message.get("id") == self._last:
                assert "error" not in message, message["error"]
                return message["result"]

    def _next(self, until: float) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select([self._read], [], [], max(0.0, until - monotonic()))[0], "the browser says nothing"
            more = os.read(self._read, 1 << 20)
            assert more, "the browser has ended"
            self._rest += more
        text, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if message.get("method") in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"):
            self.messages.append(json.dumps(message["params"]))
        return message

    def run(self, script: str, *, by_person: bool = False) -> Any:
        """What a script gives, or the promise of it."""
        options = {"awaitPromise": True, "returnByValue": True, "userGesture": by_person}
        answer = self.call("Runtime.evaluate", expression=script, **options)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str, most_s: float = 30.0) -> float:
        """Until a condition holds: how long, in seconds."""
        begun = monotonic()
        while not self.run(condition):
            assert monotonic() < begun + most_s, f"never: {condition}"
            sleep(0.005)
        return monotonic() - begun

    def press(self, key: str, code: str, modifiers: int = 0) -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code, modifiers=modifiers)

    def click(self, x: float, y: float) -> None:
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def resize(self, width: int, height: int, *, is_phone: bool = False) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 2 if is_phone else 1}
        self.call("Emulation.setDeviceMetricsOverride", mobile=is_phone, **size)

    def picture(self) -> bytes:
        """PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot")["data"])


@contextmanager
def opened(address: str, *options: str) -> Iterator[Page]:
    """A page in a browser of its own."""
    assert CHROMIUM is not None
    (from_us, write), (read, to_us) = os.pipe(), os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}", *options]
        launch = [sys.executable, "-c", _LAUNCHER, str(from_us), str(to_us), *command]
        with subprocess.Popen(launch, pass_fds=(from_us, to_us), stdout=_NOWHERE, stderr=_NOWHERE) as running:
            os.close(from_us)
            os.close(to_us)  # so that the end of the browser is the end of what it says
            try:
                page = Page(read, write)
                page.call("Page.navigate", url=address)
                yield page
            finally:
                running.terminate()
                os.close(read)
                os.close(write)
