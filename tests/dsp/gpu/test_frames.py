"""Frames as PyTorch lays and takes them, and the filters made of them, against plain sums."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from backbeat.dsp.convolution import convolve
from backbeat.dsp.gpu import filtering
from backbeat.dsp.gpu.frames import Frames

sizes = st.builds(Frames.of, st.integers(1, 900), st.integers(0, 60).map(lambda half: 2 * half + 1))


def laid(frames: Frames, signal: np.ndarray, middles: bool) -> np.ndarray:
    """One frame after the other, sample by sample."""
    found = np.zeros((2 * frames.pairs, frames.length))
    for frame in range(2 * frames.pairs):
        for n in range(frames.length):
            sample = frame * frames.hop - frames.half + n
            in_middle = frames.half <= n < frames.length - frames.half
            if 0 <= sample < frames.samples and (in_middle or not middles):
                found[frame, n] = signal[sample]
    return found


def in_turn(pairs: torch.Tensor) -> np.ndarray:
    """Frames of a batch of one, in turn."""
    return torch.view_as_real(pairs)[0].movedim(-1, 1).flatten(0, 1).numpy()


@given(frames=sizes, middles=st.booleans())
def test_laying(frames, middles):
    signal = torch.arange(1.0, frames.samples + 1.0, dtype=torch.float64)
    found = frames.lay(signal.unsqueeze(0), middles=middles)
    np.testing.assert_array_equal(in_turn(found), laid(frames, signal.numpy(), middles))


@given(frames=sizes, added=st.booleans())
def test_taking(frames, added):
    """What is taken of frames is, sample by sample, what would have been laid there."""
    pairs = torch.rand(1, frames.pairs, frames.length, dtype=torch.complex128)
    found = frames.join(pairs, added=added)
    expected = np.zeros(frames.samples)
    for frame, values in enumerate(in_turn(pairs)):
        for n, value in enumerate(values):
            sample = frame * frames.hop - frames.half + n
            in_middle = frames.half <= n < frames.length - frames.half
            if 0 <= sample < frames.samples and (added or in_middle):
                expected[sample] += value
    np.testing.assert_allclose(found[0], expected, atol=1e-12)


@given(samples=st.integers(1, 50_000), half=st.integers(0, 600))
def test_no_more_than_two_frames_overlap(samples, half):
    frames = Frames.of(samples, 2 * half + 1)
    assert frames.length <= 2 * frames.hop
    assert (frames.count - 1) * frames.hop < samples <= frames.count * frames.hop


def test_a_second_takes_a_third_more_than_it_has():
    frames = Frames.of(44_800, 1015)
    assert 2 * frames.pairs * frames.length < 1.4 * 44_800


@pytest.mark.parametrize(("samples", "half"), [(1, 4), (700, 0), (700, 25), (300, 400)])
def test_filters_of_frames_and_their_gradient(monkeypatch, samples, half):
    monkeypatch.setattr(filtering, "_kernels_work", lambda device: False)
    side = torch.rand(2, half, dtype=torch.float64)
    kernel = torch.cat([side, torch.ones(2, 1, dtype=torch.float64), side.flip(-1)], dim=-1).requires_grad_()
    signal = torch.rand(2, samples, dtype=torch.float64).requires_grad_()
    found, expected = filtering.filtered(signal, kernel), convolve(signal, kernel, advance=half)
    torch.testing.assert_close(found, expected)
    grad_sound = torch.rand_like(found)
    for ours, theirs in zip(
        torch.autograd.grad(found, (signal, kernel), grad_sound),
        torch.autograd.grad(expected, (signal, kernel), grad_sound),
        strict=True,
    ):
        torch.testing.assert_close(ours, theirs)


def test_the_gradient_of_a_filter_has_one(monkeypatch):
    monkeypatch.setattr(filtering, "_kernels_work", lambda device: False)
    signal = torch.rand(1, 30, dtype=torch.float64).requires_grad_()
    half = torch.rand(1, 3, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradgradcheck(
        lambda x, h: filtering.filtered(x, torch.cat([h, h.flip(-1)[:, 1:]], dim=-1)), (signal, half)
    )
