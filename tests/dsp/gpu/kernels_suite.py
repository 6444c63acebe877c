"""What is written in Triton, run by Triton's interpreter on a CPU, against the formulas.

`test_kernels.py` runs this in a process of its own, in which Triton interprets.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from backbeat import plugins
from backbeat.dsp import Grid, gpu
from backbeat.dsp.convolution import convolve
from backbeat.dsp.gpu import (
    blending,
    blending_kernels,
    clipping,
    clipping_kernels,
    comb,
    comb_kernels,
    envelope,
    envelope_kernels,
    filtering,
    frames_kernels,
    ringing,
    ringing_kernels,
    squares,
    squares_kernels,
)
from backbeat.program import formula
from kernels.cases import draw

TICK_S = 1.0 / 44100.0


@pytest.fixture
def interpreted(monkeypatch) -> None:
    """The kernels, tried or not."""
    for module in (blending, clipping, comb, envelope, filtering, ringing, squares):
        monkeypatch.setattr(module, "_kernels_work", lambda device: True)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def tables(modes: int, blocks: int, rows: int, sweeps: int = 1) -> tuple[Tensor, ...]:
    """Of two items, in numbers that float32 has."""
    found = (
        3000.0 * random(2, modes, 1),
        random(2, blocks, modes, seed=1),
        random(2, blocks, rows, modes, seed=2) / modes,
        random(2, modes, 64, seed=3),
        0.01 * random(2, blocks, sweeps, seed=4),
        random(2, sweeps, 64, seed=5),
    )
    return tuple(each.float().double() for each in found)


def gradients(sound: Tensor, leaves: tuple[Tensor, ...]) -> list[Tensor]:
    """Of what the leaves are, by a gradient of the sound that look like chance."""
    given = random(*sound.shape, seed=9).to(sound) - 0.5
    return list(torch.autograd.grad(sound, leaves, given))


def as_leaves(values: tuple[Tensor, ...], dtype: torch.dtype) -> tuple[Tensor, ...]:
    return tuple(each.detach().to(dtype).requires_grad_() for each in values)


@pytest.mark.parametrize(
    ("modes", "blocks", "rows", "sweeps"),
    [
        pytest.param(*size, *shape, marks=pytest.mark.slow if size == (12, 140) and shape != (2, 1) else ())
        for size in ((1, 1), (3, 2), (2, 33), (12, 140))
        for shape in ((1, 1), (2, 1), (1, 3))
    ],
)
def test_swept_modes(interpreted, modes, blocks, rows, sweeps):
    exact, found = (as_leaves(tables(modes, blocks, rows, sweeps), dtype) for dtype in (torch.float64, torch.float32))
    expected, sound = ringing.ringing_mode_by_mode(exact, TICK_S), ringing.ringing(found, TICK_S)
    assert sound.shape == expected.shape
    torch.testing.assert_close(sound.double(), expected, atol=2e-5, rtol=0.0)
    for ours, theirs in zip(gradients(sound, found), gradients(expected, exact), strict=True):
        assert float((ours - theirs).abs().max()) < 1e-3 * float(theirs.abs().max()) + 1e-9


def test_swept_modes_are_the_same_alone(interpreted):
    values = tuple(each.float() for each in tables(4, 47, 2))
    together = ringing.ringing(values, TICK_S)
    assert torch.equal(together[1:], ringing.ringing(tuple(each[1:] for each in values), TICK_S))


def test_the_gradient_of_swept_modes_has_one(interpreted):
    found, exact = (as_leaves(tables(2, 8, 2), dtype) for dtype in (torch.float32, torch.float64))
    seconds = []
    for sound, leaves in (
        (ringing.ringing(found, TICK_S), found),
        (ringing.ringing_mode_by_mode(exact, TICK_S), exact),
    ):
        first = torch.autograd.grad(sound.square().sum(), leaves[1:3], create_graph=True)
        seconds.append(torch.autograd.grad(first[0].sum(), leaves[2])[0])
    torch.testing.assert_close(seconds[0].double(), seconds[1], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(("bands", "samples"), [(1, 1), (3, 64), (8, 2049), (2, 3000)])
def test_bands(interpreted, bands, samples, several):
    levels = random(2, bands, -(-samples // 64) + 1)
    parts = (random(1 + several, bands, samples, seed=1) - 0.5).float()
    exact, found = (as_leaves((levels.float(),), dtype) for dtype in (torch.float64, torch.float32))
    expected, sound = blending.blended_band_by_band(*exact, parts.double()), blending.blended(*found, parts)
    torch.testing.assert_close(sound.double(), expected, atol=1e-6, rtol=0.0)
    torch.testing.assert_close(gradients(sound, found)[0].double(), gradients(expected, exact)[0], atol=1e-5, rtol=0.0)
    assert torch.equal(sound[1:], blending.blended(found[0][1:], parts[several:]))


@pytest.mark.parametrize(("samples", "taps"), [(1, 101), (300, 1015), (3000, 301), (12345, 1015), (2048, 3), (500, 1)])
def test_filters(interpreted, samples, taps):
    half = random(2, taps // 2 + 1, seed=1) - 0.5
    kernel = torch.cat([half[:, 1:].flip(-1), half], dim=-1) / taps**0.5
    exact, found = (as_leaves((random(2, samples) - 0.5, kernel), dtype) for dtype in (torch.float64, torch.float32))
    expected, sound = convolve(*exact, advance=taps // 2), filtering.filtered(*found)
    assert sound.shape == expected.shape
    torch.testing.assert_close(sound.double(), expected, atol=1e-5, rtol=0.0)
    for ours, theirs in zip(gradients(sound, found), gradients(expected, exact), strict=True):
        assert float((ours - theirs).abs().max()) < 1e-5 * float(theirs.abs().max())


def test_operations_are_what_they_say_they_are(interpreted):
    """To PyTorch: what they take, give and leave alone."""
    given_tables = as_leaves(tables(3, 5, 2), torch.float32)
    kernel, signal = torch.rand(31).requires_grad_(), torch.rand(2, 300).requires_grad_()
    for operation, given in (
        ("ringing", (*given_tables, TICK_S)),
        ("ringing_backward", (torch.rand(2, 5, 64), *(table.detach() for table in given_tables), TICK_S)),
        ("blending", (torch.rand(2, 3, 6).requires_grad_(), torch.rand(1, 3, 300))),
        ("blending_backward", (torch.rand(2, 300), torch.rand(1, 3, 300), 6)),
        ("envelope", ((-torch.rand(3, 8)).requires_grad_(), 300)),
        ("envelope_backward", (torch.rand(3, 300), -torch.rand(3, 8))),
        ("soft_clip", tuple(torch.rand(*shape).requires_grad_() for shape in ((3, 300), (3,), (3,)))),
        ("soft_clip_backward", tuple(torch.rand(*shape) for shape in ((3, 300), (3, 300), (3,), (3,)))),
        ("gpu_fir", (signal, kernel)),
        ("gpu_fir", (signal[:, None], torch.rand(3, 31).requires_grad_())),
        ("gpu_fir_backward", (torch.rand(2, 300), signal.detach(), kernel.detach(), True)),
        ("gpu_fir_backward", (torch.rand(2, 300), signal.detach(), kernel.detach(), False)),
    ):
        torch.library.opcheck(getattr(torch.ops.backbeat, operation).default, given)


@pytest.fixture
def launched(interpreted, monkeypatch) -> set[str]:
    """Formulas of float32 call the kernels here, as on a GPU; names of those that were."""
    names = set()

    def noted(name: str, kernel: Callable[..., Tensor]) -> Callable[..., Tensor]:
        return lambda *given, **options: (names.add(name), kernel(*given, **options))[1]

    for module, call, name in (
        (blending_kernels, "render", "blend"),
        (clipping_kernels, "render", "clip"),
        (comb_kernels, "respond", "comb"),
        (envelope_kernels, "render", "envelope"),
        (frames_kernels, "lay", "lay"),
        (ringing_kernels, "render", "ring"),
        (squares_kernels, "render", "squares"),
    ):
        monkeypatch.setattr(module, call, noted(name, getattr(module, call)))
    monkeypatch.setattr(gpu, "takes_gpu_kernels", lambda grid: grid.dtype == torch.float32)
    return names


@pytest.mark.parametrize(
    ("name", "kernel"),
    [
        ("adsr", "envelope"),
        ("attack", "envelope"),
        ("comb", "comb"),
        ("decay", "envelope"),
        ("fir", "lay"),
        ("modal", "ring"),
        ("noise_bands", "blend"),
        ("sines", "ring"),
        ("soft_clip", "clip"),
        ("swept_modal", "ring"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(each, marks=pytest.mark.slow) for each in (2, 3))])
def test_operations_by_kernels_are_their_formulas(launched, name, kernel, seed):
    call = draw(name, seed, 1500, corners=0.0)
    results = []
    for dtype in (torch.float32, torch.float64):
        plain = {each: value for each, value in call.inputs.items() if "vibrato" not in each}  # has the formula alone
        leaves = {each: value.clone().requires_grad_() for each, value in plain.items()}
        grid = Grid(call.sample_rate, call.samples, call.seeds, dtype)
        given = [leaves[each].to(dtype) if each in call.signals else leaves.get(each) for each in call.operation.inputs]
        sound = call.operation.by_formula(grid, given, call.attributes)
        results.append((sound.double(), *gradients(sound, tuple(leaves.values()))))
    (found, *ours), (expected, *theirs) = results
    assert launched == {kernel}
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0.0)
    for one, other in zip(ours, theirs, strict=True):
        assert float((one - other).abs().max()) < 2e-3 * float(other.abs().max()) + 1e-9


@pytest.mark.parametrize(
    ("name", "kernels"),
    [
        ("kick", {"ring", "blend", "envelope", "clip"}),
        ("drum", {"ring", "blend", "envelope", "clip", "comb"}),
        ("cowbell", {"ring", "envelope", "clip", "squares"}),
    ],
)
def test_instruments_by_kernels_are_their_formulas(launched, name, kernels):
    plugin = plugins.get(name)
    assert plugin.program is not None
    params, seeds = random(3, plugin.table.size), torch.arange(3)
    found, expected = (
        formula.run(plugin.program, Grid(44100.0, 2000, seeds, dtype), plugin.table.controls(params))
        for dtype in (torch.float32, torch.float64)
    )
    assert launched == kernels
    torch.testing.assert_close(found.double(), expected, atol=5e-5, rtol=0.0)


def test_compiled_code_calls_the_kernels_by_name(launched):
    kick = plugins.get("kick")
    params, names = random(2, kick.table.size), set[str]()

    def render(params: Tensor) -> Tensor:
        return formula.run(kick.program, Grid(44100.0, 500, torch.arange(2)), kick.table.controls(params))

    def noting(graph: torch.fx.GraphModule, _: list[Tensor]) -> Any:
        names.update(str(node.target) for node in graph.graph.nodes)
        return graph.forward

    found = torch.compile(render, backend=noting, fullgraph=True)(params)
    assert "backbeat.ringing.default" in names
    torch.testing.assert_close(found, render(params), atol=1e-5, rtol=0.0)


def test_where_kernels_are_used():
    def on(device: str, dtype: torch.dtype = torch.float32) -> bool:
        grid = SimpleNamespace(device=torch.device(device), dtype=dtype)
        return gpu.takes_gpu_kernels(grid)

    assert on("cuda")
    assert not on("cuda", torch.float64)
    assert not on("cpu")
    with FakeTensorMode():
        assert not on("cuda")
    torch.func.vmap(lambda x: pytest.fail("found kernels") if on("cuda") else x)(torch.zeros(2))


@pytest.mark.parametrize("module", [blending, clipping, comb, envelope, filtering, ringing, squares])
def test_kernels_are_found_to_work(module, recwarn):
    module._kernels_work.cache_clear()
    assert module._kernels_work(torch.device("cpu"))
    assert not recwarn


@pytest.mark.parametrize(
    ("module", "kernels", "name"),
    [
        (blending, blending_kernels, "render"),
        (clipping, clipping_kernels, "render"),
        (comb, comb_kernels, "feel"),
        (envelope, envelope_kernels, "render"),
        (filtering, frames_kernels, "join"),
        (filtering, frames_kernels, "lay"),
        (ringing, ringing_kernels, "render"),
        (squares, squares_kernels, "render"),
    ],
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
