import pytest
import torch

from backbeat.errors import BackbeatError
from backbeat.losses.combine import DrumLoss, drum_loss
from backbeat.losses.distances import distances
from backbeat.losses.spectra import quarter_hop
from backbeat.types import Audio
from losses.sounds import SAMPLE_RATE, drum, noise

WEIGHTS = ("convergence", "log_magnitude", "log_mel", "envelope")
DB_PER_NEPER = 8.685889638


def only(**weights: float) -> DrumLoss:
    return DrumLoss(**{**dict.fromkeys(WEIGHTS, 0.0), **weights})


def compare(loss: DrumLoss, target: Audio, estimate: Audio) -> torch.Tensor:
    return loss(loss.prepare(target, SAMPLE_RATE), estimate)


@pytest.fixture
def target() -> Audio:
    return drum(6000)


@pytest.fixture
def estimates() -> Audio:
    return torch.cat([drum(6000, pitch_hz=190.0, seed=1), 0.1 * noise(6000, seed=2).float()])


def test_is_the_weighted_sum_of_its_terms(target: Audio, estimates: Audio) -> None:
    weights = dict(zip(WEIGHTS, (0.5, 1.5, 2.0, 0.25), strict=True))
    terms = sum(weight * compare(only(**{name: 1.0}), target, estimates) for name, weight in weights.items())
    torch.testing.assert_close(compare(DrumLoss(**weights), target, estimates), terms)


def test_terms_follow_the_yardstick(target: Audio, estimates: Audio) -> None:
    """Each term is, up to the softness of its floor, the distance it stands for."""
    for estimate in estimates[:, None]:
        yardstick = distances(estimate, target, SAMPLE_RATE)
        mrstft = compare(only(convergence=1.0, log_magnitude=1.0), target, estimate).item()
        assert mrstft == pytest.approx(yardstick.mrstft, rel=1e-4)
        mel_db = DB_PER_NEPER * compare(only(log_mel=1.0), target, estimate).item()
        assert mel_db == pytest.approx(yardstick.mel_db, rel=0.1)
        envelope_db = DB_PER_NEPER * compare(only(envelope=1.0), target, estimate).item()
        assert envelope_db == pytest.approx(yardstick.envelope_db, rel=0.15)


def test_the_short_call_is_the_default_loss(target: Audio, estimates: Audio) -> None:
    torch.testing.assert_close(drum_loss(estimates, target, SAMPLE_RATE), compare(DrumLoss(), target, estimates))
    targets = torch.cat([target, 0.5 * target])
    singles = [drum_loss(estimates[i : i + 1], targets[i : i + 1], SAMPLE_RATE) for i in range(2)]
    torch.testing.assert_close(drum_loss(estimates, targets, SAMPLE_RATE), torch.cat(singles))


def test_zero_at_the_target_and_growing_with_noise(target: Audio) -> None:
    hiss = noise(6000, seed=3).float()
    values = [drum_loss(target + amount * hiss, target, SAMPLE_RATE).item() for amount in (0.0, 0.001, 0.01, 0.1)]
    assert values[0] == 0.0
    assert values == sorted(values)
    assert len(set(values)) == 4


def test_descent_reaches_the_target() -> None:
    """The loss can be descended: a decay and a gain, set wrong, come back within a per cent."""
    time_s = torch.arange(3000) / SAMPLE_RATE
    tone = torch.sin(2.0 * torch.pi * 200.0 * time_s)

    def sound(log_decay_s: torch.Tensor, log_gain: torch.Tensor) -> Audio:
        return (log_gain.exp() * tone * torch.exp(-time_s / log_decay_s.exp()))[None, None]

    truth = torch.tensor([0.03, 0.5]).log()
    values = torch.tensor([0.01, 0.1]).log().requires_grad_()
    loss = DrumLoss(resolutions=(quarter_hop(512, mel_bands=32), quarter_hop(128)))
    prepared = loss.prepare(sound(*truth), SAMPLE_RATE)
    optimiser = torch.optim.Adam([values], lr=0.1)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.96)
    for _ in range(150):
        optimiser.zero_grad()
        loss(prepared, sound(*values)).sum().backward()
        optimiser.step()
        schedule.step()
    torch.testing.assert_close(values.detach(), truth, atol=0.01, rtol=0.0)


def test_gradient() -> None:
    loss = DrumLoss(resolutions=(quarter_hop(64, mel_bands=8), quarter_hop(32)))
    prepared = loss.prepare(drum(40, dtype=torch.float64), SAMPLE_RATE)
    estimate = noise(40, seed=4, batch=2).requires_grad_()
    assert torch.autograd.gradcheck(lambda e: loss(prepared, e), (estimate,))


@pytest.mark.parametrize("silent", ["target", "estimate", "both", "neither"])
@pytest.mark.parametrize("scale", [1e-6, 1.0, 10.0])
@pytest.mark.parametrize("samples", [1, 100, 3000])
def test_finite(samples: int, scale: float, silent: str) -> None:
    target = drum(samples, seed=1) * scale * (silent not in ("target", "both"))
    estimate = (drum(samples, seed=2) * scale * (silent not in ("estimate", "both"))).requires_grad_()
    value = drum_loss(estimate, target, SAMPLE_RATE)
    value.sum().backward()
    assert value.isfinite().all()
    assert estimate.grad is not None
    assert estimate.grad.isfinite().all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: DrumLoss(log_mel=-1.0), r"^log_mel: weight -1.0, must be at least 0$"),
        (lambda: drum_loss(drum(10), drum(11), SAMPLE_RATE), r"^estimate: 10 samples, must be the target's 11$"),
        (lambda: drum_loss(drum(10), drum(10), 30), r"^sample_rate: 30 Hz, must be above 40 Hz$"),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(BackbeatError, match=message):
        call()
