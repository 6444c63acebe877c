"""The synthesizers that backbeat is measured against, from the packages their authors publish."""

import os
import warnings
from collections.abc import Callable

from torch import Tensor


def torchsynth_voice(batch: int, seconds: float, sample_rate: int, device: str) -> Callable[[], Tensor]:
    """The `Voice` of torchsynth at its first batch of random parameters, to (batch, samples).

    It renders without gradients: version 1.0.2 refuses to be built with them.

    Args:
        batch: sounds per call.
        seconds: length of each.
        sample_rate: in Hz.
        device: where, as PyTorch names it.

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
    ).to(device)
    return lambda: voice(0)[0]


def synthax_voice(batch: int, seconds: float, sample_rate: int, device: str) -> Callable[[], object]:
    """The `Voice` of SynthAX at random parameters, compiled by JAX, to (batch, samples).

    Args:
        batch: sounds per call.
        seconds: length of each.
        sample_rate: in Hz.
        device: where; JAX must have been installed for it.

    Raises:
        ModuleNotFoundError: where it is not installed.

    References:
        | SynthAX: A Fast Modular Synthesizer in JAX (Cherep, Singh, AES Convention 155, 2023)
    """
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # or JAX takes a GPU's whole memory at once
    import jax
    from synthax.config import SynthConfig
    from synthax.synth import Voice

    kind = "cpu" if device == "cpu" else "gpu"
    jax.config.update("jax_default_device", jax.devices(kind)[0])
    voice = Voice(config=SynthConfig(batch_size=batch, sample_rate=sample_rate, buffer_size_seconds=seconds))
    params = voice.init(jax.random.PRNGKey(0))
    render = jax.jit(voice.apply)
    return lambda: render(params).block_until_ready()
