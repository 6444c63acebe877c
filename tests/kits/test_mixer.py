"""The mixer against the sum that defines it, block by block and as a whole."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.errors import KernelError
from backbeat.kernels.library import library
from backbeat.kernels.mixer import Mixer
from backbeat.kits.mixing import FormulaMixer

RATE, OUTPUTS, FRAMES = 8000, 3, 2500
FADE = round(0.005 * RATE)

needs_kernels = pytest.mark.skipif(library() is None, reason="no kernels here")


@dataclass(frozen=True)
class Event:
    at: int
    audio: Any
    gain: float
    pan: float
    output: int
    choke_group: int


@st.composite
def events(draw: Any) -> list[Event]:
    count = draw(st.integers(1, 12))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    starts = sorted(draw(st.lists(st.integers(0, 1500), min_size=count, max_size=count)))
    return [
        Event(
            at,
            random.standard_normal((draw(st.integers(1, 2)), draw(st.integers(0, 900)))).astype(np.float32),
            float(np.float32(draw(st.floats(0.0, 2.0)))),
            float(np.float32(draw(st.floats(-1.0, 1.0)))),
            draw(st.integers(0, OUTPUTS - 1)),
            draw(st.integers(0, 2)),
        )
        for at in starts
    ]


def oracle(hits: list[Event]) -> Any:
    """The sum, in float64, over the whole time at once."""
    mixed = np.zeros((OUTPUTS, 2, FRAMES))
    for k, hit in enumerate(hits):
        length = hit.audio.shape[1]
        sound = np.broadcast_to(hit.audio.astype(np.float64), (2, length)).copy()
        sound *= np.array([[math.cos(math.pi * (hit.pan + 1) / 4)], [math.sin(math.pi * (hit.pan + 1) / 4)]])
        sound *= math.sqrt(2.0) * hit.gain
        later = [each.at for each in hits[k + 1 :] if hit.choke_group and each.choke_group == hit.choke_group]
        if later:
            since = hit.at + np.arange(length) - (later[0] if later[0] > hit.at else -np.inf)
            sound *= np.where(since < 0, 1.0, np.clip(1.0 - since / FADE, 0.0, 1.0))
        mixed[hit.output, :, hit.at : hit.at + length] += sound[:, : FRAMES - hit.at]
    return mixed


def played(mixer: Any, hits: list[Event], block: int) -> Any:
    waiting, blocks = list(hits), []
    for start in range(0, FRAMES, block):
        frames = min(block, FRAMES - start)
        while waiting and waiting[0].at < start + frames:
            hit = waiting.pop(0)
            mixer.start(hit.at, hit.audio, gain=hit.gain, pan=hit.pan, output=hit.output, choke_group=hit.choke_group)
        blocks.append(mixer.process(frames))
    return np.concatenate(blocks, axis=-1)


@needs_kernels
@given(events(), st.integers(1, FRAMES))
def test_the_sum_whatever_the_block(hits, block):
    whole = played(Mixer(RATE, OUTPUTS, 64), hits, FRAMES)
    np.testing.assert_allclose(whole, oracle(hits), atol=2e-5)
    np.testing.assert_array_equal(played(Mixer(RATE, OUTPUTS, 64), hits, block), whole)


@needs_kernels
@given(events(), st.integers(1, FRAMES))
def test_the_formula_is_the_same(hits, block):
    np.testing.assert_allclose(
        played(FormulaMixer(RATE, OUTPUTS), hits, block), played(Mixer(RATE, OUTPUTS, 64), hits, FRAMES), atol=1e-5
    )


def mixers() -> list[Any]:
    return [FormulaMixer, *([lambda rate, outputs: Mixer(rate, outputs, 64)] if library() else [])]


@pytest.mark.parametrize("make", mixers())
def test_a_hit_in_the_middle_has_its_samples_and_at_a_side_all_its_power(make):
    tone = np.sin(np.arange(100, dtype=np.float32))[None]
    mixer = make(RATE, 2)
    mixer.start(0, tone)
    mixer.start(0, tone, output=1, pan=1.0)
    middle, side = mixer.process(100)
    np.testing.assert_allclose(middle, np.repeat(tone, 2, axis=0), rtol=1e-6)
    np.testing.assert_allclose(side, np.concatenate([0 * tone, math.sqrt(2.0) * tone]), atol=1e-6)


@needs_kernels
def test_the_oldest_fades_out_where_too_many_sound():
    mixer = Mixer(RATE, 1, 2)
    for k in range(3):
        mixer.start(100 * k, np.full((1, 1000), 10.0**k, np.float32))
    sound = mixer.process(1000)[0, 0]
    assert sound[199] == 11.0
    np.testing.assert_allclose(sound[200 + FADE : 900], 110.0)
    assert mixer.voices == 2


@needs_kernels
def test_where_many_fade_out_what_rings_rings_on():
    mixer = Mixer(RATE, 1, 2)
    mixer.start(0, np.ones((1, 400), np.float32))
    for at in range(1, 6):
        mixer.start(at, np.zeros((1, 400), np.float32), choke_group=1)
    np.testing.assert_array_equal(mixer.process(400)[0, 0], np.ones(400, np.float32))


@pytest.mark.parametrize("make", mixers())
def test_of_hits_of_a_group_at_one_moment_the_last_is_heard(make):
    mixer = make(RATE, 1)
    mixer.start(10, np.full((1, 100), 1.0, np.float32), choke_group=1)
    mixer.start(10, np.full((1, 100), 5.0, np.float32), choke_group=1)
    np.testing.assert_allclose(mixer.process(200)[0, 0], np.repeat([0.0, 5.0, 0.0], [10, 100, 90]))


@needs_kernels
def test_all_of_a_group_or_of_all_is_choked():
    mixer = Mixer(RATE, 1, 8)
    for group in (0, 1, 2):
        mixer.start(0, np.full((1, 1000), 10.0**group, np.float32), choke_group=group)
    mixer.choke(2, 100)
    mixer.choke(0, 500)
    sound = mixer.process(1000)[0, 0]
    np.testing.assert_allclose(sound[[99, 100 + FADE, 499, 500 + FADE]], [111.0, 11.0, 11.0, 0.0])


@needs_kernels
@pytest.mark.parametrize(
    "wrong",
    [
        {"at": -1},
        {"output": 1},
        {"output": -1},
        {"choke_group": -1},
        {"pan": 1.5},
        {"pan": math.nan},
        {"gain": -1.0},
        {"gain": math.nan},
        {"audio": np.zeros((3, 4), np.float32)},
    ],
)
def test_what_cannot_be_played_is_refused(wrong):
    mixer = Mixer(RATE, 1, 8)
    with pytest.raises(KernelError):
        mixer.start(**{"at": 0, "audio": np.zeros((1, 4), np.float32), **wrong})
    assert mixer.voices == 0
    mixer.process(10)
    with pytest.raises(KernelError):
        mixer.start(5, np.zeros((1, 4), np.float32))
