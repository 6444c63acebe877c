import numpy as np
import pytest
import torch

from backbeat.losses.fourier import power_spectrum
from losses.sounds import noise


def by_pytorch(frames: torch.Tensor) -> torch.Tensor:
    return torch.fft.rfft(frames).abs().square()


@pytest.mark.parametrize("length", [1, 2, 5, 6])
class TestGradients:
    def frames(self, length: int) -> torch.Tensor:
        return noise(length, seed=length, batch=3)[:, 0].requires_grad_()

    def test_first_and_second_derivative(self, length: int) -> None:
        assert torch.autograd.gradcheck(power_spectrum, (self.frames(length),))
        assert torch.autograd.gradgradcheck(power_spectrum, (self.frames(length),))

    # PyTorch's own forward mode compiles its decompositions with a deprecated tool when first used.
    @pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
    def test_function_transforms(self, length: int) -> None:
        frames = self.frames(length).detach()
        expected = torch.func.jacrev(by_pytorch)(frames)
        torch.testing.assert_close(torch.func.jacrev(power_spectrum)(frames), expected)
        torch.testing.assert_close(torch.func.jacfwd(power_spectrum)(frames), expected)
        per_frame = torch.func.vmap(torch.func.jacrev(power_spectrum))(frames)
        torch.testing.assert_close(per_frame, expected[range(3), :, range(3)])


def test_power_is_the_squared_magnitude() -> None:
    frames = noise(64, seed=1, batch=5)[:, 0]
    np.testing.assert_allclose(power_spectrum(frames), np.abs(np.fft.rfft(frames)) ** 2)
