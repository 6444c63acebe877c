"""The page of a kit: its pads, their sounds and what it must never load."""

import base64
import io
import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from backbeat.errors import KitError
from backbeat.kits import Kit, Pad
from backbeat.kits.factory import factory_kit
from backbeat.kits.hits import Hit, Hits
from backbeat.kits.mixing import FormulaMixer
from backbeat.kits.page import KEYS, SAMPLE_RATE, render_page, write_page
from backbeat.patch import preset
from backbeat.samplers.names import plain_text
from pages import HOSTILE, Page, check_policy, embedded, outside

RIM, CLOSED, CLAP = preset("rim/808"), preset("hat/909-closed"), preset("clap/tight")
KIT = Kit(
    "a & b",
    (
        Pad("rim", 37, RIM, {"tune": -2.0}, notes=(30, 38), level_db=3.0, pan=-0.5),
        Pad("closed", 42, CLOSED, level_db=-6.0, choke_group=2),
        Pad("clap", 39, CLAP, width=0.5),
        Pad("dull", 70, RIM, layers=1, round_robins=1),
    ),
    author="me",
    licence="CC0-1.0",
    layers=8,
    round_robins=3,
)


@pytest.fixture(scope="module")
def source():
    return render_page(KIT)


def pads_of(source):
    return {each["data-name"]: each for each in Page(source).find("button")}


def sounds_of(source):
    """Each sound, (channels, samples), and the rates of all."""
    texts = json.loads(Page(source).text["application/json"])
    read = [soundfile.read(io.BytesIO(base64.b64decode(text, validate=True)), always_2d=True) for text in texts]
    return [audio.T for audio, _ in read], {rate for _, rate in read}


def test_it_shows_every_pad_and_what_it_is(source):
    page = Page(source)
    assert page.text["h1"] == "a & b"
    assert "by me, CC0-1.0, 4 pads. It has 8 steps of velocity, with 3 hits of each in turn" in page.text["p"]
    pads = pads_of(source)
    assert list(pads) == ["rim", "closed", "clap", "dull"]
    assert [each["data-code"] for each in pads.values()] == ["Digit1", "Digit2", "Digit3", "Digit4"]
    assert page.text["kbd"].endswith("1234")
    said = page.text["span"].replace("\N{NO-BREAK SPACE}", " ")
    for fact in ("note 37, of 30 to 38", "rim 808", "tune -2 st", "+3.0 dB, left 50%", "-6.0 dB, middle, choke 2"):
        assert fact in said
    assert "+0.0 dB, middle, width 50%, " in said
    pictures = [embedded(each, "src", "image/png") for each in page.find("img")]
    assert len(set(pictures)) == 4
    assert all(each.startswith(b"\x89PNG") for each in pictures)


def test_every_pad_plays_its_hits_at_three_velocities(source):
    sounds, rates = sounds_of(source)
    assert rates == {SAMPLE_RATE}
    hits, played, gains = Hits(KIT, SAMPLE_RATE), set(), []
    for pad, layers in zip(KIT.pads, ((2, 5, 7), (2, 5, 7), (2, 5, 7), (0, 0, 0)), strict=True):
        shown = pads_of(source)[pad.name]
        numbers = json.loads(shown["data-hits"])
        assert len(numbers) == 3
        for layer, takes in zip(layers, numbers, strict=True):
            assert len(set(takes)) == min(2, KIT.round_robins_of(pad))
            played.update(takes)
            for take, number in enumerate(takes):
                hit = hits[Hit(pad.name, pad.note, layer, take)]
                gains.append(gain_of(sounds[number], json.loads(shown["data-gains"]), pad, hit))
    assert played == set(range(len(sounds)))
    assert gains == pytest.approx([gains[0]] * len(gains), rel=1e-4)  # as loud beside each other as in the kit
    assert gains[0] < 10.0 ** (-6.0 / 20.0)  # a pad of this kit would clip


def gain_of(sound, gains, pad, hit):
    """By how much a sound at its pad's gains differs from what the mixer makes of the hit, but for 16 bits."""
    mixer = FormulaMixer(SAMPLE_RATE, 1)
    mixer.start(0, hit, gain=10.0 ** (pad.level_db / 20.0), pan=pad.pan)
    heard = sound.shape[1] - round(0.01 * SAMPLE_RATE)  # then it fades out
    assert 0 < heard < hit.shape[1]
    assert sound.shape[0] == hit.shape[0]
    mixed, played = mixer.process(heard)[0], sound[:, :heard] * np.array(gains)[:, None]
    gain = float((mixed * played).sum() / np.square(mixed, dtype=np.float64).sum())
    np.testing.assert_allclose(played, gain * mixed, rtol=0, atol=0.6 * max(gains) / 32768)
    return gain


def test_a_pad_alone_is_six_decibels_below_full_scale_at_most(source):
    sounds, _ = sounds_of(source)
    peaks = [
        np.abs(sounds[number]).max() * max(json.loads(shown["data-gains"]))
        for shown in pads_of(source).values()
        for takes in json.loads(shown["data-hits"])
        for number in takes
    ]
    assert max(peaks) == pytest.approx(10.0 ** (-6.0 / 20.0), abs=1e-4)


def test_pads_beyond_the_keys_are_played_by_pointer():
    pads = tuple(Pad(f"rim {number}", number, RIM, layers=1, round_robins=1) for number in range(len(KEYS) + 1))
    source = render_page(Kit("many", pads))
    shown = list(pads_of(source).values())
    assert [each["data-code"] for each in shown] == [code for code, _ in KEYS] + [""]
    assert "aria-keyshortcuts" not in shown[-1]
    assert len(sounds_of(source)[0]) == 1  # one sound that is the same on all of them is there once


def test_it_can_be_played_without_a_pointer_and_without_eyes(source):
    page = Page(source)
    assert page.find("div", role="group", **{"aria-label": "Pads"})
    assert all(each["type"] == "button" for each in page.find("button"))
    assert all(each["alt"] == "" for each in page.find("img"))
    assert "prefers-reduced-motion" in page.text["script"]
    assert ":focus-visible" in page.text["style"]
    assert "prefers-color-scheme: dark" in page.text["style"]


def test_it_needs_nothing_outside_itself_and_runs_its_own_script_only(source):
    assert outside(source) == []
    check_policy(source)


def test_hostile_names_are_shown_and_do_nothing():
    def named(text):
        patch = replace(RIM, name=text)
        return Kit(text, (Pad(text, 37, patch, layers=1, round_robins=1),), author=text, licence=text)

    hostile, tame = Page(render_page(named(HOSTILE))), Page(render_page(named("a")))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in tame.elements]
    shown = plain_text(HOSTILE)
    assert hostile.text["h1"] == shown
    assert hostile.find("button")[0]["data-name"] == shown
    patch_shown = HOSTILE.replace("\udcff", "?")
    assert f"rim {patch_shown}" in hostile.text["span"]
    assert hostile.text["script"] == tame.text["script"]


@pytest.mark.slow
def test_a_factory_kit_takes_six_megabytes_at_most():
    assert len(render_page(factory_kit("acoustic"), threads=2)) < 6e6


def test_it_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    kit = Kit("one", (Pad("rim", 37, RIM, layers=1, round_robins=1),))
    write_page(kit, tmp_path / "one.html")
    assert (tmp_path / "one.html").read_text("utf-8") == render_page(kit, threads=2)
    with pytest.raises(KitError, match=re.escape(f"{tmp_path / 'missing' / 'a.html'}: cannot be written")):
        write_page(kit, tmp_path / "missing" / "a.html")

    def full(source, target):
        raise OSError(28, "disk full")

    (tmp_path / "old.html").write_text("kept")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(KitError, match="disk full"):
        write_page(kit, tmp_path / "old.html")
    assert (tmp_path / "old.html").read_text() == "kept"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["old.html", "one.html"]
