"""Envelopes against their equations, at every length down to zero."""

import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.autograd import gradcheck

from backbeat import dsp
from oracles import SAMPLE_RATE, column, decay, make_grid, times_s

segment_s = st.one_of(st.just(0.0), st.floats(1e-9, 0.2))
SAMPLES = 2000


def attack(t_s: np.ndarray, attack_s: float) -> np.ndarray:
    tick_s = 1.0 / SAMPLE_RATE
    return np.minimum((t_s + tick_s) / (attack_s + tick_s), 1.0)


def bend(x: np.ndarray, curvature: float) -> np.ndarray:
    return x if curvature == 0.0 else np.expm1(-curvature * x) / np.expm1(-curvature)


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
        np.testing.assert_allclose(level, decay(times_s(88200), t60_s), rtol=1e-6)

    def test_of_nothing_is_a_single_sample(self):
        level = dsp.decay(make_grid(100), column(0.0))[0]
        assert float(level[0]) == 1.0
        assert level[1:].max() < 1e-6

    def test_gradient(self):
        grid = make_grid(80, sample_rate=1000.0)
        assert gradcheck(lambda t60: dsp.decay(grid, t60), (column(0.03, 0.4, grad=True),))


class TestShapedDecay:
    @pytest.mark.parametrize("shape", [0.25, 1.0, 4.0])
    def test_is_60_db_down_at_its_t60(self, shape):
        level = dsp.shaped_decay(make_grid(4411), column(0.1), column(shape))[0]
        assert 20.0 * math.log10(level[-1]) == pytest.approx(-60.0, abs=1e-9)

    @pytest.mark.parametrize("shape", [0.3, 1.0, 3.0])
    def test_follows_its_equation(self, shape):
        t_s = times_s(SAMPLES)
        expected = 10.0 ** (-3.0 * (t_s / 0.05) ** shape)
        found = dsp.shaped_decay(make_grid(SAMPLES), column(0.05), column(shape))[0]
        np.testing.assert_allclose(found[1:], expected[1:], rtol=1e-9, atol=1e-300)

    def test_of_shape_one_is_the_plain_decay(self):
        grid = make_grid(SAMPLES)
        found = dsp.shaped_decay(grid, column(0.05), column(1.0))
        np.testing.assert_allclose(found[:, 1:], dsp.decay(grid, column(0.05))[:, 1:], rtol=1e-10)

    @pytest.mark.parametrize("t60_s", [0.0, 1e-6, 0.05, 10.0])
    @pytest.mark.parametrize("shape", [0.1, 1.0, 8.0])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_is_finite_at_every_corner(self, t60_s, shape, dtype):
        t60, bent = column(t60_s, dtype=dtype, grad=True), column(shape, dtype=dtype, grad=True)
        level = dsp.shaped_decay(make_grid(SAMPLES, dtype=dtype), t60, bent)
        level.sum().backward()
        assert ((level >= 0.0) & (level <= 1.0)).all()
        assert torch.isfinite(t60.grad).all()
        assert torch.isfinite(bent.grad).all()

    def test_gradient(self):
        grid = make_grid(80, sample_rate=1000.0)
        controls = (column(0.03, 0.4, grad=True), column(2.0, 0.7, grad=True))
        assert gradcheck(lambda t60, shape: dsp.shaped_decay(grid, t60, shape), controls)


class TestCurve:
    @given(curvature=st.floats(-20.0, 20.0))
    @example(curvature=0.0)
    @example(curvature=1e-3)
    @example(curvature=9.99e-4)
    @example(curvature=-1e-9)
    def test_follows_its_equation(self, curvature):
        x = np.linspace(0.0, 1.0, 33)
        found = dsp.curve(torch.tensor(x), torch.tensor(curvature, dtype=torch.float64))
        np.testing.assert_allclose(found, bend(x, curvature), atol=3e-8)
        assert found[0] == 0.0
        assert float(found[-1]) == pytest.approx(1.0, abs=1e-15)
        assert (found.diff() > 0.0).all()

    def test_gradient_of_the_straight_line_is_that_of_the_limit(self):
        x = torch.linspace(0.0, 1.0, 9, dtype=torch.float64)
        for curvature in (0.0, 5e-4, 2e-3):
            c = torch.full_like(x, curvature).requires_grad_()
            (slope,) = torch.autograd.grad(dsp.curve(x, c).sum(), c)
            np.testing.assert_allclose(slope, 0.5 * x * (1.0 - x), atol=2e-4)

    def test_gradient(self):
        x = torch.rand(5, dtype=torch.float64, requires_grad=True)
        for curvature in (-3.0, 0.7, 6.0):
            c = torch.full_like(x, curvature).requires_grad_()
            assert gradcheck(dsp.curve, (x, c))


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

    @pytest.mark.parametrize("curvature", [-4.0, 0.0, 4.0])
    def test_is_bent_by_its_curvature(self, curvature):
        found = dsp.attack(make_grid(SAMPLES), column(0.02), column(curvature))[0]
        np.testing.assert_allclose(found, bend(attack(times_s(SAMPLES), 0.02), curvature), rtol=1e-10)

    def test_gradient(self):
        grid = make_grid(70, sample_rate=1000.0)
        controls = (column(0.0303, 0.5, grad=True), column(2.0, -1.0, grad=True))
        assert gradcheck(lambda attack_s, c: dsp.attack(grid, attack_s, c), controls)


class TestAdsr:
    @staticmethod
    def render(dtype: torch.dtype, **controls: float | None) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        given = {name: value for name, value in controls.items() if value is not None}
        tensors = {name: column(value, dtype=dtype, grad=True) for name, value in given.items()}
        return dsp.adsr(make_grid(SAMPLES, dtype=dtype), **tensors), tensors

    @settings(max_examples=60)
    @given(
        attack_s=segment_s,
        hold_s=segment_s,
        decay_s=segment_s,
        sustain=st.floats(0.0, 1.0),
        gate_s=segment_s,
        release_s=segment_s,
        curvature=st.sampled_from([None, -3.0, 0.0, 2.0]),
    )
    @example(attack_s=0.0, hold_s=0.0, decay_s=0.0, sustain=0.0, gate_s=0.0, release_s=0.0, curvature=0.0)
    @example(attack_s=0.0, hold_s=0.0, decay_s=0.0, sustain=0.0, gate_s=0.0, release_s=0.0, curvature=None)
    @example(attack_s=64 / 44100, hold_s=0.0, decay_s=0.1, sustain=0.5, gate_s=1e-6, release_s=0.1, curvature=None)
    def test_follows_its_equation_with_finite_gradients(self, **controls):
        level, _ = self.render(torch.float64, **controls)
        t_s, c = times_s(SAMPLES), controls
        held = np.maximum(t_s - c["attack_s"] - c["hold_s"], 0.0)
        released = np.maximum(t_s - c["attack_s"] - c["hold_s"] - c["gate_s"], 0.0)
        shortest_s = np.log(1000.0) / 80.0 * 64.0 / 44100.0
        falling = c["sustain"] + (1.0 - c["sustain"]) * decay(held, max(c["decay_s"], shortest_s))
        expected = bend(attack(t_s, c["attack_s"]), c["curvature"] or 0.0) * falling
        expected = expected * decay(released, max(c["release_s"], shortest_s))
        np.testing.assert_allclose(level[0].detach(), expected, atol=1e-9)
        for dtype in (torch.float32, torch.float64):
            level, tensors = self.render(dtype, **controls)
            level.sum().backward()
            assert ((level >= 0.0) & (level <= 1.0)).all()
            for name, tensor in tensors.items():
                assert torch.isfinite(tensor.grad).all(), name

    @pytest.mark.parametrize("last", [{"curvature": 1.5}, {"peak": 0.8}])
    @pytest.mark.parametrize("gate_s", [0.0203, 0.1203])
    def test_gradient(self, last, gate_s):
        grid = make_grid(190, sample_rate=1000.0)
        values = (0.0105, 0.0101, 0.05, 0.3, gate_s, 0.04, *last.values())
        names = ("attack_s", "hold_s", "decay_s", "sustain", "gate_s", "release_s", *last)
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

    def test_its_peak_multiplies_it(self):
        controls = {"attack_s": 0.01, "hold_s": 0.0, "decay_s": 0.02, "sustain": 0.2, "gate_s": 0.01, "release_s": 0.1}
        plain, _ = self.render(torch.float64, **controls)
        loud, _ = self.render(torch.float64, **controls, peak=1.7)
        np.testing.assert_allclose(loud.detach(), 1.7 * plain.detach(), rtol=1e-12)


def test_fall_after_is_one_and_then_falls():
    since_s = torch.tensor([-1.0, 0.0, 0.05, 0.1, 0.3], dtype=torch.float64)
    found = dsp.fall_after(since_s, torch.tensor(0.1, dtype=torch.float64))
    np.testing.assert_allclose(found, [1.0, 1.0, 1000.0**-0.5, 1e-3, 1e-9], rtol=1e-12)
    assert dsp.fall_after(torch.tensor(1e6), torch.tensor(0.0)).isfinite()
