"""A folder matched: what lands in it, what goes on, what stops nothing."""

import json
import os
import shutil
import signal
import sqlite3
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile
import torch

from backbeat import load, read
from backbeat.errors import BackbeatError, LibraryError
from backbeat.executors import Local, Ray
from backbeat.library import Library, Settings, match_folder
from matching.sounds import save_thump

QUICK = Settings("kick", "draft", steps=1)


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(out: Path) -> list[tuple]:
    columns = "content, stem, plugin, patch, mel_db, lsd_db, mrstft, envelope_db, steps, remarks, likeness"
    with sqlite3.connect(out / "library.sqlite") as connection:
        return connection.execute(f"SELECT {columns} FROM matches ORDER BY stem").fetchall()


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one") / "samples"
    (folder / "kicks" / "soft").mkdir(parents=True)
    save_thump(folder / "kicks" / "long.wav", 0.2)
    save_thump(folder / "kicks" / "soft" / "short.wav", 0.05)
    shutil.copy(folder / "kicks" / "long.wav", folder / "copy.wav")
    sound, rate = soundfile.read(folder / "kicks" / "soft" / "short.wav")
    soundfile.write(folder / "Short.aiff", np.round(sound * 2**15) / 2**15, rate, subtype="PCM_16")
    (folder / "broken.wav").write_bytes(b"RIFF")
    soundfile.write(folder / "silent.flac", np.zeros(4410), 44100)
    return folder


@pytest.fixture(scope="module")
def matched(samples, tmp_path_factory):
    out = tmp_path_factory.mktemp("two") / "library"
    return match_folder(samples, out, QUICK), out


def test_every_file_has_a_match_or_a_reason(matched):
    summary, out = matched
    assert (summary.files, summary.matched, summary.sounds) == (6, 4, 2)
    assert [path.name for path, _ in summary.failures] == ["broken.wav", "silent.flac"]
    assert "silent" in summary.failures[1][1]
    assert Library(out).failures() == summary.failures


def test_files_are_there_and_nothing_else(matched):
    _, out = matched
    names = {name for name in files_of(out) if not name.startswith("matches")}
    assert names == {"library.sqlite", "index.html"}
    stems = {str(each.stem) for each in Library(out).entries()}
    assert stems == {"copy", "Short"}
    assert set(files_of(out / "matches")) == {f"{s}{end}" for s in stems for end in (".patch.json", ".wav", ".png")}


def test_a_patch_renders_its_sound(matched):
    _, out = matched
    patch = load(out / "matches" / "copy.patch.json")
    assert patch.name == "copy"
    np.testing.assert_array_equal(
        patch.render()[0, 0], soundfile.read(out / "matches" / "copy.wav", dtype="float32")[0]
    )


def test_a_match_is_that_of_the_file_alone(matched, samples):
    from backbeat import match

    _, out = matched
    alone = match(samples / "copy.wav", "kick", quality="draft", steps=1)
    (entry,) = (each for each in Library(out).entries() if each.path == Path("copy.wav"))
    assert entry.distances == alone.distances
    assert dict(load(out / "matches" / "copy.patch.json").values) == dict(alone.patch.values)


def test_the_same_sound_is_told_whatever_the_format(matched):
    _, out = matched
    groups = Library(out).duplicates()
    assert groups == [(Path("Short.aiff"), Path("kicks/soft/short.wav")), (Path("copy.wav"), Path("kicks/long.wav"))]


def test_entries_by_folder_and_distance(matched):
    library = Library(matched[1])
    assert [str(each.path) for each in library.entries(label="kicks")] == ["kicks/long.wav", "kicks/soft/short.wav"]
    assert [str(each.path) for each in library.entries(label="kicks/soft")] == ["kicks/soft/short.wav"]
    worst = [each.distances.mel_db for each in library.entries("worst")]
    assert worst == sorted(worst, reverse=True)
    assert library.entries("best")[0].distances.mel_db == min(worst)
    assert library.entries(plugin="drum") == []
    with pytest.raises(LibraryError, match=r"order: found 'odd'; must be one of path, best, worst"):
        library.entries("odd")


def test_nearest_finds_the_sound_itself_first(matched, samples):
    (distance_db, first), *_ = Library(matched[1]).nearest(samples / "kicks" / "long.wav", 3)
    assert first.path == Path("copy.wav")
    assert distance_db < 0.1


def test_the_sheet_shows_each_and_names_what_failed(matched):
    page = (matched[1] / "index.html").read_text()
    assert page.count("<article") == 4
    assert "the same sound as copy.wav" in page
    assert "broken.wav" in page
    assert 'data-sound="matches/copy.wav"' in page


def test_a_second_run_does_nothing(samples, matched):
    _, out = matched
    before = files_of(out / "matches"), rows(out)
    told = []
    match_folder(samples, out, QUICK, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 0)]
    assert (files_of(out / "matches"), rows(out)) == before


def test_a_file_that_was_touched_keeps_its_match(samples, tmp_path):
    folder, out = tmp_path / "samples", tmp_path / "library"
    shutil.copytree(samples, folder)
    match_folder(folder, out, QUICK)
    for path in folder.rglob("*.wav"):
        os.utime(path, (1, 1))
    told = []
    match_folder(folder, out, QUICK, progress=lambda done, total: told.append((done, total)))
    assert told == [(0, 0)]
    assert len(Library(out).entries()) == 4


def test_files_that_are_gone_keep_their_match_and_nothing_else(samples, tmp_path, monkeypatch):
    folder, out = tmp_path / "samples", tmp_path / "library"
    shutil.copytree(samples, folder)
    match_folder(folder, out, QUICK)
    (folder / "broken.wav").unlink()
    (folder / "copy.wav").unlink()
    summary = match_folder(folder, out, QUICK)
    assert [path.name for path, _ in summary.failures] == ["silent.flac"]
    assert {str(each.path) for each in Library(out).entries()} >= {"copy.wav", "kicks/long.wav"}


def test_a_file_that_was_moved_before_it_was_matched_is_matched(samples, tmp_path, monkeypatch):
    folder, out = tmp_path / "samples", tmp_path / "library"
    shutil.copytree(samples / "kicks", folder / "a")
    with monkeypatch.context() as patched:
        patched.setattr("backbeat.library.folder._match_all", lambda *_: None)
        assert match_folder(folder, out, QUICK).matched == 0
    (folder / "a").rename(folder / "b")
    summary = match_folder(folder, out, QUICK)
    assert (summary.files, summary.matched, summary.failures) == (2, 2, [])
    assert Library(out).nearest(folder / "b" / "long.wav")[0][1].path == Path("b/long.wav")


def test_what_was_added_changed_and_mended_is_matched(samples, tmp_path):
    folder, out = tmp_path / "samples", tmp_path / "library"
    shutil.copytree(samples, folder)
    match_folder(folder, out, QUICK)
    save_thump(folder / "new.wav", 0.07)
    save_thump(folder / "copy.wav", 0.09)
    save_thump(folder / "broken.wav", 0.08)
    told = []
    summary = match_folder(folder, out, QUICK, progress=lambda done, total: told.append((done, total)))
    # `kicks/long.wav` had the sound of `copy.wav`, and that one's files
    assert told[-1] == (4, 4)
    assert (summary.files, summary.matched, summary.sounds, len(summary.failures)) == (7, 6, 5, 1)
    for entry in Library(out).entries():
        assert (
            load(out / "matches" / f"{entry.stem}.patch.json").render().shape == read(folder / entry.path).audio.shape
        )


def test_hidden_files_are_passed_over_and_forgotten(samples, tmp_path):
    folder, out = tmp_path / "samples", tmp_path / "library"
    shutil.copytree(samples, folder)
    assert match_folder(folder, out, QUICK).passed_over == 0
    (folder / "broken.wav").rename(folder / "._broken.wav")
    summary = match_folder(folder, out, QUICK)
    assert (summary.files, summary.matched, summary.passed_over) == (5, 4, 1)
    assert [path.name for path, _ in summary.failures] == ["silent.flac"]
    assert "broken.wav" not in (out / "index.html").read_text()


def test_a_match_that_fails_stops_nothing_and_is_tried_again(samples, tmp_path, monkeypatch):
    from backbeat.library import job

    out = tmp_path / "library"
    right = job.match

    def wrong(target, *arguments, **options):
        if target.shape[-1] > 5000:
            raise RuntimeError("unforeseen")
        return right(target, *arguments, **options)

    monkeypatch.setattr(job, "match", wrong)
    summary = match_folder(samples, out, QUICK)
    assert summary.matched == 2
    assert (Path("copy.wav"), "RuntimeError: unforeseen") in summary.failures
    monkeypatch.undo()
    assert match_folder(samples, out, QUICK).matched == 4


def test_a_run_that_is_stopped_keeps_what_it_has(samples, tmp_path):
    out = tmp_path / "library"

    def stop(done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        match_folder(samples, out, QUICK, progress=stop)
    assert (out / "index.html").read_text().count("<article") == 2
    assert match_folder(samples, out, QUICK).matched == 4


def test_ctrl_c_within_a_match_stops_the_library(samples, tmp_path, monkeypatch):
    from backbeat.library import job

    right = job.match
    monkeypatch.setattr(job, "match", lambda *some, **more: replace(right(*some, **more), interrupted=True))
    with pytest.raises(KeyboardInterrupt):
        match_folder(samples, tmp_path / "library", QUICK)
    assert Library(tmp_path / "library").entries() == []
    assert Library(tmp_path / "library").nearest(samples / "copy.wav") == []


def differing(folder: Path) -> None:
    for number in range(4):
        save_thump(folder / f"{number}.wav", 0.05 + 0.01 * number)


def kill_a_local_worker() -> None:
    os.kill(next(iter(active_children())).pid, signal.SIGKILL)
    time.sleep(0.2)  # until the pool has noticed


def kill_a_ray_worker() -> None:
    """One that is at work; between two tasks, none is for a moment."""
    for _ in range(100):
        for each in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if any("ray::attempt" in part for part in each.cmdline()):
                    return each.kill()
        time.sleep(0.05)
    pytest.fail("found no worker of Ray at work within 5 s")


@pytest.mark.parametrize(
    ("executor", "kill"),
    [
        pytest.param(Local(2), kill_a_local_worker, id="local"),
        pytest.param(Ray(workers=2), kill_a_ray_worker, id="ray", marks=pytest.mark.slow),
    ],
)
def test_other_executors_find_the_same_bit_for_bit_though_a_worker_is_killed(tmp_path, executor, kill):
    folder = tmp_path / "samples"
    folder.mkdir()
    differing(folder)
    match_folder(folder, tmp_path / "here", QUICK)
    killed = []

    def progress(done: int, total: int) -> None:
        if done == 1 and not killed:
            killed.append(kill())

    assert match_folder(folder, tmp_path / "there", QUICK, executor=executor, progress=progress).matched == 4
    assert killed
    assert files_of(tmp_path / "here" / "matches") == files_of(tmp_path / "there" / "matches")
    assert rows(tmp_path / "here") == rows(tmp_path / "there")


def test_names_that_differ_by_case_or_suffix_have_files_of_their_own(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    for length, name in enumerate(("kick.wav", "Kick.wav", "kick.flac")):
        save_thump(folder / name, 0.05 + 0.01 * length)
    match_folder(folder, tmp_path / "library", QUICK)
    stems = sorted(str(each.stem) for each in Library(tmp_path / "library").entries())
    assert len({stem.casefold() for stem in stems}) == 3


def test_a_name_that_is_not_utf_8(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    name = os.fsdecode(b"gro\xdfe.wav")
    save_thump(folder / "kick.wav").rename(folder / name)
    match_folder(folder, tmp_path / "library", QUICK)
    (entry,) = Library(tmp_path / "library").entries()
    assert entry.path == Path(name)
    assert load(tmp_path / "library" / "matches" / f"{entry.stem}.patch.json").name == "gro?e"


def test_a_name_as_long_as_a_file_may_have(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    for number in range(2):
        save_thump(folder / "kick.wav", 0.05 + 0.01 * number).rename(folder / f"{'太鼓' * 41}{number}.wav")
    assert match_folder(folder, tmp_path / "library", QUICK).matched == 2
    assert len(list((tmp_path / "library" / "matches").glob("*.png"))) == 2


def test_the_inverter_may_begin(samples, tmp_path):
    assert match_folder(samples, tmp_path / "library", Settings("kick", steps=1, start="inverter")).matched == 4


def refused(samples, out, settings=QUICK):
    with pytest.raises(BackbeatError) as error:
        match_folder(samples, out, settings)
    return str(error.value)


def test_what_is_refused(samples, matched, tmp_path):
    _, out = matched
    before = files_of(out)
    assert "plugin is 'kick'; found 'drum'" in refused(samples, out, Settings("drum", "draft", steps=1))
    assert "steps is 1; found 2" in refused(samples, out, Settings("kick", "draft", steps=2))
    assert "folder is" in refused(samples / "kicks", out)
    assert files_of(out) == before
    assert "lies within" in refused(samples, samples / "library")
    assert "written over samples" in refused(out / "matches", out)
    assert "quality: found 'odd'" in refused(samples, tmp_path / "a", Settings(quality="odd"))
    assert "start: found 'odd'" in refused(samples, tmp_path / "a", Settings(start="odd"))
    assert "steps: found 0" in refused(samples, tmp_path / "a", Settings(steps=0))
    assert "flute" in refused(samples, tmp_path / "a", Settings("flute"))
    assert "not a folder" in refused(samples / "broken.wav", tmp_path / "a")
    assert "no sound file" in refused(tmp_path, tmp_path.parent / "b")
    (tmp_path / "file").write_text("mine")
    assert "not a folder that can be written to" in refused(samples, tmp_path / "file")
    assert not (tmp_path / "a").exists()
    for name in ("index.html", "matches"):
        (tmp_path / f"of {name}" / name).mkdir(parents=True)
        assert f"holds {name}, and is no library" in refused(samples, tmp_path / f"of {name}")


def test_an_index_that_is_none(samples, tmp_path):
    (tmp_path / "library.sqlite").write_text("this is not a database, " * 100)
    assert "not an index" in refused(samples, tmp_path)
    with pytest.raises(LibraryError, match="not an index"):
        Library(tmp_path).entries()
    with pytest.raises(LibraryError, match="no index of a library"):
        Library(tmp_path / "nowhere").entries()


def test_an_index_can_be_asked_by_others(matched):
    with sqlite3.connect(matched[1] / "library.sqlite") as connection:
        found = connection.execute("SELECT path, plugin, mel_db FROM library WHERE plugin IS NOT NULL").fetchall()
        ((settings,),) = connection.execute("SELECT settings FROM request")
    assert len(found) == 4
    assert json.loads(settings)["plugin"] == "kick"


def test_sounds_of_jobs_are_not_touched():
    from backbeat.library.job import Job, match_one
    from matching.sounds import thump

    sound = thump(0.05)[0, 0].numpy().copy()
    sound.flags.writeable = False
    found = match_one(QUICK, Job("", "name", sound, 44100))
    assert torch.isfinite(torch.tensor(found.sound)).all()
