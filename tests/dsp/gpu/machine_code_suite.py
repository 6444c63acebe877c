"""What is written in Triton, made into a GPU's machine code, for which no GPU is needed.

`test_kernels.py` runs this in a process of its own.
"""

from typing import Any

import pytest
import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from backbeat.dsp.gpu import (
    blending_kernels,
    clipping_kernels,
    comb_kernels,
    envelope_kernels,
    frames_kernels,
    ringing_kernels,
    squares_kernels,
)

BLOCKS = {"TILE": 32, "BLOCK": 64}
KERNELS = [
    *((kernel, {"SHAPED": shaped, "SWEEPS": sweeps, **BLOCKS}, 8)
      for shaped, sweeps in ((False, 1), (True, 1), (False, 2), (False, 4)) for kernel in (
        ringing_kernels._render, ringing_kernels._differentiate
    )),
    *((kernel, {"SEVERAL": several, **BLOCKS}, 8) for several in (False, True) for kernel in (
        blending_kernels._render, blending_kernels._differentiate
    )),
    *((kernel, {"TILE": 1024}, 4) for module in (envelope_kernels, clipping_kernels) for kernel in (
        module._render, module._differentiate
    )),
    (frames_kernels._lay, {"AT_ONCE": 1024}, 4),
    *((frames_kernels._join, {"ADDED": added, "AT_ONCE": 1024}, 4) for added in (False, True)),
    *((kernel, {"TILE": 1024}, 4) for kernel in (
        comb_kernels._respond, comb_kernels._feel, squares_kernels._render, squares_kernels._differentiate
    )),
]  # fmt: skip
NUMBERS = {
    "modes",
    "bands",
    "blocks",
    "tiles",
    "samples",
    "length",
    "hop",
    "half",
    "pairs",
    "first",
    "last",
    "count",
    "squares",
    "bins",
}
EXACT = {
    squares_kernels._render: {"per_sample", "start"},
    squares_kernels._differentiate: {"per_sample", "start"},
    comb_kernels._respond: {"loops"},
    comb_kernels._feel: {"loops"},
}


@pytest.mark.parametrize("capability", [75, 80, 90])
@pytest.mark.parametrize(("kernel", "constants", "warps"), KERNELS)
def test_machine_code(kernel: Any, constants: dict[str, Any], warps: int, capability: int) -> None:
    kinds = dict.fromkeys(NUMBERS, "i32") | dict.fromkeys(constants, "constexpr") | {"tick_s": "fp32"}
    kinds |= dict.fromkeys(EXACT.get(kernel, ()), "*fp64")
    signature = {name: kinds.get(name, "*fp32") for name in kernel.arg_names}
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"num_warps": warps})
    assert made.asm["cubin"]
    assert ".local" not in made.asm["ptx"]  # nothing spills into memory
