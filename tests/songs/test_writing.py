"""MIDI files out: what they hold is what was written, to half a tick."""

from collections import defaultdict
from fractions import Fraction
from itertools import pairwise

import mido
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbeat.errors import SongError
from backbeat.songs import Meter, Note, Song, Tempo, TempoMap, read_song, write_midi
from backbeat.songs.pattern import read_pattern_file
from backbeat.songs.performance import perform

many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def songs(draw) -> Song:
    """Songs with tempos and meters at quarters of beats, and notes at any time."""
    beats = sorted(draw(st.sets(st.integers(1, 200), max_size=4)))
    places = [Fraction(0), *(Fraction(beat, 4) for beat in beats)]
    tempos = tuple(Tempo(beat, Fraction(draw(st.integers(100_000, 2_000_000)), 1_000_000)) for beat in places)
    meters = (Meter(Fraction(0), draw(st.integers(1, 9)), draw(st.sampled_from([2, 4, 8, 16]))),)
    length_s = float(TempoMap(tempos).seconds(Fraction(60)))
    notes = st.builds(Note, st.floats(0, length_s - 0.003), st.sampled_from([36, 38]), st.integers(1, 127))
    return Song(tuple(sorted(draw(st.lists(notes, max_size=20)))), length_s, tempos, meters, draw(st.text(max_size=9)))


def by_sound(song: Song) -> dict[tuple[int, int], list[float]]:
    """Times in beats of each note and velocity."""
    beat = TempoMap(song.tempos).beat
    found = defaultdict(list)
    for each in song.notes:
        found[each.note, each.velocity].append(beat(each.at_s))
    return {key: sorted(beats) for key, beats in found.items()}


def check_near(song: Song, back: Song) -> None:
    """The same notes, each within half a tick."""
    wanted, found = by_sound(song), by_sound(back)
    assert found.keys() == wanted.keys()
    for key, beats in wanted.items():
        assert len(found[key]) == len(beats)
        assert max(abs(a - b) for a, b in zip(found[key], beats, strict=True)) <= 0.5 / 960 + 1e-9


@many
@given(song=songs(), one_track=st.booleans())
def test_a_song_that_is_read_back_is_within_half_a_tick(tmp_path, song, one_track):
    path = tmp_path / "song.mid"
    write_midi(song, path, one_track=one_track)
    file = mido.MidiFile(path, charset="utf-8")
    assert (file.type, len(file.tracks), file.ticks_per_beat) == ((0, 1, 960) if one_track else (1, 2, 960))
    assert {track.name for track in file.tracks} == {song.name}
    if not song.notes:
        return
    back = read_song(path)
    check_near(song, back)
    slowest_s = float(max(each.beat_s for each in song.tempos))
    for note in (36, 38):
        times = [[each.at_s for each in either.notes if each.note == note] for either in (song, back)]
        assert all(abs(a - b) <= 0.5 / 960 * slowest_s + 1e-9 for a, b in zip(*times, strict=True))
    assert back.meters == song.meters
    assert back.tempos == tuple(
        each for k, each in enumerate(song.tempos) if k == 0 or each.beat_s != song.tempos[k - 1].beat_s
    )


@many
@given(
    bpm=st.integers(20_000, 400_000),
    swing=st.integers(50, 75),
    humanize=st.integers(0, 30),
    seed=st.integers(0, 99),
    bars=st.lists(st.lists(st.sampled_from("xXo.f?49"), min_size=12, max_size=12).map("".join), min_size=2, max_size=6),
)
def test_a_pattern_is_in_its_midi_file_with_all_that_is_played(tmp_path, bpm, swing, humanize, seed, bars):
    text = f"tempo {bpm / 1000}\nswing {swing}\nmeter 3/4\nhumanize {humanize}ms {humanize}\n"
    song = perform(read_pattern_file(text + f"pattern A\nkick {'|'.join(bars)}|r3x(x +9ms)..........\norder A*3"), seed)
    write_midi(song, tmp_path / "song.mid")
    back = read_song(tmp_path / "song.mid")
    check_near(song, back)
    assert TempoMap(back.tempos).beat(back.length_s) == pytest.approx(9 * len(bars) + 9, abs=1e-9)
    assert [(each.count, each.unit) for each in back.meters] == [(3, 4)]
    assert round(60_000_000 / bpm * 1000) == back.tempos[0].beat_s * 1_000_000


def test_tempos_and_meters_of_a_pattern_are_in_the_file(tmp_path):
    text = "pattern A\nkick x...............\npattern B\ntempo 90\nmeter 6/8\nkick x..........."
    song = perform(read_pattern_file(text))
    write_midi(song, tmp_path / "song.mid")
    back = read_song(tmp_path / "song.mid")
    assert back.meters == song.meters
    assert [(each.at_beat, float(each.beat_s)) for each in back.tempos] == [
        (0, 0.5),
        (4, pytest.approx(2 / 3, abs=1e-6)),
    ]


def test_notes_are_let_go_before_the_next_and_within_the_song(tmp_path):
    song = perform(read_pattern_file("steps 24\nkick " + "x" * 96 + "\n36 " + "x" * 96))
    write_midi(song, tmp_path / "song.mid")
    tick, sounding, ticks = 0, 0, []
    for message in mido.MidiFile(tmp_path / "song.mid").tracks[1]:
        tick += message.time
        if message.type == "note_on":
            sounding += 1
            ticks.append(tick)
        elif message.type == "note_off":
            sounding -= 1
        assert 0 <= sounding <= 2
        if message.type.startswith("note"):
            assert message.channel == 9
    assert sounding == 0
    assert tick == 4 * 960
    assert all(after - before in (0, 40) for before, after in pairwise(ticks))


def test_silence_at_the_end_is_in_the_file(tmp_path):
    song = perform(read_pattern_file("kick x...............|................|................"))
    for one_track in (False, True):
        write_midi(song, tmp_path / "song.mid", one_track=one_track)
        assert read_song(tmp_path / "song.mid").length_s == 6.0


def test_name_of_any_letters(tmp_path):
    write_midi(Song((Note(0.0, 36, 1),), 2.0, name="Größe 鼓"), tmp_path / "song.mid")
    assert read_song(tmp_path / "song.mid").name == "Größe 鼓"
    write_midi(Song((Note(0.0, 36, 1),), 2.0, name="a\udcff"), tmp_path / "song.mid")
    assert read_song(tmp_path / "song.mid").name == "a?"


@pytest.mark.parametrize(
    ("tempo", "length_s", "words"),
    [(Fraction(17), 17.0, "found 17000000 microseconds"), (Fraction(1, 10**6), 3600.0, "ticks; must be at most")],
)
def test_what_midi_cannot_hold_is_refused_and_the_old_file_stays(tmp_path, tempo, length_s, words):
    path = tmp_path / "song.mid"
    path.write_bytes(b"old")
    with pytest.raises(SongError, match=words):
        write_midi(Song((), length_s, (Tempo(Fraction(0), tempo),)), path)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("song.mid", b"old")]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    def fail(self, path):
        path.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(mido.MidiFile, "save", fail)
    path = tmp_path / "song.mid"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"):
        write_midi(Song((), 2.0), path)
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("song.mid", b"old")]
