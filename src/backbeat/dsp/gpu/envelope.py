"""Envelopes as one operation, by Triton on a GPU, and the formula that it is held against."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from backbeat.dsp.arithmetic import shared_shape
from backbeat.dsp.gpu.custom_operation import differentiable_gradients, operation
from backbeat.dsp.gpu.trial import agree, spread
from backbeat.dsp.tracing import is_watched

NUMBERS = 8
"""Of an envelope, for each item: what it rises by in a sample, until it is 1; when it begins to fall, as whole samples
and a rest; the logarithm of what it falls by in a sample; the level that it falls to; when it is released, as whole
samples and a rest; and the logarithm of what it then falls by."""
_MOVED = [0, 2, 3, 4, 6, 7]
"""Those that have a gradient: all but the whole samples."""
_TRIED = 3, 2500
"""Items and samples that kernels are tried on."""


def enveloped(numbers: Tensor, samples: int) -> Tensor:
    """`envelope_by_formula` as one operation, of which nothing is kept for the gradient but the numbers.

    Args:
        numbers: (..., NUMBERS).
        samples: length.

    Returns:
        (..., samples).
    """
    sound: Tensor = _envelope(numbers.reshape(-1, NUMBERS).contiguous(), samples)
    return sound.reshape(*numbers.shape[:-1], samples)


def envelope_by_formula(numbers: Tensor, samples: int) -> Tensor:
    """`min((n + 1) rise, 1) (low + (1 - low) exp(fall [n - hold])) exp(release [n - end])`, [x] being x or 0."""
    rise, hold, hold_rest, fall, low, end, end_rest, release = torch.split(numbers, 1, dim=-1)
    n = torch.arange(samples, device=numbers.device, dtype=numbers.dtype)
    fallen = (fall * (n - hold - hold_rest).clamp(min=0.0)).exp()
    released = (release * (n - end - end_rest).clamp(min=0.0)).exp()
    return ((n + 1.0) * rise).clamp(max=1.0) * (low + (1.0 - low) * fallen) * released


def gradients_by_formula(grad_sound: Tensor, numbers: Tensor) -> Tensor:
    """Of the numbers, written out, since autograd has no hand in what an operation does; 0 of whole samples."""
    rise, hold, hold_rest, fall, low, end, end_rest, release = torch.split(numbers, 1, dim=-1)
    n = torch.arange(grad_sound.shape[-1], device=numbers.device, dtype=numbers.dtype)
    held, ended = ((n - whole - rest).clamp(min=0.0) for whole, rest in ((hold, hold_rest), (end, end_rest)))
    fallen, released = (fall * held).exp(), (release * ended).exp()
    level, risen = low + (1.0 - low) * fallen, (n + 1.0) * rise
    outside = grad_sound * risen.clamp(max=1.0) * released
    along_fall, along_end = outside * (1.0 - low) * fallen, outside * level
    none = torch.zeros_like(low)
    parts = (
        (grad_sound * level * released * (n + 1.0) * (risen < 1.0)).sum(-1, keepdim=True),
        none,
        -fall * (along_fall * (held > 0.0)).sum(-1, keepdim=True),
        (along_fall * held).sum(-1, keepdim=True),
        (outside * (1.0 - fallen)).sum(-1, keepdim=True),
        none,
        -release * (along_end * (ended > 0.0)).sum(-1, keepdim=True),
        (along_end * ended).sum(-1, keepdim=True),
    )
    return torch.cat(parts, dim=-1)


def together(*controls: Tensor) -> Tensor:
    """Numbers, (..., 1) or (1,), as those of envelopes, (..., NUMBERS)."""
    lead = shared_shape(*(each.shape[:-1] for each in controls))
    return torch.cat([each.expand(*lead, 1) for each in controls], dim=-1)


def _sound(numbers: Tensor, samples: int) -> Tensor:
    if not _kernels_work(numbers.device):
        return envelope_by_formula(numbers, samples)
    from backbeat.dsp.gpu import envelope_kernels

    return envelope_kernels.render(numbers, samples)


def _sound_shape(numbers: Tensor, samples: int) -> Tensor:
    return numbers.new_empty(numbers.shape[0], samples)


def _gradients(grad_sound: Tensor, numbers: Tensor) -> Tensor:
    if not _kernels_work(numbers.device):
        return gradients_by_formula(grad_sound, numbers)
    from backbeat.dsp.gpu import envelope_kernels

    return envelope_kernels.differentiate(grad_sound, numbers)


def _gradients_shape(grad_sound: Tensor, numbers: Tensor) -> Tensor:
    return torch.empty_like(numbers)


@lru_cache(maxsize=8)
def _kernels_work(device: torch.device) -> bool:
    items, samples = _TRIED
    scales = torch.tensor([0.1, 900.0, 1.0, -0.01, 1.0, 2000.0, 1.0, -0.01], device=device)
    numbers, grad_sound = spread(device, items, NUMBERS) * scales, spread(device, items, samples) - 0.4

    def by_kernels() -> list[Tensor]:
        from backbeat.dsp.gpu import envelope_kernels

        found = envelope_kernels.differentiate(grad_sound, numbers)
        return [envelope_kernels.render(numbers, samples), *found[:, _MOVED].unbind(-1)]

    def by_formula() -> list[Tensor]:
        found = gradients_by_formula(grad_sound, numbers)
        return [envelope_by_formula(numbers, samples), *found[:, _MOVED].unbind(-1)]

    return agree("envelopes", device, by_kernels, by_formula)


def _setup(ctx: Any, inputs: tuple[Tensor, int], output: Tensor) -> None:
    ctx.save_for_backward(inputs[0])


def _backward(ctx: Any, grad_sound: Tensor) -> tuple[Tensor | None, None]:
    (numbers,) = ctx.saved_tensors
    if torch.is_grad_enabled() and not is_watched():  # the gradient is to have one itself
        again = envelope_by_formula(numbers, grad_sound.shape[-1])
        return differentiable_gradients(again, (numbers,), grad_sound)[0], None
    return _envelope_backward(grad_sound.contiguous(), numbers), None


_envelope = operation("envelope", _sound, _sound_shape, (_setup, _backward))
_envelope_backward = operation("envelope_backward", _gradients, _gradients_shape)
