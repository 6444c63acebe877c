"""The face of the plugin in a window of an X server without a screen, by pointer and keys."""

import ctypes
import json
import subprocess
import time

import numpy as np
import pytest
from PIL import ImageGrab

from backbeat.kits.bundle import to_json
from ports import lv2_host
from ports.beat import KIT
from ports.clap_host import midi
from ports.face_host import HEIGHT, MISSING, WIDTH, FaceHost, Window, screen

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")]

LEVEL, FIRST_TUNE, SECOND_TUNE = 0, 4, 10
PAD_1, PAD_2 = (80, 120), (220, 120)
TUNE, KIT_LEVEL = (874, 229), (650, 495)
PREVIOUS, NEXT, AS_THE_KIT, OPEN = (144, 32), (442, 32), (762, 408), (518, 32)
FIRST_FILE = (180, 69)
STATUS = (16, 570, 928, 24)
ORANGE = [255, 176, 112]


@pytest.fixture
def face(plugin):
    with screen() as display:
        try:
            opened = FaceHost(plugin / "backbeat.clap", display)
        except ValueError:
            pytest.skip("the plugin is built without a face")
        yield opened
        opened.close()


def pixels(face, x=0, y=0, width=WIDTH, height=HEIGHT):
    return np.asarray(face.picture().crop((x, y, x + width, y + height)).convert("RGB")).astype(int)


def test_it_shows_the_kit(face):
    found = pixels(face)
    assert found.shape == (HEIGHT, WIDTH, 3)
    assert len(np.unique(found.reshape(-1, 3), axis=0)) > 50
    face.until(lambda: (pixels(face, 596, 80, 332, 92)[..., 2] > 200).sum() > 500)  # the wave


def test_pads(face):
    assert face.run(0.1) == 0.0
    dark = pixels(face, 30, 90, 100, 40).mean()
    hard, soft = face.click(80, 70), 0.0
    face.run(1.0)
    soft = face.click(80, 176)
    assert 0.0 < soft < 0.5 * hard
    face.run(1.0, [])
    face.run(0.05, [midi(0, 0x90, 36, 127)])
    assert pixels(face, 30, 90, 100, 40).mean() > dark + 20
    face.run(1.0)
    assert pixels(face, 30, 90, 100, 40).mean() == pytest.approx(dark, abs=1.0)


def test_knobs(face):
    drums = face.drums
    face.drag(*TUNE, 40)
    coarse = drums.parameter(FIRST_TUNE)
    assert coarse == pytest.approx(40 / 220 * 48, abs=0.2)
    face.do("mousemove", *TUNE, "click", "--repeat", 2, "--delay", 60, 1)
    assert drums.parameter(FIRST_TUNE) == 0.0
    face.do("keydown", "shift")
    face.drag(*TUNE, 40)
    face.do("keyup", "shift")
    assert drums.parameter(FIRST_TUNE) == pytest.approx(coarse / 10, abs=0.1)
    face.run(0.5)
    face.do("mousemove", *TUNE, "click", 4)  # the wheel
    assert drums.parameter(FIRST_TUNE) > coarse / 10 + 0.2
    face.click(*PAD_2)
    face.drag(*TUNE, -40)
    assert drums.parameter(SECOND_TUNE) == pytest.approx(-coarse, abs=0.2)
    face.click(*AS_THE_KIT)
    assert drums.parameter(SECOND_TUNE) == 0.0
    assert drums.parameter(FIRST_TUNE) > 0.0
    face.drag(*KIT_LEVEL, -30)
    assert drums.parameter(LEVEL) < -5.0


def test_a_knob_changes_the_wave(face):
    face.run(1.0)
    before = pixels(face, 596, 80, 332, 92)
    face.drag(*TUNE, -60)
    face.until(lambda: (pixels(face, 596, 80, 332, 92) != before).any())


def test_keys(face):
    face.click(*PAD_1)
    face.run(1.5)
    assert face.do("key", "2") > 0.0
    face.run(1.5)
    assert face.do("key", "Tab", "key", "plus") == 0.0
    assert face.do("key", "Left", "key", "Return") > 0.0


def test_kits(face):
    before = face.drums.save()
    name = pixels(face, 164, 16, 258, 32)
    face.click(*NEXT)
    face.until(lambda: (pixels(face, 164, 16, 258, 32) != name).any())
    assert face.drums.save() != before
    face.run(1.0)
    assert face.click(*PAD_1) > 0.0


def test_files(face, monkeypatch, tmp_path):
    """A kit in the first row of the list of files, and then what is none: it says so, and the kit plays on."""
    monkeypatch.setenv("HOME", str(tmp_path))
    path = tmp_path / "a.json"
    path.write_text(to_json(KIT), encoding="utf-8")

    def open_first() -> None:
        face.do("mousemove", *OPEN, "click", 1, seconds=0.5)
        face.do("mousemove", *FIRST_FILE, "click", "--repeat", 2, "--delay", 60, 1, seconds=0.5)

    def kit() -> str:
        return json.loads(face.drums.save().split(b"kit\0")[1].split(b"\0")[0])["name"]

    open_first()
    face.until(lambda: kit() == KIT.name)
    face.click(*NEXT)
    face.until(lambda: kit() != KIT.name)
    face.click(*PREVIOUS)
    face.until(lambda: kit() == KIT.name)  # one's own kit is among those to choose from
    quiet = pixels(face, *STATUS)
    path.write_text("hello", encoding="utf-8")
    open_first()
    face.until(lambda: ORANGE in pixels(face, *STATUS).reshape(-1, 3).tolist())
    assert ORANGE not in quiet.reshape(-1, 3).tolist()
    assert kit() == KIT.name
    face.run(1.5)
    assert face.click(*PAD_1) > 0.0


def test_size(plugin):
    """As the host scales it, and as its window is drawn larger: the sides keep their ratio."""
    with screen(1440, 900) as display:
        face = FaceHost(plugin / "backbeat.clap", display, size=(1440, 900), scale=1.25)
        assert face.drums.gui("can_resize")
        width, height = ctypes.c_uint32(), ctypes.c_uint32()
        size = ctypes.byref(width), ctypes.byref(height)
        assert face.drums.gui("get_size", *size)
        assert (width.value, height.value) == (1200, 750)
        assert not pixels(face, 1300, 0, 100, 100).any()
        width.value, height.value = 1440, 1000
        assert face.drums.gui("adjust_size", *size)
        assert (width.value, height.value) == (1440, 900)
        assert face.drums.gui("set_size", 1440, 900)
        face.run(0.5)
        assert pixels(face, 1300, 800, 100, 40).any()
        assert face.click(120, 180, seconds=1.5) > 0.0  # large pictures take long without a graphics card
        face.close()


def test_in_lv2(plugin):
    with screen() as display:
        drums = lv2_host.Plugin(plugin / "backbeat.lv2", 48000.0)
        window = Window(WIDTH, HEIGHT)
        face = lv2_host.Face(drums, window.number)

        def run(*command: object) -> float:
            subprocess.run(["xdotool", *map(str, command)], check=True)
            peak = 0.0
            for _ in range(60):
                peak = max(peak, float(np.abs(drums.play(512)).max()))
                face.idle()
                time.sleep(0.01)
            return peak

        assert run("mousemove", 1, 1) == 0.0
        assert run("mousemove", *PAD_1, "click", 1) > 0.0
        x, y = TUNE
        run("mousemove", x, y, "mousedown", 1, "mousemove", x, y - 20, "mousemove", x, y - 40, "mouseup", 1)
        assert drums.controls["pad_01_tune"].value == pytest.approx(40 / 220 * 48, abs=0.2)
        assert len(np.unique(np.asarray(ImageGrab.grab(xdisplay=display)).reshape(-1, 3), axis=0)) > 50
        face.close()
        drums.end()
        window.close()
