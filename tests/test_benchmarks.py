"""The benchmarks, at a size that takes no time and without the peer."""

import json
import platform
import subprocess
import sys
from pathlib import Path

import pytest

SPEED = Path(__file__).parents[1] / "benchmarks" / "speed.py"
TINY = ("--plugins", "kick", "--batches", "2", "--seconds", "0.1", "--repeats", "3", "--threads", "1", "--no-peers")


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, SPEED, *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    path = tmp_path_factory.mktemp("speed") / "new" / "speed.json"
    process = run(*TINY, "--out", str(path))
    assert process.returncode == 0, process.stderr
    return process.stdout, json.loads(path.read_text())


def test_every_case_has_figures_that_agree(measured):
    _, report = measured
    cases = [(row["name"], row["mode"]) for row in report["results"]]
    modes = ("forward", "forward, own seeds", "forward + backward")
    assert cases == [("kick", mode) for mode in modes]
    for row in report["results"]:
        assert 0.0 < row["fastest_ms"] <= row["median_ms"]
        assert row["times_real_time"] == pytest.approx(2 * 0.1 / (1e-3 * row["median_ms"]))
        assert row["times_torchsynth"] is None
        assert 0.0 <= row["peak_bytes_per_sample"] < 100_000.0


def test_the_table_says_what_the_file_says(measured):
    printed, report = measured
    heading, *rows = printed.splitlines()
    assert "median ms" in heading
    assert len(rows) == len(report["results"])
    for line, row in zip(rows, report["results"], strict=True):
        assert line.split()[:3] == [str(row["batch"]), row["name"], row["code"]]
        assert f"{row['median_ms']:.1f}" in line


def test_the_machine_is_described_but_not_named(measured):
    _, report = measured
    assert report["machine"]["threads"] == 1
    assert {"cpu", "cores", "torch"} <= set(report["machine"])
    assert platform.node() not in {*map(str, report["machine"].values())}


@pytest.mark.slow
def test_memory_is_that_of_the_whole_batch(tmp_path):
    path = tmp_path / "speed.json"
    options = ("--plugins", "kick", "--repeats", "1", "--threads", "1", "--no-peers", "--out", str(path))
    assert run(*options, "--batches", "1", "32").returncode == 0
    rows = json.loads(path.read_text())["results"]
    small, large = (row["peak_bytes_per_sample"] * row["batch"] * 44100 for row in rows if row["mode"] == "forward")
    assert large > small + 4e6


def test_without_the_peer_it_says_what_to_install():
    process = run(*TINY[:-1], "--repeats", "1")
    if process.returncode == 0:
        pytest.skip("the peers are installed")
    assert "pip install -r benchmarks/requirements.txt" in process.stderr
    assert "Traceback" not in process.stderr


def test_a_device_that_is_not_there_is_said_to_be_none():
    process = run(*TINY, "--device", "nowhere")
    assert process.returncode != 0
    assert process.stderr == "--device: found 'nowhere'; must be one that PyTorch can use here, such as cpu\n"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited in another way there")
def test_a_batch_that_does_not_fit_is_left_out():
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    command = [sys.executable, SPEED, *TINY, "--batches", "2", "5000", "--repeats", "1"]
    process = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert process.returncode == 0, process.stderr
    assert "  5000 kick        engine    forward + backward    does not fit into memory\n" in process.stdout
    assert process.stdout.count("forward + backward") == 2


SOUNDS = Path(__file__).parents[1] / "examples" / "sounds"
SMALL = {
    "match": (str(SOUNDS), "--most", "2", "--quality", "draft"),
    "playable": (str(SOUNDS), "--most", "2", "--quality", "draft"),
    "hits": ("--most", "1"),
    "morph": ("--pairs", "1", "--jobs", "1"),
    "robust": (str(SOUNDS), "--count", "3"),
    "recovery": ("kick", "--count", "2", "--quality", "draft", "--seconds", "0.2"),
    "modes": ("--count", "1"),
    "determinism": ("--plugins", "kick", "--batch", "3", "--seconds", "0.1"),
    "growth": ("--repeats", "1", "--shortest", "0.05", "--longest", "0.2", "--tones", "1", "2"),
    "ablation": (str(SOUNDS), "--most", "1", "--only", "as it is", "no detail"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SMALL)
def test_benchmark_prints_a_table_and_writes_json(name, tmp_path):
    out = tmp_path / "figures.json"
    script = SPEED.with_name(f"{name}.py")
    process = subprocess.run(
        [sys.executable, script, *SMALL[name], "--out", out], capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("\n") > 1 or name == "robust"
    assert json.loads(out.read_text())
    assert platform.node() not in out.read_text()
