"""What else PyTorch does with a synth: vmap, jacrev, autocast, half precision, export."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor

from backbeat.synth import Synth

PLUGINS = ("kick", "drum")


@pytest.fixture(params=PLUGINS)
def synth(request) -> Synth:
    return Synth(request.param, seconds=0.02)


@pytest.fixture
def params(synth) -> Tensor:
    return torch.rand(3, synth.num_params, generator=torch.Generator().manual_seed(1))


def wave(synth: Synth):
    """One item's params (P,) to its samples."""
    return lambda params: synth(params.unsqueeze(0), 2)[0, 0]


def test_vmap_renders_each_item(synth, params):
    torch.testing.assert_close(torch.func.vmap(wave(synth))(params), synth(params, 2)[:, 0], atol=5e-5, rtol=0.0)


def test_jacrev_is_the_gradient_sample_by_sample(synth, params):
    jacobian = torch.func.jacrev(lambda some: wave(synth)(some)[100:103])(params[0])
    leaf = params[0].clone().requires_grad_()
    samples = wave(synth)(leaf)[100:103]
    expected = torch.stack([torch.autograd.grad(sample, leaf, retain_graph=True)[0] for sample in samples])
    torch.testing.assert_close(jacobian, expected, atol=1e-4 * float(expected.abs().max()), rtol=1e-3)


def test_vmap_of_grad_is_the_gradient_of_each_item(synth, params):
    def energy(some: Tensor) -> Tensor:
        return wave(synth)(some).square().sum()

    each = torch.func.vmap(torch.func.grad(energy))(params)
    leaf = params.clone().requires_grad_()
    (expected,) = torch.autograd.grad(synth(leaf, 2).square().sum(), leaf)
    torch.testing.assert_close(each, expected, atol=1e-4 * float(expected.abs().max()), rtol=1e-3)


def test_autocast_leaves_the_sound_alone(synth, params):
    with torch.no_grad():
        expected = synth(params, 2)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(synth(params, 2), expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_rendered_in_single(synth, params, dtype):
    with torch.no_grad():
        audio = synth(params.to(dtype), 2)
        assert audio.dtype == torch.float32
        assert torch.equal(audio, synth(params.to(dtype).float(), 2))


EXPORT = """
import sys, torch
from backbeat.synth import Synth
synth, batch = Synth(sys.argv[1], seconds=0.02), torch.export.Dim("batch", min=2)
params, seeds = torch.rand(3, synth.num_params, generator=torch.Generator().manual_seed(1)), torch.arange(3)
program = torch.export.export(synth, (params, seeds), dynamic_shapes=({0: batch}, {0: batch}))
torch.export.save(program, sys.argv[2])
with torch.no_grad():
    torch.save((params, seeds, synth(params, seeds)), sys.argv[3])
"""
LOAD = """
import sys
sys.modules["backbeat"] = None  # as if it were not installed
import torch
program = torch.export.load(sys.argv[1]).module()
params, seeds, expected = torch.load(sys.argv[2])
assert (program(params, seeds) - expected).abs().max() < 1e-5
assert program(params.repeat(3, 1), torch.arange(9)).shape == (9, 1, 882)
"""


@pytest.mark.slow
@pytest.mark.parametrize("plugin", PLUGINS)
def test_exported_program_renders_without_backbeat(plugin, tmp_path: Path):
    program, sounds = tmp_path / "synth.pt2", tmp_path / "sounds.pt"
    for code, arguments in ((EXPORT, (plugin, program, sounds)), (LOAD, (program, sounds))):
        process = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
        )
        assert process.returncode == 0, process.stderr[-2000:]
