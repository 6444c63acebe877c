"""What is written in Triton, run by Triton's interpreter on a CPU, against the formulas.

`test_kernels.py` runs this in a process of its own, in which Triton interprets.
"""

import sys

import pytest
import torch
from torch import Tensor

from backbeat import dsp, plugins
from backbeat.dsp import Grid
from backbeat.dsp.gpu import filtering, frames_kernels, ringing, ringing_kernels
from backbeat.synth import render

RATE, FLOAT32 = 44100.0, torch.float32


@pytest.fixture
def on_gpu(monkeypatch) -> None:
    """Have float32 on the CPU take what is for a GPU."""
    for module in ("modal", "filters.fir"):  # whose names in `dsp` are their functions'
        monkeypatch.setattr(sys.modules[f"backbeat.dsp.{module}"], "takes_gpu_kernels", lambda x: x.dtype == FLOAT32)


@pytest.fixture
def interpreted(monkeypatch, on_gpu) -> None:
    """And the kernels, tried or not."""
    for module in (filtering, ringing):
        monkeypatch.setattr(module, "_kernels_work", lambda device: True)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def bank(modes: int, shaped: bool) -> dict[str, Tensor]:
    """Controls of two items, in numbers that float32 has."""
    controls = {
        "frequency_hz": 60.0 + 3000.0 * random(2, modes),
        "t60_s": 0.02 + random(2, modes, seed=1),
        "gain": random(2, modes, seed=2) / modes,
        "start_cycles": random(2, modes, seed=3),
        "sweep_st": 20.0 * random(2, 1, seed=4) - 4.0,
        "sweep_s": 0.01 + 0.2 * random(2, 1, seed=5),
    }
    if shaped:
        controls["shape"] = 0.5 + random(2, modes, seed=6)
    return {name: control.float().double() for name, control in controls.items()}


def swept(controls: dict[str, Tensor], samples: int) -> Tensor:
    dtype = controls["gain"].dtype
    return dsp.swept_modal(Grid(RATE, samples, torch.tensor([0]), dtype), **controls)


def slopes(sound: Tensor, leaves: dict[str, Tensor]) -> list[Tensor]:
    """Of what the leaves are, by slopes of the sound that look like chance."""
    given = random(*sound.shape, seed=9).to(sound) - 0.5
    return list(torch.autograd.grad(sound, list(leaves.values()), given))


def as_leaves(controls: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: control.detach().to(dtype).requires_grad_() for name, control in controls.items()}


@pytest.mark.parametrize("shaped", [False, True])
@pytest.mark.parametrize(("modes", "samples"), [(1, 1), (3, 64), (2, 2100), (12, 9000)])
def test_swept_modes(interpreted, modes, samples, shaped):
    controls = bank(modes, shaped)
    exact, found = (as_leaves(controls, dtype) for dtype in (torch.float64, torch.float32))
    expected, sound = swept(exact, samples), swept(found, samples)
    assert sound.shape == expected.shape
    torch.testing.assert_close(sound.double(), expected, atol=1e-5, rtol=0.0)
    for name, ours, theirs in zip(controls, slopes(sound, found), slopes(expected, exact), strict=True):
        apart = float((ours - theirs).abs().max())
        assert apart < 1e-3 * float(theirs.abs().max()) + 1e-9, f"{name}: {apart:.1g}"


def test_swept_modes_are_the_same_alone(interpreted):
    controls = {name: control.float() for name, control in bank(4, True).items()}
    together = swept(controls, 3000)
    alone = swept({name: control[1:] for name, control in controls.items()}, 3000)
    assert torch.equal(together[1:], alone)


def test_the_gradient_of_swept_modes_has_one(interpreted):
    found, exact = (as_leaves(bank(2, True), dtype) for dtype in (torch.float32, torch.float64))
    seconds = []
    for leaves in (found, exact):
        tables = [leaves[name] for name in ("gain", "start_cycles")]
        first = torch.autograd.grad(swept(leaves, 500).square().sum(), tables, create_graph=True)
        if leaves is exact:  # whose own way has no second derivative: by finite differences
            nudged = {**leaves, "gain": (leaves["gain"] + 1e-6).detach().requires_grad_()}
            again = torch.autograd.grad(swept(nudged, 500).square().sum(), nudged["gain"])[0]
            seconds.append((again - first[0].detach()).sum(-1) / 1e-6)
        else:
            seconds.append(torch.autograd.grad(first[0].sum(), leaves["gain"])[0].sum(-1))
    torch.testing.assert_close(seconds[0].double(), seconds[1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("samples", "taps"), [(1, 101), (300, 1015), (3000, 301), (12345, 1015), (2048, 3), (500, 1)])
def test_filters(interpreted, samples, taps):
    half = random(2, taps // 2 + 1, seed=1) - 0.5
    kernel = torch.cat([half[:, 1:].flip(-1), half], dim=-1)
    controls = {"signal": random(2, samples) - 0.5, "kernel": kernel / taps**0.5}
    exact, found = (as_leaves(controls, dtype) for dtype in (torch.float64, torch.float32))
    expected, sound = dsp.fir(**exact), dsp.fir(**found)
    assert sound.shape == expected.shape
    torch.testing.assert_close(sound.double(), expected, atol=1e-5, rtol=0.0)
    for ours, theirs in zip(slopes(sound, found), slopes(expected, exact), strict=True):
        assert float((ours - theirs).abs().max()) < 1e-5 * float(theirs.abs().max())


def test_one_signal_through_many_filters(interpreted):
    signal, kernels = random(2, 1, 700) - 0.5, dsp.fir_lowpass(Grid(RATE, 1, torch.tensor([0])), random(3, 1) * 8e3, 51)
    found = dsp.fir(signal.float(), kernels.float())
    torch.testing.assert_close(found.double(), dsp.fir(signal, kernels.double()), atol=1e-6, rtol=0.0)


@pytest.mark.parametrize("plugin", ["kick", "drum"])
def test_instruments_sound_the_same(monkeypatch, request, plugin):
    instrument = plugins.get(plugin)
    params = torch.rand(2, instrument.table.size, generator=torch.Generator().manual_seed(4)).requires_grad_()
    options = {"samples": 4410, "seed": torch.tensor([1, 7])}
    expected = render(instrument, params, **options)
    (expected_slope,) = torch.autograd.grad(expected.square().sum(), params)
    request.getfixturevalue("interpreted")
    found = render(instrument, params, **options)
    (slope,) = torch.autograd.grad(found.square().sum(), params)
    assert 20.0 * torch.log10((found - expected).abs().max()) < -80.0
    torch.testing.assert_close(slope, expected_slope, rtol=1e-2, atol=1e-3 * float(expected_slope.abs().max()))


@pytest.mark.parametrize("plugin", ["kick", "drum"])
def test_a_compiler_takes_kernels_as_they_are(interpreted, plugin):
    instrument = plugins.get(plugin)
    params = torch.rand(3, instrument.table.size, generator=torch.Generator().manual_seed(4)).requires_grad_()

    def sound(params: Tensor) -> Tensor:
        return instrument.render(Grid(RATE, 2205, torch.tensor([1])), **instrument.table.controls(params))

    compiled = torch.compile(sound, fullgraph=True, backend="aot_eager")
    found, expected = compiled(params), sound(params)
    assert 20.0 * torch.log10((found - expected).abs().max()) < -100.0
    slope, expected_slope = (torch.autograd.grad(each.square().sum(), params)[0] for each in (found, expected))
    torch.testing.assert_close(slope, expected_slope, rtol=1e-2, atol=1e-3 * float(expected_slope.abs().max()))


@pytest.mark.parametrize("works", [True, False])
def test_a_compiler_that_is_first_to_use_kernels_finds_out_whether_they_work(monkeypatch, on_gpu, recwarn, works):
    """From within an operation, where autograd has no hand in: of tones and a filter."""
    if not works:
        for module, name in ((ringing_kernels, "render"), (frames_kernels, "lay")):
            right = getattr(module, name)
            monkeypatch.setattr(module, name, lambda *given, right=right, **options: right(*given, **options) * 1.01)
    for module in (filtering, ringing):
        module._kernels_work.cache_clear()
    kernel = dsp.fir_lowpass(Grid(RATE, 1, torch.tensor([0])), torch.tensor([[900.0], [3000.0]]), 301)

    def sound(gain: Tensor, kernel: Tensor, rest: dict[str, Tensor]) -> Tensor:
        return dsp.fir(swept({**rest, "gain": gain}, 2500), kernel)

    controls = bank(3, True)
    exact, found = (as_leaves({**controls, "kernel": kernel}, dtype) for dtype in (torch.float64, torch.float32))
    results = []
    for leaves in (exact, found):
        rest = {name: control for name, control in leaves.items() if name not in ("gain", "kernel")}
        call = sound if leaves is exact else torch.compile(sound, fullgraph=True)
        results += [(each := call(leaves["gain"], leaves["kernel"], rest)), slopes(each, leaves)]
    expected, expected_slopes, compiled, compiled_slopes = results
    torch.testing.assert_close(compiled.double(), expected, atol=1e-5, rtol=0.0)
    for name, ours, theirs in zip(exact, compiled_slopes, expected_slopes, strict=True):
        assert float((ours - theirs).abs().max()) < 1e-3 * float(theirs.abs().max()), name
    assert sum("without Triton" in str(each.message) for each in recwarn) == (0 if works else 2)
    for module in (filtering, ringing):
        assert module._kernels_work(torch.device("cpu")) == works
        module._kernels_work.cache_clear()


def test_operations_are_what_they_say_they_are(interpreted):
    """To PyTorch: what they take, give and leave alone."""
    controls = as_leaves(bank(3, True), torch.float32)
    tables = []
    with pytest.MonkeyPatch.context() as patch:
        name = sys.modules["backbeat.dsp.modal"]
        patch.setattr(name, "ringing", lambda found, tick_s: tables.extend(found) or ringing.ringing(found, tick_s))
        sound = swept(controls, 300)
    tables = [table.detach().requires_grad_() for table in tables]
    kernel = dsp.fir_lowpass(Grid(RATE, 1, torch.tensor([0])), torch.tensor([900.0]), 31).float()
    signal = torch.rand(2, 300).requires_grad_()
    for operation, given in (
        ("ringing", (*tables, 1.0 / RATE)),
        ("ringing_backward", (torch.rand(2, 5, 64), *(table.detach() for table in tables), 1.0 / RATE)),
        ("gpu_fir", (signal, kernel.requires_grad_())),
        ("gpu_fir", (signal[:, None], torch.rand(3, 31).requires_grad_())),
        ("gpu_fir_backward", (torch.rand(2, 300), signal.detach(), kernel.detach(), True)),
        ("gpu_fir_backward", (torch.rand(2, 300), signal.detach(), kernel.detach(), False)),
    ):
        # Not with AOTAutograd alone, which no flag tells from eager code.
        checks = ("test_schema", "test_autograd_registration", "test_faketensor")
        torch.library.opcheck(getattr(torch.ops.backbeat, operation).default, given, test_utils=checks)
    assert sound.shape == (2, 300)


@pytest.mark.parametrize("module", [filtering, ringing])
def test_kernels_are_found_to_work(module, recwarn):
    module._kernels_work.cache_clear()
    assert module._kernels_work(torch.device("cpu"))
    assert not recwarn


@pytest.mark.parametrize(
    ("module", "kernels", "name"),
    [(filtering, frames_kernels, "take"), (filtering, frames_kernels, "lay"), (ringing, ringing_kernels, "render")],
)
def test_kernels_that_are_wrong_are_found_out(monkeypatch, module, kernels, name):
    right = getattr(kernels, name)
    monkeypatch.setattr(kernels, name, lambda *given, **options: right(*given, **options) * 1.001)
    module._kernels_work.cache_clear()
    with pytest.warns(UserWarning, match="without Triton, which takes longer .results are off by 0.001"):
        assert not module._kernels_work(torch.device("cpu"))
    module._kernels_work.cache_clear()


def test_a_kernel_that_finds_no_number_is_found_out(monkeypatch):
    right = ringing_kernels.differentiate

    def wrong(*given: object) -> list[Tensor]:
        found = right(*given)
        found[2][0, 0, 0, 0] = torch.nan
        return found

    monkeypatch.setattr(ringing_kernels, "differentiate", wrong)
    ringing._kernels_work.cache_clear()
    with pytest.warns(UserWarning, match="without Triton"):
        assert not ringing._kernels_work(torch.device("cpu"))
    ringing._kernels_work.cache_clear()


def test_too_little_memory_says_nothing_of_kernels(monkeypatch):
    def fail(*_: object) -> Tensor:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(ringing_kernels, "render", fail)
    ringing._kernels_work.cache_clear()
    with pytest.raises(torch.OutOfMemoryError):
        ringing._kernels_work(torch.device("cpu"))
    monkeypatch.undo()
    assert ringing._kernels_work(torch.device("cpu"))


@pytest.mark.parametrize("reason", ["no compiler\nthat is found", ""])
def test_where_triton_fails_the_formula_is_taken(monkeypatch, on_gpu, reason):
    def fail(*_: object) -> Tensor:
        raise RuntimeError(reason)

    monkeypatch.setattr(ringing_kernels, "render", fail)
    ringing._kernels_work.cache_clear()
    exact, found = (as_leaves(bank(2, False), dtype) for dtype in (torch.float64, torch.float32))
    with pytest.warns(UserWarning, match=r"without Triton.*\(no compiler\)|without Triton.*\(RuntimeError\)"):
        sound = swept(found, 700)
    torch.testing.assert_close(sound.double(), swept(exact, 700), atol=1e-5, rtol=0.0)
    for ours, theirs in zip(slopes(sound, found), slopes(swept(exact, 700), exact), strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-3, atol=1e-3 * float(theirs.abs().max()))
    ringing._kernels_work.cache_clear()
