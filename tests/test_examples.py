"""Every example runs as its user would run it, in a process of its own, at a small size."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import backbeat

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *arguments: str, cwd: Path) -> str:
    """Standard output of an example that went well and warned of nothing."""
    finished = subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        check=False,
        # Tests run side by side: two threads each on two cores would mostly wait for each other.
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    return finished.stdout


def numbers(pattern: str, text: str) -> list[float]:
    return [float(found) for found in re.findall(pattern, text)]


def test_every_example_is_run_here():
    here = Path(__file__).read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES.glob("*.py") if f'run("{path.name}"' not in here] == []


def test_render_batch(tmp_path):
    output = run("render_batch.py", "--batch", "3", "--seconds", "0.2", cwd=tmp_path)
    size = backbeat.Synth("kick").num_params
    assert f"params (3, {size}) → audio (3, 1, 8820)" in output
    assert "losses (3,)" in output
    assert f"gradient (3, {size})" in output


def test_match_sample(tmp_path):
    output = run("match_sample.py", "--steps", "4", "--starts", "2", "--out", "found", cwd=tmp_path)
    assert "step 4 of 4" in output
    patch, sound = backbeat.load(tmp_path / "found" / "bd_fat.patch.json"), tmp_path / "found" / "bd_fat.wav"
    assert patch.name == "bd_fat"
    assert backbeat.read(sound).audio.shape == patch.render().shape
    assert (tmp_path / "found" / "bd_fat-lower.wav").is_file()


def test_network_learns_through_the_synth(tmp_path):
    output = run("train_network.py", "20", "8", cwd=tmp_path)
    (first,), (last,) = numbers(r"first loss ([\d.]+)", output), numbers(r"last loss ([\d.]+)", output)
    assert last < 0.9 * first


@pytest.mark.slow
def test_training_repeats_itself(tmp_path):
    assert run("train_network.py", "2", "2", cwd=tmp_path) == run("train_network.py", "2", "2", cwd=tmp_path)


def test_new_plugin_finds_its_values(tmp_path):
    output = run("new_plugin.py", "60", "12", cwd=tmp_path)
    wanted, found = numbers(r"wanted +([-\d.]+)", output), numbers(r"found +([-\d.]+)", output)
    (wanted_hz, wanted_st, wanted_s, *_), (found_hz, found_st, found_s, *_) = wanted, found
    assert found_hz == pytest.approx(wanted_hz, rel=0.01)
    assert found_st == pytest.approx(wanted_st, abs=0.5)
    assert found_s == pytest.approx(wanted_s, rel=0.15)


def test_synth_loss_falls(tmp_path):
    output = run("synth_loss.py", "21", cwd=tmp_path)
    losses = numbers(r"loss ([\d.]+)", output)
    assert sum(losses[-5:]) / 5.0 < 0.9 * losses[0]
