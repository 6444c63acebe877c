"""Songs by their files: which kind they are, and files that are no songs."""

import os
import sys

import pytest

from backbeat.errors import SongError
from backbeat.songs import read_song
from songs.midi_bytes import meta, midi, on

STEPS = b"kick x...............\n"


@pytest.mark.parametrize(
    ("file", "content", "name"),
    [
        ("a.mid", midi(on(0)), "a"),
        ("b.pattern", midi(on(0)), "b"),  # what it begins with counts
        ("c", midi(meta(0, 3, b"Song") + on(0)), "Song"),
        ("d.pattern", STEPS, "d"),
        ("e.txt", b"\xef\xbb\xbf" + STEPS, "e"),
        ("f.pattern", b'name "Two  words" #1\n' + STEPS, "Two  words"),
        ("g.pattern", b"name Two words\n" + STEPS, "Two words"),
    ],
)
def test_kind_and_name(tmp_path, file, content, name):
    path = tmp_path / file
    path.write_bytes(content)
    song = read_song(str(path))
    assert (song.name, [each.note for each in song.notes]) == (name, [36])


def test_kit_seed_and_channel_are_handed_on(tmp_path):
    (tmp_path / "a.pattern").write_bytes(b"boom " + b"?" * 16)
    found = [read_song(tmp_path / "a.pattern", {"Boom": 99}, seed=seed).notes for seed in (0, 1, 0)]
    assert found[0] == found[2] != found[1]
    assert {each.note for each in found[0]} == {99}
    (tmp_path / "a.mid").write_bytes(midi(on(0) + on(0, 60, channel=2)))
    assert [each.note for each in read_song(tmp_path / "a.mid", channel=2).notes] == [60]


def test_notes_of_other_channels_are_counted(tmp_path):
    (tmp_path / "a.mid").write_bytes(midi(on(0) + on(0, 60, channel=2) + on(0, 62, channel=2) + on(0, 40, channel=1)))
    found = [read_song(tmp_path / "a.mid", channel=channel) for channel in (None, 2, 0)]
    assert [(len(song.notes), song.left_out) for song in found] == [(1, {1: 1, 2: 2}), (2, {1: 1, 10: 1}), (4, {})]
    (tmp_path / "b.mid").write_bytes(midi(on(0, 60, channel=2)))
    assert read_song(tmp_path / "b.mid").left_out == {}


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("a.mid", STEPS, "a.mid: found b'kick' at the start"),
        ("a.mid", b"", "a.mid: found an empty file; must be a MIDI file or a pattern"),
        ("a.pattern", b"", "a.pattern: found an empty file; must be a MIDI file or a pattern"),
        ("a.pattern", b"# none", "a.pattern: found no lines"),
        ("a.pattern", b"kick ................", "a.pattern: found a pattern without hits; must have at least one"),
        ("a.pattern", b"\n\nkick y", "a.pattern: line 3: found 'y'"),
        ("a.pattern", b"kick \xff", "a.pattern: found byte 0xFF at 5, which is no UTF-8: neither a MIDI file nor a"),
        ("a.pattern", b"kick \0", "a.pattern: found a binary file, neither a MIDI file nor a pattern; must be a MIDI"),
        (
            "a.wav",
            b"RIFF\0\0\0\0WAVE",
            "a.wav: found a WAV file, neither a MIDI file nor a pattern; must be a MIDI file",
        ),
        ("a.wav", b"RIFF\0\0\0\0WAVE" + b"\1" * 2**20, "a.wav: found a WAV file, neither a MIDI file nor a pattern"),
        ("a.flac", b"fLaC\0", "a.flac: found a FLAC file, neither a MIDI file nor a pattern"),
        ("a.bin", b"\xff" * 2**21, "a.bin: found byte 0xFF at 0, which is no UTF-8: neither a MIDI file nor a pattern"),
        ("a.pattern", b"#" * (2**20 + 1), "a.pattern: found more than 1048576 bytes"),
        ("a.mid", midi(on(0)) + b"\0" * 2**24, "a.mid: found more than 16777216 bytes"),
        ("no.mid", None, "no.mid: No such file"),
    ],
)
def test_no_song_is_one_line_that_names_the_file(tmp_path, file, content, words):
    path = tmp_path / file
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SongError) as refused:
        read_song(path)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_folders_are_refused(tmp_path):
    with pytest.raises(SongError, match=r"found a folder; must be a MIDI file or a pattern, which is text$"):
        read_song(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="no pipes by name")
def test_pipes_are_refused(tmp_path):
    os.mkfifo(tmp_path / "a.mid")
    with pytest.raises(SongError, match="found a device or pipe; must be a MIDI file or a pattern"):
        read_song(tmp_path / "a.mid")
