"""The values of a hit: by the kernels, and by NumPy."""

import numpy as np
import pytest
import torch

from backbeat import plugins
from backbeat.dsp.grid import Grid
from backbeat.dsp.noise import white_noise
from backbeat.errors import KernelError, ProgramError
from backbeat.kernels.library import library
from backbeat.program.engine import LAST_SEED
from backbeat.program.hit import HUMANIZE_STREAM, SEED_STREAM, HitAmounts, by_formula, hashed, hit_values

every_plugin = pytest.mark.parametrize("name", plugins.names())
needs_kernels = pytest.mark.skipif(library() is None, reason="no kernels here")


def by_chance(table, seed=0):
    """Amounts for all entries, some of them 0, and values, some at the ends."""
    random = np.random.default_rng(seed)
    positions = random.random(table.size)
    positions[random.random(table.size) < 0.1] = 0.0
    positions[random.random(table.size) < 0.1] = 1.0
    values = table.flat(table.from_unit(positions))
    velocity, humanize = random.uniform(-1.0, 1.0, table.size), random.random(table.size)
    for each in (velocity, humanize):
        each[random.random(table.size) < 0.3] = 0.0
    return HitAmounts(velocity, random.integers(0, 3, table.size), humanize), values


def parameter_of_each(table):
    return [each for each in table.values() for _ in range(each.size)]


@needs_kernels
@every_plugin
@pytest.mark.parametrize(("velocity", "number"), [(1.0, 1), (0.3, 0), (0.0, 7), (0.77, LAST_SEED)])
def test_kernels_and_numpy_agree(name, velocity, number):
    plugin = plugins.get(name)
    amounts, values = by_chance(plugin.table)
    for seed in (0, 5, LAST_SEED):
        found, found_seed = hit_values(plugin.program, plugin.table, amounts, values, velocity, number, seed)
        expected, expected_seed = by_formula(plugin.table, amounts, values, velocity, number, seed)
        assert found_seed == expected_seed
        spans = np.array([each.high - each.low for each in parameter_of_each(plugin.table)])
        np.testing.assert_allclose(found / spans, expected / spans, rtol=1e-12, atol=1e-15)
        assert (found != values).any()


@every_plugin
@pytest.mark.parametrize("kernels", [pytest.param(True, marks=needs_kernels), False])
def test_what_is_not_moved_keeps_its_bits(name, kernels):
    plugin = plugins.get(name)
    amounts, values = by_chance(plugin.table, 1)
    program = plugin.program if kernels else None
    same, seed = hit_values(program, plugin.table, amounts, values, 1.0, 0, 9)
    assert (same.tobytes(), seed) == (values.tobytes(), 9)
    moved, _ = hit_values(program, plugin.table, amounts, values, 0.5, 3, 9)
    still = (amounts.velocity == 0.0) & (amounts.humanize == 0.0)
    assert still.any()
    assert moved[still].tobytes() == values[still].tobytes()


@every_plugin
@pytest.mark.parametrize("kernels", [pytest.param(True, marks=needs_kernels), False])
def test_values_stay_in_their_ranges(name, kernels):
    plugin = plugins.get(name)
    amounts, values = by_chance(plugin.table, 2)
    most = HitAmounts(np.sign(amounts.velocity), amounts.curves, np.ones(plugin.table.size))
    for number in range(20):
        program = plugin.program if kernels else None
        found, _ = hit_values(program, plugin.table, most, values, 0.05 * number, number, 0)
        for parameter, value in zip(parameter_of_each(plugin.table), found, strict=True):
            assert parameter.low <= value <= parameter.high


@pytest.mark.parametrize("kernels", [pytest.param(True, marks=needs_kernels), False])
def test_the_law(kernels):
    """Of a level, linear from -60 to 12 dB, a frequency from 20 to 240 Hz, and a phase."""
    plugin = plugins.get("kick")
    table = plugin.table
    program = plugin.program if kernels else None
    values = table.flat({**table.defaults(), "gain_db": -6.0, "pitch_hz": 120.0, "phase_cycles": 0.1})
    places = {name: table.slice(name).start for name in ("gain_db", "pitch_hz", "phase_cycles")}
    for curve, share in ((0, 0.25), (1, 0.5), (2, 0.0625)):
        velocity = np.zeros(table.size)
        velocity[[*places.values()]] = 0.5, 0.25, 0.4
        amounts = HitAmounts(velocity, np.full(table.size, curve), np.zeros(table.size))
        found, seed = hit_values(program, table, amounts, values, 0.25, 0, 3)
        assert seed == 3
        assert found[places["gain_db"]] == pytest.approx(-6.0 - 36.0 * (1.0 - share))
        assert found[places["pitch_hz"]] == pytest.approx(120.0 * 12.0 ** (-0.25 * (1.0 - share)))
        assert found[places["phase_cycles"]] == pytest.approx((0.1 - 0.4 * (1.0 - share)) % 1.0)
        others = np.delete(np.arange(table.size), [*places.values()])
        assert (found[others] == values[others]).all()


def test_chance_is_that_of_noise():
    """Seeds and steps are numbers of two streams of noise, whose definition is `dsp.noise`."""
    for seed in (0, 77, LAST_SEED):
        for stream in (SEED_STREAM, HUMANIZE_STREAM):
            grid = Grid(44100.0, 50, torch.tensor([seed]), torch.float64)
            expected = white_noise(grid, stream)[0].numpy()
            found = [hashed(seed, stream, k) for k in range(50)]
            assert [(each + 2**31) % 2**32 - 2**31 for each in found] == [round(x * 2**31) for x in expected]


@pytest.mark.parametrize("kernels", [pytest.param(True, marks=needs_kernels), False])
def test_numbers_differ_in_seed_and_in_every_step(kernels):
    plugin = plugins.get("kick")
    table, none = plugin.table, np.zeros(plugin.table.size)
    middle, program = table.flat(table.from_unit(none + 0.5)), plugin.program if kernels else None
    amounts = HitAmounts(none, none.astype(np.int64), none + 0.1)
    hits = [hit_values(program, table, amounts, middle, 1.0, number, 4) for number in range(1, 201)]
    assert len({seed for _, seed in hits}) == 200
    assert all(0 <= seed <= LAST_SEED for _, seed in hits)
    steps = np.array([table.to_unit(plugin_values(plugin, found)) for found, _ in hits]) - 0.5
    assert np.abs(steps).max() <= 0.1
    assert np.abs(steps.mean(0)).max() < 0.02  # four times what is to be expected of 200
    assert np.abs(np.corrcoef(steps.T) - np.eye(table.size)).max() < 0.35


def plugin_values(plugin, flat):
    each = {name: tuple(flat[plugin.table.slice(name)].tolist()) for name in plugin.table}
    return {name: value[0] if len(value) == 1 else value for name, value in each.items()}


@needs_kernels
def test_what_is_out_of_range_is_refused():
    program = plugins.get("kick").program
    amounts, values = by_chance(plugins.get("kick").table)
    given = (amounts.velocity, amounts.curves, amounts.humanize)
    for velocity, number, seed in (
        (1.1, 0, 0),
        (-0.1, 0, 0),
        (np.nan, 0, 0),
        (1.0, -1, 0),
        (1.0, 2**31, 0),
        (1.0, 0, -1),
    ):
        with pytest.raises(KernelError):
            program.compiled.hit(values, velocity, number, seed, *given)
    for curve in (-1, 3):
        with pytest.raises(KernelError):
            program.compiled.hit(values, 1.0, 0, 0, amounts.velocity, np.full(len(values), curve), amounts.humanize)
    with pytest.raises(ProgramError, match="must be"):
        program.compiled.hit(values[1:], 1.0, 0, 0, *given)
