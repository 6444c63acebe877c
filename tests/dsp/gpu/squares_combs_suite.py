"""Squares and combs in Triton, run by Triton's interpreter on a CPU, against the formulas.

`test_kernels.py` runs this in a process of its own, in which Triton interprets.
"""

import pytest
import torch
from kernels_suite import as_leaves, gradients, random
from torch import Tensor

from backbeat.dsp import Grid, gpu
from backbeat.dsp.comb import resonated
from backbeat.dsp.gpu import comb, squares
from backbeat.dsp.operation import find_operation
from backbeat.dsp.squares import edge_by_edge

DTYPES = torch.float64, torch.float32


@pytest.fixture(autouse=True)
def interpreted(monkeypatch) -> None:
    """The kernels, tried or not."""
    for module in (comb, squares):
        monkeypatch.setattr(module, "_kernels_work", lambda device: True)


def oscillators(count: int, highest: float = 0.3) -> tuple[Tensor, ...]:
    """Squares of two items: cycles per sample and at the start, levels; the first of each item is low."""
    per_sample = 1e-4 + highest * random(2, count) ** 2
    per_sample[:, 0] = 3e-5
    return per_sample, 3.0 * random(2, count, seed=1) - 1.5, random(2, count, seed=2) - 0.5


def as_square_leaves(values: tuple[Tensor, ...], dtype: torch.dtype) -> tuple[Tensor, ...]:
    per_sample, start, level = values
    return *as_leaves((per_sample, start), torch.float64), *as_leaves((level,), dtype)


@pytest.mark.parametrize(("count", "samples"), [(1, 1), (6, 1024), (2, 5000)])
def test_squares(count, samples):
    values = *(each for each in oscillators(count)[:2]), oscillators(count)[2].float()
    exact, found = (as_square_leaves(values, dtype) for dtype in (torch.float64, torch.float32))
    expected, sound = edge_by_edge(*exact, samples), squares.band_limited(*found, samples)
    assert sound.shape == expected.shape
    torch.testing.assert_close(sound.double(), expected, atol=2e-6, rtol=0.0)
    for ours, theirs in zip(gradients(sound, found), gradients(expected, exact), strict=True):
        assert float((ours - theirs).abs().max()) <= 1e-5 * float(theirs.abs().max())


def test_squares_are_the_same_alone():
    values = as_square_leaves(oscillators(3), torch.float32)
    together, alone = (squares.band_limited(*(each[rows] for each in values), 1500) for rows in (slice(2), slice(1, 2)))
    assert torch.equal(together[1:], alone)
    both, own = (gradients(sound[-1:], values) for sound in (together, alone))
    assert all(torch.equal(one[1], other[1]) for one, other in zip(both, own, strict=True))


def test_the_gradient_of_squares_has_one():
    found, exact = (as_square_leaves(oscillators(2), dtype) for dtype in (torch.float32, torch.float64))
    seconds = []
    for sound, leaves in ((squares.band_limited(*found, 200), found), (edge_by_edge(*exact, 200), exact)):
        first = torch.autograd.grad(sound.square().sum(), leaves[0], create_graph=True)
        seconds.append(torch.autograd.grad(first[0].sum(), leaves[1])[0])
    torch.testing.assert_close(seconds[0], seconds[1], rtol=1e-4, atol=1e-4 * float(seconds[1].abs().max()))


def loops() -> list[Tensor]:
    """Delay, feedback and two poles of two combs, where float32 is short: near 0 Hz, and of many echoes."""
    values = [[14.3, 441.7], [0.98, 0.9], [0.9993, 0.998], [0.1, 0.97]]
    return [torch.tensor(each, dtype=torch.float64).unsqueeze(-1) for each in values]


@pytest.mark.parametrize(("samples", "length"), [(1, 16), (300, 1024), (3000, 16_384)])
def test_combs(samples, length):
    values = ((random(2, samples) - 0.5).float(), *loops())
    exact, found = ((*as_leaves(values[:1], dtype), *as_leaves(values[1:], torch.float64)) for dtype in DTYPES)
    expected, sound = resonated(*exact, length), comb.resonated(*found, length)
    assert sound.shape == expected.shape
    torch.testing.assert_close(sound.double(), expected, atol=4e-6 * float(expected.detach().abs().max()), rtol=0.0)
    for ours, theirs in zip(gradients(sound, found), gradients(expected, exact), strict=True):
        assert float((ours - theirs).abs().max()) < 1e-3 * float(theirs.abs().max()) + 1e-8


def test_combs_are_the_same_alone():
    values = ((random(2, 300) - 0.5).float(), *loops())
    together, alone = (comb.resonated(*(each[rows] for each in values), 1024) for rows in (slice(2), slice(1, 2)))
    assert torch.equal(together[1:], alone)


def test_the_gradient_of_combs_has_one():
    seconds = []
    for dtype, resonate in ((torch.float32, comb.resonated), (torch.float64, resonated)):
        (signal,), (delay, feedback, *poles) = (
            as_leaves((random(2, 300) - 0.5,), dtype),
            as_leaves(loops(), torch.float64),
        )
        sound = resonate(signal, delay, feedback, *poles, 1024)
        first = torch.autograd.grad(sound.square().sum(), feedback, create_graph=True)
        seconds.append(torch.autograd.grad(first[0].sum(), delay)[0])
    torch.testing.assert_close(seconds[0], seconds[1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("start_cycles", [None, torch.tensor([[0.0, 0.5, 0.25, 0.9]])])
def test_squares_by_kernels_are_their_formula(monkeypatch, start_cycles):
    """Also past Nyquist, within the fade below it, and below the lowest frequency."""
    monkeypatch.setattr(gpu, "takes_gpu_kernels", lambda grid: grid.dtype == torch.float32)
    frequency_hz, gain = torch.tensor([[30_000.0, 21_000.0, 0.5, 440.0], [700.0, 8000.0, 21.9, 22_000.0]]), random(4)
    results = []
    for dtype in (torch.float32, torch.float64):
        leaves = [each.detach().clone().requires_grad_() for each in (frequency_hz, gain)]
        grid = Grid(44100.0, 1500, torch.arange(2), dtype)
        sound = find_operation("squares").by_formula(grid, [*leaves, start_cycles], {})
        results.append((sound.double(), *gradients(sound, tuple(leaves))))
    (found, *ours), (expected, *theirs) = results
    torch.testing.assert_close(found, expected, atol=2e-6, rtol=0.0)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5 * float(other.abs().max()))


def test_operations_are_what_they_say_they_are():
    """To PyTorch: what they take, give and leave alone."""
    signal = torch.rand(2, 300).requires_grad_()
    given_squares = as_square_leaves(oscillators(2), torch.float32)
    given_loops = torch.cat(loops(), dim=-1)
    for operation, given in (
        ("gpu_comb", (signal, given_loops.clone().requires_grad_(), 1024)),
        ("gpu_comb_backward", (torch.rand(2, 300), signal.detach(), given_loops, 1024)),
        ("gpu_squares", (*given_squares, 300)),
        ("gpu_squares_backward", (torch.rand(2, 300), *(each.detach() for each in given_squares))),
    ):
        torch.library.opcheck(getattr(torch.ops.backbeat, operation).default, given)
