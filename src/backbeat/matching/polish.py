"""Second-order polish: the parameters that make the wave itself, where a search has come near enough to it.

A spectral loss has long, narrow valleys in which a gradient creeps: two sweeps trade depth for time, an octave below
trades with drive. The squared error of the wave has a Jacobian, and so the shape of the valley is known; but it is
blind beyond half a cycle, and so comes late.

References:
    | The Levenberg-Marquardt algorithm: implementation and theory (Moré, 1978)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn.functional import pad

from backbeat.dsp.fourier import fast_length, irfft, rfft
from backbeat.matching.search import Box
from backbeat.parameters import Layout
from backbeat.types import Audio, Mono

Sound: TypeAlias = Callable[[Tensor], Audio]

MOST_PARAMS = 160
"""A Jacobian takes a render for each."""

_WHITENING = 0.25
_FLOOR = 1e-3
_THIRD_OCTAVE = 2.0 ** (1.0 / 3.0)
_SHARE_OF_STEP = 0.02
_AT_ONCE = 16
_FIRST_DAMPING, _LEAST_DAMPING = 1e-2, 1e-8
_DAMPED_MORE = 6.0
_TRIALS = 5
_LEAST_GAIN = 3e-4
_EXACT = 1e-7
_TAKEN_ON_TRIAL, _FAR = 4, 0.5
"""After so many iterations, no more are spent on what is farther than this share of the target's energy."""


@dataclass(frozen=True, eq=False)
class _Point:
    """Params, float64, their whitened wave, and its error: energy of what it misses, as a share of the target's."""

    params: Tensor
    wave: Tensor
    error: float


def polish(
    params: Tensor,
    sound: Sound,
    target: Audio,
    table: Layout,
    iterations: int,
    enough: Callable[[], bool] = lambda: False,
    held: Tensor | None = None,
) -> Tensor:
    """Params that are a local minimum of `|h * (sound(params) - target)|²`, where matches look; phases wrap around.

    The filter h raises what is quiet: its gain is the target's spectrum, smoothed over two thirds of an octave, to the
    power of -1/4. Each iteration solves `min |J d + r|² + λ |d|²` within the box, in units of the search steps, where J
    is found by finite differences, and λ falls where the linear model foretold the gain and rises where it did not.

    Args:
        params: where to start, (P,).
        sound: renders params (n, P) to (n, 1, samples), the same every time.
        target: (1, 1, samples).
        table: of the parameters.
        iterations: at most; each renders P + 1 times, and again for each step that brings nothing. Fewer where the
            wave is still far after four.
        enough: asked before each iteration whether it is time to stop.
        held: which entries of the params stay as they are, (P,); none where it is not given.
    """
    problem = _Problem(sound, target, table, held)
    best = problem.at(params.detach().cpu().double())
    damping = _FIRST_DAMPING
    for taken in range(iterations):
        if not math.isfinite(best.error) or enough() or (taken == _TAKEN_ON_TRIAL and best.error > _FAR):
            break
        better, damping = problem.step(best, damping)
        gained = best.error - better.error
        best = better
        if best.error < _EXACT or gained < _LEAST_GAIN * best.error:
            break
    return problem.box.inside(best.params).to(params)


class _Problem:
    """Least squares of the whitened wave."""

    def __init__(self, sound: Sound, target: Audio, table: Layout, held: Tensor | None) -> None:
        self._sound = sound
        self._like = target
        self._whiten = _whitening(target[0, 0])
        self._target = self._whiten(target[0, 0])
        self._energy = float(self._target.double().square().sum())
        self._pace = torch.from_numpy(table.search_steps())
        self.box = Box(table, held, self._pace)
        free = torch.ones_like(self.box.wraps) if held is None else ~held
        self._free = free.nonzero()[:, 0]

    def at(self, params: Tensor) -> _Point:
        """The point of params (P,)."""
        wave = self._whitened(params.unsqueeze(0))[0]
        return _Point(params, wave, float((wave - self._target).double().square().sum()) / self._energy)

    def step(self, point: _Point, damping: float) -> tuple[_Point, float]:
        """A better point, or the same if none is found, and the damping for the next step."""
        if not len(self._free):
            return point, damping
        gram, gradient = self._linear(point)
        scale = gram.diagonal().mean()
        if not 0.0 < float(scale) < math.inf:
            return point, damping
        lowest = torch.where(self.box.wraps, -math.inf, (self.box.low - point.params) / self._pace)
        highest = torch.where(self.box.wraps, math.inf, (self.box.high - point.params) / self._pace)
        for _ in range(_TRIALS):
            move = least_in_box(
                gram + damping * scale * torch.eye(len(gram)), gradient, lowest[self._free], highest[self._free]
            )
            tried = self.at(point.params.index_add(0, self._free, move * self._pace[self._free]))
            if tried.error < point.error:
                foretold = -float(2.0 * gradient @ move + move @ gram @ move)
                return tried, _next_damping(damping, (point.error - tried.error) / max(foretold, _EXACT**2))
            damping *= _DAMPED_MORE
        return point, damping

    def _whitened(self, rows: Tensor) -> Tensor:
        """Whitened waves of params (n, P)."""
        params = self.box.inside(rows).to(self._like)
        with torch.no_grad():
            return torch.cat([self._whiten(self._sound(some)[:, 0]) for some in torch.split(params, _AT_ONCE)])

    def _linear(self, point: _Point) -> tuple[Tensor, Tensor]:
        """`Jᵀ J` and `Jᵀ r` of the free entries, per search step, as shares of the target's energy."""
        nudge = torch.where(point.params < 0.5, 1.0, -1.0) * _SHARE_OF_STEP * self._pace
        moved = self._whitened(point.params + torch.diag(nudge)[self._free]) - point.wave
        jacobian = moved * (self._pace / nudge)[self._free].to(moved).unsqueeze(-1)
        gram, gradient = jacobian @ jacobian.T, jacobian @ (point.wave - self._target)
        return gram.double().cpu() / self._energy, gradient.double().cpu() / self._energy


def _next_damping(damping: float, agreement: float) -> float:
    """Less where the linear model foretold the gain, more where it did not."""
    if agreement > 0.7:
        return max(damping / _DAMPED_MORE, _LEAST_DAMPING)
    return 2.0 * damping if agreement < 0.3 else damping


def least_in_box(matrix: Tensor, gradient: Tensor, lowest: Tensor, highest: Tensor) -> Tensor:
    """The x in [lowest, highest] where `xᵀ A x + 2 gᵀ x` is least.

    An active set: what would leave the box is held at its side and the rest solved again; what would rather come back
    is let go, all at once, for so many rounds as there are entries.

    Args:
        matrix: A, positive definite, (P, P).
        gradient: g, (P,).
        lowest: (P,), may be -inf.
        highest: (P,), above `lowest`, may be inf.
    """
    x, held = torch.zeros_like(gradient), torch.zeros_like(gradient, dtype=torch.bool)
    for _ in range(len(gradient)):
        free = (~held).nonzero()[:, 0]
        others = gradient + matrix @ torch.where(held, x, 0.0)
        x[free] = -torch.linalg.solve(matrix[free][:, free], others[free])
        outside = (x < lowest) | (x > highest)
        x = torch.minimum(torch.maximum(x, lowest), highest)
        pull = gradient + matrix @ x
        back = held & torch.where(x <= lowest, pull < 0.0, pull > 0.0)
        if not bool((outside | back).any()):
            break
        held = (held | outside) & ~back
    return x


def _whitening(target: Mono) -> Callable[[Mono], Mono]:
    """The filter that raises what is quiet in the target, (samples,)."""
    samples = target.shape[-1]
    size = fast_length(samples + samples // 4)
    power = rfft(target, size).abs().double().square()
    bins = torch.arange(1, len(power) + 1, dtype=torch.float64, device=target.device)
    below = (bins / _THIRD_OCTAVE).floor().long().clamp(max=len(power) - 1)
    above = (bins * _THIRD_OCTAVE).ceil().long().clamp(max=len(power))
    total = pad(power.cumsum(0), (1, 0))
    # Summed in parallel, a total may fall by a rounding error.
    smooth = torch.sqrt((total[above] - total[below]).clamp(min=0.0) / (above - below))
    gain = ((smooth / smooth.max() + _FLOOR) ** -_WHITENING).to(target)
    return lambda signal: irfft(rfft(signal, size) * gain, size)[..., :samples]
