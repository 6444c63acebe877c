"""A search step that a GPU plays back from a recording.

A step is some thousands of small operations, each of which takes longer to ask for than a GPU takes to do it. Once
recorded, as a CUDA graph, they are asked for all at once.
"""

import warnings
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import torch
from torch import Tensor

from backbeat.matching.search import Objective

_STEPS_BEFORE = 6
"""Steps taken first, which leave behind what is made once (compiled kernels, plans, constants), and are all that a
plugin gets that is only tried."""
_CLOSE = 1e-2
"""How far, as a share, what is played back may lie from a step, whose sums a GPU takes in any order."""


class CudaGraphObjective:
    """An objective whose losses and gradients are recorded, for each number of starts, and played back.

    Args:
        objective: all on one GPU, with nothing on its way that the CPU has to know.
        record: of PyTorch's signature.
    """

    def __init__(self, objective: Objective, record: Callable[..., Any] = torch.cuda.make_graphed_callables) -> None:
        self._objective, self._record = objective, record
        self._steps = 0
        self._recordings: dict[int, Objective] = {}
        self.failure = ""
        """Why recording did not work, where it did not: all is then done step by step."""

    def __call__(self, params: Tensor) -> Tensor:
        """Losses (starts,) of params (starts, P)."""
        if not params.requires_grad:  # of candidates, whose numbers vary
            return self._objective(params)
        self._steps += 1
        if self._steps > _STEPS_BEFORE and len(params) not in self._recordings and not self.failure:
            self._try(params)
        if self.failure or len(params) not in self._recordings:
            return self._objective(params)
        return self._recordings[len(params)](params).clone()  # what is played back lies where the last time did

    def _try(self, params: Tensor) -> None:
        """Record a step, and see whether it is one that is played back."""
        device = params.device
        if device.type == "cuda" and device.index != torch.cuda.current_device():  # whose stream it would record
            self.failure = f"{device} is not PyTorch's current device"
            return
        try:
            with warnings.catch_warnings():
                # PyTorch tells of leaves whose stream changes: a recording has its own, and nobody can act on that.
                warnings.filterwarnings("ignore", "The AccumulateGrad node's stream", UserWarning)
                # A recording that fails may leave its own stream behind.
                with torch.cuda.stream(torch.cuda.current_stream(device)) if device.type == "cuda" else nullcontext():
                    play = self._record(self._objective, (params.detach().clone().requires_grad_(),))
                is_right = all(map(_is_near, _step(play, params), _step(self._objective, params)))
            if not is_right:
                self.failure = "what it played back was not what it had recorded"
                return
        except RuntimeError as error:
            if isinstance(error.__context__, KeyboardInterrupt):
                raise error.__context__ from None
            self.failure = next(iter(str(error).splitlines()), "no reason given")
            return
        self._recordings[len(params)] = play


def _step(objective: Objective, params: Tensor) -> tuple[Tensor, Tensor]:
    """Losses and gradients."""
    leaf = params.detach().clone().requires_grad_()
    losses = objective(leaf)
    found = losses.detach().clone()
    return found, torch.autograd.grad(losses.sum(), leaf)[0].clone()


def _is_near(found: Tensor, wanted: Tensor) -> bool:
    largest = float(wanted.nan_to_num(0.0, 0.0, 0.0).abs().max())
    return torch.allclose(found, wanted, rtol=_CLOSE, atol=_CLOSE * largest, equal_nan=True)
