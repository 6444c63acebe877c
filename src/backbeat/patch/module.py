"""A patch as the weights of a network: params that an optimiser moves, and that save as a patch."""

import torch
from torch import nn

from backbeat.patch.document import Patch, from_params
from backbeat.synth import Synth
from backbeat.types import Audio


class LearnablePatch(nn.Module):
    """One patch whose params are weights.

    Its `state_dict` holds `params`, (P,), rendered as if clipped to [0, 1], and `seed`.

    Args:
        patch: where to start.
        sample_rate: in Hz.
        seconds: length of what it renders.
    """

    def __init__(self, patch: Patch, sample_rate: float = 44100.0, seconds: float = 1.0) -> None:
        super().__init__()
        self.synth = Synth(patch.instrument, sample_rate, seconds)
        self.params = nn.Parameter(patch.params().to(torch.float32))
        self.seed: torch.Tensor
        self.register_buffer("seed", torch.tensor([patch.seed], dtype=torch.int64))

    def forward(self) -> Audio:
        """Render the patch as it stands, (1, 1, samples)."""
        # Clamped in value alone: a step past an end must find its way back.
        inside = self.params + (self.params.clamp(0.0, 1.0) - self.params).detach()
        return self.synth(inside.unsqueeze(0), self.seed)

    def to_patch(self, name: str = "") -> Patch:
        """The patch as it stands, under a name of its own."""
        params = self.params.detach().double().cpu().clamp(0.0, 1.0)
        return from_params(self.synth.plugin, params, name=name, seed=int(self.seed))
