"""Where sounds begin: past what was recorded before the hit, and never within the sound."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from backbeat.matching.onset import lead_in_db, onsets
from matching.lead_ins import gain, lead_in, pink, rumble
from matching.sounds import RATE, Signal, noise, times_s

SOUNDS = {path.stem: soundfile.read(path)[0] / 0.9 for path in Path("examples/sounds").glob("*.flac")}
NEAR = round(0.005 * RATE)
AT_ONCE = round(0.001 * RATE)


def tensor(*signals: Signal) -> Tensor:
    return torch.from_numpy(np.stack(signals)).float().unsqueeze(1)


def onset(signal: Signal, rate: int = RATE) -> int:
    return int(onsets(tensor(signal), rate))


def first_heard(signal: Signal) -> int:
    """Half a millisecond before 1 % of the peak, whatever comes before that."""
    level = np.abs(signal)
    return max(0, int((level > 0.01 * level.max()).argmax()) - 22)


def error(before: Signal, sound: Signal) -> int:
    """Samples by which the onset is off: after it where the noise covers the sound, the sound begins when it is past.

    A soft beginning below the noise can be heard by no one.
    """
    found = onset(np.concatenate([before, sound])) - len(before)
    uncovered = int((np.abs(sound) > np.abs(before).max()).argmax())
    return min(found, 0) if found <= uncovered else found - uncovered


KINDS = [
    "hiss",
    "hum",
    "hum with harmonics",
    "pink noise",
    "low noise",
    "click",
    "click in hiss",
    "click in pink noise",
]


@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0, 2.0])
@pytest.mark.parametrize("level_db", [-20.0, -25.0, -35.0, -50.0])
@pytest.mark.parametrize("kind", KINDS)
def test_onset_is_at_the_hit_whatever_lies_before(kind, level_db, seconds):
    errors = {name: error(lead_in(kind, seconds, level_db), sound) for name, sound in SOUNDS.items()}
    assert all(abs(each) <= NEAR for each in errors.values()), errors


@pytest.mark.parametrize("seconds", [0.02, 0.03, 0.05])
@pytest.mark.parametrize("level_db", [-27.0, -35.0, -50.0])
@pytest.mark.parametrize("kind", ["hiss", "hum", "pink noise", "click", "click in hiss"])
def test_onset_is_at_the_hit_after_a_short_lead_in(kind, level_db, seconds):
    """Not at -20 dB, where the peaks of noise are as high as a grace note that comes as short before a hit."""
    errors = {name: error(lead_in(kind, seconds, level_db), sound) for name, sound in SOUNDS.items()}
    assert all(abs(each) <= NEAR for each in errors.values()), errors


@given(
    sound=st.sampled_from(sorted(SOUNDS)),
    kind=st.sampled_from(["hiss", "hum", "hum with harmonics", "pink noise", "click", "click in hiss"]),
    level_db=st.floats(-60.0, -25.0),
    seconds=st.floats(0.07, 2.0),
    seed=st.integers(0, 2**16),
    volume_db=st.floats(-60.0, 0.0),
)
def test_onset_is_at_the_hit_for_any_level_and_length(sound, kind, level_db, seconds, seed, volume_db):
    before = lead_in(kind, seconds, level_db, seed)
    assert abs(error(gain(volume_db) * before, gain(volume_db) * SOUNDS[sound])) <= NEAR


@pytest.mark.parametrize("kind", ["hiss", "hum", "click in hiss"])
def test_silence_may_come_before_the_noise(kind):
    before = np.concatenate([np.zeros(RATE // 2), lead_in(kind, 0.3, -35.0)])
    assert all(abs(error(before, sound)) <= NEAR for sound in SOUNDS.values())


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000, 96_000])
def test_time_is_the_same_at_every_rate(rate):
    t = times_s(0.3, rate)
    sound = np.concatenate([gain(-35.0) * noise(rate // 4), 10.0 ** (-3.0 * t / 0.2) * np.sin(2.0 * np.pi * 300.0 * t)])
    assert onset(sound, rate) / rate == pytest.approx(0.25, abs=0.005)


@pytest.mark.parametrize("name", SOUNDS)
def test_a_sound_alone_begins_where_it_is_first_heard(name):
    sound = SOUNDS[name]
    for changed in (sound, 1e-4 * sound, np.round(100.0 * sound) / 32768.0, sound[: round(0.02 * RATE)], sound[:32]):
        assert abs(onset(changed) - first_heard(changed)) <= AT_ONCE


@pytest.mark.parametrize("silence", [1, 40, 441, 30_000])
@pytest.mark.parametrize("name", SOUNDS)
def test_silence_is_passed_over_to_the_sample(name, silence):
    sound = np.concatenate([np.zeros(silence), SOUNDS[name]])
    assert abs(onset(sound) - first_heard(sound)) <= AT_ONCE


SHAPES = {
    "linear": lambda u: u,
    "square": lambda u: u**2,
    "sine": lambda u: np.sin(0.5 * np.pi * u) ** 2,
    "40 dB": lambda u: gain(40.0 * (u - 1.0)),
    "60 dB": lambda u: gain(60.0 * (u - 1.0)),
}
T = times_s(2.0)
SUSTAINED = {
    "noise": noise(len(T), 3),
    "low noise": rumble(len(T), 3),
    "pink noise": pink(len(T), 3),
    "bowed": (1.0 + 0.3 * np.sin(2.0 * np.pi * 5.5 * T))
    * sum(np.sin(2.0 * np.pi * 196.0 * k * T) / k for k in range(1, 12)),
    "tone": np.sin(2.0 * np.pi * 80.0 * T),
}


@pytest.mark.parametrize("seconds", [0.1, 0.2, 0.4, 0.8, 1.5])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", SUSTAINED)
def test_a_crescendo_is_the_sound(name, shape, seconds):
    """A shaker, a bow, a cymbal played backwards: cut short, held, or let ring."""
    rise = SHAPES[shape](np.linspace(0.0, 1.0, round(seconds * RATE), endpoint=False))
    for end in (np.zeros(200), np.ones(8820), gain(-60.0 * np.arange(8820) / 8820)):
        envelope = np.concatenate([rise, end])
        sound = SUSTAINED[name][: len(envelope)] * envelope
        assert abs(onset(sound) - first_heard(sound)) <= 0.01 * RATE


@pytest.mark.parametrize("accent_db", [6.0, 10.0, 14.0])
@pytest.mark.parametrize("seconds", [0.06, 0.12, 0.25])
@pytest.mark.parametrize("name", SUSTAINED)
def test_a_swell_before_an_accent_is_the_sound(name, seconds, accent_db):
    rise = gain(-accent_db) * SHAPES["square"](np.linspace(0.0, 1.0, round(seconds * RATE)))
    envelope = np.concatenate([rise, gain(-60.0 * np.arange(8820) / 6000)])
    sound = SUSTAINED[name][: len(envelope)] * envelope
    assert abs(onset(sound) - first_heard(sound)) <= 0.01 * RATE


@pytest.mark.parametrize("name", SOUNDS)
def test_played_backwards_and_faded_in_it_is_the_sound_too(name):
    backwards = SOUNDS[name][::-1]
    assert abs(onset(backwards) - first_heard(backwards)) <= NEAR
    for seconds in (0.005, 0.02):
        faded = SOUNDS[name].copy()
        faded[: round(seconds * RATE)] *= np.linspace(0.0, 1.0, round(seconds * RATE))
        assert abs(onset(faded) - first_heard(faded)) <= NEAR


@pytest.mark.parametrize("apart_s", [0.01, 0.02, 0.03, 0.045, 0.06])
@pytest.mark.parametrize("level_db", [-6.0, -12.0])
@pytest.mark.parametrize("name", SOUNDS)
def test_a_grace_note_belongs_to_the_hit(name, level_db, apart_s):
    apart = round(apart_s * RATE)
    flam = np.pad(SOUNDS[name], (apart, 0))
    flam[: len(SOUNDS[name])] += gain(level_db) * SOUNDS[name]
    assert onset(flam) <= NEAR


def test_a_sound_is_the_same_in_any_batch():
    sounds = [np.resize(np.concatenate([lead_in("hiss", 0.1, -35.0), each]), 20_000) for each in SOUNDS.values()]
    assert onsets(tensor(*sounds), RATE).tolist() == [onset(each) for each in sounds]


@pytest.mark.parametrize("samples", [1, 2, 32, 44, 45, 1000])
def test_silence_and_the_shortest_sounds_begin_at_once(samples):
    assert onset(np.zeros(samples)) == 0
    assert onset(np.ones(samples)) == 0


def test_noise_before_the_hit_is_told_from_silence():
    sound = SOUNDS["bd_fat"]
    before = lead_in("hum", 0.3, -35.0)
    for volume in (1.0, 1e-3):
        noisy = tensor(volume * np.concatenate([before, sound]))
        assert lead_in_db(noisy, len(before) - 10, RATE) == pytest.approx(-32.0, abs=0.5)
    assert lead_in_db(tensor(np.concatenate([np.zeros(5000), sound])), 4990, RATE) is None
    assert lead_in_db(tensor(np.concatenate([gain(-90.0) * noise(5000), sound])), 4990, RATE) is None
    assert lead_in_db(tensor(sound), 0, RATE) is None
    assert lead_in_db(tensor(np.zeros(5000)), 4000, RATE) is None
