"""How the router is trained: whose recordings count for how much."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import soundfile
import torch

RATE = 44100


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    path = Path(__file__).parents[2] / "benchmarks" / "router.py"
    spec = importlib.util.spec_from_file_location("router_benchmark", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def recorded(benchmark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    ring = np.exp(-20.0 * np.arange(RATE // 4) / RATE) * np.sin(2.0 * np.pi * 90.0 * np.arange(RATE // 4) / RATE)
    for name in ("a/kick/deep-1", "a/kick/deep-2", "a/kick/deep-3", "a/kick/high-1", "b/kick/own-1", "a/loop/no-1"):
        path = folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, ring, RATE)
    return benchmark.recorded(folder)


def test_recordings_are_found_by_the_folder_of_their_instrument(benchmark, recorded):
    assert recorded.collections == ["a", "a", "a", "a", "b"]
    assert recorded.drums == ["a/kick/deep"] * 3 + ["a/kick/high", "b/kick/own"]
    assert set(recorded.heard.instrument.tolist()) == {benchmark.NAMES.index("kick")}
    assert torch.isfinite(recorded.heard.by_facts).all()


def test_takes_of_a_drum_share_its_weight_and_instruments_count_by_their_collections(benchmark, recorded):
    nothing = torch.zeros(len(benchmark.NAMES), 0)
    patches = benchmark.Heard(nothing, nothing, torch.arange(len(benchmark.NAMES)))
    weights = benchmark.shares(recorded, [True] * 5, patches)
    instruments = torch.cat([patches.instrument, recorded.heard.instrument])
    totals = torch.zeros(len(benchmark.NAMES)).index_add(0, instruments, weights)
    often = 2.0**0.5  # two collections have a kick, none has another instrument
    kick = benchmark.NAMES.index("kick")
    assert totals.tolist() == pytest.approx([often if k == kick else 1.0 for k in range(len(totals))], abs=1e-5)
    each = weights[len(benchmark.NAMES) :].view(5, -1).sum(-1)
    assert each[:3].sum().item() == pytest.approx(each[3].item(), rel=1e-5)
    assert (each[4] / each[:4].sum()).item() == pytest.approx(2.0**-0.5, rel=1e-5)
    assert each.sum().item() == pytest.approx(often * benchmark.RECORDED * 3 / benchmark.ENOUGH_DRUMS, rel=1e-5)
    without = benchmark.shares(recorded, [True] * 4 + [False], patches)[len(benchmark.NAMES) :].view(5, -1)
    assert not without[4].any()


def test_variations_of_a_recording_are_each_another(benchmark):
    sound = torch.from_numpy(np.sin(np.arange(RATE // 2) / 20.0)).float()[None, None]
    varied = benchmark.variations(sound, RATE, 0)
    assert varied.shape == (benchmark.VARIATIONS, 1, RATE)
    assert torch.isfinite(varied).all()
    assert len({round(float(each.square().sum()), 6) for each in varied}) == benchmark.VARIATIONS
    assert torch.equal(varied, benchmark.variations(sound, RATE, 0))
