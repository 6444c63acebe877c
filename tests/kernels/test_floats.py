"""What the kernels take from the machine that they run on: nothing that would change a bit."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import torch

from backbeat import Synth, plugins
from backbeat.kernels.library import library

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")

ELEMENTARY = {
    *("sin", "cos", "sincos", "tan", "atan2", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "pow", "sqrt"),
    *("fmod", "tanh", "floor", "ceil", "round", "rint", "fma"),
}
every_plugin = pytest.mark.parametrize("name", plugins.names())


@pytest.mark.skipif(shutil.which("nm") is None, reason="no nm here, which lists what a library takes from others")
def test_no_elementary_function_comes_from_the_c_library():
    for path in Path(library()._name).parent.glob("libbackbeat_*.so"):
        listed = subprocess.run(["nm", "-D", "-u", path], capture_output=True, text=True, check=True).stdout
        taken = {line.split()[-1].partition("@")[0] for line in listed.splitlines()}
        assert "memcpy" in taken
        assert taken & (ELEMENTARY | {f"{name}f" for name in ELEMENTARY}) == set(), path.name


@every_plugin
def test_the_same_bits_where_the_host_flushes_denormals_and_its_setting_is_put_back(name):
    synth = Synth(name, seconds=0.3)
    params = torch.rand(3, synth.num_params, generator=torch.Generator().manual_seed(1), requires_grad=True)

    def sound_and_gradient() -> tuple[torch.Tensor, torch.Tensor]:
        sound = synth(params)
        return sound.detach(), torch.autograd.grad(sound.square().sum(), params)[0]

    expected = sound_and_gradient()
    assert torch.set_flush_denormal(True)
    try:
        found = sound_and_gradient()
        assert float(torch.tensor([1e-40]) * 0.5) == 0.0
    finally:
        torch.set_flush_denormal(False)
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


@every_plugin
def test_what_is_not_a_number_stays_in_its_item(name):
    synth = Synth(name, seconds=0.1)
    params = torch.rand(3, synth.num_params, generator=torch.Generator().manual_seed(1))
    expected = synth(params)
    for entry in range(synth.num_params):
        broken = params.clone()
        broken[1, entry] = torch.nan
        found = synth(broken)
        assert torch.equal(found[0], expected[0])
        assert torch.equal(found[2], expected[2])


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="the system does not list what the processor has")
@pytest.mark.skipif(bool(os.environ.get("BACKBEAT_KERNELS")), reason="a variant is chosen")
def test_the_best_variant_that_the_processor_runs_is_taken():
    flags = re.search(r"^flags\s*:(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    if flags is None:
        pytest.skip("not an x86 processor")
    has = set(flags[1].split())
    best = "v2"
    if has >= {"avx2", "fma", "bmi1", "bmi2"}:
        best = "v3"
        if has >= {"avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"}:
            best = "v4"
    kernels = library()
    assert kernels is not None
    there = {path.stem.rpartition("_")[2] for path in Path(kernels._name).parent.glob("libbackbeat_*")}
    assert kernels.backbeat_variant().decode() == (best if best in there else min(there))
