"""`backbeat song`."""

import pytest

from backbeat.songs import read_song


@pytest.fixture
def pattern(tmp_path):
    path = tmp_path / "beat.pattern"
    path.write_text("tempo 120\nkick x...x...x...x...\nclosed " + "?" * 16, encoding="utf-8")
    return path


def test_to_midi(backbeat, pattern, tmp_path):
    written = backbeat("song", "to-midi", pattern, "-o", tmp_path / "beat.mid")
    assert (written.status, written.out, written.err) == (0, f"{tmp_path / 'beat.mid'}\n", "")
    song, wanted = read_song(tmp_path / "beat.mid"), read_song(pattern)
    assert (song.notes, song.length_s, song.name) == (wanted.notes, 2.0, "beat")
    backbeat("song", "to-midi", pattern, "-o", tmp_path / "other.mid", "--seed", "1")
    assert read_song(tmp_path / "other.mid").notes == read_song(pattern, seed=1).notes != wanted.notes


def test_a_wrong_line_is_named(backbeat, pattern, tmp_path):
    pattern.write_text("kick x...x...x...x..", encoding="utf-8")
    refused = backbeat("song", "to-midi", pattern, "-o", tmp_path / "beat.mid")
    assert refused.status == 1
    assert refused.error() == f"{pattern}: line 1: kick: found 15 steps; must be 16 in each bar"
    assert not (tmp_path / "beat.mid").exists()


def test_wrong_use(backbeat, pattern, tmp_path):
    assert "there is no folder" in backbeat("song", "to-midi", pattern, "-o", tmp_path / "no" / "a.mid").error()
    before = pattern.read_bytes()
    refused = backbeat("song", "to-midi", pattern, "-o", pattern)
    assert refused.status == 2
    assert "would overwrite the pattern" in refused.error()
    assert pattern.read_bytes() == before
    assert backbeat("song", "to-midi", pattern).status == 2
