"""Pitches that descent alone does not leave."""

import pytest
import torch

from backbeat import plugins
from backbeat.losses import DrumLoss, pitch_error_cents
from backbeat.matching import match
from backbeat.matching.search import begin, descend
from backbeat.matching.traps import escape_octave_minima
from backbeat.patch import Placement, preset
from backbeat.synth import render

RATE, SAMPLES = 44_100, 13_230
KICK = plugins.get("kick")
MADE = preset("kick/classic")
SOUND = MADE.render(Placement(RATE, SAMPLES, 0))


def objective(params: torch.Tensor) -> torch.Tensor:
    loss = DrumLoss()
    return loss(loss.prepare(SOUND, RATE), render(KICK, params, samples=SAMPLES, sample_rate=RATE, seed=MADE.seed))


def detuned(semitones: float) -> torch.Tensor:
    """The params of the sound, but for its pitches."""
    values = dict(MADE.values)
    ratio = 2.0 ** (semitones / 12.0)
    values["pitch_hz"] = values["pitch_hz"] * ratio
    return KICK.table.normalise(values).float().unsqueeze(0)


def pitch_after(params: torch.Tensor, steps: int = 40) -> float:
    """Cents between the pitch that descent ends at and the sound's."""
    *_, last = descend(begin(params), objective, KICK.table, steps)
    sound = render(KICK, last.best_params.unsqueeze(0), samples=SAMPLES, sample_rate=RATE, seed=MADE.seed)
    cents = pitch_error_cents(sound, SOUND, RATE)
    assert cents is not None
    return cents


@pytest.mark.parametrize(
    "semitones", [-12.0, *(pytest.param(each, marks=pytest.mark.slow) for each in (12.0, -7.0)), 2.7]
)
def test_descent_is_caught_and_gets_out(semitones):
    caught = detuned(semitones)
    assert pitch_after(caught) > 100.0
    assert pitch_after(escape_octave_minima(caught, KICK, objective)) < 5.0


def test_right_pitch_is_left_alone():
    right = detuned(0.0)
    assert torch.equal(escape_octave_minima(right, KICK, objective), right)


def test_a_pitch_that_is_held_stays():
    held = torch.zeros(KICK.table.size, dtype=torch.bool)
    held[KICK.table.slice("pitch_hz")] = True
    assert torch.equal(escape_octave_minima(detuned(12.0), KICK, objective, held)[:, held], detuned(12.0)[:, held])


def test_every_start_is_moved_by_itself():
    both = torch.cat([detuned(12.0), detuned(0.0)])
    moved = escape_octave_minima(both, KICK, objective)
    assert torch.allclose(moved[:1], escape_octave_minima(both[:1], KICK, objective))
    assert torch.equal(moved[1], both[1])


def test_match_that_starts_an_octave_off_is_recovered(monkeypatch):
    start = dict(KICK.table.denormalise(detuned(12.0)[0].double()))
    monkeypatch.setattr("backbeat.matching.candidate.propose", lambda *arguments: [start])
    result = match(SOUND, KICK, sample_rate=RATE, steps=40, starts=1)
    cents = pitch_error_cents(result.audio, SOUND, RATE)
    assert cents is not None
    assert cents < 5.0


def test_the_colour_of_noise_stays_where_there_are_pitches():
    rim = plugins.get("rim")
    params = rim.table.normalise(rim.table.defaults()).float().unsqueeze(0)
    moved = escape_octave_minima(params, rim, lambda rows: rows[:, rim.table.slice("mode_hz")].sum(-1))
    for name, stays in (("mode_hz", False), ("band_hz", True), ("click_hz", True)):
        where = rim.table.slice(name)
        assert torch.equal(moved[:, where], params[:, where]) == stays, name
