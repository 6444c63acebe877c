import auraloss
import pytest
import torch

from backbeat.errors import BackbeatError
from backbeat.losses.spectra import Resolution, power_spectrogram, quarter_hop
from backbeat.losses.stft import MultiResolutionSTFT
from backbeat.types import Audio
from losses.sounds import SAMPLE_RATE, drum, noise

AURALOSS_SIZES = [(600, 120, 1024), (1200, 240, 2048), (240, 50, 512)]


def like_auraloss(sizes: list[tuple[int, int, int]] = AURALOSS_SIZES, **weights: float) -> MultiResolutionSTFT:
    resolutions = tuple(Resolution(window, hop, fft) for window, hop, fft in sizes)
    return MultiResolutionSTFT(resolutions, padding="reflect", log_floor=0.0, magnitude_floor=1e-4, **weights)


def compare(loss: MultiResolutionSTFT, target: Audio, estimate: Audio) -> torch.Tensor:
    return loss(loss.prepare(target, SAMPLE_RATE), estimate)


class TestAgainstAuraloss:
    @pytest.mark.parametrize("weights", [(1.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.3, 0.5, 2.0)])
    def test_each_item_as_if_alone(self, weights: tuple[float, float, float]) -> None:
        convergence, log_magnitude, linear_magnitude = weights
        peer = auraloss.freq.MultiResolutionSTFTLoss(
            w_sc=convergence, w_log_mag=log_magnitude, w_lin_mag=linear_magnitude
        )
        loss = like_auraloss(convergence=convergence, log_magnitude=log_magnitude, linear_magnitude=linear_magnitude)
        target = drum(4000)
        estimates = (
            target + noise(4000, seed=1, batch=3, dtype=torch.float32) * torch.tensor([0.0, 0.1, 1.0])[:, None, None]
        )
        expected = torch.stack([peer(estimate[None], target) for estimate in estimates])
        torch.testing.assert_close(compare(loss, target, estimates), expected, atol=1e-5, rtol=1e-5)

    def test_batch_mean_of_the_magnitude_terms(self) -> None:
        peer = auraloss.freq.MultiResolutionSTFTLoss(w_sc=0.0, w_log_mag=1.0, w_lin_mag=1.0)
        loss = like_auraloss(convergence=0.0, linear_magnitude=1.0)
        targets = torch.cat([drum(5000, pitch_hz=pitch_hz) for pitch_hz in (60.0, 200.0, 900.0)])
        estimates = noise(5000, seed=2, batch=3, dtype=torch.float32)
        value = compare(loss, targets, estimates).mean()
        torch.testing.assert_close(value, peer(estimates, targets), atol=1e-5, rtol=1e-5)

    def test_gradient(self) -> None:
        peer = auraloss.freq.STFTLoss(256, 64, 256)
        loss = like_auraloss([(256, 64, 256)])
        target, estimate = drum(3000), noise(3000, seed=3, dtype=torch.float32).requires_grad_()
        (expected,) = torch.autograd.grad(peer(estimate, target), estimate)
        (gradient,) = torch.autograd.grad(compare(loss, target, estimate).sum(), estimate)
        torch.testing.assert_close(gradient, expected, atol=1e-7, rtol=1e-4)

    @pytest.mark.parametrize("silent", ["target", "estimate", "both"])
    def test_silence(self, silent: str) -> None:
        """Where auraloss's clamp keeps it finite, the value is the same."""
        target = drum(3000) * (silent == "estimate")
        estimate = drum(3000, seed=1) * (silent == "target")
        expected = auraloss.freq.MultiResolutionSTFTLoss()(estimate, target)
        torch.testing.assert_close(compare(like_auraloss(), target, estimate)[0], expected, atol=1e-5, rtol=1e-5)


EVERY_TERM = MultiResolutionSTFT(
    (quarter_hop(256, mel_bands=16), quarter_hop(64)), linear_magnitude=1.0, log_mel=1.0, a_weighted=True
)
TERMS = [
    MultiResolutionSTFT((quarter_hop(64, mel_bands=8),), **{"convergence": 0.0, "log_magnitude": 0.0, term: 1.0})
    for term in ("convergence", "log_magnitude", "linear_magnitude", "log_mel")
]


class TestEachItem:
    @pytest.mark.parametrize("loss", [MultiResolutionSTFT(), EVERY_TERM, *TERMS])
    def test_batch_equals_singles(self, loss: MultiResolutionSTFT) -> None:
        targets = torch.cat([drum(3000, pitch_hz=100.0), drum(3000, pitch_hz=400.0) * 0.1])
        estimates = noise(3000, seed=4, batch=2, dtype=torch.float32)
        singles = [compare(loss, targets[i : i + 1], estimates[i : i + 1]) for i in range(2)]
        torch.testing.assert_close(compare(loss, targets, estimates), torch.cat(singles))
        one_target = [compare(loss, targets[:1], estimates[i : i + 1]) for i in range(2)]
        torch.testing.assert_close(compare(loss, targets[:1], estimates), torch.cat(one_target))

    @pytest.mark.parametrize("loss", [MultiResolutionSTFT(), EVERY_TERM, *TERMS])
    def test_zero_for_the_same_sound_only(self, loss: MultiResolutionSTFT) -> None:
        target = drum(3000)
        assert compare(loss, target, target).item() == 0.0
        slightly, much = (
            compare(loss, target, target + amount * noise(3000, seed=5).float()) for amount in (0.01, 0.1)
        )
        assert 0.0 < slightly < much

    @pytest.mark.parametrize("loss", TERMS)
    def test_gradient(self, loss: MultiResolutionSTFT) -> None:
        target = loss.prepare(drum(40, dtype=torch.float64), SAMPLE_RATE)
        estimate = noise(40, seed=6, batch=2).requires_grad_()
        assert torch.autograd.gradcheck(lambda e: loss(target, e), (estimate,))

    @pytest.mark.parametrize("loss", [MultiResolutionSTFT(), TERMS[0], TERMS[1], TERMS[3]])
    def test_relative_to_the_target(self, loss: MultiResolutionSTFT) -> None:
        target, estimate = drum(3000), drum(3000, pitch_hz=190.0, seed=1)
        expected = compare(loss, target, estimate)
        for scale in (1e-6, 1e-3, 10.0):
            value = compare(loss, target * scale, estimate * scale)
            torch.testing.assert_close(value, expected, rtol=1e-3, atol=0.0)

    def test_mel_and_a_weighting_change_the_value(self) -> None:
        target, estimate = drum(3000), drum(3000, pitch_hz=190.0, seed=1)
        plain = MultiResolutionSTFT((quarter_hop(512),), log_magnitude=0.0)
        weighted = MultiResolutionSTFT((quarter_hop(512),), log_magnitude=0.0, a_weighted=True)
        assert compare(weighted, target, estimate) != compare(plain, target, estimate)

    def test_a_weighting_deafens_to_rumble(self) -> None:
        time_s = torch.arange(8192) / SAMPLE_RATE
        rumble, whistle = (0.1 * torch.sin(2.0 * torch.pi * hz * time_s) for hz in (50.0, 2500.0))
        target = drum(8192, pitch_hz=1000.0)
        for weighted, louder in ((True, whistle), (False, rumble)):
            loss = MultiResolutionSTFT((quarter_hop(2048),), log_magnitude=0.0, a_weighted=weighted)
            values = {id(sound): compare(loss, target, target + sound).item() for sound in (rumble, whistle)}
            ratio = values[id(whistle)] / values[id(rumble)]
            assert ratio > 10.0 if louder is whistle else ratio < 1.5


class TestFinite:
    @pytest.mark.parametrize("silent", ["target", "estimate", "both", "neither"])
    @pytest.mark.parametrize("scale", [1e-6, 1.0, 10.0])
    @pytest.mark.parametrize("samples", [1, 100, 3000])
    @pytest.mark.parametrize("loss", [MultiResolutionSTFT(), EVERY_TERM, like_auraloss()])
    def test_values_and_gradients(self, loss: MultiResolutionSTFT, samples: int, scale: float, silent: str) -> None:
        target = drum(samples, seed=1) * scale * (silent not in ("target", "both"))
        estimate = (drum(samples, seed=2) * scale * (silent not in ("estimate", "both"))).requires_grad_()
        value = compare(loss, target, estimate)
        value.sum().backward()
        assert value.shape == (1,)
        assert value.isfinite().all()
        if silent == "both":
            assert value.item() == 0.0
        assert estimate.grad is not None
        assert estimate.grad.isfinite().all()

    @pytest.mark.parametrize("loud", ["target", "estimate"])
    def test_mismatched_scales(self, loud: str) -> None:
        target = drum(3000) * (10.0 if loud == "target" else 1e-6)
        estimate = (drum(3000, seed=1) * (10.0 if loud == "estimate" else 1e-6)).requires_grad_()
        value = compare(EVERY_TERM, target, estimate)
        value.sum().backward()
        assert value.isfinite().all()
        assert estimate.grad is not None
        assert estimate.grad.isfinite().all()

    def test_a_silent_target_is_held_against_full_scale(self) -> None:
        """There the loss is the estimate's own size: `‖E‖`, and `ln(1 + 1e4 E)`."""
        silence, estimate = torch.zeros(1, 1, 1000), 1e-3 * drum(1000)
        magnitude = power_spectrogram(estimate[0].double(), quarter_hop(256)).sqrt()
        expected = magnitude.square().sum().sqrt() + (1.0 + 1e4 * magnitude).log().mean()
        loss = MultiResolutionSTFT((quarter_hop(256),))
        assert compare(loss, silence, estimate).item() == pytest.approx(expected.item(), rel=1e-4)

    def test_a_half_silent_estimate_at_the_target(self) -> None:
        """Where the difference is zero, no norm, root or logarithm may turn the gradient into NaN."""
        estimate = torch.cat([torch.zeros(1, 1, 2000), drum(2000)], dim=-1).requires_grad_()
        value = compare(EVERY_TERM, estimate.detach(), estimate)
        value.sum().backward()
        assert estimate.grad is not None
        assert estimate.grad.isfinite().all()


def test_the_target_is_transformed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loss = MultiResolutionSTFT((quarter_hop(256, mel_bands=8), quarter_hop(64)), log_mel=1.0, linear_magnitude=1.0)
    prepared = loss.prepare(drum(1000), SAMPLE_RATE)
    transforms: list[int] = []
    original = torch.fft.rfft

    def counted(frames: torch.Tensor) -> torch.Tensor:
        transforms.append(frames.shape[-1])
        return original(frames)

    monkeypatch.setattr(torch.fft, "rfft", counted)
    loss(prepared, drum(1000))
    assert transforms == [256, 64]


def test_no_gradient_flows_to_the_target() -> None:
    target = drum(1000).requires_grad_()
    prepared = MultiResolutionSTFT().prepare(target, SAMPLE_RATE)
    assert not prepared.spectra[0].magnitude.requires_grad


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MultiResolutionSTFT(()), r"^resolutions: none given, must be at least one$"),
        (lambda: MultiResolutionSTFT(magnitude_floor=0.0), r"^magnitude_floor: 0.0, must be at least 1e-18$"),
        (lambda: MultiResolutionSTFT(log_floor=-1.0), r"^log_floor: -1.0, must be at least 0$"),
        (lambda: MultiResolutionSTFT(log_mel=1.0), r"^log_mel: 1.0, must be 0 unless a resolution has mel_bands$"),
        (lambda: compare(EVERY_TERM, drum(10), drum(10)[..., :0]), r"^estimate: shape \(1, 1, 0\), must be"),
        (lambda: compare(EVERY_TERM, drum(10), drum(11)), r"^estimate: 11 samples, must be the target's 10$"),
        (
            lambda: compare(EVERY_TERM, drum(10).expand(3, 1, 10), drum(10).expand(2, 1, 10)),
            r"^estimate: batch of 2, must be the target's 3$",
        ),
    ],
)
def test_errors(call, message: str) -> None:
    with pytest.raises(BackbeatError, match=message):
        call()
