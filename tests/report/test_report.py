import io
import itertools
import json
import math
import os
import re
import struct
import wave
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from backbeat import plugins
from backbeat.losses.distances import Distances
from backbeat.matching.result import MatchResult
from backbeat.patch import Patch, preset, resize
from backbeat.report import sound_thumbnail, write_page, write_picture
from backbeat.report.canvas import DPI, drawable
from backbeat.report.figure import PICTURE_INCHES, draw_picture
from backbeat.report.markup import escaped
from backbeat.report.page import render_page
from backbeat.report.playback import level_matched, wav_bytes
from pages import HOSTILE, Page, check_policy, embedded, outside

RATE = 44_100
BANK = ", ".join(f"{52.1 * 1.37**tone:.1f}" for tone in range(12))

KICK_ROWS = [(f"control_number_{index}_hz", f"{-3.21 * index:.2f} Hz", "Help.") for index in range(25)]
DRUM_ROWS = [
    *((f"control_{index}_db", f"{-2.0 * index:.1f} dB", "One sentence.") for index in range(17)),
    ("tone_hz", f"{BANK} Hz", "Frequency of each tone."),
    ("tone_db", f"{BANK} dB", "Level of each tone."),
    ("tone_decay_s", f"{BANK} s", "T60 of each tone."),
]


class ListedPatch(Patch):
    """A patch that shows these rows, whatever the plugins' tables are."""

    def __init__(self, plugin, rows):
        facts = {
            "plugin": plugin,
            "name": "a",
            "seed": 7,
            "options": {},
            "values": {},
            "placement": None,
            "listed": rows,
        }
        for name, value in facts.items():
            object.__setattr__(self, name, value)

    def rows(self):
        return self.listed

    def detail_rows(self):
        return self.listed

    def knobs(self):
        return self.listed

    @property
    def detail_text(self):
        return self.plugin

    def to_json(self):
        return json.dumps({"plugin": self.plugin, "name": "</pre><b>é"}, ensure_ascii=False)


def decaying_tone(seconds=0.3, frequency_hz=1_000.0, gain=0.5):
    time_s = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    tone = gain * torch.sin(2.0 * math.pi * frequency_hz * time_s) * torch.exp(-6.9 * time_s / seconds)
    return tone.float()[None, None]


def result_of(target=None, audio=None, *, rows=KICK_ROWS, **changes):
    target = decaying_tone() if target is None else target
    result = MatchResult(
        name="bd_fat",
        patch=ListedPatch("kick", rows),
        audio=0.7 * target if audio is None else audio,
        target=target,
        sample_rate=RATE,
        distances=Distances(mel_db=3.21, lsd_db=4.12, mrstft=0.42, envelope_db=1.31),
        voice_distances=Distances(mel_db=3.21, lsd_db=4.12, mrstft=0.42, envelope_db=1.31),
        history=tuple(2.0 * 0.99**step for step in range(200)),
        steps=200,
        seconds=12.3,
        timings={"search": 11.0},
    )
    return replace(result, **changes)


def panel(picture, title):
    return next(each for each, _ in picture.panels if each.title == title)


# The picture


def test_the_picture_is_a_png_of_the_stated_size(tmp_path):
    write_picture(result_of(), tmp_path / "bd_fat.png")
    data = (tmp_path / "bd_fat.png").read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">4sII", data[12:24]) == (b"IHDR", 2000, 1500)
    assert data[-8:-4] == b"IEND"
    assert [file.name for file in tmp_path.iterdir()] == ["bd_fat.png"]


@pytest.mark.parametrize("write", [write_picture, write_page])
def test_the_same_result_gives_the_same_bytes(write, tmp_path):
    write(result_of(), tmp_path / "one")
    write(result_of(), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("write", [write_picture, write_page])
def test_a_failed_write_leaves_what_was_there(write, tmp_path, monkeypatch):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        write(result_of(), tmp_path / "taken")
    with pytest.raises(OSError, match="missing"):
        write(result_of(), tmp_path / "missing" / "file")

    def full(source, target):
        raise OSError("disk full")

    (tmp_path / "old").write_text("kept")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        write(result_of(), tmp_path / "old")
    assert (tmp_path / "old").read_text() == "kept"
    assert sorted(file.name for file in tmp_path.iterdir()) == ["old", "taken"]


@pytest.mark.parametrize(
    "result",
    [
        result_of(),
        result_of(rows=DRUM_ROWS, notes=("A short note.", "A long note goes on and on. " * 12)),
        result_of(name=HOSTILE * 5, patch=ListedPatch("p" * 90, DRUM_ROWS * 2), notes=("Words. " * 99,) * 9),
        result_of(decaying_tone(10.0), rows=[("rather_long_name_" * 6, "triangle", "")], interrupted=True),
        result_of(decaying_tone(0.02), rows=[], history=(), steps=0),
    ],
    ids=["kick", "drum", "crowded", "long", "short"],
)
def test_nothing_in_the_picture_overlaps_or_is_cut_off(result):
    picture = draw_picture(result)
    inside = {each.remark for each, _ in picture.panels}
    boxes = [box for text, box in picture.canvas.texts if text.strip() and text not in inside]
    boxes += [box for _, box in picture.panels]
    width, height = PICTURE_INCHES
    for box in boxes:
        assert 0.0 <= box.left <= box.right <= width
        assert 0.0 <= box.top <= box.bottom <= height
    for one, other in itertools.combinations(boxes, 2):
        across = min(one.right, other.right) - max(one.left, other.left)
        down = min(one.bottom, other.bottom) - max(one.top, other.top)
        assert min(across, down) < 1.5 / DPI, (one, other)


def test_the_title_says_what_was_matched_and_how_well():
    texts = " ".join(text for text, _ in draw_picture(result_of(interrupted=True)).canvas.texts)
    for fact in ("bd_fat", "kick", "mel 3.2 dB", "LSD 4.1 dB", "MR-STFT 0.42", "envelope 1.3 dB"):
        assert fact in texts
    assert "200 steps in 12.3 s, stopped early" in texts
    assert "control_number_24_hz" in texts


def test_every_axis_names_its_quantity():
    picture = draw_picture(result_of())
    written = [text for text, _ in picture.canvas.texts]
    for each, _ in picture.panels:
        assert each.x_label in ("time (ms)", "step")
        assert each.y_label in (
            "amplitude (full scale = 1)", "frequency (Hz)", "RMS level (dBFS)", "lowest loss so far",
        )  # fmt: skip
        assert {drawable(text) for text in (each.title, each.x_label, each.y_label)} <= set(written)
    assert written.count("dB") == 2


def test_the_waveform_keeps_a_single_sample_of_ten_seconds():
    target = torch.zeros(1, 1, 10 * RATE)
    target[..., round(7.5 * RATE)] = -0.8
    lines = panel(draw_picture(result_of(target)), "Waveform").curves
    time_ms, value = lines[0].x, lines[0].y
    assert len(value) < 5_000
    assert value.min() == np.float32(-0.8)
    assert time_ms[value.argmin()] == pytest.approx(7_500.0, abs=10.0)
    assert lines[1].y.min() == pytest.approx(-0.56)
    assert lines[0].stroke.dash != lines[1].stroke.dash


def test_the_spectrograms_show_the_tone_where_it_is_and_the_gain_as_difference():
    picture = draw_picture(result_of(decaying_tone(gain=0.2), 4.0 * decaying_tone(gain=0.2)))
    for title, peak_db in (("Target", -20.0 * math.log10(4.0)), ("Match", 0.0)):
        shown = panel(picture, title)
        levels_db = shown.levels.values_db
        lowest, highest = shown.y_limits
        row = np.unravel_index(levels_db.argmax(), levels_db.shape)[0]
        octave = lowest + (highest - lowest) * row / (levels_db.shape[0] - 1)
        assert 2.0**octave == pytest.approx(1_000.0, rel=0.06)
        assert levels_db.max() == pytest.approx(peak_db, abs=0.5)  # the peak may lie between two rows
    difference_db = panel(picture, "Match − target").levels.values_db
    assert difference_db.max() == pytest.approx(20.0 * math.log10(4.0), abs=0.05)
    assert difference_db.min() > -0.05


def test_the_spectrograms_of_silence_are_dark():
    silence = torch.zeros(1, 1, RATE // 10)
    levels = panel(draw_picture(result_of(silence)), "Target").levels
    assert levels.values_db.max() == pytest.approx(levels.limits_db[0], abs=1e-3)


def test_the_envelope_is_the_rms_in_dbfs():
    time_s = torch.arange(RATE, dtype=torch.float64) / RATE
    steady = (0.5 * torch.sin(2.0 * math.pi * 1_000.0 * time_s)).float()[None, None]
    lines = panel(draw_picture(result_of(steady, 0.1 * steady)), "Envelope").curves
    for line, level_dbfs in zip(lines, (-9.03, -29.03), strict=True):
        assert line.y[:-1] == pytest.approx(level_dbfs, abs=0.2)


@pytest.mark.parametrize("history", [(1.5,), (0.7,) * 9, (math.inf, 3.0, 0.01), (0.0, 0.0)])
def test_any_history_can_be_drawn(history):
    shown = panel(draw_picture(result_of(history=history, steps=len(history))), "Loss")
    if max(history) > 0.0:
        assert shown.curves[0].y == pytest.approx(history)
        assert shown.is_log
    else:
        assert shown.curves == ()


@pytest.mark.parametrize(
    ("samples", "gain"),
    [
        (32, 0.9),
        (32, 0.0),
        (882, 1e-6),
        (10 * RATE, 0.9),
        pytest.param(10 * RATE, 0.0, marks=pytest.mark.slow),
    ],
)
def test_silence_and_sounds_of_any_length_are_reported(samples, gain, tmp_path):
    sound = decaying_tone(samples / RATE, gain=gain)
    write_picture(result_of(sound), tmp_path / "a.png")
    write_page(result_of(sound, torch.zeros_like(sound)), tmp_path / "a.html")


# The stamp


def test_the_stamp_shows_a_sound_where_it_is():
    silent_then_loud = torch.cat([torch.zeros(RATE), decaying_tone(1.0)[0, 0]]).numpy()
    pixels = np.array(Image.open(io.BytesIO(sound_thumbnail(silent_then_loud, RATE))))
    assert pixels.shape == (96, 320, 4)
    wave_rows, gap, spectrum_rows = pixels[:32], pixels[32:36], pixels[36:].astype(int)
    heights = (wave_rows[..., 3] > 0).sum(axis=0)
    assert heights[:155].max() <= 2
    assert heights[161:165].min() > 25
    assert not gap[..., 3].any()
    brightness = spectrum_rows[..., :3].sum(axis=2)
    assert brightness[:, :150].max() == brightness.min()
    assert brightness[:, 165:200].max() > 500


@pytest.mark.parametrize(("samples", "gain"), [(1, 0.9), (441, 0.0), (10 * RATE, 0.9)])
def test_the_stamp_of_silence_and_of_any_length(samples, gain):
    sound = np.full(samples, gain, np.float32)
    assert Image.open(io.BytesIO(sound_thumbnail(sound, RATE))).size == (320, 96)


# The page


def test_the_page_is_well_formed_and_says_everything():
    result = result_of(rows=DRUM_ROWS, notes=("First & foremost.", "<i>Second</i>"), interrupted=True)
    source = render_page(result)
    page = Page(source)
    assert page.text["h1"] == "bd_fat"
    assert "200 steps in 12.3 s, stopped early" in source
    assert "First & foremost." in page.text["li"]
    assert "<i>Second</i>" in page.text["li"]
    for value in ("3.2 dB", "4.1 dB", "0.42", "1.3 dB"):
        assert value in page.text["dd"]
    for name, value, meaning in DRUM_ROWS:
        assert name in page.text["th"]
        assert value in page.text["td"]
        assert meaning in page.text["td"]


def test_the_page_shows_the_voice_and_folds_its_detail_away():
    voice = preset("kick/909")
    patch = resize(voice, plugins.get("kick", detail_partials=2, detail_bands=3))
    alone = Distances(mel_db=3.87, lsd_db=4.12, mrstft=0.42, envelope_db=1.31)
    source = render_page(result_of(patch=patch, voice_distances=alone))
    shown, folded = re.split("<summary>Detail: 2 partials and 3 bands of noise</summary>", source)
    folded = folded.partition("</details>")[0]
    assert shown.rstrip().endswith("<details>")
    for row in (*patch.knobs(), *patch.rows()):
        assert all(f">{each}</" in shown for each in map(escaped, row))
    assert [row[0] for row in patch.rows()] == list(voice.instrument.table)
    for name, value, _ in patch.detail_rows():
        assert f">{name}</th>" not in shown
        assert f'>{name}</th><td class="number">{value}</td>' in folded
    assert len(patch.detail_rows()) == 7
    assert "3.9 dB without the detail" in shown
    assert "4.1 dB without the detail" not in shown
    assert "(2 partials and 3 bands of noise): mel 3.87 dB" in shown
    assert "<summary>Detail" not in render_page(result_of(patch=voice))


def test_the_page_says_target_and_match_in_words():
    result = result_of(decaying_tone(0.4, frequency_hz=440.0), decaying_tone(0.4, frequency_hz=466.16))
    cells = Page(render_page(result)).text["td"]
    for said in ("A4 (440 Hz)", "A#4 (466 Hz)", "100 cents higher", "at once, ", "none that one hears"):
        assert said in cells


def test_the_page_embeds_both_sounds():
    target = decaying_tone(0.05)
    audio = decaying_tone(0.05, frequency_hz=440.0, gain=0.4)
    page = Page(render_page(result_of(target, audio)))
    for name, sound in (("target", target), ("match", audio)):
        (element,) = page.find("audio", id=f"sound-{name}")
        with wave.open(io.BytesIO(embedded(element, "src", "audio/wav"))) as file:
            assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
            steps = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        np.testing.assert_allclose(steps / 32_767, sound[0, 0].double().numpy(), rtol=0, atol=0.5001 / 32_767)


def test_the_page_embeds_the_plots_and_the_patch():
    result = result_of()
    page = Page(render_page(result))
    (picture,) = page.find("img")
    data = embedded(picture, "src", "image/png")
    width, height = struct.unpack(">II", data[16:24])
    assert width / height == pytest.approx(int(picture["width"]) / int(picture["height"]), rel=0.01)
    (link,) = page.find("a")
    assert link["download"] == "bd_fat.json"
    assert embedded(link, "href", "application/json").decode() == result.patch.to_json()
    assert page.text["pre"] == result.patch.to_json()


def test_the_page_needs_nothing_outside_itself():
    assert outside(render_page(result_of(rows=DRUM_ROWS))) == []


def test_the_page_allows_its_own_script_and_style_only():
    check_policy(render_page(result_of()))


def test_hostile_names_are_shown_and_do_nothing(tmp_path):
    hostile_rows = [(HOSTILE, HOSTILE, HOSTILE)]
    result = result_of(name=HOSTILE, patch=ListedPatch(HOSTILE, hostile_rows), notes=(HOSTILE,))
    write_picture(result, tmp_path / "a.png")
    write_page(result, tmp_path / "a.html")
    hostile, tame = (
        Page((tmp_path / "a.html").read_text("utf-8")), Page(render_page(result_of(rows=hostile_rows, notes=("",)))),
    )  # fmt: skip
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in tame.elements]
    shown = HOSTILE.replace("\udcff", "?")
    assert hostile.text["h1"] == shown
    assert hostile.text["li"] == shown
    assert hostile.find("a")[0]["download"] == f"{shown}.json"


@given(target_gain=st.floats(1e-3, 4.0), match_gain=st.floats(1e-3, 4.0))
@settings(max_examples=50, deadline=None)
def test_levels_are_matched_by_turning_the_louder_down(target_gain, match_gain):
    target = decaying_tone(0.05, gain=target_gain)
    match = decaying_tone(0.05, frequency_hz=300.0, gain=match_gain)
    playback = level_matched(target, match)
    rms = [sound.double().square().mean().sqrt().item() for sound in (target, match)]
    assert playback.target_gain * rms[0] == pytest.approx(playback.match_gain * rms[1], rel=1e-6)
    assert max(playback.target_gain, playback.match_gain) == 1.0
    ratio_db = abs(20.0 * math.log10(rms[0] / rms[1]))
    (stated_db,) = re.findall(r"(-?[\d.]+) dB", playback.explanation)
    assert float(stated_db) == pytest.approx(ratio_db, abs=0.0501)
    assert not stated_db.startswith("-")
    if ratio_db > 0.1:
        assert f"the {'target' if rms[0] > rms[1] else 'match'} is turned down" in playback.explanation


def test_the_page_states_the_gains_that_its_switch_uses():
    result = result_of(decaying_tone(gain=0.5), decaying_tone(gain=0.25))
    source = render_page(result)
    page = Page(source)
    assert "the target is turned down by 6.0 dB" in source
    assert float(page.find("audio", id="sound-target")[0]["data-gain"]) == pytest.approx(0.5, rel=1e-5)
    assert float(page.find("audio", id="sound-match")[0]["data-gain"]) == 1.0


def test_sounds_over_full_scale_keep_their_shape_and_their_relation():
    target, match = decaying_tone(gain=3.0), decaying_tone(gain=0.3)
    playback = level_matched(target, match)
    assert playback.headroom == pytest.approx(1.0 / target.abs().max().item())
    for sound in (target, match):
        with wave.open(io.BytesIO(wav_bytes(sound * playback.headroom, RATE))) as file:
            steps = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        expected = (sound[0, 0] * playback.headroom).double().numpy()
        np.testing.assert_allclose(steps / 32_767, expected, rtol=0, atol=0.5001 / 32_767)


@pytest.mark.parametrize("silent", ["target", "match"])
def test_silence_is_played_as_it_is(silent):
    sound = decaying_tone()
    silence = torch.zeros_like(sound)
    playback = level_matched(silence, sound) if silent == "target" else level_matched(sound, silence)
    assert (playback.target_gain, playback.match_gain) == (1.0, 1.0)
    assert "silent" in playback.explanation
