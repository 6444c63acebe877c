"""A plugin's C++ as one operation of PyTorch, with its gradient."""

import ctypes
from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.dsp.own import operation
from backbeat.errors import NativeError, ParameterError, PluginError
from backbeat.native.library import check, load
from backbeat.types import Mono, Seeds


class NativeRender:
    """Renders as a plugin does, in float32 on a CPU.

    Args:
        name: of the source.
        sizes: of the plugin's parameters, by name, in order.
        sample_rate: in Hz.
        samples: length.

    Raises:
        NativeError: where it cannot be compiled here.
        PluginError: where the source is made for other parameters.
    """

    def __init__(self, name: str, sizes: Mapping[str, int], sample_rate: float, samples: int) -> None:
        library = load(name)
        library.layout.restype = ctypes.c_char_p
        made_for = library.layout().decode().split()
        if len(made_for) != 2 * len(sizes):
            raise PluginError(f"{name}: found {len(sizes)} parameters; its C++ is made for {len(made_for) // 2}")
        for (found, size), wanted, count in zip(sizes.items(), made_for[::2], made_for[1::2], strict=True):
            if found != wanted or count not in ("*", str(size)):
                raise PluginError(f"{name}: found {size} of {found}; its C++ is made for {count} of {wanted}")
        self._name, self._sizes = name, list(sizes.values())
        self._sample_rate, self._samples = sample_rate, samples

    def __call__(self, values: Float[Tensor, "batch entries"], seeds: Seeds) -> Mono:
        """Render physical values of all entries, (batch, P), with seeds (batch,) or (1,), to (batch, samples).

        Raises:
            ParameterError: where the values are not float32 on a CPU.
        """
        if (values.device.type, values.dtype) != ("cpu", torch.float32):
            raise ParameterError(f"params: found {values.dtype} on {values.device.type}; C++ renders float32 on a CPU")
        values, seeds = values.contiguous(), seeds.to("cpu", torch.int64).contiguous()
        audio: Mono = _render(values, seeds, self._name, self._sizes, self._sample_rate, self._samples)
        return audio


class _Batch(ctypes.Structure):
    """As in `source/plugin.h`."""

    _fields_ = (
        ("sample_rate", ctypes.c_double),
        ("samples", ctypes.c_int64),
        ("items", ctypes.c_int64),
        ("columns", ctypes.c_int64),
        ("seeds_apart", ctypes.c_int64),
        ("most_threads", ctypes.c_int64),
        ("controls", ctypes.c_void_p),
        ("seeds", ctypes.c_void_p),
        ("sizes", ctypes.POINTER(ctypes.c_int64)),
    )

    @classmethod
    def of(cls, controls: Tensor, seeds: Tensor, sizes: list[int], sample_rate: float, samples: int) -> "_Batch":
        items, columns = controls.shape
        apart, threads = int(len(seeds) > 1), torch.get_num_threads()
        numbers = (ctypes.c_int64 * len(sizes))(*sizes)
        return cls(sample_rate, samples, items, columns, apart, threads, controls.data_ptr(), seeds.data_ptr(), numbers)


def _audio(controls: Tensor, seeds: Tensor, name: str, sizes: list[int], sample_rate: float, samples: int) -> Tensor:
    audio = controls.new_empty(len(controls), samples)
    batch = _Batch.of(controls, seeds, sizes, sample_rate, samples)
    check(load(name).render(ctypes.byref(batch), ctypes.c_void_p(audio.data_ptr())), name)
    return audio


def _audio_shape(
    controls: Tensor, seeds: Tensor, name: str, sizes: list[int], sample_rate: float, samples: int
) -> Tensor:
    return controls.new_empty(controls.shape[0], samples)


def _slopes(
    slope: Tensor, audio: Tensor, controls: Tensor, seeds: Tensor, name: str, sizes: list[int], sample_rate: float
) -> Tensor:
    """Slopes of the controls by those of the audio."""
    found = torch.empty_like(controls)
    batch = _Batch.of(controls, seeds, sizes, sample_rate, slope.shape[-1])
    pointers = (ctypes.c_void_p(each.data_ptr()) for each in (audio, slope, found))
    check(load(name).differentiate(ctypes.byref(batch), *pointers), name)
    return found


def _slopes_shape(
    slope: Tensor, audio: Tensor, controls: Tensor, seeds: Tensor, name: str, sizes: list[int], sample_rate: float
) -> Tensor:
    return torch.empty_like(controls)


def _setup(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    controls, seeds, *ctx.rest = inputs
    ctx.save_for_backward(output, controls, seeds)


def _backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, ...]:
    name, sizes, sample_rate, _ = ctx.rest
    if torch.is_grad_enabled() and not torch.compiler.is_compiling():
        raise NativeError(f"{name}: compiled code has no second derivative; use a synth that is not compiled")
    found = _differentiate(slope.contiguous(), *ctx.saved_tensors, name, sizes, sample_rate)
    return found, None, None, None, None, None


_render = operation("native", _audio, _audio_shape, (_setup, _backward))
_differentiate = operation("native_backward", _slopes, _slopes_shape)
