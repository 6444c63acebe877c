"""Training: it learns, it goes on where it was, and what it writes can be used."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backbeat import plugins
from backbeat.errors import DatasetError, PluginError, TrainingError
from backbeat.inversion import Training, checkpoint, invert, load_inverter, train
from backbeat.patch import preset

pytest.importorskip("lightning_fabric")

SMALL = {"channels": 16, "hidden": 16, "head": 16, "components": 2}
TINY = Training(("kick", "hat"), steps=6, batch=4, validation=4, every=3, audio_from=1.0, **SMALL)


def run(training, folder, **options):
    figures = []
    train(training, folder, device="cpu", report=lambda step, found: figures.append((step, dict(found))), **options)
    return figures


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    return folder, run(TINY, folder)


def test_it_learns(tmp_path):
    longer = replace(TINY, steps=40, every=40, validation=16, learning_rate=1e-2)
    (_, first), (_, last) = run(longer, tmp_path)
    assert last["validation_nats"] < first["validation_nats"] - 0.3
    assert last["validation_error"] < 0.9 * first["validation_error"]
    assert last["validation_right"] > 0.8


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
    by_sound = replace(TINY, steps=2, every=1, audio_from=0.5)
    (_, _), (_, by_params), (_, by_both) = run(by_sound, tmp_path)
    assert by_both["loss"] != by_params["loss"]


def test_what_it_writes_predicts_patches(trained):
    folder, _ = trained
    inverter = load_inverter(folder)
    found = invert(preset("kick/classic").render(), inverter, plugin="kick", sample_rate=44100, count=2)
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


def test_a_checkpoint_of_another_training_is_refused(trained):
    folder, _ = trained
    with pytest.raises(TrainingError, match="of a training whose batch is 4; found 5"):
        run(replace(TINY, batch=5), folder, resume=True)


def test_a_loss_that_is_not_finite_ends_it_and_keeps_what_there_was(tmp_path, monkeypatch):
    monkeypatch.setattr("backbeat.inversion.training.validate", lambda *_: {"validation_nats": float("nan")})
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
        Training(**settings)


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
    assert b"sound/kick" in log.read_bytes()
    assert b"audio/wav" in log.read_bytes()


def test_a_precision_there_is_not_is_said(tmp_path):
    with pytest.raises(TrainingError, match="at 17-odd; must be what Lightning can use"):
        run(TINY, tmp_path, precision="17-odd")


SHARED = """
import json, sys
from backbeat.inversion import Training, train
settings = dict(steps=6, batch=4, channels=16, hidden=16, head=16, components=2, validation=8, every=6)
figures = {}
train(Training(("kick", "hat"), **settings), sys.argv[1], device="cpu", devices=int(sys.argv[2]),
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
        train(Training(("gong",)), tmp_path)


def test_all_instruments_are_learned_where_none_is_named():
    assert [each.name for each in Training().instruments] == plugins.names()
    assert all(each.options == each.match_options for each in Training().instruments)


def test_a_resumed_training_may_have_more_steps(tmp_path):
    run(TINY, tmp_path)
    ((step, _),) = run(replace(TINY, steps=9), tmp_path, resume=True)
    assert step == 9
