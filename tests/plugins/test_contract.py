"""What every instrument promises. A new one is held to it by being registered."""

import hashlib
import os
import runpy
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from backbeat import dsp, plugins
from backbeat.dsp import Grid
from backbeat.dsp.clip import soft_unclip
from backbeat.errors import PluginError
from backbeat.parameters import OUTPUT, Table, amount
from backbeat.patch import from_json, preset, presets, randomise, turn
from backbeat.patch.document import from_params
from backbeat.plugins import Macro, Plugin
from backbeat.synth import render
from listening import early_db, wave_of
from oracles import error_db
from tables import table

EXAMPLE = Path(__file__).parents[2] / "examples" / "new_plugin.py"
INSTRUMENTS = {"woodblock": runpy.run_path(str(EXAMPLE))["PLUGIN"]}
INSTRUMENTS |= {name: plugins.get(name) for name in plugins.names()} | {"drum(tones=3)": plugins.get("drum", tones=3)}
SAMPLES = 11025
FEW = 4410
SAMPLE_RATE = 44100.0

PLAIN: dict[str, tuple[dict[str, float | str], float, float]] = {
    "kick": (
        {
            "pitch_hz": 120.0, "sweep_st": 0.0, "attack_s": 0.0, "hold_s": 0.0, "decay_s": 0.4, "sustain": 0.0,
            "gate_s": 2.0, "mode_db": -60.0, "mode_s": 0.003, "noise_db": -60.0, "noise_s": 0.005, "band_db": -60.0,
            "click_db": -60.0, "click_s": 0.001, "drive_db": -20.0, "gain_db": 0.0,
        },
        120.0,
        0.4,
    ),
    "drum": (
        {
            "tone_hz": 240.0, "tone_s": 0.6, "tone_db": -40.0, "sweep_st": 0.0, "transient_db": -60.0,
            "noise_db": -80.0, "resonator_db": -60.0, "resonator_feedback": 0.0, "transient_s": 0.001, "noise_s": 0.003,
            "drive_db": -20.0, "gain_db": 0.0,
        },
        240.0,
        0.6,
    ),
    "rim": (
        {
            "mode_hz": 240.0, "mode_s": 0.6, "mode_db": -40.0, "mode_shape": 1.0, "sweep_st": 0.0, "attack_s": 0.0,
            "click_db": -60.0, "click_s": 0.0005, "noise_db": -60.0, "noise_s": 0.003, "band_ratio": 0.05,
            "low_cut_hz": 10.0, "gate_s": 4.0, "drive_db": -20.0, "gain_db": 0.0,
        },
        240.0,
        0.6,
    ),
    "cowbell": (
        {
            "square_db": -60.0, "square_s": 0.01, "hit_db": -60.0, "hit_s": 0.005, "mode_hz": 240.0, "mode_s": 0.6,
            "mode_db": -40.0, "mode_shape": 1.0, "attack_s": 0.0, "stick_db": -60.0, "stick_s": 0.001,
            "noise_db": -60.0, "noise_s": 0.005, "gate_s": 8.0,
            "drive_db": -20.0, "gain_db": 0.0,
        },
        240.0,
        0.6,
    ),
    "snare": (
        {
            "mode_hz": 240.0, "mode_s": 0.6, "mode_db": -36.0, "mode_shape": 1.0, "sweep_st": 0.0, "noise_db": -60.0,
            "band_db": -60.0, "noise_s": 0.01, "stick_db": -60.0, "stick_s": 0.002, "drive_db": -20.0, "gain_db": 0.0,
        },
        240.0,
        0.6,
    ),
    "cymbal": (
        {
            "metal_db": -60.0, "noise_db": -60.0, "band_db": -60.0, "stick_db": -60.0, "bell_hz": 440.0, "bell_s": 0.6,
            "bell_db": -40.0, "gate_s": 12.0, "drive_db": -20.0, "gain_db": 0.0, "wash_s": 0.05, "metal_ratio": 0.05,
            "band_ratio": 0.05, "stick_s": 0.002,
        },
        440.0,
        0.6,
    ),
    "tom": (
        {
            "mode_hz": 240.0, "mode_s": 0.6, "mode_db": -36.0, "sweep_st": 0.0, "noise_db": -60.0, "band_db": -60.0,
            "noise_s": 0.01, "stick_db": -60.0, "stick_s": 0.002, "drive_db": -20.0, "gain_db": 0.0,
        },
        240.0,
        0.6,
    ),
}  # fmt: skip
"""By plugin: settings that leave one decaying tone (one number for every entry of a bank), its pitch and its T60."""

every_instrument = pytest.mark.parametrize("plugin", INSTRUMENTS.values(), ids=INSTRUMENTS)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    """The example is found by its name, as a package's own plugin is."""
    registry = {**plugins._registered(), "woodblock": INSTRUMENTS["woodblock"]}
    monkeypatch.setattr(plugins, "_registered", lambda: registry)


def default(plugin: Plugin) -> torch.Tensor:
    return plugin.table.normalise(plugin.table.defaults()).float().unsqueeze(0)


def uniform(plugin: Plugin, batch: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(batch, plugin.table.size, generator=torch.Generator().manual_seed(seed))


def corners(plugin: Plugin, batch: int = 16) -> torch.Tensor:
    """All 0, all 1, and random corners of the box."""
    random = torch.randint(0, 2, (batch, plugin.table.size), generator=torch.Generator().manual_seed(1)).float()
    return torch.cat([torch.zeros_like(random[:1]), torch.ones_like(random[:1]), random])


def around(plugin: Plugin, base: torch.Tensor) -> torch.Tensor:
    """The base, with each entry in turn at 0 and at 1."""
    steps = torch.eye(plugin.table.size, dtype=torch.bool)
    return torch.cat([torch.where(steps, torch.full_like(base, end), base) for end in (0.0, 1.0)])


def musical(plugin: Plugin, batch: int) -> torch.Tensor:
    return torch.stack([randomise(plugin, seed).params().float() for seed in range(batch)])


def whole_range(plugin: Plugin) -> torch.Tensor:
    return torch.cat([default(plugin), uniform(plugin, 32), corners(plugin)])


def output(plugin: Plugin, params: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Drive and gain of the clipper that the chain ends in, as factors; by their roles."""
    controls = plugin.table.controls(params.double())
    found = []
    for role in (OUTPUT.drive_db, OUTPUT.level_db):
        names = [name for name, each in plugin.table.items() if each.role is role]
        found.append(10.0 ** (controls[names[0]] / 20.0) if names else torch.zeros(len(params), 1))
    return found[0], found[1]


def final_gain(plugin: Plugin, params: torch.Tensor) -> torch.Tensor:
    """The steepest gradient of output against mix: of `G f(g x) / f(g)` with `f(x) = x / √(1 + x²)`, `G √(1 + g²)`."""
    drive, gain = output(plugin, params)
    return gain * torch.sqrt(1.0 + drive**2)


def onset_gain(plugin: Plugin, params: torch.Tensor) -> torch.Tensor:
    """What the very first moment of a sound is raised by, (batch, samples): `1 + (g - 1) exp(-ln 1000 t / 20 ms)`."""
    if "onset_db" not in plugin.table:
        return torch.ones(len(params), 1)
    gain = 10.0 ** (plugin.table.controls(params.double())["onset_db"] / 20.0)
    return 1.0 + (gain - 1.0) * 1000.0 ** (-torch.arange(SAMPLES) / SAMPLE_RATE / 0.02)


def both_precisions(plugin: Plugin, params: torch.Tensor, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The same params rendered in float32 and in float64."""
    seeds = torch.arange(len(params))
    narrow, wide = (render(plugin, each, samples=samples, seed=seeds) for each in (params.float(), params.double()))
    return narrow[:, 0], wide[:, 0]


@every_instrument
class TestSound:
    def test_is_finite_within_its_bound_and_float32_is_float64_within_70_db_before_the_final_gain(self, plugin):
        params = whole_range(plugin)
        narrow, wide = both_precisions(plugin, params, SAMPLES)
        for audio, dtype in ((narrow, torch.float32), (wide, torch.float64)):
            assert audio.shape == (len(params), SAMPLES)
            assert audio.dtype == dtype
            assert torch.isfinite(audio).all()
            if plugin.clipper is not None:  # f(∞) is 1, and so nothing is above G √(1 + g²) / g
                bound = final_gain(plugin, params) / output(plugin, params)[0]
                assert (audio.abs().amax(-1, keepdim=True) <= bound * (1.0 + 1e-5)).all()
        # Up to 48 dB of drive and gain raise the rounding of the mix with the mix, 36 of onset its start.
        raised = final_gain(plugin, params).clamp(min=1.0) * onset_gain(plugin, params).clamp(min=1.0)
        assert error_db(narrow / raised, wide / raised) < -70.0

    def test_is_heard_by_default(self, plugin):
        peak = float(render(plugin, default(plugin), samples=SAMPLES).abs().max())
        assert 0.25 < peak <= 1.0

    def test_entries_of_banks_may_change_places(self, plugin):
        params = musical(plugin, 4)
        moved = params.clone()
        for bank in plugin.banks:
            for name in bank:
                moved[:, plugin.table.slice(name)] = params[:, plugin.table.slice(name)].flip(-1)
        there, here = (render(plugin, each, samples=SAMPLES) for each in (params, moved))
        assert error_db(there, here) < -100.0

    def test_ends_in_its_clipper(self, plugin):
        if plugin.clipper is None:
            pytest.skip("has none")
        drive, gain = plugin.clipper
        params = musical(plugin, 8).double()
        least = params.clone()
        least[:, plugin.table.slice(drive)] = 0.0
        least[:, plugin.table.slice(gain)] = (0.0 - plugin.table[gain].low) / (
            plugin.table[gain].high - plugin.table[gain].low
        )
        dry = soft_unclip(render(plugin, least, samples=SAMPLES)[:, 0], plugin.table.controls(least)[drive])
        controls = plugin.table.controls(params)
        grid = Grid(SAMPLE_RATE, SAMPLES, torch.zeros(1, dtype=torch.int64), torch.float64)
        expected = dsp.soft_clip(grid, dry, controls[drive], controls[gain])
        assert error_db(render(plugin, params, samples=SAMPLES)[:, 0], expected) < -100.0

    @pytest.mark.parametrize("samples", [1, 2, 63, 64, 65])
    def test_is_finite_at_any_length(self, plugin, samples):
        audio = render(plugin, whole_range(plugin), samples=samples)
        assert audio.shape[-1] == samples
        assert torch.isfinite(audio).all()

    @pytest.mark.parametrize("sample_rate", [8000.0, 44100.0, 48000.0, 96000.0, 192000.0])
    def test_is_finite_at_any_sample_rate(self, plugin, sample_rate):
        audio = render(plugin, whole_range(plugin)[::4], samples=SAMPLES // 4, sample_rate=sample_rate)
        assert torch.isfinite(audio).all()

    def test_float32_is_float64_within_80_db(self, plugin):
        narrow, wide = both_precisions(plugin, torch.cat([default(plugin), musical(plugin, 16)]), SAMPLES)
        assert error_db(narrow, wide) < -80.0

    def test_does_not_depend_on_the_number_of_samples(self, plugin):
        params = torch.cat([default(plugin), musical(plugin, 16)])
        whole = render(plugin, params, samples=2 * SAMPLES)
        assert error_db(render(plugin, params, samples=SAMPLES), whole[..., :SAMPLES]) < -100.0


@every_instrument
class TestDeterminism:
    def test_every_bit_is_the_same_alone_twice_and_anywhere_in_a_batch(self, plugin):
        params, seeds = torch.cat([default(plugin), uniform(plugin, 63)]), torch.arange(64) * 31
        batch = render(plugin, params, samples=FEW, seed=seeds)
        assert torch.equal(render(plugin, params, samples=FEW, seed=seeds), batch)
        order = torch.randperm(64, generator=torch.Generator().manual_seed(2))
        assert torch.equal(render(plugin, params[order], samples=FEW, seed=seeds[order]), batch[order])
        for size in (2, 3, 7):
            few = order[:size]
            assert torch.equal(render(plugin, params[few], samples=FEW, seed=seeds[few]), batch[few])
        for k in range(0, 64, 7):
            assert torch.equal(render(plugin, params[k : k + 1], samples=FEW, seed=int(seeds[k]))[0], batch[k]), k

    def test_every_bit_is_the_same_on_any_number_of_threads(self, plugin):
        params, threads = uniform(plugin, 16), torch.get_num_threads()
        sounds = []
        for count in (1, 2):
            torch.set_num_threads(count)
            sounds += [render(plugin, params, samples=FEW), render(plugin, params[:1], samples=FEW)]
        torch.set_num_threads(threads)
        assert torch.equal(sounds[0], sounds[2])
        assert torch.equal(sounds[1], sounds[3])
        assert torch.equal(sounds[0][:1], sounds[1])

    def test_the_seed_chooses_the_noise(self, plugin):
        params = default(plugin).expand(4, -1)
        sounds = render(plugin, params, samples=FEW, seed=torch.tensor([0, 1, 2, 0]))
        assert torch.equal(sounds[0], sounds[3])
        for first, second in ((0, 1), (1, 2), (0, 2)):
            assert error_db(sounds[first], sounds[second]) > -60.0


def digest(plugin: Plugin) -> str:
    sound = render(plugin, torch.cat([default(plugin), uniform(plugin, 5)]), samples=FEW, seed=7)
    return hashlib.sha256(sound.numpy().tobytes()).hexdigest()


def test_every_bit_is_the_same_in_another_process():
    program = (
        "from plugins.test_contract import INSTRUMENTS, digest\n"
        "for plugin in INSTRUMENTS.values(): print(digest(plugin))"
    )
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, "-c", path + program], capture_output=True, text=True, check=True, env=one_thread
    )
    assert found.stdout.split() == [digest(plugin) for plugin in INSTRUMENTS.values()]


@every_instrument
def test_every_entry_of_the_params_has_a_finite_gradient_that_is_somewhere_not_zero(plugin):
    lively = uniform(plugin, 1, seed=5)
    points = torch.cat(
        [whole_range(plugin), around(plugin, default(plugin)), around(plugin, lively), musical(plugin, 8)]
    )
    samples = SAMPLES // 4
    # Random weights: no gradient can hide in a symmetry of the loss.
    weights = torch.randn(samples, generator=torch.Generator().manual_seed(3)) / samples**0.5
    largest = torch.zeros(plugin.table.size)
    for chunk in points.split(32):
        params = chunk.clone().requires_grad_()
        audio = render(plugin, params, samples=samples, seed=torch.arange(len(chunk)))
        (slopes,) = torch.autograd.grad((audio * weights).sum(), params)
        for entry, finite in zip(plugin.table.entries(), torch.isfinite(slopes).all(0).tolist(), strict=True):
            assert finite, entry
        largest = torch.maximum(largest, slopes.abs().amax(0))
    silent = [entry for entry, slope in zip(plugin.table.entries(), largest.tolist(), strict=True) if slope < 1e-6]
    assert silent == []


SNAPPY = [name for name in presets() if preset(name).instrument.macros["snap"].parameters == ("onset_db",)]


@pytest.mark.parametrize("name", SNAPPY)
def test_snap_of_every_preset_with_an_onset_is_heard(name):
    patch = preset(name)
    mild, plain, sharp = (early_db(wave_of(turn(patch, "snap", amount), 0.5)) for amount in (-6.0, 0.0, 6.0))
    assert mild + 0.1 < plain < sharp - 0.1


@pytest.mark.parametrize("name", sorted({name.partition("/")[0] for name in SNAPPY}))
def test_an_onset_raises_the_first_moments_by_its_formula_and_at_0_db_changes_nothing(name, monkeypatch):
    # In front of the clipper, which is taken off again. A rim's high-pass comes after, and smears what was raised.
    plugin, within = plugins.get(name), 1e-2 if name == "rim" else 1e-6
    values = {**plugin.table.defaults(), "drive_db": -20.0, "gain_db": 0.0}
    values |= {"low_cut_hz": 10.0} if name == "rim" else {}

    def dry(plugin: Plugin, onset_db: float) -> np.ndarray:
        params = plugin.table.normalise({**values, "onset_db": onset_db}).unsqueeze(0)
        sound = render(plugin, params, samples=SAMPLES)[:, 0]
        return soft_unclip(sound, torch.full((1, 1), -20.0, dtype=torch.float64))[0].numpy()

    gain = 1.0 + (10.0 ** (6.0 / 20.0) - 1.0) * 1000.0 ** (-np.arange(SAMPLES) / SAMPLE_RATE / 0.02)
    flat, raised = dry(plugin, 0.0), dry(plugin, 6.0)
    assert np.abs(raised - gain * flat).max() < within * np.abs(raised).max()
    assert early_db(raised) > early_db(flat) + 0.3
    monkeypatch.setitem(plugin.render.__globals__, "onset_gain", lambda grid, onset_db: 1.0 + 0.0 * onset_db)
    without = replace(plugin)  # recorded anew
    assert np.abs(dry(without, 0.0) - flat).max() < 1e-12
    assert np.abs(dry(without, 6.0) - flat).max() < 1e-12


def plain(plugin: Plugin) -> tuple[torch.Tensor, float, float]:
    if plugin.name not in PLAIN:
        pytest.skip("has no tone that is alone")
    settings, pitch_hz, t60_s = PLAIN[plugin.name]
    values = dict(plugin.table.defaults())
    for name, value in settings.items():
        size = plugin.table[name].size
        values[name] = value if size == 1 or isinstance(value, str) else (value,) * size
    return plugin.table.normalise(values).unsqueeze(0), pitch_hz, t60_s


def damped_sine(sound: np.ndarray, quarter: int, sample_rate: float) -> tuple[float, float]:
    """Pitch and T60 of one decaying tone: `x[n] = 2ρ cos θ x[n-k] - ρ² x[n-2k]`, θ and ρ the turn and fall in k."""
    past = np.stack([sound[quarter:-quarter], sound[: -2 * quarter]], axis=-1)
    (a, b), *_ = np.linalg.lstsq(past, sound[2 * quarter :], rcond=None)
    fall = np.sqrt(-b)
    turn = np.arccos(0.5 * a / fall)
    return turn * sample_rate / (2.0 * np.pi * quarter), -3.0 * quarter / (np.log10(fall) * sample_rate)


@every_instrument
@pytest.mark.parametrize("sample_rate", [44100.0, 48000.0, 96000.0])
def test_pitch_and_t60_are_those_of_the_patch_at_every_sample_rate(plugin, sample_rate):
    params, pitch_hz, t60_s = plain(plugin)
    sound = render(plugin, params, samples=int(0.35 * sample_rate), sample_rate=sample_rate)[0, 0].numpy()
    settled = sound[int(0.1 * sample_rate) :]
    found_hz, found_s = damped_sine(settled, round(0.25 * sample_rate / pitch_hz), sample_rate)
    assert found_hz == pytest.approx(pitch_hz, rel=2e-4)
    assert found_s == pytest.approx(t60_s, rel=5e-3)


@every_instrument
class TestRoundTrips:
    def test_table(self, plugin):
        for params in whole_range(plugin)[:24].double():
            values = plugin.table.denormalise(params.clamp(min=1e-3))
            assert plugin.table.check(values) == values
            again = plugin.table.denormalise(plugin.table.normalise(values))
            for name, value in values.items():
                assert again[name] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-12, abs=1e-12))

    def test_patch(self, plugin):
        for k, params in enumerate(uniform(plugin, 3).double()):
            patch = from_params(plugin, params, name=f"random {k}", seed=k)
            again = from_json(patch.to_json())
            assert again == patch
            assert again.to_json() == patch.to_json()
            sounds = [render(plugin, p.params().float().unsqueeze(0), samples=500, seed=k) for p in (patch, again)]
            assert torch.equal(*sounds)
            assert error_db(sounds[0], render(plugin, params.float().unsqueeze(0), samples=500, seed=k)) < -60.0


class TestRegistry:
    def test_names(self):
        assert plugins.names() == sorted(plugins.names())
        assert {"drum", "kick"} <= set(plugins.names())
        for name in plugins.names():
            plugin = plugins.get(name)
            assert plugin.name == name
            assert plugin.summary.endswith(".")
            assert plugin.version >= 1

    def test_options(self):
        assert plugins.get("drum").options == {"tones": 12, "noise_bands": 16}
        assert plugins.get("drum", tones=3) is plugins.get("drum", tones=3)
        assert plugins.get("drum", tones=3).table["tone_hz"].size == 3

    @pytest.mark.parametrize(
        ("name", "options", "message"),
        [
            ("kik", {}, "plugin: found 'kik'; there are "),
            ("kick", {"tones": 3}, "plugin kick: found option 'tones'; it has none"),
            ("drum", {"toms": 3}, "plugin drum: found option 'toms'; it has tones, noise_bands"),
            ("drum", {"tones": 0}, "plugin drum: found tones=0; must be a whole number from 1 to 128"),
            ("drum", {"tones": 129}, "plugin drum: found tones=129; must be a whole number from 1 to 128"),
            ("drum", {"tones": True}, "plugin drum: found tones=True; must be a whole number"),
            ("drum", {"tones": 2.0}, "plugin drum: found tones=2.0; must be a whole number"),
            ("drum", {"tones": [3]}, "plugin drum: found tones=[3]; must be a whole number"),
        ],
    )
    @pytest.mark.usefixtures("unchecked")
    def test_errors(self, name, options, message):
        with pytest.raises(PluginError) as caught:
            plugins.get(name, **options)
        assert str(caught.value).startswith(message)

    def test_what_names_a_parameter_that_there_is_not_is_refused(self):
        def chain(grid: Grid, c: Table) -> object:
            return c.level * dsp.decay(grid, 0.1)

        controls = table(level=amount(default=0.5, help="Level."))
        tilted = Macro("dB/oct", ("level",), "", lambda values, name: (100.0,), pivot="pitch_hz")
        with pytest.raises(PluginError, match=r"^plugin toy: macro tilt turns pitch_hz, which is not in its table$"):
            Plugin("toy", controls, chain, summary="", macros={"tilt": tilted})
