"""The synthesizers that backbeat is measured against, from the packages their authors publish."""

import warnings
from collections.abc import Callable

from torch import Tensor


def torchsynth_voice(batch: int, seconds: float, sample_rate: int) -> Callable[[], Tensor]:
    """The `Voice` of torchsynth at its first batch of random parameters, to (batch, samples).

    It renders without gradients: version 1.0.2 refuses to be built with them.

    Args:
        batch: sounds per call.
        seconds: length of each.
        sample_rate: in Hz.

    Raises:
        ModuleNotFoundError: where it is not installed.

    References:
        | One Billion Audio Sounds from GPU-enabled Modular Synthesis (Turian et al., DAFx 2021)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of 2022's packages about each other
        from torchsynth.config import SynthConfig
        from torchsynth.synth import Voice
    voice = Voice(
        SynthConfig(batch_size=batch, sample_rate=sample_rate, buffer_size_seconds=seconds, reproducible=False)
    )
    return lambda: voice(0)[0]
