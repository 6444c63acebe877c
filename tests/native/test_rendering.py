"""Instruments in C++ against the same in PyTorch: the sound, the gradient, and what both promise."""

import math
import time

import pytest
import torch
from torch import Tensor

from backbeat import patch, plugins
from backbeat.compiled import native_render
from backbeat.errors import NativeError, ParameterError, RenderError
from backbeat.native import rendering
from backbeat.native.library import load
from backbeat.plugins import Plugin
from backbeat.synth import Synth

PLUGINS = [plugins.get("kick"), plugins.get("drum"), plugins.get("drum", tones=3, noise_bands=5)]
NAMES = [f"{each.name} {each.table.size}" for each in PLUGINS]
"""With banks that do and do not fill a vector."""


@pytest.fixture(params=PLUGINS, ids=NAMES)
def plugin(request) -> Plugin:
    return request.param


def musical(plugin: Plugin, batch: int) -> Tensor:
    """Params of random patches."""
    rows = [plugin.table.normalise(patch.randomise(plugin, seed).values) for seed in range(batch)]
    return torch.stack(rows).float()


def anywhere(plugin: Plugin, batch: int) -> Tensor:
    return torch.rand(batch, plugin.table.size, generator=torch.Generator().manual_seed(0))


def level_db(signal: Tensor) -> float:
    return 20.0 * math.log10(float(signal.abs().max()) + 1e-30)


def synths(plugin: Plugin, rate: float = 44100.0, seconds: float = 0.1) -> tuple[Synth, Synth]:
    return Synth(plugin, rate, seconds, compile=True), Synth(plugin, rate, seconds)


def slopes(synth: Synth, params: Tensor, seed: int | Tensor, of_audio: Tensor) -> Tensor:
    leaf = params.clone().requires_grad_()
    return torch.autograd.grad(synth(leaf, seed), leaf, of_audio.to(params.dtype))[0]


@pytest.mark.parametrize("rate", [8000.0, 44100.0, 96000.0])
def test_sound_is_that_of_the_plugin(plugin, rate):
    native, eager = synths(plugin, rate, 0.3)
    params = musical(plugin, 12)
    with torch.no_grad():
        sound, single, double = native(params, 3), eager(params, 3), eager(params.double(), 3)
    # In single precision, PyTorch's filters near Nyquist are farther from the exact ones than that.
    assert level_db(torch.minimum((sound - single).abs(), (sound - double).abs())) < -100.0


@pytest.mark.parametrize("samples", [1, 2, 63, 64, 65, 1000, 1024, 4097])
def test_any_length(plugin, samples):
    native, eager = synths(plugin, 44100.0, samples / 44100.0)
    params = musical(plugin, 5)
    with torch.no_grad():
        assert native(params, 3).shape == (5, 1, samples)
        assert level_db(native(params, 3) - eager(params, 3)) < -100.0
    gradient = slopes(native, params, 3, torch.ones(5, 1, samples))
    expected = slopes(eager, params, 3, torch.ones(5, 1, samples))
    assert float((gradient - expected).norm()) < 1e-3 * float(expected.norm())


@pytest.mark.parametrize("rate", [8000.0, 44100.0, 96000.0])
@pytest.mark.parametrize("where", [musical, anywhere])
def test_gradient_is_as_exact_as_the_plugins(plugin, rate, where):
    native, eager = synths(plugin, rate, 0.2)
    params = where(plugin, 6)
    # A slope that has no grain, which would weigh single samples where an envelope bends.
    slope = torch.cos(torch.arange(native.samples) * 0.01).expand(6, 1, -1)
    exact = slopes(eager, params.double(), 3, slope)
    errors = [(slopes(synth, params, 3, slope) - exact).norm(dim=-1) / exact.norm(dim=-1) for synth in (native, eager)]
    assert bool((errors[0] < 2.0 * errors[1] + 1e-3).all())


def test_gradient_of_each_parameter(plugin):
    native, eager = synths(plugin, 44100.0, 0.2)
    params = musical(plugin, 16)
    slope = torch.cos(torch.arange(native.samples) * 0.01).expand(16, 1, -1)
    found, expected = slopes(native, params, 3, slope), slopes(eager, params.double(), 3, slope)
    scale = expected.abs().amax(0)
    error = ((found - expected).abs().amax(0) / scale.clamp(min=1e-12))[scale > 1e-6 * scale.max()]
    assert float(error.max()) < 1e-2


def test_finite_in_every_corner(plugin):
    generator = torch.Generator().manual_seed(1)
    corners = torch.randint(0, 2, (24, plugin.table.size), generator=generator).float()
    corners[0], corners[1] = 0.0, 1.0
    native, _ = synths(plugin)
    assert native(corners, 3).isfinite().all()
    assert slopes(native, corners, 3, torch.ones(24, 1, native.samples)).isfinite().all()


BETWEEN_SAMPLES = {"attack_s": 0.00053, "hold_s": 0.02071, "gate_s": 0.50003}
"""Where an envelope bends on a sample, a last bit decides which side of it is the slope."""


def at(plugin: Plugin, **values: object) -> Tensor:
    """Params of the defaults but for some values."""
    between = {name: value for name, value in BETWEEN_SAMPLES.items() if name in plugin.table}
    return plugin.table.normalise({**plugin.table.defaults(), **between, **values}).float().unsqueeze(0)


EDGES = {
    "nothing comes back, of a sound too long to ring out": (
        "drum",
        {"resonator_feedback": 0.0, "resonator_low_hz": 10.0},
    ),
    "resonator off": ("drum", {"resonator_db": -60.0}),
    "resonator fading in": ("drum", {"resonator_db": -57.0}),
    "a transient as long as may be": ("drum", {"transient_s": 0.3, "transient_db": 12.0}),
    "tones that fall at once and ring on": (
        "drum",
        {"tone_s": (0.003,) * 12, "tone_shape": (0.35,) * 12, "sweep_st": 0.0},
    ),
    "snaps": ("drum", {"snap_db": (0.0,) * 16, "burst_db": (-3.0, -6.0, -9.0), "noise_db": -20.0}),
    "no attack": ("kick", {"attack_s": 0.0, "phase_cycles": 0.2}),
    "no attack and no hold": ("kick", {"attack_s": 0.0, "hold_s": 0.0, "phase_cycles": 0.2}),
    "sustained": ("kick", {"sustain": 1.0, "gate_s": 0.10003}),
    "a voice of each kind and a shell": ("kick", {"detune_mix": 1.0, "sub_mix": 1.0, "shell_mix": 2.0, "modes": "on"}),
    "filters past Nyquist": (
        "kick",
        {"shell_hz": 8000.0, "shell_width_oct": 4.0, "shell_mix": 1.0, "click_hz": 16000.0},
    ),
}


@pytest.mark.parametrize("rate", [8000.0, 44100.0])
@pytest.mark.parametrize("edge", EDGES)
def test_edges(edge, rate):
    name, values = EDGES[edge]
    plugin = plugins.get(name)
    native, eager = synths(plugin, rate, 0.05 if "too long" in edge else 0.6)
    params = at(plugin, **values)
    slope = torch.cos(torch.arange(native.samples) * 0.01).expand(1, 1, -1)
    double = params.double()
    with torch.no_grad():
        sound = native(params, 3)
        assert level_db(torch.minimum((sound - eager(params, 3)).abs(), (sound - eager(double, 3)).abs())) < -100.0
    found, expected = slopes(native, params, 3, slope), slopes(eager, double, 3, slope)
    assert float((found - expected).norm()) < 2e-3 * float(expected.norm())


def test_an_attack_of_no_length_has_a_slope():
    plugin = plugins.get("kick")
    native, eager = synths(plugin)
    params = at(plugin, attack_s=0.0, phase_cycles=0.2)
    attack = plugin.table.entries().index("attack_s")
    for synth in (native, eager):
        assert float(slopes(synth, params, 3, torch.ones(1, 1, synth.samples))[0, attack]) != 0.0


@pytest.mark.parametrize("where", [float("nan"), float("inf"), -0.5, 1.5])
def test_params_that_are_none_end_nothing(plugin, where):
    native, _ = synths(plugin)
    params = musical(plugin, 3)
    params[1] = where
    sound = native(params, 3)
    assert torch.equal(sound[::2], native(musical(plugin, 3), 3)[::2])
    slopes(native, params, 3, torch.ones(3, 1, native.samples))


def test_seeds_of_any_kind_of_integer(plugin):
    native, _ = synths(plugin)
    params, seeds = musical(plugin, 3), torch.tensor([4, 5, 6])
    assert torch.equal(native(params, seeds.int()), native(params, seeds))


def test_only_single_precision_on_a_cpu(plugin):
    native = native_render(plugin, 44100.0, 100)
    with pytest.raises(ParameterError, match=r"^params: found torch.float64 on cpu; C\+\+ renders float32 on a CPU$"):
        native(plugin.table.physical(musical(plugin, 1).double()), torch.tensor([1]))


def test_out_of_memory_says_what_would_fit(monkeypatch):
    synth = Synth("kick", seconds=0.01, compile=True)
    params = musical(synth.plugin, 5)
    whole = synth(params, 1)

    class Cramped:
        def render(self, batch, audio):
            items = batch._obj.items
            return 1 if items > 2 else load("kick").render(batch, audio)

    monkeypatch.setattr(rendering, "load", lambda name: Cramped())
    assert torch.equal(synth(params[:2], 1), whole[:2])
    with pytest.raises(RenderError, match="out of memory for a batch of 5 × 441 samples; 2 would fit"):
        synth(params, 1)


@pytest.mark.parametrize("seeds", [5, torch.tensor([9, 4, 9, 2**31 - 1, 0, 7, 1])], ids=["one seed", "a seed each"])
def test_every_bit_is_the_items_own(plugin, seeds):
    native, _ = synths(plugin, seconds=0.3)  # of which two are worth a thread of their own
    params, slope = anywhere(plugin, 7), torch.ones(7, 1, native.samples)

    def of(item: int) -> int | Tensor:
        return seeds if isinstance(seeds, int) else seeds[item : item + 1]

    turned = seeds if isinstance(seeds, int) else seeds.flip(0)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        sounds, gradients = native(params, seeds), slopes(native, params, seeds, slope)
        torch.set_num_threads(2)
        assert torch.equal(native(params, seeds), sounds)
        assert torch.equal(slopes(native, params, seeds, slope), gradients)
        assert torch.equal(native(params.flip(0), turned).flip(0), sounds)
        for item in range(7):
            assert torch.equal(native(params[item : item + 1], of(item))[0], sounds[item])
            alone = slopes(native, params[item : item + 1], of(item), slope[:1])
            assert torch.equal(alone[0], gradients[item])
    finally:
        torch.set_num_threads(before)


@pytest.mark.parametrize("threads", [1, 2])
def test_it_takes_as_many_threads_as_pytorch(plugin, threads):
    native = native_render(plugin, 44100.0, 22050)
    values, seeds = plugin.table.physical(musical(plugin, 1)).expand(128, -1), torch.tensor([3])
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        native(values, seeds)
        all_s, own_s = time.process_time(), time.thread_time()
        for _ in range(4):
            native(values, seeds)
        all_s, own_s = time.process_time() - all_s, time.thread_time() - own_s
    finally:
        torch.set_num_threads(before)
    # The other thread's share: half, or less where the machine has other work.
    assert (all_s - own_s > 0.05 * all_s) == (threads == 2)


def test_more_items_than_are_laid_down_at_a_time(plugin):
    native = native_render(plugin, 44100.0, 200)
    values = plugin.table.physical(anywhere(plugin, 70))
    seeds = torch.arange(70)
    whole = native(values, seeds)
    assert torch.equal(native(values[64:], seeds[64:]), whole[64:])


def test_no_second_derivative(plugin):
    native, _ = synths(plugin, 44100.0, 0.01)
    leaf = musical(plugin, 2).requires_grad_()
    with pytest.raises(NativeError, match=f"^{plugin.native}: compiled code has no second derivative"):
        torch.autograd.grad(native(leaf, 3).square().sum(), leaf, create_graph=True)


def test_vmap_and_double_precision_go_without(plugin):
    native, eager = synths(plugin, 44100.0, 0.01)
    params = musical(plugin, 3)

    def wave(some: Tensor) -> Tensor:
        return native(some.unsqueeze(0), 2)[0, 0]

    torch.testing.assert_close(torch.func.vmap(wave)(params), eager(params, 2)[:, 0], atol=1e-5, rtol=0.0)
