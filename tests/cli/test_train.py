"""`backbeat train` and `backbeat invert`: an inverter from nothing, and what it says."""

import io
import json
import sys
from contextlib import redirect_stdout, suppress
from importlib.resources import files

import pytest

from backbeat.cli import main
from backbeat.patch import load

pytest.importorskip("lightning_fabric")

STEPS = ("--steps", 2, "--batch", 2, "--every", 1, "--device", "cpu")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A training that all tests read and none changes, and what it said."""
    folder, said = tmp_path_factory.mktemp("once") / "trained", io.StringIO()
    arguments = ["backbeat", "train", "--plugin", "kick", "--out", str(folder), *map(str, STEPS)]
    with pytest.MonkeyPatch.context() as patched, redirect_stdout(said), suppress(SystemExit):
        patched.setattr(sys, "argv", arguments)
        main()
    return folder, said.getvalue()


def test_it_says_how_it_goes(trained):
    folder, said = trained
    assert [line.partition(":")[0] for line in said.splitlines()] == ["step 0", "step 1", "step 2", str(folder)]
    assert (folder / "inverter.safetensors").is_file()


def test_figures_as_json(backbeat, tmp_path):
    shown = backbeat("train", "--plugin", "kick", "--out", tmp_path / "kick", *STEPS, "--json")
    steps = [json.loads(line)["step"] for line in shown.out.splitlines()]
    assert steps == [0, 1, 2]


def test_what_was_trained_predicts_patches(backbeat, trained, kick_wav, tmp_path):
    shown = backbeat("invert", kick_wav, "--weights", trained[0], "--out", tmp_path / "out", "--count", 2)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.startswith(f"{kick_wav}: kick, loss ")
    for name in ("kick.patch.json", "kick.wav", "kick-2.patch.json", "kick-2.wav"):
        assert (tmp_path / "out" / name).is_file()
    assert load(tmp_path / "out" / "kick.patch.json").plugin == "kick"


def test_the_instrument_is_found_and_another_one_can_be_asked_for(backbeat, kick_wav, tmp_path):
    shown = backbeat("invert", kick_wav, "--out", tmp_path / "out", "--json")
    assert shown.document()["plugin"] == "kick"
    assert 0.5 < shown.document()["odds"] <= 1.0
    shown = backbeat("invert", kick_wav, "--out", tmp_path / "out", "--plugin", "tom", "--json")
    assert shown.document()["plugin"] == "tom"


def test_a_head_that_does_not_fit_any_more_is_told(backbeat, kick_wav, tmp_path):
    for each in (files("backbeat.encoder") / "pretrained").iterdir():
        (tmp_path / each.name).write_bytes(each.read_bytes())
    facts = json.loads((tmp_path / "inverter.json").read_text(encoding="utf-8"))
    place = [each["plugin"] for each in facts["instruments"]].index("hat")
    facts["instruments"][place]["version"] = 99
    (tmp_path / "inverter.json").write_text(json.dumps(facts))
    shown = backbeat("invert", kick_wav, "--weights", tmp_path, "--out", tmp_path / "out")
    assert shown.status == 0
    assert shown.err == "note: hat: the weights are of version 99, and it is of 1 now; it is not proposed\n"
    shown = backbeat("invert", kick_wav, "--weights", tmp_path, "--plugin", "hat")
    assert shown.status == 1
    assert "error: plugin: found 'hat'; hat: the weights are of version 99" in shown.err


def test_one_bad_file_does_not_stop_the_others(backbeat, trained, kick_wav, tmp_path):
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    shown = backbeat("invert", broken, kick_wav, "--weights", trained[0], "--out", tmp_path / "out")
    assert shown.status == 1
    assert "broken.wav" in shown.error()
    assert (tmp_path / "out" / "kick.patch.json").is_file()


def test_archive_leftovers_among_the_samples_are_passed_over(backbeat, trained, kick_wav, tmp_path):
    leftover = tmp_path / "._kick.wav"
    leftover.write_bytes(b"\0\5\x16\7")
    shown = backbeat("invert", leftover, kick_wav, "--weights", trained[0], "--out", tmp_path / "out")
    assert (shown.status, shown.err) == (0, "note: 1 hidden file or archive leftover was passed over\n")
    alone = backbeat("invert", leftover, "--weights", trained[0], "--out", tmp_path / "out")
    assert alone.status == 1
    assert "an AppleDouble file" in alone.error()


def test_hidden_files_among_real_samples_are_told_once(backbeat, kick_wav, tmp_path):
    (tmp_path / "._kick.wav").write_bytes(b"\0\5\x16\7")
    shown = backbeat("train", "--plugin", "kick", "--out", tmp_path / "out", *STEPS, "--real", tmp_path)
    assert (shown.status, shown.lines()) == (
        0,
        [f"note: {tmp_path}: 1 hidden file or archive leftover was passed over"],
    )


def test_samples_are_never_overwritten(backbeat, trained, kick_wav, tmp_path):
    before = kick_wav.read_bytes()
    shown = backbeat("invert", kick_wav, "--weights", trained[0], "--out", kick_wav.parent)
    assert shown.status == 2
    assert "would overwrite the sample" in shown.error()
    assert kick_wav.read_bytes() == before


def test_samples_of_the_same_name_are_kept_apart(backbeat, trained, kick_wav, tmp_path):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / kick_wav.name
    other.write_bytes(kick_wav.read_bytes())
    shown = backbeat("invert", kick_wav, other, "--weights", trained[0], "--out", tmp_path / "out", "--count", 2)
    assert shown.status == 0
    assert len({path.name for path in (tmp_path / "out").glob("*.wav")}) == 4


def test_wrong_plugins_and_devices_are_said(backbeat, trained, kick_wav, tmp_path):
    assert backbeat("invert", kick_wav, "--plugin", "gong").status == 2
    shown = backbeat("invert", kick_wav, "--plugin", "drum", "--weights", trained[0])
    assert shown.status == 1
    assert "plugin: found 'drum'; there are heads for kick" in shown.error()
    shown = backbeat("train", "--plugin", "kick", "--out", tmp_path / "new", *STEPS[:-1], "gpuu")
    assert shown.status == 1
    assert "device: found 'gpuu'" in shown.error()


def test_a_training_is_not_begun_over_another(backbeat, trained):
    shown = backbeat("train", "--plugin", "kick", "--out", trained[0], *STEPS)
    assert shown.status == 1
    assert "of an earlier training" in shown.error()


def test_weights_that_are_not_there(backbeat, kick_wav, tmp_path):
    shown = backbeat("invert", kick_wav, "--weights", tmp_path)
    assert shown.status == 1
    assert "no inverter that can be read" in shown.error()


def test_nothing_to_resume(backbeat, tmp_path):
    shown = backbeat("train", "--plugin", "kick", "--out", tmp_path / "new", *STEPS, "--resume")
    assert shown.status == 1
    assert "no checkpoint that can be read" in shown.error()


def test_a_plugin_that_is_not_there(backbeat, tmp_path):
    shown = backbeat("train", "--plugin", "gong", "--out", tmp_path / "new", *STEPS)
    assert shown.status == 2
    assert "gong" in shown.error()
    assert not (tmp_path / "new").exists()
