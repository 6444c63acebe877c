"""Every operation's kernel, float32, against its formula in float64: sound, gradient, and that nothing else matters."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.dsp import Grid
from backbeat.dsp.operation import operations
from backbeat.kernels.library import VARIANT, library
from kernels.cases import CASES, SAMPLE_RATES, Call, draw, smoothed
from kernels.sums import both, digests

LIMIT = 1e-5
"""-100 dB."""
every = pytest.mark.parametrize("name", CASES)
lengths = st.sampled_from([1, 2, 63, 64, 65, 511, 512, 513, 3000, 11025])
seeds = st.integers(0, 2**32 - 1)

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")


def test_every_operation_has_its_case():
    elsewhere = {"biquad", "squares"}  # in files of their own
    assert {each.name for each in operations()} == set(CASES) | elsewhere
    for each in (each for each in operations() if each.name not in elsewhere):
        assert list(CASES[each.name].controls) == each.controls
        assert list(CASES[each.name].attributes) == each.attributes


def level(sound: torch.Tensor) -> float:
    """The peak, where that is above full scale."""
    return max(1.0, float(sound.detach().abs().max()))


def weights_of(call: Call, seed: int) -> torch.Tensor:
    """The gradient of a sound, in numbers that float32 has."""
    found = np.random.default_rng(seed).uniform(-1.0, 1.0, (len(call.seeds), call.samples))
    return torch.tensor((smoothed(found) if CASES[call.operation.name].is_smooth else found).astype(np.float32))


def check_sound(call: Call) -> None:
    found, expected = call(torch.float32), call(torch.float64)
    assert found.dtype == torch.float32
    assert found.shape == expected.shape
    assert float((found.double() - expected).abs().max()) <= LIMIT * level(expected)


def check_gradient(call: Call, seed: int) -> None:
    """Within a thousandth of the largest of an input, and what is lost to rounding where all of it is small."""
    found, expected = call.leaves(), call.leaves()
    weights = weights_of(call, seed)
    sounds = call(torch.float32, found), call(torch.float64, expected)
    ours = torch.autograd.grad((sounds[0] * weights).sum(), list(found.values()))
    theirs = torch.autograd.grad((sounds[1] * weights.double()).sum(), list(expected.values()))
    scale = CASES[call.operation.name].rounding * float(weights.abs().sum()) * level(sounds[1])
    for name, one, other in zip(found, ours, theirs, strict=True):
        rounding = scale / found[name].detach().abs().clamp(min=1e-5 if name.endswith("_s") else 0.1)
        assert ((one - other).abs() <= 1e-3 * other.abs().max() + rounding).all(), name


def length_for(name: str, samples: int) -> int:
    return samples + 300 if CASES[name].is_smooth else samples


@every
@settings(max_examples=20)
@given(seed=seeds, samples=lengths, sample_rate=st.sampled_from(SAMPLE_RATES), corners=st.sampled_from([0.0, 0.1, 0.6]))
def test_kernel_and_formula_agree(name, seed, samples, sample_rate, corners):
    call = draw(name, seed, length_for(name, samples), sample_rate, corners=corners)
    check_sound(call)
    if call.inputs:
        check_gradient(call, seed)


@every
@pytest.mark.parametrize(("seconds", "sample_rate"), [(2.0, 44100.0), (2.0, 48000.0), (10.0, 22050.0)])
def test_they_agree_over_seconds(name, seconds, sample_rate):
    call = draw(name, 17, round(seconds * sample_rate), sample_rate, items=1, corners=0.0, smallest=seconds > 5.0)
    check_sound(call)
    if call.inputs and seconds < 5.0:
        check_gradient(call, 3)


@every
def test_all_at_the_ends_of_their_ranges_is_finite(name):
    for seed in range(12):
        call = draw(name, seed, 700, SAMPLE_RATES[seed % len(SAMPLE_RATES)], corners=1.0)
        for each in both(call):
            assert torch.isfinite(each).all()


@pytest.mark.parametrize("name", ["modal", "swept_modal", "noise_bands"])
def test_what_is_silent_still_has_a_gradient_of_its_gain(name):
    call = draw(name, 5, 2000, corners=0.0)
    call.controls["gain"][:] = 0.0
    check_gradient(call, 1)
    assert (both(call)[1 + list(call.inputs).index("gain")] != 0.0).any()


class TestFormula:
    @pytest.mark.parametrize("name", [name for name in CASES if CASES[name].controls])
    @pytest.mark.parametrize("seed", range(3))
    def test_gradient(self, name, seed):
        call = tame(draw(name, seed, 90, 2000.0, corners=0.0, smallest=seed == 0))
        leaves = call.leaves()

        def sound(*given: torch.Tensor) -> torch.Tensor:
            return call(torch.float64, dict(zip(leaves, given, strict=True)))

        assert torch.autograd.gradcheck(sound, tuple(leaves.values()), fast_mode=True, atol=1e-4)

    def test_it_has_a_shape_of_its_own(self):
        """Leading axes of the controls, of the signals and of the seeds broadcast, as the kernel's do."""
        for name in CASES:
            call = draw(name, 3, 400, items=3)
            wide = {each: value.expand(2, *value.shape) for each, value in call.inputs.items()}
            shapes = {call(dtype, wide).shape for dtype in (torch.float32, torch.float64)}
            assert shapes == {(2, 3, 400) if wide else (3, 400)}, name


def tame(call: Call) -> Call:
    """With nothing so near a kink, or so steep, that a difference says nothing of a derivative."""
    for name, control in call.controls.items():
        if name.endswith("t60_s") or name in ("decay_s", "release_s", "sweep_s", "snap_s"):
            control.clamp_(min=0.06)
        if name.endswith("_hz"):
            control.clamp_(max=1.0e3)
        if name in ("pitch_hz", "frequency_hz"):
            control.clamp_(min=10.0, max=400.0)
        if name in ("drive_db", "gain_db", "sweep_st"):
            control.div_(4.0)
    if call.operation.name == "fir":
        call.controls["cutoff_hz"].clamp_(max=800.0)
        call.controls["low_hz"].clamp_(max=200.0)
        call.controls["high_hz"].clamp_(min=300.0, max=700.0)
    return call


@pytest.mark.parametrize("name", [name for name in CASES if CASES[name].controls])
def test_the_gradient_has_one(name):
    """Which is the formula's."""
    call = tame(draw(name, 1, 300, 8000.0, corners=0.0))
    seconds = []
    weights = torch.tensor(np.random.default_rng(1).uniform(-1.0, 1.0, 300).astype(np.float32))
    for by_kernel in (True, False):
        leaves = call.leaves()
        if by_kernel:
            sound = call(torch.float32, leaves)
        else:
            grid = Grid(call.sample_rate, call.samples, call.seeds, torch.float32)
            given = [leaves.get(each) for each in call.operation.inputs]
            given[: len(call.signals)] = [each.float() for each in given[: len(call.signals)]]
            attributes = dict(call.attributes)
            sound = call.operation.by_formula(grid, given, attributes)
        first = torch.autograd.grad((sound * weights).sum(), list(leaves.values()), create_graph=True)
        turned = sum((each * (k + 1.0)).sum() for k, each in enumerate(first))
        if not turned.requires_grad:  # linear in all
            seconds.append([torch.zeros(1)])
            continue
        seconds.append(torch.autograd.grad(turned, list(leaves.values()), allow_unused=True))
    for ours, theirs in zip(*seconds, strict=True):
        assert (ours is None) == (theirs is None)
        if ours is not None:
            assert torch.isfinite(theirs).all()
            torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


class TestBits:
    @every
    def test_alone_and_anywhere_in_a_batch(self, name):
        call = draw(name, 2, 1500, items=7)
        together = both(call)
        for rows in ([0], [3], [6], [6, 3], [1, 2, 3, 4, 5, 6]):
            for part, whole in zip(both(call.item(*rows)), together, strict=True):
                assert torch.equal(part, whole[rows])

    @every
    def test_by_any_number_of_threads(self, name):
        call, before = draw(name, 4, 1500, items=7), torch.get_num_threads()
        try:
            found = []
            for threads in (1, 2, 3):
                torch.set_num_threads(threads)
                found.append(both(call))
        finally:
            torch.set_num_threads(before)
        for other in found[1:]:
            for ours, theirs in zip(other, found[0], strict=True):
                assert torch.equal(ours, theirs)

    @every
    def test_a_start_is_the_same_at_any_length(self, name):
        """Where nothing looks ahead, or at the whole."""
        if name in ("comb", "fir"):
            pytest.skip("by FFT of the whole")
        call = draw(name, 6, 1500)
        long = call(torch.float32)
        for samples in (1, 64, 100, 1000):
            call.samples = samples
            call.signals = {each: value[:, :samples] for each, value in call.signals.items()}
            torch.testing.assert_close(call(torch.float32), long[:, :samples], rtol=0.0, atol=1e-6)
            call = draw(name, 6, 1500)

    def test_in_every_variant(self):
        """Sound and gradient; each variant but the one at hand in a process of its own."""
        loaded = library()
        assert loaded is not None
        level = loaded.backbeat_processor()
        variants = [each for each in ("v2", "v3", "v4") if int(each[1]) <= level]
        if not variants:
            pytest.skip("no variants on this processor")
        here = list(digests())
        assert len(here) == 3 * len(CASES)
        for variant in variants:
            assert variant == loaded.backbeat_variant().decode() or sums(variant) == here, variant


def sums(variant: str) -> list[str]:
    script = Path(__file__).with_name("sums.py")
    environment = {**os.environ, VARIANT: variant, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, env=environment
    )
    assert process.returncode == 0, process.stderr[-2000:]
    return process.stdout.splitlines()
