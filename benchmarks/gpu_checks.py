"""Whether a GPU renders what a CPU does: kernels against formulas, CUDA against CPU, and what might change a sample.

Parts of `gpu.py`: each yields lines to print, with their figures.
"""

import math
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial

import torch
from torch import Tensor

from backbeat import dsp, patch, plugins
from backbeat.dsp import Grid
from gpu import PLUGINS, Figures, Setting
from rendering import COMPILED, ENGINE, FORMULA, Rendering

RATE, SEED = 44_100, 3
NO_GPU = "skipped: no GPU", {"skipped": "no GPU"}


def kernels(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """Each Triton kernel against its formula in float64: the greatest error, as a share of the largest value."""
    if setting.device == "cpu":
        yield NO_GPU
        return
    from backbeat.dsp.gpu import (
        blending,
        clipping,
        comb,
        envelope,
        filtering,
        frames_kernels,
        ringing,
        ringing_kernels,
        squares,
    )
    from backbeat.dsp.gpu.frames import Frames
    from backbeat.dsp.grid import BLOCK

    device = torch.device(setting.device)
    for module, name in (
        (ringing, "modes"),
        (filtering, "filters"),
        (blending, "noise in bands"),
        (envelope, "envelopes"),
        (clipping, "soft clips"),
        (squares, "squares"),
        (comb, "combs"),
    ):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            works = module._kernels_work(device)
        reason = "; ".join(str(each.message) for each in said)
        yield f"{name}: kernels are {'used' if works else f'not used: {reason}'}", {"kernel": name, "used": works}
    names = ("sound", "grad_per_second", "grad_start", "grad_level", "grad_decay", "grad_shift", "grad_shift_progress")
    for items, modes, blocks, rows in ((2, 3, 65, 1), (2, 3, 65, 2), (64, 12, 690, 2), (4, 128, 690, 1)):
        made = _random(device, (items, modes, 1), (items, blocks, modes), (items, blocks, rows, modes))
        made += _random(device, (items, modes, BLOCK), (items, blocks, 1), (items, 1, BLOCK), seed=1)
        tables = (800.0 * made[0], *made[1:4], 0.01 * made[4], made[5])
        (gradient,) = _random(device, (items, blocks, BLOCK), seed=2)
        gradient -= 0.5
        found = ringing_kernels.render(tables, 1.0 / RATE), *ringing_kernels.differentiate(gradient, tables, 1.0 / RATE)
        exact = tuple(each.double() for each in tables)
        wanted = ringing.ringing_mode_by_mode(exact, 1.0 / RATE)
        gradients = ringing.gradients_mode_by_mode(gradient.double(), exact, 1.0 / RATE)
        yield _errors(f"modes {items} × {modes} × {blocks} × {rows}", names, found, (wanted, *gradients))
    for items, samples, taps in ((2, 3000, 301), (64, 44_800, 1015), (3, 1, 101), (2, 12_345, 3)):
        frames = Frames.of(samples, taps)
        (signal,) = _random(device, (items, samples))
        (pairs,) = _random(device, (items, frames.pairs, frames.length, 2), seed=1)
        pairs = torch.view_as_complex(pairs)
        copied = [frames_kernels.lay(frames, signal, middles=each) for each in (False, True)]
        copied += [frames_kernels.join(frames, pairs, added=each) for each in (False, True)]
        formula = [frames.lay(signal, middles=each) for each in (False, True)]
        formula += [frames.join(pairs, added=each) for each in (False, True)]
        laid = ("lay", "lay middles", "join", "join added")
        yield _errors(f"frames {items} × {samples}, {taps} taps", laid, copied, formula)
    yield from _operations(device)


def _operations(device: torch.device) -> Iterator[tuple[str, Figures]]:
    """Operations that have a kernel, as anyone calls them, with their gradients, against float64."""
    for items, samples in ((2, 300), (64, 44_100)):
        signal, weights, *edges = _random(device, (items, samples), (items, 3), *[(items, 1)] * 3)
        given = {"signal": signal - 0.5, "weights": weights, "cutoff_hz": 200.0 + 4000.0 * edges[0]}
        given |= {"low_hz": 100.0 + 300.0 * edges[1], "high_hz": 600.0 + 3000.0 * edges[2]}
        yield _operation(f"fir {items} × {samples}", partial(dsp.fir, seconds=0.023), samples, given)
    for items, modes, samples in ((2, 3, 2100), (16, 12, 44_100)):
        scales = {"frequency_hz": 3000.0, "t60_s": 1.0, "gain": 1.0 / modes, "start_cycles": 1.0}
        made = _random(device, *[(items, modes)] * 4, (items, 1), (items, 1))
        given = {name: scale * each + 0.02 for (name, scale), each in zip(scales.items(), made, strict=False)}
        yield _operation(f"modal {items} × {modes} × {samples}", dsp.modal, samples, given)
        given |= {"sweep_st": 20.0 * made[4] - 4.0, "sweep_s": 0.01 + 0.2 * made[5]}
        yield _operation(f"swept_modal {items} × {modes} × {samples}", dsp.swept_modal, samples, given)
        swept = {"pitch_hz": 40.0 + 100.0 * made[4], "ratio": 1.0 + 3.0 * made[0], "gain": made[2] / modes}
        swept |= {"start_cycles": made[3], "sweep_st": 30.0 * made[4], "sweep_s": 0.01 + 0.2 * made[5]}
        yield _operation(f"sines {items} × {modes} × {samples}", dsp.sines, samples, swept)
        bands = {"gain": made[2], "t60_s": made[1] + 0.02, "shape": 0.5 + made[0], "attack_s": 0.01 * made[4]}
        yield _operation(
            f"noise_bands {items} × {modes} × {samples}", partial(dsp.noise_bands, stream=0), samples, bands
        )
    for items, samples in ((2, 2100), (16, 44_100)):
        signal, *made = _random(device, (items, samples), *[(items, 1)] * 4)
        given = {"signal": signal - 0.5, "frequency_hz": 40.0 + 900.0 * made[0], "feedback": 0.95 * made[1]}
        given |= {"low_hz": 10.0 + 100.0 * made[2], "high_hz": 1000.0 + 9000.0 * made[3]}
        yield _operation(f"comb {items} × {samples}", dsp.comb, samples, given)
    for items, squares, samples in ((2, 3, 2100), (16, 6, 44_100)):
        made = _random(device, *[(items, squares)] * 3)
        given = {"frequency_hz": 200.0 + 6000.0 * made[0], "gain": made[1] / squares, "start_cycles": made[2]}
        yield _operation(f"squares {items} × {squares} × {samples}", dsp.squares, samples, given)


def _operation(
    label: str, operation: Callable[..., Tensor], samples: int, given: Mapping[str, Tensor]
) -> tuple[str, Figures]:
    results = []
    for dtype in (torch.float32, torch.float64):
        leaves = {name: each.to(dtype).requires_grad_() for name, each in given.items()}
        device = next(iter(leaves.values())).device
        sound = operation(Grid(RATE, samples, torch.zeros(1, dtype=torch.int64, device=device), dtype), **leaves)
        (gradient,) = _random(device, tuple(sound.shape), seed=3)
        results.append((sound, *torch.autograd.grad(sound, list(leaves.values()), (gradient - 0.5).to(dtype))))
    return _errors(label, ("sound", *given), *results)


def _errors(label: str, names: Iterable[str], found: Iterable[Tensor], wanted: Iterable[Tensor]) -> tuple[str, Figures]:
    shares = {
        name: float((ours - theirs).detach().abs().max() / theirs.detach().abs().max())
        for name, ours, theirs in zip(names, found, wanted, strict=True)
    }
    return f"{label}: " + ", ".join(f"{name} {share:.1e}" for name, share in shares.items()), {
        "case": label,
        "greatest_error_as_share": shares,
    }


def difference(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """Noise bit by bit; then each plugin by its formula, on the device against the CPU."""
    seeds = torch.arange(4)
    here, there = (
        dsp.noise(Grid(RATE, RATE, seeds.to(device), torch.float32), stream=0).cpu()
        for device in ("cpu", setting.device)
    )
    equal = torch.equal(here, there)
    yield f"noise: {'equal' if equal else 'differs'}", {"case": "noise", "equal": equal}
    for name in PLUGINS:
        yield difference_of(name, setting, FORMULA)


def difference_of(name: str, setting: Setting, code: str) -> tuple[str, Figures]:
    """A plugin on the device, against the engine, against the formula in float64 on the CPU, and against itself."""
    params = random_patches(name, 4 if setting.quick else 16)
    engine, synth = synth_of(name, setting, ENGINE), synth_of(name, setting, code)
    exact, wanted = (_sound_and_gradient(engine, each) for each in (params.double(), params))
    on_device = params.to(setting.device)
    found = [each.cpu() for each in _sound_and_gradient(synth, on_device)]
    with torch.no_grad():
        again, places, alone = (synth(rows, SEED).cpu() for rows in (on_device, on_device.flip(0), on_device[-1:]))
    figures = {
        "from_cpu_db": difference_db(found[0], wanted[0]),
        "from_float64_db": difference_db(found[0], exact[0]),
        "cpu_from_float64_db": difference_db(wanted[0], exact[0]),
        "gradient_error": gradient_error(found[1], exact[1]),
        "cpu_gradient_error": gradient_error(wanted[1], exact[1]),
        "again_db": difference_db(again, found[0]),
        "other_places_db": difference_db(places.flip(0), again),
        "alone_db": difference_db(alone, again[-1:]),
    }
    return f"{name}, {code}: " + _said(figures), {"plugin": name, "code": code, **figures}


def precision(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """Whether TF32, autocast or another stream changes a sample of each plugin, by its formula."""
    for name in PLUGINS:
        yield from precision_of(name, setting, FORMULA)


def precision_of(name: str, setting: Setting, code: str) -> Iterator[tuple[str, Figures]]:
    """What each of `_WAYS` changes in a plugin's samples."""
    if setting.device == "cpu":
        yield f"{name}, {code}, precision: {NO_GPU[0]}", NO_GPU[1]
        return
    params = random_patches(name, 4 if setting.quick else 64).to(setting.device)
    synth = synth_of(name, setting, code)
    with torch.no_grad():
        plain = synth(params, SEED)
        for way, context in _WAYS.items():
            with context():
                found = synth(params, SEED)
            torch.accelerator.synchronize()
            apart = difference_db(found, plain)
            figures = {"plugin": name, "code": code, "way": way, "difference_db": apart}
            yield f"{name}, {code}, {way}: {_decibels(apart)}", figures


@contextmanager
def _tf32() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    torch.backends.cudnn.allow_tf32 = True
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


@contextmanager
def _other_stream() -> Iterator[None]:
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        yield
    torch.cuda.current_stream().wait_stream(stream)


_WAYS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "again": nullcontext,
    "second stream": _other_stream,
    "autocast float16": lambda: torch.autocast("cuda", torch.float16),
    "TF32": _tf32,
}


def compile_plugin(name: str, setting: Setting) -> tuple[str, Figures]:
    """Compile a plugin's formula for the device, in this process, and say how long it took."""
    params, synth, began = random_patches(name, 4), synth_of(name, setting, COMPILED), time.perf_counter()
    with torch.no_grad():
        synth(params.to(setting.device), SEED)
    forward_s = time.perf_counter() - began
    _sound_and_gradient(synth, params.to(setting.device))
    both_s = time.perf_counter() - began - forward_s
    line = f"{name}, compiled in {forward_s:.0f} s, and again with its gradient in {both_s:.0f} s"
    return line, {"plugin": name, "compile_forward_s": forward_s, "compile_both_s": both_s}


@lru_cache
def synth_of(name: str, setting: Setting, code: str) -> Rendering:
    """A plugin at the length that is measured: one of each, since each would be compiled again."""
    return Rendering(name, code, RATE, 0.1 if setting.quick else 1.0)


def random_patches(name: str, count: int) -> Tensor:
    """Params (count, P) in the musical ranges, the same in every run."""
    plugin = plugins.get(name)
    rows = [plugin.table.normalise(patch.randomise(plugin, seed).values) for seed in range(count)]
    return torch.stack(rows).float()


def difference_db(first: Tensor, second: Tensor) -> float | None:
    """The greatest difference of two samples, in dB of full scale; none where every bit is the same."""
    if first.dtype == second.dtype and torch.equal(first, second):
        return None
    greatest = float((first.double() - second.double()).abs().max())
    return 20.0 * math.log10(greatest) if greatest > 0.0 else None


def gradient_error(found: Tensor, exact: Tensor) -> float:
    """The norm of a gradient's error as a share of the gradient's norm: the median over the batch."""
    error = (found.double() - exact.double()).norm(dim=-1) / exact.double().norm(dim=-1)
    return float(error.median())


def _sound_and_gradient(synth: Rendering, params: Tensor) -> tuple[Tensor, Tensor]:
    """Audio, and the gradient of the params for a given gradient of the samples."""
    leaf = params.clone().requires_grad_()
    audio = synth(leaf, SEED)
    given = torch.randn(audio.shape, generator=torch.Generator().manual_seed(1)).to(audio)
    return audio.detach(), torch.autograd.grad(audio, leaf, given)[0]


def _random(device: torch.device, *shapes: tuple[int, ...], seed: int = 0) -> list[Tensor]:
    """Values from 0 to 1 that float32 has."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(shape, generator=generator).to(device) for shape in shapes]


def _said(figures: Mapping[str, float | None]) -> str:
    return ", ".join(
        f"{name.removesuffix('_db').replace('_', ' ')} {_decibels(value) if name.endswith('_db') else f'{value:.1e}'}"
        for name, value in figures.items()
    )


def _decibels(value: float | None) -> str:
    return "equal" if value is None else f"{value:.0f} dBFS"
