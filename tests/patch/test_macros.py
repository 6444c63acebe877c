"""Macros: what a knob turns, what it leaves, and that brightness changes the balance alone."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.signal import lfilter

from backbeat import plugins
from backbeat.dsp import band_centers_hz
from backbeat.dsp.clip import soft_unclip
from backbeat.dsp.loudness import energy_db
from backbeat.errors import PatchError
from backbeat.matching import match
from backbeat.matching.judgement.measures import pitches_hz
from backbeat.patch import Patch, Placement, preset, presets, randomise, turn
from thinning import a_third

KICK, DRUM = plugins.get("kick"), plugins.get("drum")
SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"
AMOUNTS = (-6.0, -3.0, 3.0, 6.0)
NARROW = ("808-maracas", "cabasa", "egg", "tambourine-shake")
ONE_FREQUENCY = ("drum/clave", "kick/sub", *(f"shaker/{name}" for name in NARROW))
"""Presets that have nothing to tilt: one tone, a body without a click, noise within an octave."""
every_macro = pytest.mark.parametrize(
    ("plugin", "macro"), [(each, macro) for each in (KICK, DRUM) for macro in each.macros]
)


def loudness_db(patch, place=None):
    """K-weighted energy: the two filters of ITU-R BS.1770 from their analogue prototypes, at 44.1 kHz."""
    sound = patch.render(place or patch.placement)[0, 0].double().numpy()
    k, q, head, band = (
        np.tan(np.pi * 1681.974450955533 / 44100.0),
        0.7071752369554196,
        1.584864701130855,
        1.258720930232562,
    )
    a = [1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k]
    sound = lfilter([head + band * k / q + k * k, 2.0 * (k * k - head), head - band * k / q + k * k], a, sound)
    k, q = np.tan(np.pi * 38.13547087602444 / 44100.0), 0.5003270373238773
    a = [1.0 + k / q + k * k, 2.0 * (k * k - 1.0), 1.0 - k / q + k * k]
    return 10.0 * np.log10(np.square(lfilter([1.0, -2.0, 1.0], a, sound)).sum())


def centroid_hz(patch):
    """Of the spectrum's amplitudes."""
    amplitudes = np.abs(np.fft.rfft(patch.render()[0, 0].double().numpy()))
    return np.fft.rfftfreq(patch.placement.samples, 1.0 / 44100.0) @ amplitudes / amplitudes.sum()


def unclipped_db(patch):
    """The energy of what a patch feeds to its clipper."""
    sound = replace(patch, values={**patch.values, "gain_db": 0.0}).render()[0, 0].double()
    return float(energy_db(soft_unclip(sound, torch.tensor([patch.values["drive_db"]], dtype=torch.float64))))


@every_macro
class TestMacros:
    def test_nothing_changes_at_zero(self, plugin, macro):
        patch = randomise(plugin, 3)
        assert turn(patch, macro, 0.0) == patch

    def test_only_its_parameters_change_and_none_leaves_its_range(self, plugin, macro):
        patch = randomise(plugin, 3)
        knob = plugin.macros[macro]
        besides = ["gain_db"] if knob.unit == "dB/oct" else plugin.pitched[:1] if macro == "sweep" else []
        for amount in (-1e9, -3.0, 3.0, 1e9):
            turned = turn(patch, macro, amount)
            changed = {name for name, value in turned.values.items() if value != patch.values[name]}
            assert changed
            assert changed <= {*knob.parameters, *knob.inverse, *besides}
            for name in changed:
                plugin.table[name].check(name, turned.values[name])

    def test_it_is_heard(self, plugin, macro):
        patch = replace(randomise(plugin, 3), placement=Placement(44100, 4410))
        assert not torch.equal(turn(patch, macro, 6.0).render(), patch.render())


def test_what_macros_do():
    patch = randomise(DRUM, 1)
    values = turn(patch, "length", 20.0).values
    assert values["noise_s"] == pytest.approx(1.2 * patch.values["noise_s"])
    values = turn(patch, "tune", -12.0).values
    assert values["tone_hz"] == pytest.approx([max(30.0, 0.5 * f) for f in patch.values["tone_hz"]])
    values = turn(patch, "snap", 5.0).values
    assert values["transient_db"] == pytest.approx(min(12.0, patch.values["transient_db"] + 5.0))


@pytest.mark.parametrize(
    ("macro", "amount", "words"),
    [
        ("lenght", 1.0, "macro: found 'lenght'; kick has tune, length"),
        ("length", float("nan"), "macro.length: found nan; must be a finite number of %"),
    ],
)
def test_macros_that_cannot_be_turned(macro, amount, words):
    with pytest.raises(PatchError) as caught:
        turn(randomise(KICK, 1), macro, amount)
    assert str(caught.value).startswith(words)


def test_a_drum_of_one_tone_and_one_band_has_macros_too():
    patch = randomise(plugins.get("drum", tones=1, noise_bands=1), 1)
    for macro in patch.instrument.macros:
        turn(patch, macro, 1.0)


@pytest.mark.parametrize(
    "name", a_third([name for name in presets() if preset(name).instrument.macros["brightness"].unit == "dB/oct"])
)
class TestBrightnessOfPresets:
    def test_the_sound_stays_as_loud_there_and_on_the_way_back(self, name):
        patch = replace(preset(name), placement=preset(name).natural_placement())
        before = loudness_db(patch)
        for amount in AMOUNTS:
            turned = turn(patch, "brightness", amount)
            assert loudness_db(turned) == pytest.approx(before, abs=0.5)
            assert loudness_db(turn(turned, "brightness", -amount)) == pytest.approx(before, abs=0.5)

    def test_it_is_heard_as_brighter_or_darker(self, name):
        patch = replace(preset(name), placement=Placement(44100, 22050))
        if name not in ONE_FREQUENCY:
            darker, before, brighter = (centroid_hz(turn(patch, "brightness", x)) for x in (-3.0, 0.0, 3.0))
            assert darker < 0.95 * before
            assert brighter > 1.05 * before


def test_a_patch_without_a_place_is_as_loud_over_all_that_sounds():
    patch = preset("drum/kick")
    place = patch.natural_placement()
    assert loudness_db(turn(patch, "brightness", 3.0), place) == pytest.approx(loudness_db(patch, place), abs=0.5)


@pytest.fixture(
    scope="module",
    params=[("bd_fat", "kick"), ("bd_haus", "drum"), ("sn_dub", "drum"), ("drum_cymbal_closed", "drum")],
    ids=lambda each: "-".join(each),
)
def matched(request):
    sound, plugin = request.param
    return match(SOUNDS / f"{sound}.flac", plugin, quality="draft").patch


def test_a_match_stays_as_loud(matched):
    before = loudness_db(matched)
    for amount in AMOUNTS:
        assert loudness_db(turn(matched, "brightness", amount)) == pytest.approx(before, abs=1.0)


@pytest.mark.parametrize("name", ["drum/kick", "drum/tom", "drum/snare", "drum/hat-open"])
def test_a_sound_is_driven_as_hard_as_before(name):
    patch = replace(preset(name), placement=Placement(44100, 22050))
    patch = replace(patch, values={**patch.values, "drive_db": 6.0})
    before = unclipped_db(patch)
    for amount in AMOUNTS:
        turned = turn(patch, "brightness", amount)
        assert turned.values["drive_db"] == 6.0
        assert unclipped_db(turned) == pytest.approx(before, abs=1.0)


def test_the_body_of_a_kick_stays_and_what_lies_above_is_tilted():
    patch = preset("kick/acoustic")
    values = turn(patch, "brightness", 2.0).values
    raised_db = 2.0 * np.log2(np.array(patch.values["mode_hz"]) / 62.0)
    assert values["mode_db"] == pytest.approx(np.minimum(np.array(patch.values["mode_db"]) + raised_db, 6.0))
    for name in ("band_db", "click_db"):
        before = np.array(patch.values[name])
        raised_db = 2.0 * np.log2(np.array(band_centers_hz(len(before))) / 62.0)
        assert values[name] == pytest.approx(np.minimum(before + raised_db, patch.instrument.table[name].high))
    assert {name for name in values if values[name] != patch.values[name]} == {
        "mode_db", "band_db", "click_db", "gain_db"
    }  # fmt: skip


@pytest.mark.parametrize("amount", [-100.0, -50.0, 20.0])
def test_a_sweep_that_was_turned_ends_where_it_ended(amount):
    """That of the patch has come down half of its way when the sound is over."""
    patch = preset("kick/909")
    values = {**patch.values, "pitch_hz": 60.0, "sweep_st": 20.0, "sweep_s": 1.5}
    patch = replace(patch, values=values, placement=Placement(44100, 11025))
    ends_hz = [
        pitches_hz(each.render()[0, 0, 7000:].double(), 44100)[1] for each in (patch, turn(patch, "sweep", amount))
    ]
    assert ends_hz[1] == pytest.approx(ends_hz[0], rel=0.05)
    assert abs(patch.values["pitch_hz"] / ends_hz[0] - 1.0) > 0.2


def test_a_sweep_that_has_settled_leaves_the_pitch():
    patch = preset("kick/909")
    assert turn(patch, "sweep", -100.0).values["pitch_hz"] == pytest.approx(patch.values["pitch_hz"], rel=1e-6)


def test_colour_that_is_moved_is_tilted_where_it_lies():
    patch = preset("kick/acoustic")
    patch = replace(patch, values={**patch.values, "color_ratio": 2.0})
    click_db = turn(patch, "brightness", 2.0).values["click_db"]
    raised_db = 2.0 * np.log2(2.0 * np.array(band_centers_hz(4)) / 62.0)
    assert click_db == pytest.approx(np.array(patch.values["click_db"]) + raised_db)


def test_all_that_sounds_of_a_drum_is_tilted_about_one_frequency():
    patch = preset("drum/snare")
    patch = replace(patch, values={**patch.values, "transient_noise": 0.0, "transient_hz": 3000.0})
    values = turn(patch, "brightness", 2.0).values
    steps = [values["transient_db"] - patch.values["transient_db"] - 2.0 * np.log2(3000.0)]
    for name, frequencies in (("tone_db", patch.values["tone_hz"]), ("noise_band_db", band_centers_hz(16))):
        for before, after, hz in zip(patch.values[name], values[name], frequencies, strict=True):
            if before > -79.0 and after < 5.9:
                steps.append(after - before - 2.0 * np.log2(hz))
    assert len(steps) > 20
    assert max(steps) - min(steps) < 1e-9


def test_what_is_off_stays_off():
    kick = preset("kick/sub")
    assert turn(kick, "brightness", 6.0).values["click_db"] == kick.values["click_db"] == (-60.0,) * 4
    drum = preset("drum/hat-open")
    drum = replace(drum, values={**drum.values, "snap_db": (-80.0,) * 16, "transient_db": -60.0})
    values = turn(drum, "brightness", 6.0).values
    assert set(values["snap_db"]) == {-80.0}
    assert values["transient_db"] == -60.0


def test_where_the_output_level_stops_so_does_the_loudness():
    patch = preset("kick/acoustic")
    values = {**patch.values, "gain_db": 12.0, "mode_db": (-60.0, 6.0, 6.0, 6.0), "mode_hz": (9e3,) * 4}
    patch = replace(patch, values=values, placement=Placement(44100, 22050))
    turned = turn(patch, "brightness", -6.0)
    assert turned.values["gain_db"] == 12.0
    assert loudness_db(turned) < loudness_db(patch) - 3.0


def test_silence_stays_silence():
    silent = {name: DRUM.table[name].low for name in ("transient_db", "noise_db", "resonator_db")}
    patch = replace(randomise(DRUM, 1), placement=Placement(44100, 4410))
    patch = replace(patch, values={**patch.values, **silent, "tone_db": (-80.0,) * 12, "snap_db": (-80.0,) * 16})
    assert turn(patch, "brightness", 3.0).render().abs().max() < 1e-2


def test_without_a_clipper_levels_are_tilted_about_1_khz(monkeypatch):
    patch, plain = randomise(DRUM, 1), replace(DRUM)
    plain.__dict__["clipper"] = None
    monkeypatch.setattr(Patch, "instrument", property(lambda _: plain))
    values = turn(patch, "brightness", 2.0).values
    raised_db = 2.0 * np.log2(np.array(band_centers_hz(16)) / 1000.0)
    assert values["noise_band_db"] == pytest.approx(np.array(patch.values["noise_band_db"]) + raised_db)
    assert values["gain_db"] == patch.values["gain_db"]
