"""How fast a GPU renders and matches, beside its own limit, a CPU, and the peers.

Parts of `gpu.py`: each yields lines to print, with their figures.
"""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import backbeat
from backbeat import Placement
from backbeat.errors import RenderError
from backbeat.memory import is_out_of_memory
from gpu import PLUGINS, Figures, Setting
from gpu_checks import NO_GPU, RATE, SEED, difference_of, precision_of, synth_of
from machine import describe_machine
from peers import synthax_voice, torchsynth_voice
from rendering import COMPILED, FORMULA, Rendering

_BATCHES, _QUICK_BATCHES = (64, 1024, 4096, 16_384), (2, 4)
_PEERS = {"torchsynth": torchsynth_voice, "synthax": synthax_voice}
_TIMED_S, _FEWEST, _MOST = 0.3, 3, 50
"""How long a case is timed, and how often at least and at most."""
_COPIED_BYTES = 1 << 31
_PRESETS = "kick/909", "drum/snare", "drum/hat-closed"
_LONGEST_KERNELS = 10
_DOES_NOT_FIT = "does not fit into memory"


def device(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """What it runs on, and how fast that copies: no kernel moves its bytes faster."""
    machine = describe_machine()
    if setting.device != "cpu":
        properties = torch.cuda.get_device_properties(setting.device)
        machine |= {
            "gpu": properties.name,
            "gpu_gb": round(properties.total_memory / 1e9, 1),
            "multiprocessors": properties.multi_processor_count,
            "cuda": torch.version.cuda,
            "driver": _driver(),
        }
    for package in ("numpy", "triton", "jax"):
        machine[package] = _version(package)
    yield ", ".join(f"{name} {value}" for name, value in machine.items()), {"machine": machine}
    rate = bandwidth(setting)
    yield f"a copy moves {rate / 1e9:.0f} GB/s, read and written", {"copy_bytes_per_s": rate}


def bandwidth(setting: Setting) -> float:
    """Bytes a second that a copy reads and writes."""
    source = torch.rand((_COPIED_BYTES if setting.device != "cpu" else 1 << 26) // 4, device=setting.device)
    target = torch.empty_like(source)
    return 2.0 * source.nbytes / min(_times_s(lambda: target.copy_(source), setting.device))


def speed(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """The plugins by their formulas, batch by batch."""
    for plugin in PLUGINS:
        yield from _speeds(plugin, setting, FORMULA)


def peers(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """The peers, batch by batch, where they can be imported."""
    for name, make in _PEERS.items():
        if find_spec(name) is None:
            yield f"{name}: not installed", {"name": name, "skipped": "not installed"}
            continue
        for batch in _batches(setting)[1::2]:
            try:
                render = make(batch, _seconds(setting), RATE, setting.device)
                yield _case(setting, name, "", "forward", batch, render)
            except Exception as error:  # whatever a library may raise: the others are measured all the same
                yield f"{name}, {batch}: {_reason(error)}", {"name": name, "batch": batch, "failed": _reason(error)}
                break


def compiled(name: str, setting: Setting) -> Iterator[tuple[str, Figures]]:
    """A plugin in compiled code: how far from a CPU's, how fast, batch by batch, where, and what changes a sample."""
    yield difference_of(name, setting, COMPILED)
    yield from _speeds(name, setting, COMPILED)
    yield from _profile(name, setting, COMPILED)
    yield from precision_of(name, setting, COMPILED)


def _speeds(name: str, setting: Setting, code: str) -> Iterator[tuple[str, Figures]]:
    synth = synth_of(name, setting, code)
    for batch in _batches(setting):
        for mode, make in _MODES.items():
            try:
                yield _case(setting, name, code, mode, batch, make(synth, batch, setting.device))
            except (RuntimeError, RenderError) as error:
                if not is_out_of_memory(error):
                    raise
                figures = {"name": name, "code": code, "mode": mode, "batch": batch, "failed": _DOES_NOT_FIT}
                yield f"{batch:6} {name:11}{code:9} {mode:19} {_DOES_NOT_FIT}", figures


def _forward(synth: Rendering, batch: int, where: str) -> Callable[[], object]:
    params = _params(synth, batch, where)

    def run() -> Tensor:
        with torch.no_grad():
            return synth(params, SEED)

    return run


def _forward_and_backward(synth: Rendering, batch: int, where: str) -> Callable[[], object]:
    params = _params(synth, batch, where)
    given = torch.randn(batch, 1, synth.samples, device=where)

    def run() -> Tensor:
        leaf = params.clone().requires_grad_()
        return torch.autograd.grad(synth(leaf, SEED), leaf, given)[0]

    return run


_MODES = {"forward": _forward, "forward + backward": _forward_and_backward}


def _params(synth: Rendering, batch: int, where: str) -> Tensor:
    return torch.rand(batch, synth.num_params, generator=torch.Generator().manual_seed(0)).to(where)


def _case(
    setting: Setting, name: str, code: str, mode: str, batch: int, run: Callable[[], object]
) -> tuple[str, Figures]:
    on_gpu = setting.device != "cpu"
    if on_gpu:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    times_s = _times_s(run, setting.device)
    median_s = statistics.median(times_s)
    real_time = batch * _seconds(setting) / median_s
    peak_gb = torch.cuda.max_memory_allocated() / 1e9 if on_gpu else None
    figures = {
        "name": name,
        "code": code,
        "mode": mode,
        "batch": batch,
        "median_ms": 1e3 * median_s,
        "fastest_ms": 1e3 * min(times_s),
        "times_real_time": real_time,
        "peak_gb": peak_gb,
    }
    memory = "" if peak_gb is None else f", {peak_gb:.1f} GB"
    return f"{batch:6} {name:11}{code:9} {mode:19} {1e3 * median_s:9.2f} ms {real_time:11,.0f} ×{memory}", figures


def match(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """`normal` matches of sounds that it renders itself, on the device and on the CPU."""
    quality = "draft" if setting.quick else "normal"
    sounds = {}
    for name in _PRESETS:
        made_by = backbeat.preset(name)
        sounds[name] = made_by.render(Placement(RATE, RATE // 8) if setting.quick else made_by.natural_placement())
    rounds = [("cpu", "")]
    if setting.device != "cpu":
        rounds = [(setting.device, "with all that is made once"), (setting.device, ""), *rounds]
    for where, round_name in rounds:
        for name, sound in list(sounds.items())[: 1 if round_name else None]:
            began = time.perf_counter()
            found = backbeat.match(sound, sample_rate=RATE, seed=7, quality=quality, device=where)
            took_s = time.perf_counter() - began
            yield (
                (
                    f"{name} on {where}{round_name and f', {round_name}'}: {took_s:.2f} s ({_timings(found.timings)}), "
                    f"mel {found.distances.mel_db:.2f} dB, {found.patch.plugin}; {'; '.join(found.notes)}"
                ),
                {
                    "sound": name,
                    "device": where,
                    "round": round_name,
                    "seconds": took_s,
                    "timings": dict(found.timings),
                    "mel_db": found.distances.mel_db,
                    "mrstft": found.distances.mrstft,
                    "envelope_db": found.distances.envelope_db,
                    "plugin": found.patch.plugin,
                    "notes": list(found.notes),
                },
            )


def profile(setting: Setting) -> Iterator[tuple[str, Figures]]:
    """`_profile` of the kick by its formula."""
    yield from _profile("kick", setting, FORMULA)


def _profile(name: str, setting: Setting, code: str) -> Iterator[tuple[str, Figures]]:
    """The longest kernels of the largest batch, the bytes that operations move, and the share of the limit.

    Bytes are those of the tensors that each operation of PyTorch takes and gives, once each: of compiled code, which is
    fused below that, they are not known.
    """
    if setting.device == "cpu":
        yield f"{name}, {code}, profile: {NO_GPU[0]}", NO_GPU[1]
        return
    limit = bandwidth(setting)
    synth = synth_of(name, setting, code)
    for mode, make in _MODES.items():
        batch, run = _largest(setting, synth, make)
        yield from _kernels(f"{name} {code} {mode}, {batch}", run, limit, counted=code == FORMULA)


def _largest(
    setting: Setting, synth: Rendering, make: Callable[[Rendering, int, str], Callable[[], object]]
) -> tuple[int, Callable[[], object]]:
    """The largest batch that fits, run once."""
    for batch in reversed(_batches(setting)):
        try:
            run = make(synth, batch, setting.device)
            run()
        except (RuntimeError, RenderError) as error:
            if not is_out_of_memory(error):
                raise
            torch.cuda.empty_cache()
        else:
            return batch, run
    raise RuntimeError("not even the smallest batch fits")


def _kernels(label: str, run: Callable[[], object], limit: float, *, counted: bool) -> Iterator[tuple[str, Figures]]:
    from torch.profiler import ProfilerActivity

    seconds = min(_times_s(run, "cuda"))
    with torch.profiler.profile(activities=[ProfilerActivity.CUDA, ProfilerActivity.CPU]) as profiled:
        run()
        torch.cuda.synchronize()
    spent_us: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for event in profiled.events():
        if event.device_type.name == "CUDA":
            spent_us[event.name] += event.time_range.elapsed_us()
            calls[event.name] += 1
    busy_s = 1e-6 * spent_us.total()
    figures: dict[str, object] = {"case": label, "ms": 1e3 * seconds, "kernels_ms": 1e3 * busy_s}
    line = f"{label}: {1e3 * seconds:.2f} ms, of which kernels {1e3 * busy_s:.2f} ms in {calls.total()} launches"
    if counted:
        with _Bytes() as moved:
            run()
        figures |= {"bytes": moved.total, "share_of_copy_bandwidth": moved.total / seconds / limit}
        line += f"; {moved.total / 1e9:.1f} GB moved, {moved.total / seconds / limit:.0%} of a copy's bandwidth"
        figures["bytes_by_operation"] = dict(moved.by_operation.most_common(_LONGEST_KERNELS))
    yield line, figures
    for name, taken_us in spent_us.most_common(_LONGEST_KERNELS):
        share = 1e-6 * taken_us / busy_s
        yield f"  {share:4.0%} {1e-3 * taken_us:8.2f} ms {calls[name]:4} × {name[:110]}", {
            "case": label, "kernel": name, "ms": 1e-3 * taken_us, "calls": calls[name], "share": share
        }  # fmt: skip


class _Bytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of the tensors that operations take and give; views move nothing."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.by_operation: Counter[str] = Counter()

    @property
    def total(self) -> int:
        return self.by_operation.total()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        taken = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor) and each.is_cuda]
        given = [each for each in tree_leaves(result) if isinstance(each, Tensor) and each.is_cuda]
        held = {each.untyped_storage().data_ptr() for each in taken}
        is_view = given and all(each.untyped_storage().data_ptr() in held for each in given)
        if given and not (is_view and not func._schema.is_mutable):
            self.by_operation[str(func)] += sum(_bytes(each) for each in (*taken, *given))
        return result


def _bytes(values: Tensor) -> int:
    """Bytes that lie behind a tensor: what is broadcast counts once."""
    return min(values.numel() * values.element_size(), values.untyped_storage().nbytes())


def _times_s(run: Callable[[], object], where: str) -> list[float]:
    """Seconds of each call, after two that are not counted."""
    taken: list[float] = []
    for count in range(2 + _MOST):
        began = time.perf_counter()
        run()
        if where != "cpu":
            torch.cuda.synchronize()
        if count >= 2:
            taken.append(time.perf_counter() - began)
            if len(taken) >= _FEWEST and sum(taken) > _TIMED_S:
                break
    return taken


def _batches(setting: Setting) -> tuple[int, ...]:
    return _QUICK_BATCHES if setting.quick else _BATCHES


def _seconds(setting: Setting) -> float:
    return 0.1 if setting.quick else 1.0


def _timings(timings: Any) -> str:
    return ", ".join(f"{name} {seconds:.2f}" for name, seconds in timings.items())


def _reason(error: Exception) -> str:
    said = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {said}"


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _driver() -> str:
    import subprocess

    try:
        command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10.0).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"
