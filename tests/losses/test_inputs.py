import pytest
import torch

from backbeat.errors import BackbeatError
from backbeat.losses.inputs import mono, mono_like


def test_drops_the_channel() -> None:
    audio = torch.arange(6.0).reshape(2, 1, 3)
    assert mono(audio, "target").tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    for targets in (1, 2):
        assert mono_like(audio, "estimate", batch=targets, samples=3).shape == (2, 3)


@pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 2, 3), (1, 1, 0), (1, 1, 1, 3)])
def test_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(BackbeatError) as caught:
        mono(torch.zeros(shape), "target")
    assert str(caught.value) == (f"target: shape {shape}, must be (batch, 1, samples) with at least one sample")


def test_refuses_integers() -> None:
    with pytest.raises(BackbeatError, match=r"^target: torch.int16 samples, must be floating point$"):
        mono(torch.zeros(1, 1, 3, dtype=torch.int16), "target")


def test_refuses_what_does_not_fit_the_target() -> None:
    with pytest.raises(BackbeatError, match=r"^estimate: 3 samples, must be the target's 4$"):
        mono_like(torch.zeros(2, 1, 3), "estimate", batch=1, samples=4)
    with pytest.raises(BackbeatError, match=r"^estimate: batch of 2, must be the target's 3$"):
        mono_like(torch.zeros(2, 1, 3), "estimate", batch=3, samples=3)
