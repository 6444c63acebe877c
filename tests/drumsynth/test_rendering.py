"""What DrumSynth files sound like, against loops over samples and scipy."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from backbeat.drumsynth.document import parse
from backbeat.drumsynth.rendering import parts, render
from drumsynth.files import HEADER, HISS, KICK, WHOLE

BLOCK = 1200
STEADY = "Envelope=0,100 6000,100\n"


def general(**keys: object) -> str:
    return HEADER + "".join(f"{key}={value}\n" for key, value in keys.items())


def test_a_tone_glides_as_its_droop_says():
    wave = render(parse(general(Tuning=2) + KICK))
    tuning, end = 2.0 ** (2.0 / 12.0), 16000.0
    first, last = 400.0 * tuning, 50.0 * tuning
    nepers = 4.0 * 10.0 ** ((55.0 - 20.0) / 30.0)
    rest = first + (last - first) / (1.0 - math.exp(-nepers))
    phase = 0.0
    for n in range(9000):
        phase += 2.0 * math.pi / 44100.0 * (rest + (first - rest) * math.exp(-nepers * n / end))
        level = np.interp(n, [0, 2000, 9000], [1.0, 0.6, 0.15])
        assert wave[n] == pytest.approx(160**2 / 32768.0 * level * math.sin(phase), abs=2.0 / 32768.0)


def test_without_droop_a_tone_glides_in_a_straight_line_that_stretches():
    text = general(Stretch=200) + "[Tone]\nOn=1\nLevel=100\nF1=100\nF2=300\nPhase=0\n" + STEADY
    wave = render(parse(text))
    pitch = 2.0 * math.pi / 44100.0 * (100.0 + 200.0 * np.arange(12000) / 12000.0)
    np.testing.assert_allclose(wave[:12000], 1e4 / 32768.0 * np.sin(np.cumsum(pitch)), atol=2.0 / 32768.0)


def test_a_part_sounds_to_the_end_of_its_block_and_the_sound_has_two_blocks_more_than_whole_ones():
    wave = render(parse(general() + "[Tone]\nOn=1\nLevel=100\nEnvelope=0,100 1300,100\n"))
    assert len(wave) == 3 * BLOCK
    assert np.abs(wave[2 * BLOCK - 20 : 2 * BLOCK]).max() > 0.1
    assert not wave[2 * BLOCK :].any()
    assert len(render(parse(general()))) == 2 * BLOCK
    assert len(render(parse(general(Stretch=1000) + "[Tone]\nOn=1\nEnvelope=0,100 443000,0\n"))) <= 31 * 44100


@pytest.mark.parametrize("tilt", [-100, -30, 0, 40, 100])
def test_noise_is_tilted_as_by_a_filter(tilt):
    text = general() + "[Noise]\nOn=1\nLevel=128\nSlope={}\n" + STEADY
    white, found = (parts(parse(text.format(each)), seed=3).noise[:6000] for each in (0, tilt))
    if tilt < 0:
        wanted = (1.0 + 0.0005 * tilt**2) * lfilter([1.0 + tilt / 105.0], [1.0, tilt / 105.0], white)
    else:
        wanted = lfilter([1.0, -tilt / 50.0, tilt / 100.0], [1.0], white)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_noise_follows_its_seed_alone():
    sound = parse(general() + HISS)
    assert np.array_equal(render(sound, 1), render(sound, 1))
    assert not np.array_equal(render(sound, 1), render(sound, 2))


def test_a_noise_band_lies_where_it_should_and_is_as_wide_as_it_should():
    widths = []
    for width in (0, 30, 90):
        text = f"[NoiseBand]\nOn=1\nLevel=128\nF=3000\ndF={width}\nEnvelope=0,100 40000,100\n"
        power = np.abs(np.fft.rfft(render(parse(general() + text))[:40000])) ** 2
        hz = np.fft.rfftfreq(40000, 1.0 / 44100.0)
        middle = np.sum(hz * power) / np.sum(power)
        widths.append(math.sqrt(np.sum((hz - middle) ** 2 * power) / np.sum(power)))
        assert middle == pytest.approx(3000.0, rel=0.15)
    assert widths[0] < 60.0 < widths[1] < widths[2] / 3.0


def overtones(**keys: object) -> np.ndarray:
    given = {"On": 1, "Level": 100, "F1": 441, "F2": 630, "Param": 50, **keys}
    section = "".join(f"{key}={value}\n" for key, value in given.items())
    envelopes = "Envelope1=0,100 6000,100\nEnvelope2=0,50 3000,50\n"
    tone = "[Tone]\nOn=0\nPhase=0\n"
    return render(parse(f"{general()}{tone}[Overtones]\n{section}{envelopes}"))[:6000] * 32768.0 / 1e4


def cycles(hz: float) -> np.ndarray:
    return hz / 44100.0 * np.arange(1, 6001)


def sine(cycle: np.ndarray) -> np.ndarray:
    return np.sin(2.0 * math.pi * cycle)


SECOND = np.where(np.arange(6000) < 3000, 0.5, 0.0)
"""The second envelope ends at once."""
CLOSE = {"atol": 2e-4}


def test_overtones_are_added():
    wanted = 0.7 * sine(cycles(441)) + 0.3 * SECOND * sine(cycles(630))
    np.testing.assert_allclose(overtones(Method=0, Param=30), wanted, **CLOSE)


def test_overtones_modulate_frequency_and_amplitude():
    other = SECOND * sine(cycles(630))
    np.testing.assert_allclose(overtones(Method=1), np.sin(2.0 * math.pi * cycles(441) + other), **CLOSE)
    np.testing.assert_allclose(overtones(Method=2), sine(cycles(441)) * (0.875 + 0.125 * other), **CLOSE)


@pytest.mark.parametrize(
    ("form", "wave"),
    [
        (1, lambda cycle: np.abs(2.0 * np.sin(math.pi * cycle)) - 1.0),
        (2, lambda cycle: 1.0 - 4.0 * np.abs(cycle % 1.0 - 0.5)),
        (3, lambda cycle: 2.0 * (cycle % 1.0) - 1.0),
        (4, lambda cycle: np.where(cycle % 1.0 < 0.5, 1.0, -1.0)),
    ],
)
def test_overtones_have_waves(form, wave):
    found, wanted = overtones(Method=0, Param=0, Wave1=form, F1=440.7), wave(cycles(440.7))
    assert np.mean(np.abs(found - wanted) < 1e-3) > 0.995  # but for a sample beside a step


def test_overtones_track_the_tone():
    text = KICK + "[Overtones]\nOn=1\nLevel=100\nF1=800\nTrack1=1\nMethod=0\nParam=0\nEnvelope1=0,100 16000,100\n"
    each = parts(parse(general() + text))
    phase = np.cumsum(2.0 * math.pi * each.pitch_hz / 44100.0)
    np.testing.assert_allclose(each.overtones[:16000], 1e4 / 32768.0 * np.sin(2.0 * phase[:16000]), atol=1e-9)


def test_a_cymbal_is_six_rows_of_clicks_through_a_band():
    found = overtones(Method=3, Param=20, F1=317, F2=1201)
    periods = [44100.0 / 317 + (44100.0 / 1201 - 44100.0 / 317) * 0.2 * k for k in range(6)]
    since, before, low, band = list(periods), 0.0, 0.0, 0.0
    damping = (0.28 + 0.8**2) ** 2
    for n in range(3000):
        click = 0.0
        for k, period in enumerate(periods):
            since[k] += 1.0
            if since[k] > period:
                since[k] -= period
                click = 1.0
        f = SECOND[n] * (1.8 - 0.7 * damping) * 0.92
        low += f * band
        band += f * (click + before - damping * band - low)
        before = click
        assert found[n] == pytest.approx(band, abs=2e-4)


@pytest.mark.parametrize("highpass", [0, 1])
def test_the_filter_moves_and_resounds(highpass):
    keys = {"Resonance": 60, "HighPass": highpass, "FilterEnv": "0,80 6000,10 443000,10"}
    dry, wet = (render(parse(general(Filter=on, **keys) + "[Tone]\nOn=1\nLevel=60\n" + STEADY)) for on in (0, 1))
    inner = outer = 0.0
    for n in range(7000):
        cutoff = np.interp(n, [0, 6000, 443000], [0.8, 0.1, 0.1])
        kept = 1.001 - 10.0 ** (cutoff - 1.0) if cutoff > 0.2 else 0.999 - 0.7824 * cutoff
        fed = dry[n] + math.sqrt(0.0101 * 60.0) * (1.0 + 1.0 / kept) * (inner - outer)
        inner = kept * inner + (1.0 - kept) * fed
        outer = kept * outer + (1.0 - kept) * inner
        assert wet[n] == pytest.approx(outer - highpass * dry[n], abs=3e-4)


def test_a_distortion_takes_bits_and_samples_and_clips_at_the_loudest_part():
    loud = render(parse(general() + KICK + "[Distortion]\nOn=1\nClipping=20\n"))
    assert np.abs(loud).max() == 160**2 / 32768.0
    coarse = render(parse(general() + KICK + "[Distortion]\nOn=1\nBits=3\n")) * 32768.0
    assert not (coarse % 64).any()
    assert len(np.unique(coarse)) > 100


@pytest.mark.parametrize(("rate", "samples"), [(0, 1), (1, 2), (2, 3), (3, 4), (4, 8), (5, 10), (6, 20), (7, 8)])
def test_a_distortion_holds_means_of_samples(rate, samples):
    tone = "[Tone]\nOn=1\nLevel=60\nF1=900\nF2=900\n" + STEADY
    clean, held = (render(parse(f"{general()}{tone}[Distortion]\nOn=1\nRate={each}\n")) for each in (0, rate))
    wanted = np.repeat(clean.reshape(-1, samples).mean(1), samples)
    np.testing.assert_allclose(held, wanted, atol=2.0 / 32768.0)


def test_parts_add_up_to_the_sound():
    sound = parse(WHOLE.replace("[Distortion]\nOn=1", "[Distortion]\nOn=0"))
    each = parts(sound, 5)
    gain = 10.0 ** (-3.0 / 20.0)
    mix = np.clip(gain * (each.tone + each.overtones + each.noise), -32700 / 32768, 32700 / 32768)
    np.testing.assert_allclose(render(sound, 5), mix, atol=1.01 / 32768.0)


VALUES = st.one_of(
    st.sampled_from(["0", "1", "100", "-1", "1e999", "nan", "", "0,100 900,50 2400,0", "0,0", "9,9 1", "x"]),
    st.floats(-1e7, 1e7).map(str),
    st.text(max_size=12),
)
FIELDS = (
    "On Level F F1 F2 dF Droop Phase Slope Method Param Wave1 Wave2 Track1 Track2 Filter HighPass Resonance Stretch "
)
FIELDS += "Tuning FilterEnv Envelope Envelope1 Envelope2 Bits Rate Clipping"
SECTIONS = ("General", "Tone", "Noise", "Overtones", "NoiseBand", "NoiseBand2", "Distortion")


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(SECTIONS), st.dictionaries(st.sampled_from(FIELDS.split()), VALUES)), st.booleans()
)
def test_any_values_make_a_sound_within_full_scale(sections, on):
    text = HEADER
    for name, values in sections.items():
        given = {**({"On": "1"} if on else {}), **values}
        text += f"[{name}]\n" * (name != "General") + "".join(f"{key}={value}\n" for key, value in given.items())
    wave = render(parse(text))
    assert np.abs(wave).max() <= 1.0
