"""Pages in Chromium without a screen."""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
)


class _Handler(SimpleHTTPRequestHandler):
    """Files of a folder, and what the page says of itself."""

    def __init__(self, *arguments: Any, said: "Queue[Any]", **options: Any) -> None:
        self._said = said
        super().__init__(*arguments, **options)

    def do_POST(self) -> None:
        self._said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> "Iterator[tuple[str, Queue[Any]]]":
    """The address of a folder, and what is posted to it."""
    said: Queue[Any] = Queue()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, said=said, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", said
    finally:
        server.shutdown()
        server.server_close()


def answer_of(folder: Path, page: str, *, timeout_s: float = 120.0) -> Any:
    """What a page of a folder posts, in the browser."""
    assert CHROMIUM is not None
    with served(folder) as (address, said), tempfile.TemporaryDirectory() as profile:
        command = [CHROMIUM, *_OPTIONS, f"--user-data-dir={profile}", f"{address}/{page}"]
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            return said.get(timeout=timeout_s)
        except Empty:
            raise AssertionError("the page said nothing") from None
        finally:
            running.terminate()
            running.wait(timeout=30)
