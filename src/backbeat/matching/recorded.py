"""A search step that a GPU plays back from a recording.

A step is some thousands of small operations, each of which takes longer to ask for than a GPU takes to do it. Once
recorded, as a CUDA graph, they are asked for all at once.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from backbeat.matching.search import Objective

_STEPS_BEFORE = 6
"""Steps taken first, which leave behind what is made once (compiled kernels, plans, constants), and are all that a
plugin gets that is only tried."""


class Recorded:
    """An objective whose losses and slopes are recorded, and played back for as long as the number of starts stays.

    Args:
        objective: all on one GPU, with nothing on its way that the CPU has to know.
        record: of PyTorch's signature.
    """

    def __init__(self, objective: Objective, record: Callable[..., Any] = torch.cuda.make_graphed_callables) -> None:
        self._objective, self._record = objective, record
        self._starts, self._steps = 0, 0
        self._play: Objective | None = None
        self.failure = ""
        """Why recording did not work, where it did not: all is then done step by step."""

    def __call__(self, params: Tensor) -> Tensor:
        """Losses (starts,) of params (starts, P)."""
        if not params.requires_grad:  # of candidates, whose numbers vary
            return self._objective(params)
        if len(params) != self._starts:
            self._starts, self._play = len(params), None
        self._steps += 1
        if self._steps > _STEPS_BEFORE and self._play is None and not self.failure:
            self._play = self._recording(params)
        if self._play is None:
            return self._objective(params)
        return self._play(params).clone()  # what is played back lies where the last time did

    def _recording(self, params: Tensor) -> Objective | None:
        try:
            play: Objective = self._record(self._objective, (params.detach().clone().requires_grad_(),))
        except RuntimeError as error:
            self.failure = next(iter(str(error).splitlines()), "no reason given")
            return None
        return play
