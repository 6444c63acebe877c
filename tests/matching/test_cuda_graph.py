"""Search steps that are recorded and played back, as PyTorch's CUDA graphs do it, with a recorder of our own."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from backbeat.matching.cuda_graph import CudaGraphObjective
from backbeat.matching.search import begin, descend
from backbeat.parameters import Layout, amount

TABLE = Layout(first=amount(default=0.5, help="A."), second=amount(default=0.5, help="B."))


def objective(params: Tensor) -> Tensor:
    return ((params - 0.25) ** 2).sum(-1)


class Recorder:
    """Plays back into the same memory each time, and for one number of starts alone."""

    def __init__(self) -> None:
        self.recorded: list[int] = []

    def __call__(self, step: Callable[[Tensor], Tensor], samples: tuple[Tensor]) -> Callable[[Tensor], Tensor]:
        (sample,) = samples
        assert sample.is_leaf
        assert sample.requires_grad
        self.recorded.append(len(sample))
        memory = torch.empty(len(sample))

        class Play(torch.autograd.Function):
            @staticmethod
            def forward(ctx, params):
                assert params.shape == sample.shape
                ctx.save_for_backward(params)
                return memory.copy_(step(params)).detach()

            @staticmethod
            def backward(ctx, slope):
                with torch.enable_grad():
                    leaf = ctx.saved_tensors[0].detach().requires_grad_()
                    return torch.autograd.grad(step(leaf), leaf, slope)[0]

        return Play.apply


def starts(count: int) -> Tensor:
    return torch.rand(count, 2, generator=torch.Generator().manual_seed(0))


def test_a_search_goes_the_same_way():
    recorder = Recorder()
    recorded = list(descend(begin(starts(4)), CudaGraphObjective(objective, recorder), TABLE, 100))
    plain = list(descend(begin(starts(4)), objective, TABLE, 100))
    assert [state.best_loss for state in recorded] == [state.best_loss for state in plain]
    assert torch.equal(recorded[-1].best_params, plain[-1].best_params)
    assert recorder.recorded == [2, 1]  # the first steps, with four starts, go by themselves


def test_what_is_played_back_stays_what_it_was():
    played = CudaGraphObjective(objective, Recorder())
    params = starts(3).requires_grad_()
    for _ in range(8):
        first = played(params)
    kept = first.detach().clone()
    played((params + 0.1).detach().requires_grad_())
    assert torch.equal(first, kept)


def test_candidates_without_gradient_are_not_recorded():
    recorder = Recorder()
    played = CudaGraphObjective(objective, recorder)
    for count in (3, 5) * 10:
        assert torch.equal(played(starts(count)), objective(starts(count)))
    assert recorder.recorded == []


def test_what_is_played_back_wrongly_is_not_used():
    def record(step: Callable[[Tensor], Tensor], samples: tuple[Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda params: step(samples[0]) + 0.0 * params.sum()  # whatever it is given

    played = CudaGraphObjective(objective, record)
    params = starts(3)
    for _ in range(9):
        params = (params + 0.01).requires_grad_()
        assert torch.equal(played(params), objective(params))
        params = params.detach()
    assert played.failure == "what it played back was not what it had recorded"


def test_an_interruption_is_one():
    def record(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise RuntimeError("capture was invalidated")  # noqa: B904 - as PyTorch's does on its way out

    played = CudaGraphObjective(objective, record)
    with pytest.raises(KeyboardInterrupt):
        list(descend(begin(starts(2)), played, TABLE, 40))


@pytest.mark.parametrize(("message", "said"), [("capture\nat once", "capture"), ("", "no reason given")])
def test_where_recording_fails_each_step_goes_by_itself(message, said):
    tries = []

    def fail(*_: object) -> None:
        tries.append(1)
        raise RuntimeError(message)

    played = CudaGraphObjective(objective, fail)
    found = list(descend(begin(starts(4)), played, TABLE, 100))
    assert found[-1].best_loss == list(descend(begin(starts(4)), objective, TABLE, 100))[-1].best_loss
    assert played.failure == said
    assert len(tries) == 1
