"""The example in C++ renders patches without Python, to the samples that Python gets."""

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from filelock import FileLock

from backbeat import plugins
from backbeat.kernels.library import library
from backbeat.patch import Patch, Placement, VelocityAmount, load, preset, presets, save
from kernels.crossbuilt import BUILDS

EXAMPLE = Path(__file__).parents[2] / "examples" / "engine"
CHOSEN = [next(each for each in presets() if each.startswith(f"{name}/")) for name in plugins.names()]

pytestmark = [
    pytest.mark.skipif(library() is None, reason="no kernels here to compare with"),
    pytest.mark.skipif(shutil.which("cmake") is None, reason="no CMake to build the example with"),
    pytest.mark.skipif(not EXAMPLE.is_dir(), reason="no examples here"),
]


@pytest.fixture(scope="module")
def render_patch() -> Path:
    """The example, built as its user would build it."""
    build = BUILDS / "engine"
    build.mkdir(parents=True, exist_ok=True)
    with FileLock(build.with_suffix(".lock")):
        for command in (["cmake", "-S", EXAMPLE, "-B", build], ["cmake", "--build", build, "--parallel", "2"]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return build / "render_patch"


def run(render_patch: Path, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    names = ("program.json", "patch.json", "out.wav", *options)
    return subprocess.run([render_patch, *names], cwd=folder, capture_output=True, text=True, check=False)


def write_program(patch, path: Path) -> None:
    path.write_text(json.dumps(patch.instrument.program.as_json()), encoding="utf-8")


def check_same_samples(render_patch: Path, patch, folder: Path, velocity: float = 1.0, hit: int = 0) -> None:
    save(patch, folder / "patch.json")
    write_program(patch, folder / "program.json")
    options = [] if (velocity, hit) == (1.0, 0) else ["--velocity", repr(velocity), "--hit", str(hit)]
    done = run(render_patch, folder, *options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found, sample_rate = soundfile.read(folder / "out.wav", dtype="float32")
    placement = patch.placement or Placement()
    assert (soundfile.info(folder / "out.wav").subtype, sample_rate) == ("FLOAT", placement.sample_rate)
    expected = load(folder / "patch.json").hit(velocity, hit).sound()
    assert np.abs(expected).max() > 0.01
    assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", CHOSEN)
def test_same_samples_as_in_python(render_patch, tmp_path, name):
    check_same_samples(render_patch, preset(name), tmp_path)


@pytest.mark.parametrize("name", CHOSEN)
@pytest.mark.parametrize(("velocity", "hit"), [(0.37, 0), (0.8, 7), (1.0, 2**31 - 1)])
def test_hits(render_patch, tmp_path, name, velocity, hit):
    check_same_samples(render_patch, preset(name).with_amounts(), tmp_path, velocity, hit)


def test_hits_by_amounts_of_ones_own(render_patch, tmp_path):
    velocity = {
        "gain_db": VelocityAmount(0.2, "hard"),
        "mode_db": VelocityAmount((0.1, 0.2, -0.2), "soft"),
        "mode_cycles": VelocityAmount(0.7),
    }
    mine = replace(preset("snare/909"), velocity=velocity, humanize={"mode_cycles": 0.5, "noise_s": 0.1})
    check_same_samples(render_patch, mine, tmp_path, 0.25, 3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda patch: patch.update(velocity=None), "velocity: has no amounts; backbeat export patch"),
        (lambda patch: patch["velocity"]["click_db"].update(amount=[0.1]), "click_db: not as many amounts"),
        (lambda patch: patch["velocity"]["click_db"].update(curve="wah"), "click_db: no curve 'wah'"),
        (lambda patch: patch["humanize"].update(gain_db="x"), "gain_db: amounts must be numbers"),
    ],
)
def test_amounts_that_are_wrong(render_patch, tmp_path, change, says):
    check_refused(render_patch, tmp_path, preset("kick/909").with_amounts(), change, says, "--hit", "1")


@pytest.mark.parametrize(
    "options", [("--velocity", "1.5"), ("--velocity", "x"), ("--hit", "-1"), ("--hit", "0.5"), ("--x", "1")]
)
def test_options_that_are_wrong(render_patch, tmp_path, options):
    found = preset("kick/909").with_amounts()
    check_refused(render_patch, tmp_path, found, lambda patch: None, f"{options[0]}: must be --velocity", *options)


def test_placement_and_seed_of_a_match(render_patch, tmp_path):
    patch = replace(preset("drum/snare"), seed=2**31 - 1, placement=Placement(48000, 9601, 481))
    check_same_samples(render_patch, patch, tmp_path)


@pytest.mark.parametrize("colour", ["high", (0.5, 0.2)])
def test_options_of_a_choice_by_name_or_weights(render_patch, small, tmp_path, colour):
    values = {**small.table.defaults(), "colour": colour}
    # A second holds a moment where 100 Hz crosses zero, and a product contracted with a sum would show (GCC's, once).
    check_same_samples(render_patch, Patch("small", values, placement=Placement(44100, 44100)), tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda patch: patch["values"].pop("pitch_hz"), "values: pitch_hz is missing"),
        (lambda patch: patch["values"].update(mode_hz=[1.0]), "mode_hz: not as many entries"),
        (lambda patch: patch["values"].update(pitch_hz=None), "pitch_hz: not as many entries"),
        (lambda patch: patch.update(seed=-1), "seed: out of range"),
        (lambda patch: patch.update(render={"sample_rate": 1e300}), "sample_rate: out of range"),
        (lambda patch: patch.update(version=9), "patch: of another plugin or version"),
        (lambda patch: patch.update(plugin="hat"), "patch: of another plugin or version"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(render_patch, tmp_path, change, says):
    check_refused(render_patch, tmp_path, preset("kick/909"), change, says)


def test_an_option_that_there_is_not(render_patch, small, tmp_path):
    found = Patch("small", small.table.defaults())
    check_refused(
        render_patch, tmp_path, found, lambda patch: patch["values"].update(colour="wah"), "colour: no option 'wah'"
    )


def check_refused(render_patch: Path, tmp_path: Path, found: Patch, change: Callable, says: str, *options: str) -> None:
    write_program(found, tmp_path / "program.json")
    document = json.loads(found.to_json())
    change(document)
    (tmp_path / "patch.json").write_text(json.dumps(document), encoding="utf-8")
    done = run(render_patch, tmp_path, *options)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith(f"error: {says}")
    assert not (tmp_path / "out.wav").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', "{"])
def test_what_is_no_program(render_patch, tmp_path, text):
    save(preset("kick/909"), tmp_path / "patch.json")
    (tmp_path / "program.json").write_text(text, encoding="utf-8")
    done = run(render_patch, tmp_path)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1)
    assert done.stderr.startswith("error: ")
