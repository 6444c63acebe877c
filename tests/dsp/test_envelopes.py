"""Envelopes against their equations, at every length down to zero."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from backbeat import dsp
from backbeat.dsp.envelopes import shaped_fall
from oracles import SAMPLE_RATE, column, decay, make_grid, times_s

segment_s = st.one_of(st.just(0.0), st.floats(1e-9, 0.2))
SAMPLES = 2000


def attack(t_s: np.ndarray, attack_s: float) -> np.ndarray:
    tick_s = 1.0 / SAMPLE_RATE
    return np.minimum((t_s + tick_s) / (attack_s + tick_s), 1.0)


class TestDecay:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    @pytest.mark.parametrize("t60_s", [0.01, 0.2, 1.0])
    def test_is_60_db_down_at_its_t60(self, dtype, t60_s):
        samples = round(t60_s * SAMPLE_RATE) + 1
        level = dsp.decay(make_grid(samples, dtype=dtype), column(t60_s, dtype=dtype))[0]
        assert float(level[0]) == 1.0
        assert 20.0 * math.log10(level[-1]) == pytest.approx(-60.0, abs=1e-4)

    def test_follows_its_equation_in_float32(self):
        level = dsp.decay(make_grid(88200, dtype=torch.float32), column(0.7, dtype=torch.float32))[0]
        t60_s = float(torch.tensor(0.7, dtype=torch.float32))
        np.testing.assert_allclose(level, decay(times_s(88200), t60_s), rtol=2e-6, atol=1.01e-7)

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_of_nothing_falls_by_80_nepers_in_64_samples(self, dtype):
        level = dsp.decay(make_grid(100, dtype=dtype), column(0.0))[0]
        np.testing.assert_allclose(level[:16], np.exp(-1.25 * np.arange(16)), rtol=1e-5)
        assert level[16:].max() < 1e-8

    def test_gradient(self):
        grid = make_grid(80, sample_rate=1000.0)
        assert gradcheck(lambda t60: dsp.decay(grid, t60), (column(0.03, 0.4, grad=True),))


class TestAttack:
    @given(segment_s)
    @example(0.0)
    def test_follows_its_equation(self, attack_s):
        found = dsp.attack(make_grid(SAMPLES), column(attack_s))[0]
        np.testing.assert_allclose(found, attack(times_s(SAMPLES), attack_s), rtol=1e-10)
        assert found.max() <= 1.0

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_of_nothing_is_one_from_the_first_sample_on(self, dtype):
        attack_s = column(0.0, dtype=dtype, grad=True)
        rise = dsp.attack(make_grid(SAMPLES, dtype=dtype), attack_s)
        assert rise.detach().min() == pytest.approx(1.0, abs=1e-6)
        rise.sum().backward()
        assert torch.isfinite(attack_s.grad).all()

    def test_gradient(self):
        grid = make_grid(70, sample_rate=1000.0)
        assert gradcheck(lambda attack_s: dsp.attack(grid, attack_s), (column(0.0303, 0.5, grad=True),))


class TestAdsr:
    @staticmethod
    def render(dtype: torch.dtype, **controls: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        tensors = {name: column(value, dtype=dtype, grad=True) for name, value in controls.items()}
        return dsp.adsr(make_grid(SAMPLES, dtype=dtype), **tensors), tensors

    @settings(max_examples=60)
    @given(
        attack_s=segment_s,
        hold_s=segment_s,
        decay_s=segment_s,
        sustain=st.floats(0.0, 1.0),
        gate_s=segment_s,
        release_s=segment_s,
    )
    @example(attack_s=0.0, hold_s=0.0, decay_s=0.0, sustain=0.0, gate_s=0.0, release_s=0.0)
    @example(attack_s=64 / 44100, hold_s=0.0, decay_s=0.1, sustain=0.5, gate_s=1e-6, release_s=0.1)
    def test_follows_its_equation_with_finite_gradients(self, **controls):
        level, _ = self.render(torch.float64, **controls)
        t_s, c = times_s(SAMPLES), controls
        held = np.maximum(t_s - c["attack_s"] - c["hold_s"], 0.0)
        released = np.maximum(t_s - c["attack_s"] - c["hold_s"] - c["gate_s"], 0.0)
        shortest_s = np.log(1000.0) / 80.0 * 64.0 / 44100.0
        falling = c["sustain"] + (1.0 - c["sustain"]) * decay(held, max(c["decay_s"], shortest_s))
        expected = attack(t_s, c["attack_s"]) * falling
        expected = expected * decay(released, max(c["release_s"], shortest_s))
        np.testing.assert_allclose(level[0].detach(), expected, atol=1e-9)
        for dtype in (torch.float32, torch.float64):
            level, tensors = self.render(dtype, **controls)
            level.sum().backward()
            assert ((level >= 0.0) & (level <= 1.0)).all()
            for name, tensor in tensors.items():
                assert torch.isfinite(tensor.grad).all(), name

    @pytest.mark.parametrize("gate_s", [0.0203, 0.1203])
    def test_gradient(self, gate_s):
        grid = make_grid(190, sample_rate=1000.0)
        values = (0.0105, 0.0101, 0.05, 0.3, gate_s, 0.04)
        names = ("attack_s", "hold_s", "decay_s", "sustain", "gate_s", "release_s")
        assert gradcheck(
            lambda *controls: dsp.adsr(grid, **dict(zip(names, controls, strict=True))),
            tuple(column(v, grad=True) for v in values),
        )

    def test_every_block_at_whose_start_a_segment_ends(self):
        for block in range(1, 60):
            attack_s = block * 64 / 48000.0
            grid = make_grid(4000, sample_rate=48000.0)
            controls = {"hold_s": 0.0, "decay_s": 0.1, "sustain": 0.5, "gate_s": 1.0, "release_s": 0.1}
            found = dsp.adsr(grid, attack_s=column(attack_s), **{name: column(x) for name, x in controls.items()})[0]
            t_s = np.arange(4000) / 48000.0
            rise = np.minimum((t_s + 1 / 48000) / (attack_s + 1 / 48000), 1.0)
            expected = rise * (0.5 + 0.5 * decay(np.maximum(t_s - attack_s, 0.0), 0.1))
            np.testing.assert_allclose(found, expected, atol=1e-9, err_msg=str(block))


class TestBursts:
    def test_follows_its_equation(self):
        times, gains, t60s = [0.0, 0.0105, 0.02], [1.0, -0.7, 0.4], [0.01, 0.05, 0.02]
        controls = (torch.tensor([values], dtype=torch.float64) for values in (times, gains, t60s))
        found = dsp.bursts(make_grid(SAMPLES), *controls)[0]
        t_s = times_s(SAMPLES)
        expected = np.zeros(SAMPLES)
        for time, gain, t60_s in zip(times, gains, t60s, strict=True):
            begun = np.clip(1.0 + (t_s - time) * SAMPLE_RATE, 0.0, 1.0)
            expected += gain * begun * decay(np.maximum(t_s - time, 0.0), t60_s)
        np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_one_decay_time_for_all(self):
        grid = make_grid(SAMPLES)
        time, gain = (torch.tensor([values], dtype=torch.float64) for values in ([0.001, 0.02], [1.0, 0.5]))
        found = dsp.bursts(grid, time, gain, column(0.03))
        torch.testing.assert_close(found, dsp.bursts(grid, time, gain, column(0.03).expand(1, 2)))

    def test_the_time_of_a_burst_has_a_gradient(self):
        time, grid = column(0.0101, grad=True), make_grid(SAMPLES, dtype=torch.float32)
        level = dsp.bursts(grid, time, column(1.0), column(0.03))
        (slope,) = torch.autograd.grad((level[0] * grid.times_s()).sum(), time)
        # The middle of the whole moves as far as its start.
        assert float(slope) == pytest.approx(float(level.detach().sum()), rel=0.01)


class TestShapedFall:
    @pytest.mark.parametrize("shape", [0.3, 1.0, 3.0])
    def test_follows_its_equation(self, shape):
        t_s = torch.linspace(1e-4, 0.2, 200, dtype=torch.float64)
        found = shaped_fall(t_s, column(0.05), column(shape))[0]
        np.testing.assert_allclose(found, 10.0 ** (-3.0 * (t_s.numpy() / 0.05) ** shape), rtol=1e-9, atol=2e-35)

    @pytest.mark.parametrize("t60_s", [0.0, 1e-6, 0.05, 10.0])
    @pytest.mark.parametrize("shape", [0.1, 1.0, 8.0])
    def test_is_finite_at_every_corner(self, t60_s, shape):
        controls = column(t60_s, grad=True), column(shape, grad=True)
        level = shaped_fall(torch.tensor([1e-12, 0.01, 10.0], dtype=torch.float64), *controls)
        assert ((level >= 0.0) & (level <= 1.0)).all()
        assert all(torch.isfinite(slope).all() for slope in torch.autograd.grad(level.sum(), controls))
