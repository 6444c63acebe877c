"""A composition of operations by chance: on tensors, one after the other, and recorded as a program."""

from typing import Any

import numpy as np
import pytest
import torch

from backbeat import dsp
from backbeat.dsp import Grid
from backbeat.kernels.library import library
from backbeat.parameters import Parameter, amount
from backbeat.program import record

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")

SAMPLES, MARGIN, CONTROLS = 3000, 900, 6
FILTER_S = 0.004


def composed(random: np.random.Generator, grid: Any, c: list[Any]) -> Any:
    """A sound that reads all controls, of either handles or tensors."""
    signals = [_source(random, grid, c) for _ in range(3)]
    for _ in range(int(random.integers(2, 7))):
        first, second = (signals[int(k)] for k in random.integers(len(signals), size=2))
        x = _pick(random, c)
        match int(random.integers(7)):
            case 0:
                signals.append(first + second)
            case 1:
                signals.append(first - second * 0.5)
            case 2:
                signals.append(first * dsp.decay(grid, 0.1 + x))
            case 3:
                signals.append(dsp.soft_clip(grid, first, 20.0 * x - 10.0))
            case 4:
                signals.append(dsp.tanh_clip(grid, first, 10.0 * x))
            case 5:
                signals.append(dsp.lowpass_fir(grid, first, 500.0 + 5000.0 * x, FILTER_S))
            case _:
                signals.append(x * first + (-second))
    everything = signals[-1]
    for each in c:
        everything = everything + each * dsp.decay(grid, 0.2 + each) * 0.1
    return everything + 0.25 * sum(signals[1:-1], signals[0])


def _pick(random: np.random.Generator, c: list[Any]) -> Any:
    x, y = (c[int(k)] for k in random.integers(len(c), size=2))
    match int(random.integers(6)):
        case 0:
            return 0.5 * (x + y)
        case 1:
            return x * y
        case 2:
            return dsp.minimum(x, 1.0 - y * 0.5)
        case 3:
            return dsp.tanh(x + y) ** 2.0
        case 4:
            return 0.5 + 0.5 * dsp.sin(6.0 * x)
        case _:
            return dsp.sqrt(0.1 + x) / (1.0 + dsp.exp(-y))


def _source(random: np.random.Generator, grid: Any, c: list[Any]) -> Any:
    x, y = _pick(random, c), _pick(random, c)
    match int(random.integers(4)):
        case 0:
            return dsp.noise(grid, int(random.integers(3))) * x
        case 1:
            return dsp.sine(grid, 100.0 + 900.0 * x, y)
        case 2:
            return dsp.modal(
                grid, 100.0 + 2000.0 * dsp.stack(x, y, 0.5 * x), dsp.stack(0.2 + y, 0.1, 0.3), dsp.stack(x, y, 0.3)
            )
        case _:
            return dsp.adsr(grid, 0.01 * x, 0.01 * y, 0.1 + x, y, 0.02 + 0.01 * x, 0.05 + y)


@pytest.mark.parametrize("seed", range(25))
def test_a_program_gives_what_its_operations_give_one_by_one(seed):
    table: dict[str, Parameter] = {f"x{k}": amount(default=0.5, help="") for k in range(CONTROLS)}
    program = record(lambda grid, handles: composed(np.random.default_rng(seed), grid, list(handles.values())), table)
    values = torch.rand(3, CONTROLS, generator=torch.Generator().manual_seed(seed)) * 0.8 + 0.1
    seeds = torch.tensor([4, 5, 6])
    longer = SAMPLES + MARGIN
    columns = [values[:, k : k + 1] for k in range(CONTROLS)]  # float32, so that signals stay so
    expected = composed(np.random.default_rng(seed), Grid(44100.0, longer, seeds), columns)
    assert expected.dtype == torch.float32
    given, numbers = values.double().numpy(), seeds.numpy()
    found = program.compiled.render(given, numbers, SAMPLES, 44100.0)
    # Controls in float32 differ by half an epsilon, which a phase of 200 cycles shows.
    peak = max(1.0, float(expected.abs().max()))
    np.testing.assert_allclose(found, expected[:, :SAMPLES], atol=3e-4 * peak)
