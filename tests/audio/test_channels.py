"""Several channels become one: a mix where that keeps the sound, else the loudest channel, and a note that says why."""

from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile
from numpy.typing import NDArray

from backbeat.audio import read

RATE = 44100
T = np.arange(round(0.3 * RATE)) / RATE
KICK = 0.6 * np.exp(-T / 0.05) * np.sin(2 * np.pi * 60.0 * T)
SEVEN_HZ = np.sin(2 * np.pi * 7.0 * T)


def noise(seed: int, decay_s: float = 0.05) -> NDArray[np.float64]:
    return 0.1 * np.exp(-T / decay_s) * np.random.default_rng(seed).normal(size=len(T))


def hat(seed: int) -> NDArray[np.float64]:
    """Noise above 5 kHz."""
    return scipy.signal.sosfilt(scipy.signal.butter(6, 5000.0, "high", fs=RATE, output="sos"), noise(seed))


def later(sound: NDArray[np.float64], ms: float) -> NDArray[np.float64]:
    delay = round(ms * RATE / 1000)
    return np.concatenate((np.zeros(delay), sound[: len(sound) - delay]))


def inverted_below(sound: NDArray[np.float64], hz: float) -> NDArray[np.float64]:
    """The same magnitudes, with the phase of the low end turned."""
    spectrum = np.fft.rfft(sound)
    low = np.fft.rfftfreq(len(sound), 1 / RATE) < hz
    return np.fft.irfft(np.where(low, -spectrum, spectrum), len(sound))


def mixed(folder: Path, *channels: NDArray[np.float64]) -> tuple[NDArray[np.float32], str]:
    """What `read` makes of the channels, and its one note about them."""
    soundfile.write(folder / "sound.wav", np.stack(channels, axis=1), RATE, subtype="FLOAT")
    recording = read(folder / "sound.wav")
    (note,) = (each for each in recording.notes if "channel" in each)
    return recording.audio[0, 0].numpy(), note


def loss_db(sound: NDArray[np.float32], channels: tuple[NDArray[np.float64], ...]) -> float:
    """The most that is lost of the loudest channel in an octave with a hundredth of it (scipy's periodogram)."""
    loudest = max(channels, key=np.var)
    hz, before = scipy.signal.periodogram(loudest, RATE)
    _, after = scipy.signal.periodogram(sound.astype(np.float64), RATE)
    octaves = [(hz >= edge) & (hz < 2 * edge) for edge in 1000 * 2.0 ** (np.arange(-6, 5) - 0.5)]
    return max(
        10 * np.log10(before[each].sum() / max(after[each].sum(), 1e-30))
        for each in octaves
        if before[each].sum() >= 0.01 * before.sum()
    )


HARMED = {
    "opposite": (KICK, -KICK),
    "opposite in part": (KICK, -0.6 * KICK),
    "the softer first": (-0.6 * KICK, KICK),
    "low end turned": (KICK + hat(1), 0.95 * inverted_below(KICK + hat(1), 200.0)),
    "wide hats": (KICK + hat(1), KICK - hat(1)),
    "hiss beside it": (KICK, 1e-3 * noise(1)),
    "a softer channel": (KICK + hat(1), 0.1 * (KICK + hat(1))),
    "three of eight turned": tuple(KICK * sign for sign in (1, 1, 1, 1, 1, -1, -1, -1)),
    "two of eight turned": tuple(KICK * sign for sign in (1, 1, 1, 1, 1, 1, -1, -1)),
    "eight unrelated ones": tuple(noise(seed) for seed in range(8)),
    "one of many": (*(1e-3 * noise(seed) for seed in range(20)), KICK),
    "two microphones": (noise(1), 0.9 * later(noise(1), 0.5)),
}


@pytest.mark.parametrize("channels", HARMED.values(), ids=HARMED)
def test_what_a_mix_would_harm_is_the_loudest_channel_as_it_is(tmp_path, channels):
    sound, note = mixed(tmp_path, *channels)
    loudest = int(np.argmax([np.var(each) for each in channels]))
    assert loss_db(np.mean(channels, axis=0), channels) > 4.5
    assert np.array_equal(sound, channels[loudest].astype(np.float32))
    assert note.startswith(f"Used channel {loudest + 1} of {len(channels)} alone: a mix would lose ")


KEPT = {
    "one level": (KICK, KICK),
    "another level": (KICK, 0.3 * KICK),
    "unrelated hats of one level": (hat(1), hat(2)),
    "a wide room": (KICK + noise(1) + 0.5 * noise(2), KICK + noise(1) - 0.5 * noise(2)),
    "one of eight turned": tuple(KICK * sign for sign in (1, 1, 1, 1, 1, 1, 1, -1)),
    "softer hats, wide": (KICK + 0.05 * hat(1), KICK - 0.05 * hat(1)),
    "a kick 0.2 ms later": (KICK, later(KICK, 0.2)),
}


@pytest.mark.parametrize("channels", KEPT.values(), ids=KEPT)
def test_what_a_mix_keeps_is_mixed(tmp_path, channels):
    sound, note = mixed(tmp_path, *channels)
    assert note == f"Mixed {len(channels)} channels to mono."
    np.testing.assert_allclose(sound, np.mean(channels, axis=0), atol=1e-6)
    assert loss_db(sound, channels) <= 4.5


def test_the_note_names_octave_and_loss(tmp_path):
    _, note = mixed(tmp_path, KICK, -0.6 * KICK)
    assert note == (
        "Used channel 1 of 2 alone: a mix would lose 14.0 dB of it in the octave around 62.5 Hz."
    )  # 20 lg (1 / 0.2)


@pytest.mark.parametrize("ms", [1.0, 5.0, 12.0, 25.0])
@pytest.mark.parametrize("order", [1, -1])
def test_the_same_sound_at_another_time_is_not_mixed_to_a_comb(tmp_path, ms, order):
    """Whose octaves lose 3 dB alone, as those of unrelated channels do."""
    channels = (hat(1) + 0.1 * hat(2), 0.9 * later(hat(1), ms) + 0.1 * hat(3))[::order]
    sound, note = mixed(tmp_path, *channels)
    loudest = 0 if order == 1 else 1
    assert np.array_equal(sound, channels[loudest].astype(np.float32))
    moved = f"{round(ms * RATE / 1000) / RATE * 1000:.2f} ms later"
    assert f"channel {2 - loudest} holds the same sound {moved}, and a mix would hold it twice" in note


@pytest.mark.parametrize("count", [2, 3, 7, 32])
def test_identical_channels_are_each_of_them_bit_for_bit(tmp_path, count):
    sound, note = mixed(tmp_path, *[KICK + hat(1)] * count)
    assert np.array_equal(sound, (KICK + hat(1)).astype(np.float32))
    assert note == f"Mixed {count} channels to mono."


@pytest.mark.parametrize("silent", [np.zeros(len(T)), np.full(len(T), 0.1), 3e-5 * SEVEN_HZ], ids=["zero", "DC", "-90"])
@pytest.mark.parametrize("count", [2, 32])
def test_one_channel_beside_silent_ones_keeps_its_level(tmp_path, silent, count):
    sound, note = mixed(tmp_path, *[silent] * (count - 1), KICK)
    assert np.array_equal(sound, KICK.astype(np.float32))
    assert note == f"Used channel {count} of {count} alone: the only one that sounds."


def test_silent_channels_change_no_mix(tmp_path):
    silent = np.zeros(len(T))
    sound, note = mixed(tmp_path, silent, hat(1), silent, silent, hat(2), silent)
    assert note == "Mixed 2 of 6 channels to mono."
    assert np.array_equal(sound, mixed(tmp_path, hat(1), hat(2))[0])


def test_dc_is_no_sound(tmp_path):
    sound, note = mixed(tmp_path, 0.5 + KICK, KICK - 0.5)
    assert note == "Mixed 2 channels to mono."
    np.testing.assert_allclose(sound, KICK, atol=1e-6)
    sound, note = mixed(tmp_path, 0.3 + KICK, 0.3 - 0.9 * KICK)
    assert note.startswith("Used channel 1 of 2 alone")
    assert np.array_equal(sound, (0.3 + KICK).astype(np.float32))
