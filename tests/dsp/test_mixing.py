"""Sums of products: the same with and without gradients, and what goes in stays as it was."""

import pytest
import torch

from backbeat import dsp
from backbeat.dsp.mixing import with_product
from oracles import make_grid


def signals(count: int) -> list[torch.Tensor]:
    return list(torch.rand(count, 3, 50, generator=torch.Generator().manual_seed(0), dtype=torch.float64))


@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize("others", [0, 1, 3])
def test_a_mix_is_the_sum_and_leaves_its_parts_alone(gradients, others):
    base, *rest = signals(1 + 2 * others)
    pairs = list(zip(rest[::2], rest[1::2], strict=True))
    before = [signal.clone() for signal in (base, *rest)]
    with torch.set_grad_enabled(gradients):
        found = dsp.mix(base, *pairs)
    expected = before[0] + sum(signal * envelope for signal, envelope in zip(before[1::2], before[2::2], strict=True))
    torch.testing.assert_close(found, expected)
    for signal, kept in zip((base, *rest), before, strict=True):
        assert torch.equal(signal, kept)


def test_its_gradient():
    leaves = [signal[:, :4].clone().requires_grad_() for signal in signals(5)]
    assert torch.autograd.gradcheck(lambda base, *rest: dsp.mix(base, rest[:2], rest[2:]), leaves)


def test_memory_is_used_again_only_where_it_fits_and_nothing_looks_on():
    total, first, second = signals(3)
    with torch.no_grad():
        assert with_product(total, first, second) is total
        assert with_product(total[:1], first, second).shape == (3, 50)
        mapped = torch.vmap(lambda each: with_product(total[0], each, each))(first)
    assert with_product(total, first, second) is not total
    torch.testing.assert_close(mapped, total[0] + first * first)


@pytest.mark.parametrize("gradients", [True, False])
def test_a_clip_leaves_its_signal_alone(gradients):
    (signal,), drive = signals(1), torch.full((3, 1), 12.0, dtype=torch.float64)
    kept = signal.clone()
    with torch.set_grad_enabled(gradients):
        found = dsp.soft_clip(signal, drive)
    assert torch.equal(signal, kept)
    torch.testing.assert_close(dsp.soft_unclip(found, drive), kept)


def test_sines_are_the_same_bit_for_bit_without_gradients():
    grid, pitch = make_grid(300, dtype=torch.float32), torch.tensor([[50.0], [70.0]])
    phase = dsp.steady(grid, pitch)
    voices = [dsp.Voice(phase, None, pitch / 100.0), dsp.Voice(phase.times(pitch / pitch * 1.5), pitch / 200.0, pitch)]
    with torch.no_grad():
        found = dsp.sines(grid, voices)
    assert torch.equal(found, dsp.sines(grid, voices))
