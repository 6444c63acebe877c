"""The numerical tests as on other processors, on one thread and on two: `make test-processors`.

PyTorch and the libraries under it and under NumPy each take the widest instructions that the processor has, and the
kernels are built for several. Another set rounds otherwise and sums in another order, except in the kernels, which give
the same bits with each. This runs the tests with every set of those below that the processor has, and says of each how
it went; it ends with 1 where a test fails.
"""

import os
import subprocess
import sys
import time

import torch

from backbeat.kernels.library import VARIANT

SUITES = [
    "tests/dsp",
    "--ignore=tests/dsp/gpu",
    "tests/kernels",
    "tests/losses",
    "tests/matching/test_envelope.py",
    "tests/matching/test_glide.py",
    "tests/matching/test_hiss.py",
    "tests/matching/test_modes.py",
    "tests/matching/test_peel.py",
    "tests/matching/test_polish.py",
    "tests/parameters",
    "tests/plugins",
    "tests/test_synth.py",
]
INSTRUCTIONS = {
    "DEFAULT": {
        VARIANT: "v2",
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_CBWR": "COMPATIBLE",
        "OPENBLAS_CORETYPE": "Nehalem",
    },
    "AVX2": {VARIANT: "v3", "ATEN_CPU_CAPABILITY": "avx2", "MKL_CBWR": "AVX2", "OPENBLAS_CORETYPE": "Haswell"},
    "AVX512": {VARIANT: "v4", "ATEN_CPU_CAPABILITY": "avx512"},
}
"""By the name that PyTorch has for them, each of them also on a processor that has the later ones: what is asked of the
kernels and the libraries. PyTorch does not check whether the processor has what it is asked for."""


def round_of(variables: dict[str, str], threads: int) -> bool:
    environment = {**os.environ, **variables, "OMP_NUM_THREADS": str(threads)}
    workers = max(1, (os.cpu_count() or 1) // threads)
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(workers), *SUITES]
    begun_s = time.perf_counter()
    process = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = process.stdout.splitlines()
    print(f"{lines[-1] if lines else process.stderr} ({time.perf_counter() - begun_s:.0f} s)", flush=True)
    if process.returncode:
        print(process.stdout)
    return process.returncode == 0


def main() -> int:
    best = torch.backends.cpu.get_cpu_capability()
    names = list(INSTRUCTIONS)
    passed = True
    for name in names[: names.index(best) + 1] if best in names else []:
        for threads in (1, 2):
            print(f"{name}, threads: {threads}: ", end="", flush=True)
            passed &= round_of(INSTRUCTIONS[name], threads)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
