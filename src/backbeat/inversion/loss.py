"""The synth as a loss: for networks that name patches."""

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor, nn

from backbeat.errors import ParameterError
from backbeat.losses import drum_loss
from backbeat.plugins import Plugin
from backbeat.synth import Synth
from backbeat.types import Audio, Params, Seeds

AudioLoss: TypeAlias = Callable[[Audio, Audio, int], Float[Tensor, " batch"]]
"""`loss(estimate, target, sample_rate)`, one value per item."""


class SynthLoss(nn.Module):
    """How far predicted params are from a sound, heard through the synth: `w_a L(synth(p), x) + w_p mean|p - p*|`.

    It is differentiable in the params. Each item's gradient is limited in norm and freed of what is not finite, so
    that one sound on the edge of a filter does not undo a batch.

    Args:
        plugin: an instrument, or the name of one.
        audio_loss: `loss(estimate, target, sample_rate)` to (batch,); by default `backbeat.losses.drum_loss`.
        sample_rate: in Hz.
        seconds: length of the sounds.
        audio_weight: w_a; at 0, nothing is rendered.
        parameter_weight: w_p; above 0, `forward` needs the true params.
        most_gradient: limit of the norm of each item's gradient, before it is divided by the batch; none is no limit.

    Raises:
        ParameterError: where both weights are 0, or one is below.
    """

    def __init__(
        self,
        plugin: Plugin | str,
        audio_loss: AudioLoss = drum_loss,
        *,
        sample_rate: int = 44100,
        seconds: float = 1.0,
        audio_weight: float = 1.0,
        parameter_weight: float = 0.0,
        most_gradient: float | None = 10.0,
    ) -> None:
        super().__init__()
        if min(audio_weight, parameter_weight) < 0.0 or audio_weight == parameter_weight == 0.0:
            raise ParameterError(
                f"weights: found {audio_weight:g} of audio and {parameter_weight:g} of params; "
                "must be at least 0, and one of them above"
            )
        self.synth = Synth(plugin, sample_rate, seconds)
        self.audio_loss = audio_loss
        self.audio_weight, self.parameter_weight = audio_weight, parameter_weight
        self.most_gradient = most_gradient
        self._sample_rate = sample_rate

    def forward(
        self, params: Params, target: Audio, target_params: Params | None = None, *, seed: int | Seeds = 0
    ) -> Float[Tensor, ""]:
        """The loss of predicted params, a mean over the batch.

        Args:
            params: (batch, P) in [0, 1], such as `torch.sigmoid` of what a network says.
            target: (batch, 1, samples).
            target_params: (batch, P), where params count; they do place by place, so that entries of banks should stand
                in one order on both sides, such as that of `sorted_banks`.
            seed: of the noise that the sounds are rendered with.

        Raises:
            ParameterError: where a shape does not fit, or params count and there are none.
        """
        wanted = (params.shape[0], 1, self.synth.samples)
        if tuple(target.shape) != wanted:
            raise ParameterError(f"target: found shape {tuple(target.shape)}; must be {wanted}")
        if self.most_gradient is not None:
            params = _limited(params, self.most_gradient)
        loss = params.new_zeros(params.shape[0])
        if self.parameter_weight:
            if target_params is None:
                raise ParameterError("target_params: found none; must be (batch, P) where parameter_weight is above 0")
            if target_params.shape != params.shape:
                raise ParameterError(
                    f"target_params: found shape {tuple(target_params.shape)}; must be {tuple(params.shape)}"
                )
            loss = loss + self.parameter_weight * (params - target_params).abs().mean(-1)
        if self.audio_weight:
            loss = loss + self.audio_weight * self.audio_loss(self.synth(params, seed), target, self._sample_rate)
        return loss.mean()


def _limited(params: Params, most: float) -> Params:
    limited: Params = _Limited.apply(params, most)  # type: ignore[no-untyped-call]
    return limited


class _Limited(torch.autograd.Function):
    """The params themselves, whose gradient is `most` long at most, item by item and times the batch, and finite."""

    @staticmethod
    def forward(ctx: Any, params: Tensor, most: float) -> Tensor:
        ctx.most = most
        return params.view_as(params)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        gradient = torch.nan_to_num(gradient, nan=0.0, posinf=0.0, neginf=0.0)
        most = ctx.most / gradient.shape[0]
        return gradient * (most / gradient.norm(dim=-1, keepdim=True).clamp(min=most)), None
