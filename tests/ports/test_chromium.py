"""The drum machine in a browser: its worker, its audio thread, and the bits of a song."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from backbeat.kernels.library import library
from backbeat.kits.bundle import bundle
from backbeat.kits.hits import Hits
from backbeat.kits.playing import Performance, mixed
from backbeat.songs import Note, Song
from ports.beat import KIT, NOTES, sha
from ports.browser import CHROMIUM, opened, served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(library() is None, reason="no kernels here to compare with"),
]

AUTOPLAY = "--autoplay-policy=no-user-gesture-required"


@pytest.fixture(scope="module")
def song() -> np.ndarray:
    played = Song(tuple(Note(at_s, note, velocity) for at_s, note, velocity in NOTES), 1.0)
    return mixed(np.concatenate(list(Performance(Hits(KIT, 44100), played).blocks()), axis=-1))


@pytest.fixture(scope="module")
def answer(package, song, tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(package, folder, dirs_exist_ok=True)
    shutil.copy(Path(__file__).parent / "page.html", folder)
    notes = [{"at": at_s, "note": note, "velocity": velocity} for at_s, note, velocity in NOTES]
    task = {"kit": bundle(KIT), "notes": notes, "samples": song.shape[1], "sampleRate": 44100}
    (folder / "task.json").write_text(json.dumps(task), encoding="utf-8")
    with served(folder) as address, opened(f"{address}/page.html", AUTOPLAY) as page:
        page.wait("window.answer !== undefined", 60.0)
        return {**page.run("window.answer"), "messages": page.messages}


def test_nothing_is_said_on_the_console(answer):
    assert answer["messages"] == []


def test_offline_it_renders_the_samples_of_a_song(answer, song):
    assert answer["sha"] == sha(song)
    assert answer["sha_soon"] == sha(song)


def test_live_it_plays_at_once_and_in_time(answer):
    first, second = answer["hits"]
    assert [each["exact"] for each in (first, second)] == [True, True]
    assert second["at"] == round(44100 * second["asked"]) / 44100 > first["at"]


def test_a_knob_answers(answer):
    assert len(answer["turn_ms"]) == 20
    assert answer["turned"]["exact"] in (True, False)
    assert answer["seen"][0] == 1
    assert answer["seen"][1] > 1000
    assert answer["refused"].startswith("macro: found wobble; there are tune, ")
