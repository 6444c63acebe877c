"""The page that plays kits, in Chromium: by keys alone, at two widths, and without a word on the console."""

import pytest

from backbeat.kits import Kit, Pad
from backbeat.kits.factory import factory_kit
from backbeat.kits.web import write_web
from backbeat.patch import preset
from ports.browser import CHROMIUM, Page, opened, served

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]

KEYS = [*(f"Digit{number}" for number in range(1, 5)), *(f"Key{letter}" for letter in "QWERASDFZXCV")]
ODD = Kit('<b>"Kick & #1"</b> – é', (Pad("<i>k & k</i>", 36, preset("kick/909")),), author="<script>", licence="'x'")
# What goes to the loudspeaker, to be looked at too.
TAP = """
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...places) {
  if (to === this.context.destination) {
    window.tap = new AnalyserNode(this.context, { fftSize: 8192 });
    connect.call(this, window.tap);
  }
  return connect.call(this, to, ...places);
};
window.peak = () => {
  const sound = new Float32Array(8192);
  window.tap.getFloatTimeDomainData(sound);
  return Math.max(...sound.map(Math.abs));
};
window.most = 0;
setInterval(() => window.tap && (window.most = Math.max(window.most, window.peak())), 20);
"""
CHOSEN = "document.querySelector('[aria-pressed=true] .name').textContent"
PICTURES = "document.getElementById('wave').toDataURL() + document.getElementById('spectrum').toDataURL()"


@pytest.fixture(scope="module")
def address(package, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    write_web([factory_kit("909"), ODD], package, folder)
    with served(folder) as found:
        yield f"{found}/index.html"


@pytest.fixture
def page(address):
    with opened("about:blank") as found:
        found.call("Page.addScriptToEvaluateOnNewDocument", source=TAP)
        found.resize(1280, 900)
        found.call("Page.navigate", url=address)
        wait_for(found, factory_kit("909").name)
        yield found
        assert found.messages == []


def wait_for(page: Page, kit: str) -> None:
    page.wait(f"document.body?.dataset.kit === {kit!r} && !document.getElementById('kits').disabled")


def test_keys_alone_play_every_pad(page):
    for code, pad in zip(KEYS, factory_kit("909").pads, strict=True):
        page.press(code[-1].lower(), code)
        assert page.run(CHOSEN) == pad.name
        page.wait("window.peak() > 0.003")
        page.wait("window.peak() < 0.003")


def test_arrows_go_from_pad_to_pad_and_the_next_stop_is_a_knob(page):
    place = "[...document.querySelectorAll('.pad')].indexOf(document.activeElement)"
    assert page.run("document.querySelectorAll('.pad[tabindex=\"0\"]').length") == 1
    page.run("document.querySelector('.pad').focus()")
    for key, reached in (("ArrowRight", 1), ("ArrowDown", 5), ("ArrowLeft", 4), ("ArrowUp", 0), ("ArrowUp", 0)):
        page.press(key, key)
        assert page.run(place) == reached


def test_how_hard(page):
    peaks = []
    for shift in (0, 8):
        page.run("window.most = 0")
        page.press("1", "Digit1", modifiers=shift)
        page.wait("window.most > 0.003 && window.peak() < 0.003")
        peaks.append(page.run("window.most"))
    assert peaks[1] > 1.5 * peaks[0]


def test_a_pointer(page):
    box = "document.querySelectorAll('.pad')[5].getBoundingClientRect()"
    x, y = page.run(f"{box}.x"), page.run(f"{box}.y")
    page.click(x + 20, y + 5)
    page.wait("window.peak() > 0.01")
    assert page.run(CHOSEN) == factory_kit("909").pads[5].name


def test_a_knob_moves_the_sound_and_its_pictures(page):
    page.wait("document.getElementById('length').textContent !== ''")
    before = page.run(PICTURES)
    page.run("document.querySelector('input[name=tune]').focus()")
    page.press("ArrowRight", "ArrowRight")
    assert page.run("document.querySelector('.knob output').textContent") == "+0.1 st"
    page.run("document.querySelector('input[name=tune]').value = 7")
    page.run("document.querySelector('input[name=tune]').dispatchEvent(new Event('input'))")
    page.wait(f"{PICTURES} !== {before!r}")
    page.run("document.getElementById('reset').click()")
    page.wait(f"{PICTURES} === {before!r}")
    assert page.run("document.querySelector('.knob output').textContent") == "0 st"


def test_another_kit_whatever_its_names(page):
    page.run("const kits = document.getElementById('kits'); kits.selectedIndex = 1")
    page.run("document.getElementById('kits').dispatchEvent(new Event('change'))")
    wait_for(page, ODD.name)
    assert page.run(CHOSEN) == ODD.pads[0].name
    assert page.run("document.querySelectorAll('.pad').length") == 1
    page.press("1", "Digit1")
    page.wait("window.peak() > 0.01")


@pytest.mark.parametrize("width", [390, 360, 320])
def test_a_phone(page, width):
    page.resize(width, 844, is_phone=True)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert len(page.picture()) > 10_000
