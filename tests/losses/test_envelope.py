import math

import numpy as np
import pytest
import torch

from backbeat.errors import BackbeatError
from backbeat.losses.envelope import EnvelopeLoss, block_power, block_samples
from backbeat.types import Audio
from losses.sounds import SAMPLE_RATE, drum, noise

NEPER_DB = 20.0 / math.log(10.0)


def compare(target: Audio, estimate: Audio) -> torch.Tensor:
    loss = EnvelopeLoss()
    return loss(loss.prepare(target, SAMPLE_RATE), estimate)


def test_blocks() -> None:
    signal = torch.arange(7, dtype=torch.float64)
    assert block_power(signal, 3).tolist() == pytest.approx([5 / 3, 50 / 3, 12.0])
    assert [block_samples(0.005, rate) for rate in (100, 44_100, 48_000, 96_000)] == [1, 220, 240, 480]


def test_equals_numpy() -> None:
    """The definition, block by block, in float64."""
    fade = torch.exp(-torch.arange(5000, dtype=torch.float64) / 500.0)
    target = drum(5000, dtype=torch.float64) * fade
    estimate = drum(5000, pitch_hz=90.0, seed=1, dtype=torch.float64) * 0.3 * fade
    blocks = [range(start, min(start + 220, 5000)) for start in range(0, 5000, 220)]
    t, e = (np.array([np.sum(x[0, 0].numpy()[b] ** 2) / 220 for b in blocks]) for x in (target, estimate))
    level_t, level_e = (0.5 * np.log(x / t.max() + 1e-5) for x in (t, e))
    audible = np.maximum(t, e) > t.max() * 1e-5
    assert not audible.all()
    expected = np.abs(level_t - level_e)[audible].mean()
    assert compare(target, estimate).item() == pytest.approx(expected, rel=1e-12)


def test_gain_in_nepers() -> None:
    hiss = noise(22_000, seed=1)
    assert compare(hiss, hiss * 2.0).item() == pytest.approx(6.0206 / NEPER_DB, rel=1e-4)


def test_sees_a_late_onset_and_a_short_decay() -> None:
    target = drum(8820)
    late = torch.nn.functional.pad(target, (441, 0))[..., :8820]
    short = target * torch.exp(-torch.arange(8820) / 882.0)
    assert (compare(target, torch.cat([late, short])) > 0.2).all()


def test_batch_equals_singles() -> None:
    targets = torch.cat([drum(3000), noise(3000, seed=1).float()])
    estimates = torch.cat([drum(3000, seed=2), drum(3000, seed=3) * 0.01])
    singles = [compare(targets[i : i + 1], estimates[i : i + 1]) for i in range(2)]
    torch.testing.assert_close(compare(targets, estimates), torch.cat(singles))


def test_gradient() -> None:
    loss = EnvelopeLoss(block_s=10 / SAMPLE_RATE)
    target = loss.prepare(drum(95, dtype=torch.float64), SAMPLE_RATE)
    estimate = noise(95, seed=4, batch=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda e: loss(target, e), (estimate,))


def test_what_is_too_quiet_is_still_pulled_up() -> None:
    """The floor is soft: an estimate 60 dB too quiet gets a gradient that makes it louder."""
    target = drum(3000)
    estimate = (target * 1e-3).requires_grad_()
    compare(target, estimate).sum().backward()
    assert estimate.grad is not None
    assert (estimate.grad * estimate).sum() < 0.0


@pytest.mark.parametrize("silent", ["target", "estimate", "both", "neither"])
@pytest.mark.parametrize("scale", [1e-6, 10.0])
@pytest.mark.parametrize("samples", [1, 100, 3000])
def test_finite(samples: int, scale: float, silent: str) -> None:
    target = drum(samples, seed=1) * scale * (silent not in ("target", "both"))
    estimate = (drum(samples, seed=2) * scale * (silent not in ("estimate", "both"))).requires_grad_()
    value = compare(target, estimate)
    value.sum().backward()
    assert value.isfinite().all()
    assert estimate.grad is not None
    assert estimate.grad.isfinite().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: EnvelopeLoss(block_s=0.0), r"^block_s: 0.0 s, must be above 0$"),
        (lambda: EnvelopeLoss(floor_db=10.0), r"^floor_db: 10.0 dB, must be in \[-120, 0\)$"),
        (lambda: compare(drum(10), drum(11)), r"^estimate: 11 samples, must be the target's 10$"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(BackbeatError, match=message):
        call()
