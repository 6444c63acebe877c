"""Real one-shots as they come from bad converters, rooms and cuts: a finite match, always."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from scipy.signal import resample_poly

from backbeat.matching import match

SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"
RATE = 44_100


def perturbed(sound: np.ndarray, how: str) -> tuple[np.ndarray, int]:
    random = np.random.default_rng(0)
    match how:
        case "quiet":
            return sound * 1e-3, RATE
        case "clipped":
            return np.clip(20.0 * sound, -1.0, 1.0), RATE
        case "offset":
            return sound + 0.3, RATE
        case "noisy":
            return sound + random.standard_normal(len(sound)) * np.sqrt(np.mean(sound**2) / 10.0), RATE
        case "8 kHz":
            return resample_poly(sound, 80, 441), 8000
        case "reversed":
            return sound[::-1], RATE
        case "20 ms":
            return sound[: round(0.02 * RATE)], RATE
        case _:
            return np.clip(5.0 * sound[::-1] + 0.1, -1.0, 1.0), RATE


HOW = ("quiet", "clipped", "offset", "noisy", "8 kHz", "reversed", "20 ms", "all at once")
SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    ("name", "how"),
    [
        pytest.param(name, how, marks=SLOW if (k + number) % 2 else ())
        for k, name in enumerate(("bd_fat", "sn_dub"))
        for number, how in enumerate(HOW)
    ],
)
def test_any_one_shot_is_matched(tmp_path, name, how):
    sound, rate = soundfile.read(SOUNDS / f"{name}.flac")
    assert rate == RATE
    file = tmp_path / "sound.wav"
    changed, rate = perturbed(sound[: RATE // 2], how)
    soundfile.write(file, changed, rate, subtype="FLOAT")
    result = match(file, quality="draft", steps=4, starts=2)
    assert all(np.isfinite(value) for value in result.distances.as_dict().values())
    assert result.audio.shape == result.target.shape
    assert result.audio.isfinite().all()
    assert torch.equal(result.patch.render(), result.audio)
