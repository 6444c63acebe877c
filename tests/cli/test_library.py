"""`backbeat library`: matched, asked, refused."""

import os
import subprocess
import sys

import pytest

from matching.sounds import save_thump


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / "samples"
    (folder / "low").mkdir(parents=True)
    save_thump(folder / "a.wav", 0.05)
    save_thump(folder / "low" / "b.wav", 0.06)
    save_thump(folder / "low" / "c.wav", 0.06)
    return folder


def match(backbeat, samples, out, *options):
    fast = ("--plugin", "kick", "--quality", "draft", "--steps", 1, "--workers", 1)
    return backbeat("library", "match", samples, "--out", out, *fast, *options)


def test_matched_and_asked(backbeat, samples, tmp_path):
    out = tmp_path / "library"
    shown = match(backbeat, samples, out)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == f"{out}: 3 of 3 files matched, 2 different sounds\n  {out / 'index.html'}\n"
    listed = backbeat("library", "show", out, "--order", "worst", "--label", "low")
    assert [line.split(":")[0] for line in listed.out.splitlines()] == ["low/b.wav", "low/c.wav"]
    assert backbeat("library", "show", out, "--count", 1, "--json").document()["sample"] == "a.wav"
    near = backbeat("library", "nearest", out, samples / "a.wav", "--count", 1)
    assert near.out.startswith("a.wav: 0.0 dB from it; kick, mel ")
    assert backbeat("library", "duplicates", out).out == "low/b.wav = low/c.wav\n"
    assert backbeat("library", "duplicates", out, "--json").document() == {"same": ["low/b.wav", "low/c.wav"]}
    assert backbeat("library", "failures", out).out == ""


def test_a_broken_file_is_told_and_the_rest_is_there(backbeat, samples, tmp_path):
    (samples / "broken.wav").write_text("no sound")
    shown = match(backbeat, samples, tmp_path / "library", "--json")
    assert shown.status == 1
    assert "broken.wav" in shown.error()
    document = shown.document()
    assert (document["files"], document["matched"], document["failed"]) == (4, 3, 1)
    assert "broken.wav" in backbeat("library", "failures", tmp_path / "library").out


def test_hidden_files_and_archive_leftovers_are_no_failures(backbeat, samples, tmp_path):
    for name in ("._a.wav", ".DS_Store", "__MACOSX/low/._b.wav"):
        (samples / name).parent.mkdir(parents=True, exist_ok=True)
        (samples / name).write_bytes(b"\0\5\x16\7")
    shown = match(backbeat, samples, tmp_path / "library")
    assert shown.status == 0
    assert shown.err == f"note: {samples}: 3 hidden files and archive leftovers were passed over\n"
    assert "3 of 3 files matched" in shown.out
    assert match(backbeat, samples, tmp_path / "library", "--json").document()["passed_over"] == 3
    refused = match(backbeat, samples / "__MACOSX", tmp_path / "other")
    assert refused.status == 1
    assert "no sound file (1 hidden file or archive leftover was passed over)" in refused.error()


def test_a_sound_that_could_not_be_matched_is_named(backbeat, samples, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("backbeat.library.job.match", fail)
    shown = match(backbeat, samples, tmp_path / "library")
    assert shown.status == 1
    assert "error: a.wav: RuntimeError: unforeseen" in shown.lines()
    assert "a.wav: RuntimeError: unforeseen\n" in backbeat("library", "failures", tmp_path / "library").out


def test_names_that_are_not_utf_8_can_be_listed(backbeat, samples, tmp_path):
    os.rename(samples / "a.wav", os.fsencode(samples) + b"/gro\xdfe.wav")
    script = "from backbeat.cli import main; import sys; sys.argv = ['backbeat', 'library', *sys.argv[1:]]; main()"
    strict = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    assert match(backbeat, samples, tmp_path / "library").status == 0
    for options, line in (((), b"gro?e.wav: kick"), (("--json",), b'"sample": "gro?e.wav"')):
        command = [sys.executable, "-c", script, "show", tmp_path / "library", *options]
        assert line in subprocess.run(command, env=strict, capture_output=True, check=True).stdout


def test_wrong_use(backbeat, samples, tmp_path):
    out = tmp_path / "library"
    for arguments in (("--plugin", "flute"), ("--steps", 0), ("--address", "auto"), ("--executor", "odd")):
        assert match(backbeat, samples, out, *arguments).status == 2
    assert "--executor ray" in match(backbeat, samples, out, "--address", "auto").error()
    assert "no index of a library" in backbeat("library", "show", out).error()
    assert not out.exists()


def test_a_cluster_that_is_not_there(backbeat, samples, tmp_path):
    shown = match(backbeat, samples, tmp_path / "library", "--executor", "ray", "--address", "127.0.0.1:1")
    assert shown.status == 2
    assert "address: found '127.0.0.1:1'" in shown.error()
