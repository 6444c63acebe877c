"""How the cost of rendering grows with batch, length and tones.

    python benchmarks/growth.py --out benchmarks/results/growth.json

The exponent of a straight line through the logarithms of time over batch × length: 1 is linear. Random sounds mostly
die before the end of a long one, and what has died is not rendered; beside them stand sounds that ring as long as the
plugin lets them. Times are medians, the sizes taken in turn.
"""

import argparse
import itertools
import os
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import torch

from backbeat import plugins
from backbeat.plugins import Plugin
from machine import describe_machine, write_figures
from rendering import Rendering, codes
from speed import Job, synchronised, time_interleaved

SAMPLE_RATE = 44_100
BATCHES = (64, 128, 256)


def job(plugin: Plugin, batch: int, seconds: float, device: str, *, code: str, ringing: bool) -> Job:
    """One batch of random params, forward; of sounds that ring as long as they may, or not."""
    synth = Rendering(plugin, code, SAMPLE_RATE, seconds)
    params = torch.rand(batch, plugin.table.size, generator=torch.Generator().manual_seed(0))
    if ringing:
        lasting = [entry.partition("[")[0] in plugin.macros["length"].parameters for entry in plugin.table.entries()]
        params[:, lasting] = 1.0
    params = params.to(device)

    def forward() -> object:
        with torch.no_grad():
            return synth(params)

    return synchronised(forward, device)


def main() -> None:
    """Measure, print and write what grows how."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shortest", type=float, default=0.5, help="in seconds")
    parser.add_argument("--longest", type=float, default=10.0, help="in seconds")
    parser.add_argument("--tones", type=int, nargs="+", default=[3, 6, 12, 24, 48, 96])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--device", default="cpu", help="as PyTorch names it")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="write the figures here as JSON")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = arguments.device

    document: dict[str, Any] = {"machine": describe_machine()}
    lengths_s = np.geomspace(arguments.shortest, arguments.longest, 5).round(3).tolist()
    sizes = [(BATCHES[0], seconds) for seconds in lengths_s] + [(batch, lengths_s[0]) for batch in BATCHES[1:]]
    for name in plugins.names():
        document[name] = {}
        for code, ringing in itertools.product(codes(device), (False, True)):
            jobs = [job(plugins.get(name), *size, device, code=code, ringing=ringing) for size in sizes]
            medians_s = [statistics.median(each) for each in time_interleaved(jobs, arguments.repeats)]
            exponent = float(np.polyfit(np.log([b * s for b, s in sizes]), np.log(medians_s), 1)[0])
            what = f"{code}, {'ringing on' if ringing else 'random'}"
            print(f"{name}, {what}: time grows with (batch × length) to the power of {exponent:.3f}")
            rows = [{"batch": b, "seconds": s, "ms": 1e3 * t} for (b, s), t in zip(sizes, medians_s, strict=True)]
            for row in rows:
                print(f"  {row['batch']:4} × {row['seconds']:6.2f} s {row['ms']:9.1f} ms")
            document[name][what] = {"exponent": exponent, "sizes": rows}
    drums = [plugins.get("drum", tones=tones) for tones in arguments.tones]
    document["tones"] = {}
    for code in codes(device):
        size = BATCHES[0], arguments.shortest, device
        jobs = [job(drum, *size, code=code, ringing=False) for drum in drums]
        times_s = time_interleaved(jobs, arguments.repeats)
        rows = [{"tones": t, "ms": 1e3 * statistics.median(s)} for t, s in zip(arguments.tones, times_s, strict=True)]
        for row in rows:
            print(f"drum, {code}, with {row['tones']:3} tones {row['ms']:9.1f} ms")
        document["tones"][code] = rows
    if arguments.out:
        write_figures(arguments.out, document)


if __name__ == "__main__":
    main()
