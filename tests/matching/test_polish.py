"""The second-order polish: its box against SciPy, and what it finds where the answer is known."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import lsq_linear
from torch import Tensor

from backbeat import plugins
from backbeat.matching.polish import least_in_box, polish
from backbeat.parameters import Layout, amount, cycles, hz, seconds
from backbeat.synth import render
from matching.sounds import RATE

TABLE = Layout(
    tone_hz=hz(50.0, 500.0, default=100.0, help="Pitch."),
    tone_s=seconds(0.05, 2.0, default=0.3, help="T60."),
    tone_cycles=cycles(default=0.0, help="Phase."),
    level=amount(default=0.5, help="Level."),
    unused=amount(default=0.5, help="Of no effect."),
)
TRUE = TABLE.normalise({"tone_hz": 150.0, "tone_s": 0.4, "tone_cycles": 0.02, "level": 0.8, "unused": 0.3})


def tone(rows: Tensor) -> Tensor:
    """A damped sine of each row, (rows, 1, samples)."""
    t = torch.arange(RATE // 10) / RATE
    values = [TABLE.denormalise(row.double()) for row in rows]
    waves = [
        v["level"] * 1000.0 ** (-t / v["tone_s"]) * torch.sin(2.0 * math.pi * (v["tone_hz"] * t + v["tone_cycles"]))
        for v in values
    ]
    return torch.stack(waves).unsqueeze(1).float()


def kick(rows: Tensor) -> Tensor:
    return render(plugins.get("kick"), rows.float(), samples=RATE // 4, sample_rate=RATE, seed=3)


def error(found: Tensor, sound, target: Tensor) -> float:
    return float((sound(found.unsqueeze(0)) - target).square().sum() / target.square().sum())


@given(seed=st.integers(0, 10_000), size=st.integers(1, 30), open_sides=st.booleans())
@settings(max_examples=60)
def test_least_in_box_agrees_with_scipy(seed, size, open_sides):
    random = np.random.default_rng(seed)
    scales = np.geomspace(1e-2, 1.0, size)
    rows = random.normal(size=(size, size + 5)) * scales[:, None]
    matrix, slope = rows @ rows.T + 1e-4 * np.eye(size), random.normal(size=size) * scales
    low, high = -random.uniform(0.0, 2.0, size), random.uniform(0.001, 2.0, size)
    if open_sides:
        low[::2], high[::3] = -np.inf, np.inf
    root = np.linalg.cholesky(matrix)
    expected = lsq_linear(root.T, -np.linalg.solve(root, slope), bounds=(low, high), method="bvls").x
    found = least_in_box(*(torch.from_numpy(each) for each in (matrix, slope, low, high))).numpy()
    assert np.all((found >= low) & (found <= high))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_tone_is_found_exactly_from_near_by():
    start = TABLE.normalise({"tone_hz": 152.0, "tone_s": 0.3, "tone_cycles": 0.95, "level": 0.6, "unused": 0.3})
    found = polish(start.float(), tone, tone(TRUE.unsqueeze(0)), TABLE, 20)
    assert found.dtype == torch.float32
    assert found.tolist() == pytest.approx(TRUE.tolist(), abs=2e-4)


def test_no_iteration_returns_the_start():
    start = TABLE.normalise({"tone_hz": 152.0, "tone_s": 0.3, "tone_cycles": 0.95, "level": 0.6, "unused": 0.3})
    assert torch.equal(polish(start, tone, tone(TRUE.unsqueeze(0)), TABLE, 0), start)


def test_stops_when_there_is_enough():
    start = TABLE.normalise({"tone_hz": 152.0, "tone_s": 0.3, "tone_cycles": 0.95, "level": 0.6, "unused": 0.3})
    answers = iter([False, False, True])
    target = tone(TRUE.unsqueeze(0))
    found = polish(start, tone, target, TABLE, 20, lambda: next(answers))
    assert torch.equal(found, polish(start, tone, target, TABLE, 2))


@pytest.mark.parametrize("entry", [0, 1, 3])
def test_what_lies_beyond_the_range_is_approached_to_its_end(entry):
    at_end = TRUE.clone()
    at_end[entry] = 1.0
    louder = 2.0 * tone(at_end.unsqueeze(0))
    found = polish(at_end - 0.01 * torch.eye(5, dtype=torch.float64)[entry], tone, louder, TABLE, 20)
    assert bool(((found >= 0.0) & (found <= 1.0)).all())
    assert found[3] == 1.0


def test_what_stays_far_costs_no_more_than_a_trial():
    rendered = []

    def counted(rows: Tensor) -> Tensor:
        rendered.append(len(rows))
        return tone(rows)

    noise = torch.randn(1, 1, RATE // 10, generator=torch.Generator().manual_seed(1))
    found = polish(TRUE.float(), counted, noise, TABLE, 1000)
    assert bool(found.isfinite().all())
    assert sum(rendered) <= 1 + 4 * (5 + 5)


def test_sound_that_is_not_finite_leaves_params_alone():
    rendered = []

    def broken(rows: Tensor) -> Tensor:
        rendered.append(len(rows))
        return tone(rows) * math.nan

    assert torch.equal(polish(TRUE, broken, tone(TRUE.unsqueeze(0)), TABLE, 5), TRUE)
    assert rendered == [1]


def test_kick_is_found_again_from_a_little_way_off():
    table = plugins.get("kick").table
    values = {**table.defaults(), "click_sweep_st": 12.0, "noise_db": -30.0, "onset_db": 3.0}
    values |= {"phase_cycles": 0.3, "mode_cycles": (0.3,) * 4}  # not where a cycle begins, at the end of the box
    true = table.normalise(values)
    target = kick(true.unsqueeze(0))
    pace = torch.tensor([p.search_step for p in table.values() for _ in range(p.size)])
    start = (true + 0.6 * pace * torch.randn(len(true), generator=torch.Generator().manual_seed(2))).clamp(0.0, 1.0)
    found = polish(start, kick, target, table, 20)
    assert error(start, kick, target) > 1e-2
    assert error(found, kick, target) < 1e-5


def test_what_is_held_stays_and_the_rest_is_found_beside_it():
    start = TRUE + torch.tensor([0.01, 0.05, 0.02, 0.1, 0.0], dtype=torch.float64)
    held = torch.tensor([False, True, False, False, True])
    found = polish(start, tone, tone(TRUE.unsqueeze(0)), TABLE, 20, held=held)
    assert torch.equal(found[held], start[held])
    least = polish(TRUE, tone, tone(TRUE.unsqueeze(0)), TABLE, 20, held=held)
    assert torch.equal(least, TRUE)
    assert error(found, tone, tone(TRUE.unsqueeze(0))) < 0.1 * error(start, tone, tone(TRUE.unsqueeze(0)))


def test_where_all_is_held_nothing_moves():
    start = TRUE + 0.01
    assert torch.equal(
        polish(start, tone, tone(TRUE.unsqueeze(0)), TABLE, 20, held=torch.ones(5, dtype=torch.bool)), start
    )
