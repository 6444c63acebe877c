"""The five judgements, on sounds and patches whose verdict is known beforehand."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from backbeat import plugins
from backbeat.errors import BackbeatError
from backbeat.losses import Distances
from backbeat.matching.judgement import judge, judge_alive, judge_bounded, judge_near, judge_true, measures, numbers_in
from backbeat.matching.judgement import share_true as share
from backbeat.matching.judgement.alive import likeness
from backbeat.matching.judgement.heard import Heard
from backbeat.patch import Patch, Placement, preset
from backbeat.plugins import Macro
from matching.sounds import RATE, Signal, damped, fall, glide, noise, times_s

SECONDS = times_s(1.5)
HALF = Placement(RATE, RATE // 2)
PROBE = plugins.get("drum", tones=3, noise_bands=4)
VALUES = PROBE.table.defaults() | {
    "tone_hz": (150.0, 337.0, 811.0),
    "tone_s": (0.5, 0.5, 0.5),
    "tone_db": (-6.0, -14.0, -20.0),
    "sweep_st": 7.0,
    "sweep_s": 0.15,
    "transient_db": -16.0,
    "transient_noise": 1.0,
    "noise_db": -26.0,
    "noise_s": 0.4,
    "drive_db": 0.0,
    "gain_db": -6.0,
    "resonator_db": -20.0,
}
"""Of a drum that has some of everything that a knob can turn."""
SWITCHED_OFF = {"transient_noise": 0.0, "noise_db": -80.0}


def sound(signal: Signal) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(signal)).double()


def strike(t60_s: float = 0.6, pitch_hz: float = 200.0) -> Signal:
    """Three partials that ring alike."""
    return sum(damped(SECONDS, ratio * pitch_hz, t60_s, gain) for ratio, gain in ((1.0, 1.0), (2.3, 0.4), (4.1, 0.2)))


@pytest.fixture
def turned(monkeypatch):
    """Verdicts on the turns of a patch, by macro; the macros may be other than the plugin's own."""

    def turned(changed: dict[str, object] | None = None, **macros: Macro) -> dict[str, list[bool | None]]:
        plugin = replace(PROBE, name="probe", options={}, macros=macros or PROBE.macros, soft_hit=None)
        monkeypatch.setattr(plugins, "_registered", lambda: {"probe": plugin})
        found: dict[str, list[bool | None]] = {}
        for each in judge_true(Patch("probe", VALUES | (changed or {})), HALF):
            found.setdefault(each.macro, []).append(each.holds)
        return found

    return turned


class TestMeasures:
    @pytest.mark.parametrize("t60_s", [0.1, 0.6])
    def test_decay_time_is_a_third_of_the_t60(self, t60_s):
        assert measures.decay_time_s(sound(strike(t60_s)), RATE) == pytest.approx(t60_s / 3.0, rel=0.03)

    def test_a_decay_that_is_stretched_by_half_is_so(self):
        plain_s, longer_s = (measures.decay_time_s(sound(strike(t60_s)), RATE) for t60_s in (0.4, 0.6))
        assert longer_s / plain_s == pytest.approx(1.5, rel=0.01)

    @pytest.mark.parametrize("st", [-3.0, 0.0, 0.5, 3.0, 7.0])
    def test_shift_of_the_spectrum(self, st):
        shifted = strike(pitch_hz=200.0 * 2.0 ** (st / 12.0))
        assert measures.spectrum_shift_st(sound(strike()), sound(shifted), RATE) == st

    def test_a_sound_that_only_grows_louder_and_longer_is_not_shifted(self):
        assert measures.spectrum_shift_st(sound(strike()), sound(3.0 * strike(0.9)), RATE) == 0.0

    def test_shift_of_noise_through_a_band(self):
        white = np.fft.rfft(noise(len(SECONDS)))
        octaves = np.log2(np.fft.rfftfreq(len(SECONDS), 1.0 / RATE)[1:])
        bands = [
            np.concatenate(([0.0], 1.0 / (1.0 + (5.0 * (octaves - math.log2(hz))) ** 4))) for hz in (1000.0, 1500.0)
        ]
        first, second = (sound(np.fft.irfft(white * band, len(SECONDS))) for band in bands)
        assert measures.spectrum_shift_st(first, second, RATE) == pytest.approx(12.0 * math.log2(1.5), abs=0.5)

    def test_centroid_of_two_equal_sines_lies_between_them(self):
        t = times_s(1.0)
        both = np.sin(2.0 * np.pi * 500.0 * t) + np.sin(2.0 * np.pi * 1500.0 * t)
        assert measures.centroid_hz(sound(both), RATE) == pytest.approx(1000.0, abs=0.1)

    def test_share_of_the_first_10_ms(self):
        steps = np.concatenate((np.full(441, 0.5), np.full(882, 0.25)))
        assert measures.first_share_db(sound(steps), RATE) == pytest.approx(10.0 * math.log10(2.0))

    def test_a_clipped_sine_is_denser_and_has_harmonics(self):
        sine = np.sin(2.0 * np.pi * 100.0 * times_s(1.0))
        clipped = np.sign(sine + 1e-9)
        for gain in (1.0, 0.1):
            assert measures.density_db(sound(gain * sine)) == pytest.approx(-3.01, abs=0.01)
            assert measures.density_db(sound(gain * clipped)) == pytest.approx(0.0, abs=0.01)
        assert measures.harmonics_db(sound(sine), RATE) < -60.0
        of_a_square = 10.0 * math.log10(1.0 - 8.0 / math.pi**2)
        assert measures.harmonics_db(sound(clipped), RATE) == pytest.approx(of_a_square, abs=0.2)

    def test_a_sweep_lies_above_its_settled_pitch(self):
        t = times_s(0.6)
        swept = measures.pitch_drop_st(sound(fall(t, 1.0) * glide(t, 90.0, 12.0, 0.2)), RATE)
        steady = measures.pitch_drop_st(sound(fall(t, 1.0) * glide(t, 90.0, 0.0, 0.2)), RATE)
        assert swept is not None
        assert steady is not None
        assert 4.0 < swept < 12.0
        assert abs(steady) < 0.2

    @pytest.mark.parametrize("hz", [32.0, 38.0])
    def test_a_pitch_that_stays_does_not_drop_however_low_it_is(self, hz):
        low = {"pitch_hz": hz, "sweep_st": 0.0, "click_sweep_st": 0.0, "hold_s": 0.2, "attack_s": 0.015}
        kick = preset("kick/909")
        tones = Heard(replace(kick, values={**kick.values, **low}), Placement(RATE, 30000)).tones
        drop_st = measures.pitch_drop_st(tones, RATE)
        assert drop_st is not None
        assert abs(drop_st) < 0.2

    def test_silence_has_no_figures_that_are_not_finite(self):
        silence = torch.zeros(RATE // 4, dtype=torch.float64)
        assert measures.pitch_drop_st(silence, RATE) is None
        assert measures.spectrum_shift_st(silence, silence, RATE) == 0.0
        for measure in (measures.decay_time_s, measures.centroid_hz, measures.first_share_db, measures.harmonics_db):
            assert math.isfinite(measure(silence, RATE))
        assert math.isfinite(measures.density_db(silence))


class TestNoiseAndTones:
    """Of a tone and of noise, with eight seeds."""

    TONES = sound(strike())

    def seeds(self, tones_db: float, noise_db: float) -> Tensor:
        hiss = torch.stack([sound(fall(SECONDS, 0.6) * noise(len(SECONDS), seed)) for seed in range(8)])
        return 10.0 ** (tones_db / 20.0) * self.TONES + 10.0 ** (noise_db / 20.0) * hiss

    def test_each_has_its_energy(self):
        of_noise, of_tones = measures.noise_and_tones(self.seeds(0.0, -10.0))
        assert of_tones == pytest.approx(float(self.TONES.square().sum()), rel=0.05)
        assert of_noise == pytest.approx(0.1 * (fall(SECONDS, 0.6) ** 2).sum(), rel=0.05)

    @pytest.mark.parametrize(("tones_db", "noise_db", "gain_db"), [(0, 6, 6), (6, 6, 0), (6, 0, -6), (-3, 6, 9)])
    @pytest.mark.parametrize("level_db", [-30.0, 0.0])
    def test_gain_is_against_the_tones(self, tones_db, noise_db, gain_db, level_db):
        before, after = self.seeds(0.0, level_db), self.seeds(float(tones_db), level_db + noise_db)
        assert measures.noise_gain_db(before, after) == pytest.approx(gain_db, abs=0.5)

    def test_noise_alone_gains_by_itself(self):
        assert measures.noise_gain_db(self.seeds(-100.0, 0.0), self.seeds(-100.0, 6.0)) == pytest.approx(6.0, abs=0.1)

    def test_what_is_frozen_is_no_noise(self):
        of_noise, of_tones = measures.noise_and_tones(self.seeds(0.0, 0.0)[:1].expand(8, -1))
        assert of_noise < 1e-9 * of_tones


class TestTrue:
    @pytest.mark.parametrize("macro", PROBE.macros)
    def test_every_knob_of_a_plain_drum_holds(self, turned, macro):
        verdicts = turned()[macro]
        assert len(verdicts) == (2 if macro in ("tune", "length", "brightness") else 1)
        assert all(verdicts)

    @pytest.mark.parametrize(
        ("macro", "lie"),
        [
            ("tune", Macro("st", ("tone_s",), "")),
            ("length", Macro("%", ("transient_s",), "")),
            ("brightness", Macro("st", ("burst_s",), "")),
            ("brightness", Macro("dB", ("gain_db",), "")),
            ("snap", Macro("dB", ("noise_db",), "")),
            ("noise", Macro("dB", ("tone_db",), "")),
            ("noise", Macro("dB", ("gain_db",), "")),
            ("sweep", Macro("%", ("noise_s",), "")),
            ("drive", Macro("dB", ("gain_db",), "")),
            ("colour", Macro("dB", ("burst_db",), "")),
        ],
    )
    def test_a_knob_that_turns_something_else_is_false(self, turned, macro, lie):
        assert not any(turned({"drive_db": -20.0, "gain_db": -16.0}, **{macro: lie})[macro])

    def test_a_knob_at_the_end_of_its_range_is_false(self, turned):
        verdicts = turned({"tone_s": (8.0,) * 3, "noise_s": 8.0, "noise_db": 12.0})
        assert verdicts["length"][0] is False
        assert verdicts["noise"] == [False]

    def test_a_drive_that_is_not_heard_is_false(self, turned):
        quiet = {"tone_db": (-30.0, -40.0, -50.0), "transient_db": -60.0, "noise_db": -80.0, "resonator_db": -60.0}
        assert turned(quiet | {"drive_db": -20.0})["drive"] == [False]

    def test_a_voice_without_a_sweep_or_noise_is_not_asked_for_one(self, turned):
        verdicts = turned({"sweep_st": 0.0, **SWITCHED_OFF})
        assert verdicts["sweep"] == [None]
        assert verdicts["noise"] == [None]

    def test_a_sweep_that_stays_is_false(self, turned):
        assert turned(sweep=Macro("%", ("burst_s",), ""))["sweep"] == [False]

    def test_a_knob_of_the_instruments_own_changes_the_sound(self, turned):
        assert turned(colour=Macro("%", ("tone_s",), ""))["colour"] == [True]

    def test_the_share_is_of_those_that_were_judged(self):
        patch = Patch(PROBE.name, VALUES | {"sweep_st": 0.0}, PROBE.options)
        turns = judge_true(patch, HALF)
        assert [each.macro for each in turns if each.holds is None] == ["sweep"]
        assert share(turns) == 1.0
        assert share(()) is None


class TestBounded:
    END = RATE // 2

    def judged(self, sample: Signal, after: Signal) -> bool:
        going_on = np.concatenate((sample[: self.END], after))
        return judge_bounded(sound(going_on), sound(sample[: self.END]), RATE).holds

    def test_a_sound_that_ends_is(self):
        assert self.judged(strike(0.3), strike(0.3)[self.END :])

    def test_a_sound_that_swells_after_its_end_is_not(self):
        assert not self.judged(strike(0.3), 0.03 * strike(0.3))
        assert not self.judged(strike(0.3), strike(0.3))

    def test_what_lies_60_db_below_the_sample_does_not_count(self):
        assert self.judged(strike(0.2), 5e-4 * strike(0.2))

    def test_a_cut_sample_may_ring_on_as_it_rang(self):
        ringing = strike(1.5)
        assert self.judged(ringing, ringing[self.END :])

    def test_a_cut_sample_that_then_stays_is_not(self):
        ringing = strike(1.5)
        level = np.abs(ringing[self.END - 441 : self.END]).max()
        assert not self.judged(ringing, level * np.sin(2.0 * np.pi * 200.0 * times_s(1.0)))

    def test_a_long_tail_of_a_sample_that_had_ended_is_not(self):
        sample = strike(0.2)
        assert not self.judged(sample, 0.02 * np.sin(2.0 * np.pi * 200.0 * times_s(2.0)))


class TestAlive:
    WHERE = Placement(RATE, RATE // 2)

    def audio(self, patch: Patch) -> Tensor:
        return patch.render(self.WHERE)

    def test_two_noises_do_not_correlate_though_the_body_is_the_same(self):
        body = 10.0 * strike()
        first, second = (sound(body + noise(len(body), seed)) for seed in (1, 2))
        assert likeness(first, second, RATE) < 0.1
        assert measures.correlation(first, second) > 0.5

    def test_the_same_noise_correlates_though_the_bodies_differ(self):
        hiss = noise(len(SECONDS))
        first, second = (sound(10.0 * strike(pitch_hz=hz) + hiss) for hz in (150.0, 190.0))
        assert likeness(first, second, RATE) > 0.9

    def test_nothing_above_2_khz_is_the_same_nothing(self):
        silence = torch.zeros(1000, dtype=torch.float64)
        assert likeness(silence, silence, RATE) == 1.0

    def test_a_clap_is(self):
        patch = preset("clap/808")
        found = judge_alive(patch, self.audio(replace(patch, seed=99)), self.WHERE)
        assert found.holds
        assert found.correlation < 0.2
        assert found.mel_ratio == pytest.approx(1.0, abs=0.1)

    def test_tones_in_place_of_noise_are_not(self):
        count = 40
        hz = tuple(np.random.default_rng(0).uniform(2500.0, 12000.0, count))
        plugin = plugins.get("drum", tones=count, noise_bands=4)
        values = plugin.table.defaults() | SWITCHED_OFF | {"tone_hz": hz, "tone_db": (-20.0,) * count}
        found = judge_alive(Patch("drum", values, plugin.options), self.audio(preset("clap/808")), self.WHERE)
        assert found.correlation > 0.99
        assert not found.holds

    def test_a_seed_that_copies_the_samples_noise_is_not(self):
        patch = preset("clap/808")
        found = judge_alive(patch, self.audio(patch), self.WHERE)
        assert found.correlation < 0.5
        assert found.mel_ratio > 1.1
        assert not found.holds


def test_near_is_in_shares_of_the_familys_floor():
    found = judge_near(Distances(mel_db=1.75, lsd_db=3.0, mrstft=0.4, envelope_db=5.0), "kick")
    assert (found.mel, found.mrstft, found.envelope) == (0.5, 1.0, 2.0)


@pytest.mark.parametrize(
    ("name", "options", "count"),
    [
        ("kick", {}, 46),
        ("drum", {"tones": 12, "noise_bands": 8}, 121),
        ("drum", {"tones": 128, "noise_bands": 32}, 797),
    ],
)
def test_numbers_in_a_voice(name, options, count):
    assert numbers_in(Patch(name, plugins.get(name, **options).table.defaults(), options)) == count


def test_judge_says_all_five():
    patch = Patch(PROBE.name, VALUES, PROBE.options, placement=HALF)
    target = patch.render(HALF)
    found = judge(patch, target, RATE, name="snare-probe")
    assert found.family == "snare"
    assert found.near.mel == 0.0
    assert found.true == 1.0
    assert found.bounded.holds
    assert found.alive is not None
    assert found.numbers == numbers_in(patch)
    assert judge(patch, target, RATE, name="tom-probe").alive is None


def test_judge_refuses_what_is_not_one_sound():
    with pytest.raises(BackbeatError, match="batch of 2"):
        judge(preset("clap/808"), torch.zeros(2, 1, 100), RATE)
