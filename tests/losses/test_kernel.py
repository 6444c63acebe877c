"""The loss by the kernels against the loss in PyTorch, in float64, and what both promise."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from backbeat.errors import BackbeatError, KernelError
from backbeat.kernels import library
from backbeat.losses import DrumLoss, Resolution, quarter_hop
from backbeat.losses.kernel import KernelDrumLoss

RATE = 44100


def hit(samples: int, seed: int, batch: int = 1) -> Tensor:
    """Decaying noise on a decaying tone, (batch, 1, samples)."""
    t_s = torch.arange(samples) / RATE
    grain = torch.randn(batch, 1, samples, generator=torch.Generator().manual_seed(seed))
    return torch.exp(-9.0 * t_s) * (0.3 * grain + torch.sin(600.0 * t_s))


def with_gradients(compare, sounds: Tensor) -> tuple[Tensor, Tensor]:
    leaf = sounds.clone().requires_grad_()
    losses = compare(leaf)
    weights = torch.linspace(1.0, 2.0, len(sounds), dtype=sounds.dtype)
    return losses.detach(), torch.autograd.grad((losses * weights).sum(), leaf)[0]


def check(loss: DrumLoss, target: Tensor, sounds: Tensor, of_gradients: float = 1e-2) -> None:
    exact = loss.prepare(target.double(), RATE)
    expected, gradients = with_gradients(lambda sound: loss(exact, sound), sounds.double())
    found, found_gradients = with_gradients(KernelDrumLoss(loss, loss.prepare(target, RATE)), sounds)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-5)
    # Where a cell of the sound is as loud as the target's to rounding, its gradient may be that of either side.
    apart = (found_gradients - gradients).flatten(1).norm(dim=1)
    assert (apart <= of_gradients * gradients.flatten(1).norm(dim=1)).all()


@settings(max_examples=20)
@given(samples=st.one_of(st.integers(1, 400), st.integers(400, 30_000)), seed=st.integers(0, 1000))
def test_values_and_gradients(samples, seed):
    check(DrumLoss(), hit(samples, seed), hit(samples, seed + 1, batch=2))


def test_it_is_as_near_to_float32():
    loss, target, sounds = DrumLoss(), hit(20_000, 1), hit(20_000, 2, batch=2)
    prepared = loss.prepare(target, RATE)
    expected, gradients = with_gradients(lambda sound: loss(prepared, sound), sounds)
    found, found_gradients = with_gradients(KernelDrumLoss(loss, prepared), sounds)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert (found_gradients - gradients).norm() <= 1e-2 * gradients.norm()


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
    check(DrumLoss(), target, target + 1e-3 * hit(20_000, 2), of_gradients=5e-2)


def test_the_target_itself_and_silence():
    loss, target = DrumLoss(), hit(8000, 1)
    kernel = KernelDrumLoss(loss, loss.prepare(target, RATE))
    losses, gradients = with_gradients(kernel, torch.cat([target, torch.zeros_like(target)]))
    assert losses[0] < 1e-4
    torch.testing.assert_close(losses[1:], loss(loss.prepare(target, RATE), torch.zeros_like(target)))
    assert gradients.isfinite().all()
    assert not gradients[1].any()
    silent = torch.zeros_like(target)
    prepared = loss.prepare(silent, RATE)
    torch.testing.assert_close(KernelDrumLoss(loss, prepared)(target), loss(prepared, target), rtol=1e-5, atol=0.0)


def test_a_sound_has_the_same_bits_in_any_batch_on_any_number_of_threads():
    loss, target, sounds = DrumLoss(), hit(11_000, 1), hit(11_000, 2, batch=5)
    kernel = KernelDrumLoss(loss, loss.prepare(target, RATE))
    losses, gradients = with_gradients(kernel, sounds)
    threads = torch.get_num_threads()
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            again, gradients_again = with_gradients(kernel, sounds)
            assert torch.equal(losses, again)
            assert torch.equal(gradients, gradients_again)
    finally:
        torch.set_num_threads(threads)
    alone = torch.cat([kernel(sound[None]) for sound in sounds])
    assert torch.equal(losses, alone)


def test_sounds_that_are_no_numbers_have_no_loss():
    loss, target = DrumLoss(), hit(5000, 1)
    kernel = KernelDrumLoss(loss, loss.prepare(target, RATE))
    sounds = hit(5000, 2, batch=2)
    sounds[0, 0, 700] = torch.nan
    losses, gradients = with_gradients(kernel, sounds)
    assert losses[0].isnan()
    assert not gradients[0].isfinite().all()
    assert torch.equal(losses[1:], kernel(sounds[1:]))


@pytest.mark.parametrize(
    "loss", [DrumLoss(), DrumLoss(envelope=0.0), DrumLoss(envelope=0.0, log_mel=0.0, resolutions=(quarter_hop(256),))]
)
def test_nor_has_one_that_ends_in_no_number(loss):
    target, sound = torch.exp(-60.0 * torch.arange(30_000) / RATE)[None, None], hit(30_000, 2)
    sound[..., 25_000] = torch.nan
    assert KernelDrumLoss(loss, loss.prepare(target, RATE))(sound).isnan()


@pytest.mark.parametrize("silent", [slice(4000, None), slice(0, 10_000)])
def test_silence_has_no_gradient_beside_what_is_loud(silent):
    loss, target, sound = DrumLoss(), hit(30_000, 1), hit(30_000, 2)
    sound[..., silent] = 0.0
    check(loss, target, sound)


@pytest.mark.parametrize("fall", [60.0, 100.0])
def test_what_is_faint_has_its_own_gradients(fall):
    """Though it shares a transform with what is loud."""
    t_s = torch.arange(30_000) / RATE
    loss = DrumLoss(log_magnitude=0.0, log_mel=0.0, envelope=0.0)  # whose gradients float32 can tell
    check(loss, torch.exp(-9.0 * t_s)[None, None], torch.exp(-fall * t_s)[None, None], of_gradients=1e-5)


def test_another_losss_target_is_refused():
    first, second = (DrumLoss(resolutions=(quarter_hop(window, 8),)) for window in (128, 1024))
    with pytest.raises(BackbeatError, match=r"target: found .*65.* frames, bins and bands"):
        KernelDrumLoss(second, first.prepare(hit(4000, 1), RATE))
    plain = DrumLoss(log_mel=0.0, resolutions=(quarter_hop(128, 8),))
    with pytest.raises(BackbeatError, match=r"target: found"):
        KernelDrumLoss(DrumLoss(resolutions=(quarter_hop(128, 8),)), plain.prepare(hit(4000, 1), RATE))


def test_what_does_not_fit_is_said():
    loss = DrumLoss()
    kernel = KernelDrumLoss(loss, loss.prepare(hit(4000, 1), RATE))
    with pytest.raises(BackbeatError, match=r"estimate: .* samples"):
        kernel(hit(3000, 1))
    with pytest.raises(BackbeatError, match=r"estimate: torch\.float64 on cpu, must be float32 on cpu"):
        kernel(hit(4000, 1).double())
    with pytest.raises(BackbeatError, match=r"target: found 2 of torch\.float32 on cpu; must be one"):
        KernelDrumLoss(loss, loss.prepare(hit(4000, 1, batch=2), RATE))
    with pytest.raises(BackbeatError, match=r"target: found 1 of torch\.float64"):
        KernelDrumLoss(loss, loss.prepare(hit(4000, 1).double(), RATE))
    odd = DrumLoss(log_mel=0.0, resolutions=(quarter_hop(300),))
    with pytest.raises(BackbeatError, match=r"fft: found 300; in C\+\+ it must be a power of two"):
        KernelDrumLoss(odd, odd.prepare(hit(4000, 1), RATE))


def test_it_has_no_second_derivative_and_says_so():
    loss, leaf = DrumLoss(), hit(4000, 1).requires_grad_()
    kernel = KernelDrumLoss(loss, loss.prepare(hit(4000, 2), RATE))
    with pytest.raises(KernelError, match="no second derivative; use DrumLoss"):
        torch.autograd.grad(kernel(leaf).sum(), leaf, create_graph=True)


def test_transforms_of_torch_func_are_refused():
    loss = DrumLoss()
    kernel = KernelDrumLoss(loss, loss.prepare(hit(4000, 1), RATE))
    with pytest.raises(KernelError, match=r"torch\.func has no rule for C\+\+; use DrumLoss"):
        torch.func.grad(lambda sound: kernel(sound).sum())(hit(4000, 2))


def bits() -> str:
    """Of losses and their gradients, at odd sizes and with frames that are silent, faint or cut off."""
    sounds = hit(11_000, 2, batch=4)
    sounds[1, :, 3000:] = 0.0
    sounds[2] *= 1e-6
    found = []
    for loss in (DrumLoss(), DrumLoss(resolutions=(Resolution(300, 100, 512, mel_bands=40), Resolution(32, 7, 32)))):
        found += with_gradients(KernelDrumLoss(loss, loss.prepare(hit(11_000, 1), RATE)), sounds)
    return hashlib.sha256(b"".join(each.numpy().tobytes() for each in found)).hexdigest()


def variants() -> list[str]:
    """Those of this installation that the processor can run."""
    found = library.library()
    there = (path.stem.removeprefix("libbackbeat_") for path in library._folder().iterdir())
    return [name for name in sorted(there) if name[1:] <= str(found.backbeat_processor())]


def test_every_variant_gives_the_same_bits():
    """What comes from PyTorch, the target, is computed alike in each: one processor, one thread."""
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_kernel; print(test_kernel.bits())"
    )
    digests = {}
    for name in variants():
        environment = {**os.environ, library.VARIANT: name}
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        digests[name] = done.stdout.strip()
    assert set(digests.values()) == {bits()}, digests


@pytest.mark.parametrize(
    ("field", "value"),
    [("length", 300), ("length", 4), ("hop", 0), ("frames", 1), ("bands", -1), ("window", None), ("mel_level", None)],
)
def test_a_target_that_is_none_is_refused(field, value):
    """By the C interface itself: nothing is read from it."""
    loss, sound = DrumLoss(), hit(4000, 1)
    kernel = KernelDrumLoss(loss, loss.prepare(sound, RATE))
    setattr(kernel._rows[0], field, value)
    with pytest.raises(KernelError, match=r"^kernels: failed \(status 2\)$"):
        kernel(sound)


def test_no_sounds_have_no_losses():
    loss = DrumLoss()
    kernel = KernelDrumLoss(loss, loss.prepare(hit(4000, 1), RATE))
    losses, gradients = with_gradients(kernel, torch.zeros(0, 1, 4000))
    assert losses.shape == (0,)
    assert gradients.shape == (0, 1, 4000)


def test_without_kernels_it_says_so(monkeypatch):
    monkeypatch.setenv(library.VARIANT, "none")
    library.library.cache_clear()
    loss = DrumLoss()
    try:
        with pytest.raises(KernelError, match="found no kernels in this installation; use DrumLoss"):
            KernelDrumLoss(loss, loss.prepare(hit(4000, 1), RATE))
    finally:
        library.library.cache_clear()
