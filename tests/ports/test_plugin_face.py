"""The face of the plugin in a window of an X server without a screen, by pointer and keys."""

import numpy as np
import pytest

from ports.clap_host import midi
from ports.face_host import HEIGHT, MISSING, WIDTH, FaceHost, screen

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")]

LEVEL, FIRST_TUNE, SECOND_TUNE = 0, 4, 10
PAD_1, PAD_2 = (80, 120), (220, 120)
TUNE, KIT_LEVEL = (874, 229), (650, 495)
NEXT, AS_THE_KIT = (442, 32), (762, 408)


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


def test_size(plugin):
    with screen(1440, 900) as display:
        face = FaceHost(plugin / "backbeat.clap", display, size=(1440, 900), scale=1.5)
        width, height = np.zeros(1, np.uint32), np.zeros(1, np.uint32)
        assert face.drums.gui("can_resize")
        face.close()
        del width, height
