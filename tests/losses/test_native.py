"""The loss in C++ against the loss in PyTorch, in float64."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from backbeat.errors import BackbeatError, NativeError
from backbeat.losses import DrumLoss, Resolution, quarter_hop
from backbeat.losses.native import NativeDrumLoss
from backbeat.native import library

RATE = 44100


def hit(samples: int, seed: int, batch: int = 1) -> Tensor:
    """Decaying noise on a decaying tone, (batch, 1, samples)."""
    t_s = torch.arange(samples) / RATE
    grain = torch.randn(batch, 1, samples, generator=torch.Generator().manual_seed(seed))
    return torch.exp(-9.0 * t_s) * (0.3 * grain + torch.sin(600.0 * t_s))


def with_slopes(compare, sounds: Tensor) -> tuple[Tensor, Tensor]:
    leaf = sounds.clone().requires_grad_()
    losses = compare(leaf)
    weights = torch.linspace(1.0, 2.0, len(sounds), dtype=sounds.dtype)
    return losses.detach(), torch.autograd.grad((losses * weights).sum(), leaf)[0]


def check(loss: DrumLoss, target: Tensor, sounds: Tensor, of_slopes: float = 1e-2) -> None:
    exact = loss.prepare(target.double(), RATE)
    expected, slopes = with_slopes(lambda sound: loss(exact, sound), sounds.double())
    found, found_slopes = with_slopes(NativeDrumLoss(loss, loss.prepare(target, RATE)), sounds)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    # Where a cell of the sound is as loud as the target's to rounding, its slope may be that of either side.
    apart = (found_slopes - slopes).flatten(1).norm(dim=1)
    assert (apart <= of_slopes * slopes.flatten(1).norm(dim=1)).all()


@settings(max_examples=20)
@given(samples=st.one_of(st.integers(1, 400), st.integers(400, 30_000)), seed=st.integers(0, 1000))
def test_values_and_slopes(samples, seed):
    check(DrumLoss(), hit(samples, seed), hit(samples, seed + 1, batch=2))


@pytest.mark.parametrize(
    "loss",
    [
        DrumLoss(envelope=0.0),
        DrumLoss(log_mel=0.0, resolutions=(quarter_hop(256), quarter_hop(64))),
        DrumLoss(convergence=0.0),
        DrumLoss(log_magnitude=0.0),
        DrumLoss(resolutions=(Resolution(300, 100, 512, mel_bands=40), Resolution(128, 17, 128))),
        DrumLoss(resolutions=(quarter_hop(4096, mel_bands=100),)),
    ],
    ids=["no envelope", "no mel", "no convergence", "no log", "odd sizes", "one long one"],
)
def test_every_part(loss):
    check(loss, hit(9000, 1), hit(9000, 2, batch=2))


def test_near_the_target():
    target = hit(20_000, 1)
    check(DrumLoss(), target, torch.cat([0.01 * target, target + hit(20_000, 3)]))
    check(DrumLoss(), target, target + 1e-3 * hit(20_000, 2), of_slopes=5e-2)


def test_the_target_itself_and_silence():
    loss, target = DrumLoss(), hit(8000, 1)
    native = NativeDrumLoss(loss, loss.prepare(target, RATE))
    losses, slopes = with_slopes(native, torch.cat([target, torch.zeros_like(target)]))
    assert losses[0] < 1e-4
    torch.testing.assert_close(losses[1:], loss(loss.prepare(target, RATE), torch.zeros_like(target)))
    assert slopes.isfinite().all()
    assert not slopes[1].any()
    silent = torch.zeros_like(target)
    prepared = loss.prepare(silent, RATE)
    torch.testing.assert_close(NativeDrumLoss(loss, prepared)(target), loss(prepared, target), rtol=1e-5, atol=0.0)


def test_a_sound_has_the_same_bits_in_any_batch_on_any_number_of_threads():
    loss, target, sounds = DrumLoss(), hit(11_000, 1), hit(11_000, 2, batch=5)
    native = NativeDrumLoss(loss, loss.prepare(target, RATE))
    losses, slopes = with_slopes(native, sounds)
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            again, slopes_again = with_slopes(native, sounds)
            assert torch.equal(losses, again)
            assert torch.equal(slopes, slopes_again)
    finally:
        torch.set_num_threads(threads)
    alone = torch.cat([native(sound[None]) for sound in sounds])
    assert torch.equal(losses, alone)


def test_sounds_that_are_no_numbers_have_no_loss():
    loss, target = DrumLoss(), hit(5000, 1)
    native = NativeDrumLoss(loss, loss.prepare(target, RATE))
    sounds = hit(5000, 2, batch=2)
    sounds[0, 0, 700] = torch.nan
    losses, slopes = with_slopes(native, sounds)
    assert losses[0].isnan()
    assert not slopes[0].isfinite().all()
    assert torch.equal(losses[1:], native(sounds[1:]))


@pytest.mark.parametrize(
    "loss", [DrumLoss(), DrumLoss(envelope=0.0), DrumLoss(envelope=0.0, log_mel=0.0, resolutions=(quarter_hop(256),))]
)
def test_nor_has_one_that_ends_in_no_number(loss):
    target, sound = torch.exp(-60.0 * torch.arange(30_000) / RATE)[None, None], hit(30_000, 2)
    sound[..., 25_000] = torch.nan
    assert NativeDrumLoss(loss, loss.prepare(target, RATE))(sound).isnan()


@pytest.mark.parametrize("silent", [slice(4000, None), slice(0, 10_000)])
def test_silence_has_no_slope_beside_what_is_loud(silent):
    loss, target, sound = DrumLoss(), hit(30_000, 1), hit(30_000, 2)
    sound[..., silent] = 0.0
    check(loss, target, sound)


@pytest.mark.parametrize("fall", [60.0, 100.0])
def test_what_is_faint_has_its_own_slopes(fall):
    """Though it shares a transform with what is loud."""
    t_s = torch.arange(30_000) / RATE
    loss = DrumLoss(log_magnitude=0.0, log_mel=0.0, envelope=0.0)  # whose slopes float32 can tell
    check(loss, torch.exp(-9.0 * t_s)[None, None], torch.exp(-fall * t_s)[None, None], of_slopes=1e-5)


def test_another_losss_target_is_refused():
    first, second = (DrumLoss(resolutions=(quarter_hop(window, 8),)) for window in (128, 1024))
    with pytest.raises(BackbeatError, match=r"target: found .*65.* frames, bins and bands"):
        NativeDrumLoss(second, first.prepare(hit(4000, 1), RATE))
    plain = DrumLoss(log_mel=0.0, resolutions=(quarter_hop(128, 8),))
    with pytest.raises(BackbeatError, match=r"target: found"):
        NativeDrumLoss(DrumLoss(resolutions=(quarter_hop(128, 8),)), plain.prepare(hit(4000, 1), RATE))


def test_what_does_not_fit_is_said():
    loss = DrumLoss()
    native = NativeDrumLoss(loss, loss.prepare(hit(4000, 1), RATE))
    with pytest.raises(BackbeatError, match=r"estimate: .* samples"):
        native(hit(3000, 1))
    with pytest.raises(BackbeatError, match=r"estimate: torch\.float64 on cpu, must be float32 on cpu"):
        native(hit(4000, 1).double())
    with pytest.raises(BackbeatError, match=r"target: found 2 of torch\.float32 on cpu; must be one"):
        NativeDrumLoss(loss, loss.prepare(hit(4000, 1, batch=2), RATE))
    with pytest.raises(BackbeatError, match=r"target: found 1 of torch\.float64"):
        NativeDrumLoss(loss, loss.prepare(hit(4000, 1).double(), RATE))
    odd = DrumLoss(log_mel=0.0, resolutions=(quarter_hop(300),))
    with pytest.raises(BackbeatError, match=r"fft: found 300; in C\+\+ it must be a power of two"):
        NativeDrumLoss(odd, odd.prepare(hit(4000, 1), RATE))


def test_it_has_no_second_derivative_and_says_so():
    loss, leaf = DrumLoss(), hit(4000, 1).requires_grad_()
    native = NativeDrumLoss(loss, loss.prepare(hit(4000, 2), RATE))
    with pytest.raises(NativeError, match="no second derivative; use DrumLoss"):
        torch.autograd.grad(native(leaf).sum(), leaf, create_graph=True)


def test_transforms_of_torch_func_are_refused():
    loss = DrumLoss()
    native = NativeDrumLoss(loss, loss.prepare(hit(4000, 1), RATE))
    with pytest.raises(NativeError, match=r"torch\.func has no rule for C\+\+; use DrumLoss"):
        torch.func.grad(lambda sound: native(sound).sum())(hit(4000, 2))


def test_without_a_compiler_it_says_so(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    library.load.cache_clear()
    loss = DrumLoss()
    with pytest.raises(NativeError, match="no-such-compiler"):
        NativeDrumLoss(loss, loss.prepare(hit(4000, 1), RATE))
    monkeypatch.undo()
    library.load.cache_clear()
