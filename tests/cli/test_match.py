"""`backbeat match`: files out, lines out, and what happens when something goes wrong on the way."""

import json
import re
import shutil

import pytest
import torch

from backbeat.audio import read, write
from backbeat.inversion import suggest
from backbeat.matching import match
from backbeat.patch import load
from full_disk import full_disk
from matching.sounds import save_thump, thump

QUICK = ("--steps", "3", "--starts", "3", "--plugin", "kick", "--detail", "off")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def files_of(*stems):
    return sorted(f"{stem}{suffix}" for stem in stems for suffix in (".patch.json", ".wav", ".png", ".html"))


@pytest.mark.parametrize("plugin", ["kick", "drum"])
def test_writes_patch_sound_picture_and_page(backbeat, kick_wav, out, plugin):
    shown = backbeat("match", kick_wav, *QUICK, "--plugin", plugin, "--detail", "normal", "--out", out)
    assert shown.status == 0
    assert shown.lines() == []
    assert names(out) == files_of("kick")
    first, *rest = shown.out.splitlines()
    assert first.startswith(f"{kick_wav}: mel ")
    assert "3 steps" in first
    said = ("sound: pitch C#2", "match: ", "not matched", "without its detail")
    assert [line.strip() for line in rest if not any(each in line for each in said)] == [
        str(out / f"kick{suffix}") for suffix in (".patch.json", ".wav", ".png", ".html")
    ]
    assert load(out / "kick.patch.json").plugin == plugin
    assert (out / "kick.png").read_bytes().startswith(b"\x89PNG")
    assert "<html" in (out / "kick.html").read_text(encoding="utf-8")


def test_a_parameter_is_kept(backbeat, kick_wav, out, no_report):
    shown = backbeat("match", kick_wav, *QUICK, "--keep", "pitch_hz=61.7", "--keep", "mode_hz[1]=333", "--out", out)
    assert shown.status == 0
    values = load(out / "kick.patch.json").values
    assert (values["pitch_hz"], values["mode_hz"][1]) == (61.7, 333.0)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("pitch_hz", "--keep: found 'pitch_hz'; must be name=value"),
        ("pich_hz=50", "keep: found 'pich_hz'; kick has no parameter of that name; the nearest are pitch_hz"),
        ("macro.length=20%", "keep: found 'macro.length'; a macro cannot be kept"),
        ("pitch_hz=loud", "keep: pitch_hz: found 'loud'; must be a number from 20 to 240 Hz"),
    ],
)
def test_what_cannot_be_kept_is_told_before_the_search(backbeat, kick_wav, out, setting, words):
    for command in (("match", kick_wav), ("library", "match", kick_wav.parent)):
        refused = backbeat(*command, "--plugin", "kick", "--keep", setting, "--out", out)
        assert refused.status == 2
        assert words in refused.error()
        assert not out.exists()


def test_archive_leftovers_that_a_pattern_took_along_are_passed_over(backbeat, kick_wav, out, no_report):
    leftovers = [kick_wav.with_name(name) for name in ("._kick.wav", "Thumbs.db")]
    for each in leftovers:
        each.write_bytes(b"\0\5\x16\7")
    shown = backbeat("match", *leftovers, kick_wav, *QUICK, "--out", out)
    assert (shown.status, shown.lines()) == (0, ["note: 2 hidden files and archive leftovers were passed over"])
    assert names(out) == files_of("kick")
    alone = backbeat("match", leftovers[0], *QUICK, "--out", out)
    assert alone.status == 1
    assert alone.error().startswith(f"{leftovers[0]}: an AppleDouble file")


def test_a_hidden_sample_that_is_named_is_matched(backbeat, kick_wav, out, no_report):
    hidden = kick_wav.rename(kick_wav.with_name(".kick.wav"))
    other = save_thump(kick_wav)
    shown = backbeat("match", hidden, other, *QUICK, "--out", out)
    assert (shown.status, shown.lines()) == (0, [])
    assert names(out) == files_of(".kick", "kick")


def test_a_loop_is_said_to_be_one(backbeat, tmp_path, out, no_report):
    hit, path = thump(), tmp_path / "loop.wav"
    write(path, torch.nn.functional.pad(hit, (0, 22050 - hit.shape[-1])).repeat(1, 1, 4), 44100)
    shown = backbeat("match", path, *QUICK, "--out", out)
    assert shown.status == 0
    (line,) = shown.lines()
    assert line.startswith(f"note: {path}: this looks like a loop of 4 hits: the first, from 0.00 to 0.")
    assert read(out / "loop.wav").audio.shape[-1] <= 22050
    shown = backbeat("match", path, *QUICK, "--whole", "--json", "--out", out)
    told = json.loads(shown.out)
    assert (told["hits"], told["notes"]) == (4, ["this looks like a loop of 4 hits, and all of it is matched"])
    assert read(out / "loop.wav").audio.shape[-1] == 4 * 22050


def test_patch_is_that_of_the_library(backbeat, kick_wav, out, no_report):
    backbeat("match", kick_wav, *QUICK, "--seed", "4", "--out", out)
    expected = match(kick_wav, "kick", steps=3, starts=3, seed=4, detail="off")
    assert load(out / "kick.patch.json") == expected.patch
    assert torch.equal(read(out / "kick.wav").audio, expected.audio)


@pytest.mark.parametrize("plugin", ["kick", "drum"])
def test_rendering_the_patch_gives_the_very_file_of_the_match(backbeat, kick_wav, out, no_report, plugin):
    backbeat("match", kick_wav, *QUICK, "--plugin", plugin, "--out", out)
    assert backbeat("render", out / "kick.patch.json", "-o", out / "again.wav").status == 0
    assert (out / "again.wav").read_bytes() == (out / "kick.wav").read_bytes()


def test_distances_are_those_that_compare_finds(backbeat, kick_wav, out, no_report):
    matched = backbeat("match", kick_wav, *QUICK, "--out", out, "--json").document()
    compared = backbeat("compare", kick_wav, out / "kick.wav", "--json").document()
    assert {name: compared[name] for name in matched["distances"]} == matched["distances"]


def test_json_is_one_line_a_sample(backbeat, kick_wav, out, tmp_path, no_report):
    other = save_thump(tmp_path / "other.wav", peak=0.3)
    shown = backbeat("match", kick_wav, other, *QUICK, "--out", out, "--json")
    assert (shown.status, shown.lines()) == (0, [])
    documents = [json.loads(line) for line in shown.out.splitlines()]
    assert [each["sample"] for each in documents] == [str(kick_wav), str(other)]
    for stem, each in zip(("kick", "other"), documents, strict=True):
        assert list(each) == [
            "sample",
            "plugin",
            "patch",
            "audio",
            "report",
            "distances",
            "voice_distances",
            "seconds",
            "steps",
            "description",
            "unmatched",
            "hits",
            "notes",
        ]
        assert (each["plugin"], each["steps"]) == ("kick", 3)
        assert each["patch"] == str(out / f"{stem}.patch.json")
        assert each["audio"] == str(out / f"{stem}.wav")
        assert each["report"] == str(out / f"{stem}.html")
        assert list(each["distances"]) == ["mel_db", "lsd_db", "mrstft", "envelope_db"]
        assert each["seconds"] > 0.0
        found = each["description"]
        assert list(found) == ["target", "match", "differences"]
        assert found["target"]["pitch_hz"] == pytest.approx(70.0, rel=0.02)
        assert found["target"]["words"]["pitch"].startswith("C#2")
        assert set(found["differences"]) <= set(found["match"]["words"])


def test_default_folder_is_made_in_the_working_directory(backbeat, kick_wav, tmp_path, monkeypatch, no_report):
    monkeypatch.chdir(tmp_path)
    assert backbeat("match", kick_wav.name, *QUICK).status == 0
    assert names(tmp_path / "matches") == files_of("kick")


def test_bad_file_among_good_ones(backbeat, kick_wav, out, tmp_path, no_report):
    bad, last = tmp_path / "bad.wav", save_thump(tmp_path / "last.wav", peak=0.3)
    bad.write_text("no sound")
    shown = backbeat("match", kick_wav, bad, last, *QUICK, "--out", out, "--json")
    assert shown.status == 1
    assert [json.loads(line)["sample"] for line in shown.out.splitlines()] == [str(kick_wav), str(last)]
    assert shown.error().startswith(f"{bad}: no sound that can be read")
    assert names(out) == files_of("kick", "last")


def test_samples_of_the_same_name_are_kept_apart(backbeat, kick_wav, out, tmp_path, no_report):
    (tmp_path / "b").mkdir()
    namesake = save_thump(tmp_path / "b" / "kick.wav", peak=0.1)
    loud_name = save_thump(tmp_path / "b" / "KICK.flac", peak=0.2)
    shown = backbeat("match", kick_wav, namesake, loud_name, *QUICK, "--out", out, "--json")
    assert shown.status == 0
    assert names(out) == sorted(files_of("kick", "kick-2", "KICK-3"))
    peaks = [float(read(out / f"{stem}.wav").audio.abs().max()) for stem in ("kick", "kick-2", "KICK-3")]
    assert peaks == pytest.approx([0.8, 0.1, 0.2], rel=0.4)


@pytest.mark.parametrize("where", ["its own folder", "another path to it", "a later sample's folder"])
def test_sample_is_never_overwritten(backbeat, kick_wav, tmp_path, where):
    before = kick_wav.read_bytes()
    samples, folder = [kick_wav], tmp_path
    if where == "another path to it":
        folder = tmp_path / "b" / ".."
        (tmp_path / "b").mkdir()
    elif where == "a later sample's folder":
        (tmp_path / "b").mkdir()
        samples = [save_thump(tmp_path / "b" / "kick.wav"), kick_wav]
    refused = backbeat("match", *samples, *QUICK, "--out", folder)
    assert refused.status == 2
    assert refused.out == ""
    assert "would overwrite the sample" in refused.error()
    assert kick_wav.read_bytes() == before
    assert names(tmp_path) == sorted({"kick.wav"} | {path.name for path in tmp_path.iterdir() if path.is_dir()})


def test_sample_elsewhere_than_a_wav_may_share_the_folder(backbeat, tmp_path, no_report):
    sample = save_thump(tmp_path / "kick.flac")
    before = sample.read_bytes()
    assert backbeat("match", sample, *QUICK, "--out", tmp_path).status == 0
    assert names(tmp_path) == sorted(["kick.flac", *files_of("kick")])
    assert sample.read_bytes() == before


def test_unknown_plugin_is_wrong_use_and_makes_no_folder(backbeat, kick_wav, out):
    refused = backbeat("match", kick_wav, "--plugin", "theremin", "--out", out)
    assert (refused.status, refused.out) == (2, "")
    assert refused.error().startswith("plugin: found 'theremin'; there are clap, cowbell, cymbal")
    assert not out.exists()


@pytest.mark.parametrize("device", ["toaster", "meta"])
def test_device_that_is_not_here(backbeat, kick_wav, out, device):
    refused = backbeat("match", kick_wav, *QUICK, "--device", device, "--out", out)
    assert (refused.status, refused.out) == (1, "")
    assert f"device: found '{device}'" in refused.error()
    assert names(out) == []


@pytest.fixture
def ctrl_c_at(monkeypatch):
    """Press it when the progress bar reaches a step; at 0, never."""

    def press(step):
        def update(bar, task, *, completed, total, loss):
            if completed == step:
                raise KeyboardInterrupt

        monkeypatch.setattr("rich.progress.Progress.update", update)

    return press


def test_ctrl_c_keeps_the_best_so_far_and_resume_goes_on(backbeat, kick_wav, out, ctrl_c_at, no_report):
    search = (*QUICK, "--steps", "12")
    backbeat("match", kick_wav, *search, "--out", out / "whole")
    ctrl_c_at(5)
    stopped = backbeat("match", kick_wav, kick_wav, *search, "--out", out, "--json")
    assert stopped.status == 130
    assert stopped.document()["steps"] == 5
    (note,) = stopped.notes()
    assert note.startswith(f"{kick_wav}: stopped after 5 of 12 steps")
    assert names(out) == sorted([*files_of("kick"), "kick.search.npz", "whole"])
    assert load(out / "kick.patch.json") != load(out / "whole" / "kick.patch.json")
    ctrl_c_at(0)
    resumed = backbeat("match", kick_wav, *search, "--out", out, "--json", "--resume")
    assert (resumed.status, resumed.document()["steps"]) == (0, 12)
    assert names(out) == sorted([*files_of("kick"), "whole"])
    assert (out / "kick.wav").read_bytes() == (out / "whole" / "kick.wav").read_bytes()


def test_resume_with_nothing_to_resume_starts_afresh(backbeat, kick_wav, out, no_report):
    fresh = backbeat("match", kick_wav, *QUICK, "--out", out, "--resume")
    assert fresh.status == 0
    assert any("no search to resume" in note and "starts afresh" in note for note in fresh.notes())
    assert names(out) == files_of("kick")


def test_search_that_ran_out_of_time_can_be_resumed(backbeat, kick_wav, out, no_report):
    search = (*QUICK, "--steps", "50", "--starts", "1", "--out", out, "--json")
    stopped = backbeat("match", kick_wav, *search, "--seconds-budget", "0.1")
    assert stopped.document()["steps"] < 50
    assert names(out) == sorted([*files_of("kick"), "kick.search.npz"])
    resumed = backbeat("match", kick_wav, *search, "--resume")
    assert (resumed.status, resumed.document()["steps"]) == (0, 50)
    assert names(out) == files_of("kick")


def test_resume_of_another_search_is_refused(backbeat, kick_wav, out, ctrl_c_at, no_report):
    ctrl_c_at(2)
    backbeat("match", kick_wav, *QUICK, "--out", out)
    ctrl_c_at(0)
    refused = backbeat("match", kick_wav, *QUICK, "--steps", "4", "--out", out, "--resume")
    assert (refused.status, refused.out) == (1, "")
    assert "kick.search.npz: made with steps=3, now asked for 4" in refused.error()


def test_resume_of_a_damaged_search_is_refused(backbeat, kick_wav, out):
    out.mkdir()
    (out / "kick.search.npz").write_bytes(b"PK\x03\x04 and then nothing")
    refused = backbeat("match", kick_wav, *QUICK, "--out", out, "--resume")
    assert (refused.status, refused.out) == (1, "")
    assert "kick.search.npz: not a checkpoint" in refused.error()


def test_ctrl_c_before_the_search(backbeat, kick_wav, out, monkeypatch):
    def press(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("backbeat.matching.candidate.propose", press)
    stopped = backbeat("match", kick_wav, *QUICK, "--out", out)
    assert (stopped.status, stopped.out) == (130, "")
    assert "interrupted before there was anything to keep" in stopped.error()
    assert names(out) == []


@pytest.mark.parametrize(
    ("after_bytes", "failing", "left"),
    [
        (1_000, "kick.patch.json", []),
        (10_000, "kick.wav", ["kick.patch.json"]),
        (30_000, "kick.png", ["kick.patch.json", "kick.wav"]),
    ],
)
def test_disk_that_fills(backbeat, kick_wav, out, after_bytes, failing, left):
    with full_disk(after_bytes):
        refused = backbeat("match", kick_wav, *QUICK, "--out", out)
    assert (refused.status, refused.out) == (1, "")
    assert refused.error().startswith(f"{out / failing}: cannot be written (File too large)")
    assert names(out) == left


def test_name_that_is_markup_elsewhere_is_only_a_name(backbeat, out, tmp_path, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    sample = save_thump(tmp_path / "[red]kick[@click=].wav")
    shown = backbeat("match", sample, *QUICK, "--out", out, "--json")
    assert shown.status == 0
    assert "[red]kick" in re.sub(r"\x1b\[[\d;]*m", "", shown.err)
    assert shown.document()["sample"] == str(sample)
    assert names(out) == files_of(sample.stem)


def test_name_in_another_script(backbeat, kick_wav, out, tmp_path, no_report):
    sample = tmp_path / "大太鼓 ♥.wav"
    shutil.copy(kick_wav, sample)
    shown = backbeat("match", sample, *QUICK, "--out", out, "--json")
    assert shown.document()["sample"] == str(sample)
    assert names(out) == files_of("大太鼓 ♥")
    assert load(out / "大太鼓 ♥.patch.json").name == "大太鼓 ♥"


def test_an_inverter_may_propose_where_to_begin(backbeat, kick_wav, out, tmp_path, no_report):
    shown = backbeat("match", kick_wav, *QUICK, "--start", "inverter", "--out", out)
    assert (shown.status, shown.err) == (0, "")
    suggested = suggest(kick_wav, "kick")
    result = match(kick_wav, "kick", steps=3, starts=3, suggested=suggested, detail="off")
    assert load(out / "kick.patch.json").params().tolist() == pytest.approx(result.patch.params().tolist())
