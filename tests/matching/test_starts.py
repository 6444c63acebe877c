"""Start values: within the table, near the truth, and varied as asked."""

import numpy as np
import pytest
import torch

from backbeat import plugins
from backbeat.dsp import Grid, db_to_gain, decay
from backbeat.dsp import noise as noise_layer
from backbeat.matching.starts import propose, refine, vary
from backbeat.parameters import EXTRA, NOISE, OUTPUT, Table, decibels, hz, seconds
from backbeat.plugins import Plugin
from backbeat.synth import render
from matching.sounds import RATE, Signal, damped, fall, glide, noise, thump, times_s
from tables import table

SOUNDS = {
    "thump": thump()[0, 0].double().numpy(),
    "click": np.eye(1, 2000, 30)[0],
    "noise": noise(4000) * fall(times_s(4000 / RATE), 0.05),
    "tone": damped(times_s(0.2), 3000.0, 0.1),
    "short": noise(32),
    "gone": np.append(noise(4000), np.zeros(9000)),
    "low": damped(times_s(0.2), 12.0, 0.4),
}
PLUGINS = {
    "kick": plugins.get("kick"),
    "drum": plugins.get("drum"),
    "clap": plugins.get("clap"),
    "hat": plugins.get("hat"),
    "rim": plugins.get("rim"),
    "cowbell": plugins.get("cowbell"),
    "snare": plugins.get("snare"),
    "tom": plugins.get("tom"),
    "one tone": plugins.get("drum", tones=1),
    "many tones": plugins.get("drum", tones=20),
}


def unplayed(grid: Grid, c: Table) -> object:
    return 0.0 * c.pitch_hz * c.gain_db * decay(grid, 0.1)


@pytest.mark.parametrize(
    ("plugin", "sound"),
    [
        pytest.param(plugin, sound, id=f"{name}-{kind}", marks=() if (k + j) % 3 == 0 else pytest.mark.slow)
        for k, (name, plugin) in enumerate(PLUGINS.items())
        for j, (kind, sound) in enumerate(SOUNDS.items())
    ],
)
def test_every_proposal_is_a_full_set_of_allowed_values(plugin, sound):
    starts = propose(plugin, sound, RATE, 1.0)
    assert starts
    for start in starts:
        assert set(plugin.table.check(start)) == set(plugin.table)


@pytest.mark.parametrize("plugin", ["kick", "drum"])
def test_level_sets_the_output_level_and_nothing_else(plugin):
    instrument = plugins.get(plugin)
    for loud, quiet in zip(
        propose(instrument, SOUNDS["thump"], RATE, 1.0), propose(instrument, SOUNDS["thump"], RATE, 0.01), strict=True
    ):
        assert quiet.pop("gain_db") == pytest.approx(loud.pop("gain_db") - 40.0)
        assert quiet == loud
    deepest = propose(instrument, SOUNDS["thump"], RATE, 1e-9)
    assert all(start["gain_db"] == instrument.table["gain_db"].low for start in deepest)


@pytest.mark.parametrize("drive_db", [-20.0, 12.0])
def test_modes_of_a_kick_are_found_anew_behind_its_body(drive_db):
    kick = plugins.get("kick")
    values = {
        **kick.table.defaults(),
        "mode_hz": (240.0, 530.0, 1700.0, 5200.0),
        "mode_s": (0.2, 0.25, 0.15, 0.06),
        "mode_db": (-20.0, -24.0, -30.0, -34.0),
        "mode_cycles": (0.1, 0.35, 0.6, 0.85),
        "drive_db": drive_db,
    }

    def wave(some):
        params = kick.table.normalise(some).float().unsqueeze(0)
        return render(kick, params, samples=RATE // 2, sample_rate=RATE)

    wrong = {**values, "mode_hz": kick.table.defaults()["mode_hz"], "mode_db": (-60.0,) * 4}
    (found,) = refine(kick, wrong, wave(values), wave, RATE)
    assert sorted(found["mode_hz"]) == pytest.approx(values["mode_hz"], rel=0.01)
    order = np.argsort(found["mode_hz"])
    assert np.array(found["mode_s"])[order] == pytest.approx(values["mode_s"], rel=0.15)
    assert np.array(found["mode_db"])[order] == pytest.approx(values["mode_db"], abs=1.5)
    assert np.array(found["mode_cycles"])[order] == pytest.approx(values["mode_cycles"], abs=0.05)
    assert {name for name in values if found[name] != wrong[name]} == {"mode_hz", "mode_s", "mode_db", "mode_cycles"}


def test_long_hold_may_be_a_release():
    kick = plugins.get("kick")

    def wave(some):
        params = kick.table.normalise(some).float().unsqueeze(0)
        return render(kick, params, samples=RATE // 4, sample_rate=RATE)

    short, long = ({**kick.table.defaults(), "hold_s": hold_s, "decay_s": 0.07} for hold_s in (0.05, 0.2))
    assert len(refine(kick, short, wave(short), wave, RATE)) == 1
    held, released = refine(kick, long, wave(long), wave, RATE)
    assert (held["hold_s"], held["decay_s"]) == (0.2, 0.07)
    assert (released["gate_s"], released["release_s"]) == (0.2, 0.07)
    assert released["hold_s"] < 0.05


def test_plugin_without_modes_suggests_nothing():
    hat = plugins.get("hat")
    assert refine(hat, hat.table.defaults(), torch.zeros(1, 1, 100), lambda values: torch.zeros(1, 1, 100), RATE) == []


def test_modes_without_a_body_are_read_again_under_the_sweep_that_was_found():
    tom = plugins.get("tom")
    hz = (110.0, 190.0, 263.0, 340.0, 420.0, 515.0)
    quiet = {"noise_db": -60.0, "stick_db": (-60.0,) * 4, "drive_db": -10.0, "sweep_st": 4.0, "sweep_s": 0.1}
    right = {**tom.table.defaults(), **quiet, "mode_hz": hz, "mode_db": (-6.0,) * 6, "onset_db": 6.0}

    def wave(values):
        params = tom.table.normalise(values).float().unsqueeze(0)
        return render(tom, params, samples=RATE // 2, sample_rate=RATE, seed=0)

    wrong = {**right, "mode_hz": (80.0, 95.0, 300.0, 301.0, 600.0, 700.0)}
    (again,) = refine(tom, wrong, wave(right), wave, RATE)
    np.testing.assert_allclose(np.sort(again["mode_hz"]), hz, rtol=0.01)
    assert again["sweep_st"] == 4.0


def test_a_kick_may_start_from_a_steady_mode_with_the_others_beside_it():
    t = times_s(0.4)
    parts = {86.0: (0.5, 0.3), 130.0: (0.3, 0.2), 175.0: (0.2, 0.2), 331.0: (0.1, 0.1)}
    sound = sum(gain * damped(t, hz, t60_s) for hz, (gain, t60_s) in parts.items())
    starts = propose(plugins.get("kick"), sound, RATE, 1.0)
    (first, *_) = [each for each in starts if each["sweep_st"] == 0.0 and abs(each["pitch_hz"] - 86.0) < 2.0]
    assert first["decay_s"] == pytest.approx(0.3, rel=0.3)
    for wanted_hz in (130.0, 175.0):
        assert min(abs(each / wanted_hz - 1.0) for each in first["mode_hz"]) < 0.02


def test_kick_starts_from_the_pitch_and_decay_of_the_sound():
    t = times_s(0.4)
    start = propose(plugins.get("kick"), fall(t, 0.35) * glide(t, 58.0, 24.0, 0.06), RATE, 1.0)[0]
    assert start["pitch_hz"] == pytest.approx(58.0, rel=0.02)
    assert start["sweep_st"] == pytest.approx(24.0, abs=1.0)
    assert start["sweep_s"] == pytest.approx(0.06, rel=0.1)
    assert start["decay_s"] == pytest.approx(0.35, rel=0.15)


def test_kick_starts_have_the_modes_of_the_sound():
    frequencies_hz = (420.0, 810.0, 1900.0)
    t = times_s(0.4)
    body = fall(t, 0.4) * glide(t, 55.0, 24.0, 0.06)
    sound = body + sum(damped(t, each, 0.15, 0.3) for each in frequencies_hz)
    ringing = [start for start in propose(plugins.get("kick"), sound, RATE, 1.0) if max(start["mode_db"]) > -60.0]
    assert ringing
    assert sorted(ringing[0]["mode_hz"][:3]) == pytest.approx(frequencies_hz, rel=0.01)


def test_drum_starts_from_the_partials_of_the_sound():
    partials = {180.0: 0.3, 430.0: 0.2, 1210.0: 0.1}
    sound = sum(damped(times_s(0.4), f, t60_s, 0.3) for f, t60_s in partials.items())
    start = propose(plugins.get("drum"), sound, RATE, 1.0)[0]
    loudest = np.argsort(start["tone_db"])[-3:]
    found = dict(sorted((start["tone_hz"][k], start["tone_s"][k]) for k in loudest))
    assert list(found) == pytest.approx(list(partials), rel=0.02)
    assert list(found.values()) == pytest.approx(list(partials.values()), rel=0.15)
    assert start["sweep_st"] == 0.0


def test_one_drum_start_leaves_most_tones_quiet():
    drum = plugins.get("drum")
    few = propose(drum, SOUNDS["thump"], RATE, 1.0)[1]
    assert few["tone_db"][4:] == (-60.0,) * 8
    assert few["tone_hz"][4:] == drum.table.defaults()["tone_hz"][4:]


def test_a_few_modes_are_kept_for_what_rings_after_a_loud_strike():
    t = times_s(0.6)
    ringing = (554.0, 831.0, 1108.0)
    strike = sum(damped(t, f, 0.04, 0.3) for f in (160.0, 210.0, 260.0, 330.0, 390.0, 450.0, 620.0, 700.0))
    sound = strike + sum(damped(t, f, 1.5, 0.006) for f in ringing)
    starts = propose(plugins.get("tom"), sound, RATE, 1.0)
    assert any(all(np.min(np.abs(np.array(start["mode_hz"]) / f - 1.0)) < 0.01 for f in ringing) for start in starts)
    assert min(start["noise_db"] for start in starts) <= -40.0


def test_gliding_drum_is_proposed_with_a_sweep():
    t = times_s(0.4)
    sound: Signal = fall(t, 0.35) * glide(t, 110.0, 9.0, 0.12)
    sweeps = [start["sweep_st"] for start in propose(plugins.get("drum"), sound, RATE, 1.0)]
    assert sweeps[0] == 0.0
    assert any(sweep == pytest.approx(9.0, abs=0.75) for sweep in sweeps)


def test_plugin_of_which_analysis_tells_nothing_starts_from_its_defaults():
    controls = table(
        pitch_hz=hz(50.0, 500.0, default=100.0, help="Pitch."),
        gain_db=decibels(-60.0, 0.0, default=-6.0, help="Level.", role=OUTPUT.level_db),
    )
    toy = Plugin("toy", controls, unplayed, summary="A toy.")
    assert propose(toy, SOUNDS["thump"], RATE, 0.1) == [{"pitch_hz": 100.0, "gain_db": pytest.approx(-26.0)}]


def test_values_are_found_by_role_whatever_the_names():
    controls = table(
        long=seconds(0.01, 2.0, default=0.5, help="T60.", role=NOISE.t60_s),
        loud=decibels(-60.0, 0.0, default=-6.0, help="Level.", role=OUTPUT.level_db),
        spice=decibels(-40.0, 0.0, default=-6.0, help="A part that analysis does not know.", role=EXTRA.level_db),
    )

    def chain(grid: Grid, c: Table) -> object:
        return db_to_gain(c.loud + c.spice) * noise_layer(grid, stream=0) * decay(grid, c.long)

    toy = Plugin("toy", controls, chain, summary="A toy.")
    (start,) = propose(toy, SOUNDS["noise"], RATE, 1.0)
    assert start == {"long": pytest.approx(0.05, rel=0.2), "loud": -6.0, "spice": -40.0}


def test_variations_keep_the_starts_and_go_round_them():
    params = torch.tensor([[0.2, 0.5], [0.8, 0.5]], dtype=torch.float64)
    varied = vary(params, 9, torch.tensor([0.01, 0.0], dtype=torch.float64), torch.Generator().manual_seed(0))
    assert varied.shape == (9, 2)
    assert torch.equal(varied[:2], params)
    assert varied[:, 1].tolist() == [0.5] * 9
    for k, row in enumerate(varied[2:], start=2):
        assert float(row[0]) != float(params[k % 2, 0])
        assert float(row[0]) == pytest.approx(float(params[k % 2, 0]), abs=0.06)


def test_variations_have_the_spread_that_was_asked_for():
    params = torch.full((1, 2), 0.5, dtype=torch.float64)
    spread = torch.tensor([0.02, 0.1], dtype=torch.float64)
    varied = vary(params, 4000, spread, torch.Generator().manual_seed(0))
    assert varied[1:].std(0).tolist() == pytest.approx(spread.tolist(), rel=0.05)
    assert varied[1:].mean(0).tolist() == pytest.approx([0.5, 0.5], abs=0.01)


def test_variations_stay_in_the_box_and_come_from_the_seed():
    params = torch.tensor([[0.0, 1.0]], dtype=torch.float64)
    spread = torch.tensor([0.5, 0.5], dtype=torch.float64)
    first, again, other = (vary(params, 50, spread, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert bool(((first >= 0.0) & (first <= 1.0)).all())
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_fewer_rows_than_starts_keeps_the_most_trusted():
    params = torch.tensor([[0.1], [0.2], [0.3]], dtype=torch.float64)
    kept = vary(params, 2, torch.ones(1, dtype=torch.float64), torch.Generator().manual_seed(0))
    assert torch.equal(kept, params[:2])
