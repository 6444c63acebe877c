"""Where sound is rendered: sample rate, number of samples, one noise seed per batch item."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backbeat.dsp.tape import Control, Tape
from backbeat.errors import RecordingError

if TYPE_CHECKING:
    import torch
    from torch import Tensor

BLOCK = 64
"""Samples between the points at which levels that are straight lines between are computed."""


@dataclass(frozen=True)
class Grid:
    """The time axis of a batch.

    Attributes:
        sample_rate: in Hz.
        samples: rendered per item.
        seeds: of the noise, (batch,) integers, or (1,): one for all, whose noise is made once.
        dtype: of everything rendered on this grid; none is float32.
    """

    sample_rate: Any
    samples: int
    seeds: Tensor
    dtype: torch.dtype | None = None

    def __post_init__(self) -> None:
        if self.dtype is None:
            import torch

            object.__setattr__(self, "dtype", torch.float32)

    @property
    def device(self) -> torch.device:
        """The device of the seeds, and so of everything rendered on this grid."""
        return self.seeds.device

    @property
    def precision(self) -> torch.dtype:
        """The dtype."""
        assert self.dtype is not None
        return self.dtype

    @property
    def tick_s(self) -> float:
        """Time from one sample to the next, in seconds."""
        return 1.0 / float(self.sample_rate)

    @property
    def nyquist_hz(self) -> Any:
        """Half the sample rate, in Hz."""
        return 0.5 * self.sample_rate

    def constant(self, *values: float) -> Any:
        """Numbers as a control of as many entries."""
        return self.seeds.new_tensor(values, dtype=self.dtype)

    def times_s(self) -> Tensor:
        """Time of each sample, (samples,), in seconds, float64."""
        import torch

        return torch.arange(self.samples, device=self.device, dtype=torch.float64) / self.sample_rate

    def control_times_s(self) -> Tensor:
        """Time of every 64th sample, the end included, (points,), in seconds, float64."""
        import torch

        points = -(-self.samples // BLOCK) + 1
        return torch.arange(points, device=self.device, dtype=torch.float64) * (BLOCK / self.sample_rate)

    def between(self, levels: Tensor) -> Tensor:
        """Straight lines between levels at the control times, (..., points), to (..., samples)."""
        import torch

        rise = torch.arange(BLOCK, device=self.device, dtype=levels.dtype) / BLOCK
        first, step = levels[..., :-1].unsqueeze(-1), levels.diff(dim=-1).unsqueeze(-1)
        return (first + step * rise).flatten(-2)[..., : self.samples]


class RecordingGrid:
    """The grid of a chain that is recorded: its sample rate is a control, and not a number."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    @property
    def sample_rate(self) -> Control:
        """In Hz."""
        return self.tape.control("sample_rate")

    @property
    def nyquist_hz(self) -> Control:
        """Half the sample rate, in Hz."""
        half: Control = 0.5 * self.sample_rate
        return half

    def constant(self, *values: float) -> Control:
        """Numbers as a control of as many entries."""
        return self.tape.constant(*values)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise RecordingError(
            f"recording: found grid.{name}, which is not known yet; a signal chain has no sample counts"
        )
