"""Training: it learns, it goes on where it was, and what it writes can be used."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backbeat.errors import DatasetError, InverterError, PluginError, TrainingError
from backbeat.inversion import Training, checkpoint, invert, load_inverter, train
from backbeat.patch import preset

pytest.importorskip("lightning_fabric")

TINY = Training("kick", steps=6, batch=4, channels=16, hidden=16, components=2, validation=4, every=3)


def run(training, folder, **options):
    figures = []
    train(training, folder, device="cpu", report=lambda step, found: figures.append((step, dict(found))), **options)
    return figures


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return folder, run(TINY, folder)


def test_it_learns(tmp_path):
    longer = Training("kick", steps=40, batch=8, channels=16, hidden=32, components=2, validation=16, every=40)
    (_, first), (_, last) = run(longer, tmp_path)
    assert last["validation_nats"] < first["validation_nats"] - 0.3
    assert last["validation_error"] < 0.9 * first["validation_error"]


def test_it_tells_how_it_goes(trained):
    folder, figures = trained
    assert [step for step, _ in figures] == [0, 3, 6]
    assert {"loss", "validation_nats", "validation_error", "seconds"} <= set(figures[-1][1])
    assert list((folder / "logs").iterdir())
    facts = json.loads((folder / "inverter.json").read_text())
    assert facts["step"] == 6
    assert facts["training"]["batch"] == 4


def test_resumed_it_goes_on_along_the_same_curve(trained, tmp_path, monkeypatch):
    folder, figures = trained
    saved = checkpoint.save

    def stop_after(*arguments):
        saved(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(checkpoint, "save", stop_after)
    with pytest.raises(KeyboardInterrupt):
        run(TINY, tmp_path)
    monkeypatch.setattr(checkpoint, "save", saved)
    ((step, again),) = run(TINY, tmp_path, resume=True)
    assert step == 6
    wanted = {name: value for name, value in figures[-1][1].items() if name != "seconds"}
    assert {name: again[name] for name in wanted} == pytest.approx(wanted, rel=1e-6)
    weights = (path.joinpath("inverter.safetensors").read_bytes() for path in (folder, tmp_path))
    assert next(weights) == next(weights)


def test_the_sound_counts_too(tmp_path):
    by_sound = Training(
        "kick", steps=2, batch=2, channels=16, hidden=16, components=2, validation=2, every=1, audio_from=0.5
    )
    (_, _), (_, by_params), (_, by_both) = run(by_sound, tmp_path)
    assert by_both["loss"] != by_params["loss"]


def test_what_it_writes_names_patches(trained):
    folder, _ = trained
    inverter = load_inverter(folder)
    found = invert(preset("kick/classic").render(), inverter, sample_rate=44100, count=2)
    assert len(found) == 2
    assert found[0].loss <= found[1].loss
    assert found[0].patch.plugin == "kick"
    energies = (float(each.square().sum()) for each in (found[0].patch.render(), preset("kick/classic").render()))
    assert next(energies) == pytest.approx(next(energies), rel=0.05)


def test_another_rate_is_resampled_to_hear_it(trained):
    inverter = load_inverter(trained[0])
    sound = torch.sin(torch.arange(9600) / 48000 * 2.0 * torch.pi * 60.0).reshape(1, 1, -1)
    found = invert(sound, inverter, sample_rate=48000, count=1)[0].patch
    assert found.placement.sample_rate == 48000
    assert found.render().shape == sound.shape


@pytest.mark.parametrize("name", ["inverter.json", "inverter.safetensors"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\0" * 64])
def test_broken_weights_are_named(trained, tmp_path, name, content):
    for path in trained[0].glob("inverter.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InverterError, match="no inverter that can be read"):
        load_inverter(tmp_path)


def test_weights_of_another_version_are_refused(trained, tmp_path):
    for path in trained[0].glob("inverter.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    facts = json.loads((tmp_path / "inverter.json").read_text())
    (tmp_path / "inverter.json").write_text(json.dumps({**facts, "plugin_version": 99}))
    with pytest.raises(InverterError, match="of version 99 of kick"):
        load_inverter(tmp_path)


def test_a_checkpoint_of_another_training_is_refused(trained):
    folder, _ = trained
    other = Training("kick", steps=6, batch=5, channels=16, hidden=16, components=2, validation=4, every=3)
    with pytest.raises(TrainingError, match="of a training whose batch is 4; found 5"):
        run(other, folder, resume=True)


def test_a_loss_that_is_not_finite_ends_it_and_keeps_what_there_was(tmp_path, monkeypatch):
    monkeypatch.setattr("backbeat.inversion.training._validate", lambda *_: {"validation_nats": float("nan")})
    with pytest.raises(TrainingError, match="not finite any more"):
        run(TINY, tmp_path)
    assert not list(tmp_path.glob("*.safetensors"))


def test_no_checkpoint_to_resume_is_said(tmp_path):
    with pytest.raises(TrainingError, match="no checkpoint that can be read"):
        run(TINY, tmp_path, resume=True)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"steps": 0}, "steps: found 0; must be at least 1"),
        ({"components": 65}, "components: found 65"),
        ({"channels": 24}, "channels: found 24; must be a multiple of 16"),
        ({"learning_rate": 0.0}, "learning_rate: found 0"),
        ({"audio_from": 2.0}, "audio_from: found 2"),
    ],
)
def test_settings_that_are_not_allowed_are_said(settings, words):
    with pytest.raises(TrainingError, match=words):
        Training("kick", **settings)


def test_real_sounds_are_heard_too(tmp_path):
    sounds = Path(__file__).parents[2] / "examples" / "sounds"
    tiny = replace(TINY, steps=2, every=2, audio_from=0.0)
    (_, without), (_, heard) = (
        run(replace(tiny, real=real), tmp_path / str(number))[-1] for number, real in enumerate((None, str(sounds)))
    )
    assert heard["loss"] > without["loss"] + 0.01
    assert heard["validation_nats"] != without["validation_nats"]
    with pytest.raises(DatasetError, match="no sound file"):
        run(replace(tiny, real=str(tmp_path)), tmp_path / "none")


def test_sounds_are_logged(trained):
    (log,) = (trained[0] / "logs").iterdir()
    assert b"sound 0" in log.read_bytes()
    assert b"audio/wav" in log.read_bytes()


def test_a_precision_there_is_not_is_said(tmp_path):
    with pytest.raises(TrainingError, match="at 17-odd; must be what Lightning can use"):
        run(TINY, tmp_path, precision="17-odd")


SHARED = """
import json, sys
from backbeat.inversion import Training, train
settings = dict(steps=6, batch=8, channels=16, hidden=16, components=2, validation=8, every=6)
figures = {}
train(Training("kick", **settings), sys.argv[1], device="cpu", devices=int(sys.argv[2]),
      report=lambda step, found: figures.update(found))
if figures:
    print(json.dumps(figures))
"""


@pytest.mark.slow
def test_two_processes_that_share_a_batch_learn_what_one_does(tmp_path):
    script = tmp_path / "shared.py"
    script.write_text(SHARED)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-addr", "127.0.0.1"]
    found = []
    for number, command in enumerate(([sys.executable], torchrun)):
        done = subprocess.run(
            [*command, str(script), str(tmp_path / str(number)), str(number + 1)],
            capture_output=True, text=True, check=True, timeout=300,
        )  # fmt: skip
        found.append(json.loads(done.stdout.splitlines()[-1]))
    assert found[1]["validation_nats"] == pytest.approx(found[0]["validation_nats"], rel=1e-3)


def test_no_such_plugin(tmp_path):
    with pytest.raises(PluginError, match="gong"):
        train(Training("gong"), tmp_path)
