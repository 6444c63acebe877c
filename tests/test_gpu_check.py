"""The GPU check, on a CPU, where soundfile, soxr and threadpoolctl are missing as on a bare machine."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "benchmarks" / "gpu.py"
MISSING = "soundfile", "soxr", "threadpoolctl", "torchsynth", "synthax"


@pytest.fixture
def bare(tmp_path) -> dict[str, str]:
    """An environment of processes in which packages cannot be imported."""
    folder = tmp_path / "bare"
    folder.mkdir()
    blocked = f"import sys\nfor name in {MISSING!r}:\n    sys.modules[name] = None\n"
    (folder / "sitecustomize.py").write_text(blocked)
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT / 'src'}"}


def check(environment: dict[str, str], out: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, SCRIPT, "--quick", "--out", out, *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_each_result_is_printed_and_kept(bare, tmp_path):
    out = tmp_path / "new" / "gpu.json"
    process = check(bare, out, "--device", "cpu", "--parts", "device", "kernels")
    assert process.returncode == 0, process.stdout + process.stderr
    document = json.loads(out.read_text())
    assert [part["status"] for part in document["parts"].values()] == ["done", "done"]
    for part in document["parts"].values():
        assert part["results"]
        assert all(result["line"] in process.stdout for result in part["results"])
    assert document["parts"]["kernels"]["results"][0]["skipped"] == "no GPU"
    copied = document["parts"]["device"]["results"][1]["copy_bytes_per_s"]
    assert copied > 1e7


def test_a_part_that_fails_is_named_and_the_next_begins(bare, tmp_path):
    out = tmp_path / "gpu.json"
    process = check(bare, out, "--device", "nowhere", "--parts", "precision", "kernels")
    assert process.returncode == 1
    assert "not done:" in process.stdout
    parts = json.loads(out.read_text())["parts"]
    for name in ("precision", "kernels"):
        assert parts[name]["status"] == "failed"
        assert "Traceback" in parts[name]["reason"]
        assert name in process.stdout.splitlines()[-1]


def test_a_part_ends_with_its_time_and_others_are_kept(bare, tmp_path):
    out = tmp_path / "gpu.json"
    assert check(bare, out, "--device", "cpu", "--parts", "kernels").returncode == 0
    process = check(bare, out, "--device", "cpu", "--parts", "match", "--limit-s", "1")
    assert process.returncode == 1
    parts = json.loads(out.read_text())["parts"]
    assert (parts["kernels"]["status"], parts["match"]["status"]) == ("done", "stopped")


def test_killed_half_way_what_was_done_is_kept(bare, tmp_path):
    out = tmp_path / "gpu.json"
    command = [sys.executable, SCRIPT, "--quick", "--device", "cpu", "--parts", "kernels", "match", "--out", out]
    process = subprocess.Popen(command, env=bare, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        ends = time.monotonic() + 120.0
        while time.monotonic() < ends and (not out.exists() or "match" not in json.loads(out.read_text())["parts"]):
            time.sleep(0.05)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    parts = json.loads(out.read_text())["parts"]
    assert (parts["kernels"]["status"], parts["match"]["status"]) == ("done", "running")


@pytest.mark.slow
def test_all_of_it_runs_through(bare, tmp_path):
    out = tmp_path / "gpu.json"
    process = check(bare, out, "--device", "cpu", "--limit-s", "600")
    assert process.returncode == 0, process.stdout + process.stderr
    parts = json.loads(out.read_text())["parts"]
    assert {name for name, part in parts.items() if part["status"] == "done"} == set(parts)
    assert len(parts["match"]["results"]) == 3
    assert parts["difference"]["results"][0]["equal"]
