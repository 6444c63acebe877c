"""MIDI files in: exact times, bars, channels, and files that are broken."""

import io
from fractions import Fraction

import mido
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from backbeat.errors import SongError
from backbeat.songs import Song
from backbeat.songs.midi import song_of_midi
from songs.midi_bytes import END, chunk, length, meta, meter, midi, on, tempo

PLAIN = midi(tempo(0, 600_000) + on(0) + on(480, 38), on(240, 42, 80))


@st.composite
def files(draw) -> mido.MidiFile:
    """Files with tempos, notes and meters in any track, at any tick."""
    ticks = st.integers(0, 2000)
    one = draw(st.booleans())
    tracks = []
    for _ in range(1 if one else draw(st.integers(1, 3))):
        messages = st.one_of(
            st.builds(
                lambda time, us: mido.MetaMessage("set_tempo", tempo=us, time=time), ticks, st.integers(1, 2**21)
            ),
            st.builds(
                lambda time, note, velocity, channel: mido.Message(
                    "note_on", note=note, velocity=velocity, channel=channel, time=time
                ),
                *(ticks, st.integers(0, 127), st.integers(0, 127), st.sampled_from([8, 9])),
            ),
            st.builds(lambda time, value: mido.Message("control_change", value=value, time=time), ticks, st.just(3)),
            st.builds(lambda time: mido.Message("sysex", data=[1, 2, 3], time=time), ticks),
            st.builds(lambda time, text: mido.MetaMessage("text", text=text, time=time), ticks, st.sampled_from("aé")),
        )
        tracks.append(mido.MidiTrack(draw(st.lists(messages, max_size=12))))
    return mido.MidiFile(type=0 if one else 1, ticks_per_beat=draw(st.integers(1, 32767)), tracks=tracks)


def times(file: mido.MidiFile) -> list[tuple[float, int, int]]:
    """What mido's own sum over messages gives, without its rounding: the drums' notes, or all."""
    notes, at, beat_us = [], Fraction(0), 500_000
    for message in mido.merge_tracks(file.tracks):
        at += Fraction(message.time * beat_us, file.ticks_per_beat * 1_000_000)
        if message.type == "set_tempo":
            beat_us = message.tempo
        if message.type == "note_on" and message.velocity:
            notes.append((message.channel, (float(at), message.note, message.velocity)))
    drums = [note for channel, note in notes if channel == 9]
    return sorted(drums or [note for _, note in notes])


def outcome(data: bytes) -> Song | str:
    """The song, or why there is none."""
    try:
        return song_of_midi(data)
    except SongError as error:
        return str(error)


@given(files())
def test_times_are_those_of_mido_exactly(file):
    data = io.BytesIO()
    file.save(file=data)
    wanted = times(file)
    if not wanted:
        with pytest.raises(SongError, match="found no notes"):
            song_of_midi(data.getvalue())
        return
    song = outcome(data.getvalue())
    if isinstance(song, str):
        assert "found a length of" in song
        assert wanted[-1][0] > 3500
        return
    assert [(each.at_s, each.note, each.velocity) for each in song.notes] == wanted
    assert song.length_s >= wanted[-1][0]


@pytest.mark.parametrize(
    ("frames", "ticks", "per_s"),
    [
        (24, 100, Fraction(2400)),
        (25, 40, Fraction(1000)),
        (29, 80, Fraction(2_400_000, 1001)),
        (30, 255, Fraction(7650)),
    ],
)
def test_ticks_of_frames_are_shares_of_a_second_at_any_tempo(frames, ticks, per_s):
    song = song_of_midi(midi(tempo(0, 123_456) + on(777) + on(1234, 38), division=(256 - frames) << 8 | ticks))
    assert [each.at_s for each in song.notes] == [float(777 / per_s), float(2011 / per_s)]
    assert song.length_s == float(2011 / per_s)


def test_tempos_of_any_track_hold_for_all_and_the_last_of_a_tick_stays():
    song = song_of_midi(midi(on(480) + on(480), tempo(480, 250_000) + tempo(0, 1_000_000), on(1200, 38)))
    assert [(each.at_s, each.note) for each in song.notes] == [(0.5, 36), (1.5, 36), (2.0, 38)]
    assert [(each.at_beat, each.beat_s) for each in song.tempos] == [(0, Fraction(1, 2)), (1, 1)]


def test_a_note_on_of_no_velocity_is_a_note_off_and_status_runs_on():
    song = song_of_midi(midi(on(0) + length(10) + b"\x24\x00" + meta(0, 1, b"hm") + length(470) + b"\x26\x40"))
    assert [(each.at_s, each.note, each.velocity) for each in song.notes] == [(0.0, 36, 100), (0.5, 38, 64)]


def test_drums_alone_where_there_are_some_and_any_channel_by_wish():
    data = midi(on(0) + on(0, 60, channel=1) + on(0, 61, channel=16))
    found = {channel: [each.note for each in song_of_midi(data, channel).notes] for channel in (None, 0, 1, 10, 16)}
    assert found == {None: [36], 0: [36, 60, 61], 1: [60], 10: [36], 16: [61]}
    assert [each.note for each in song_of_midi(midi(on(0, 60, channel=1) + on(0, 61, channel=2))).notes] == [60, 61]


@pytest.mark.parametrize(("channel", "words"), [(5, "channel 5; must be one that has some: 1, 10"), (17, "0 for all")])
def test_channels_without_notes(channel, words):
    with pytest.raises(SongError, match=words):
        song_of_midi(midi(on(0) + on(0, 60, channel=1)), channel)


OFF = b"\x89\x24\x00"


@pytest.mark.parametrize(
    ("track", "beats"),
    [
        (on(0), 4),
        (on(1919), 4),
        (on(1920), 8),  # a note at a bar line is of the bar that begins
        (on(0) + length(1920) + OFF, 4),  # its end is of the bar that ends
        (on(0) + length(1921) + OFF, 8),
        (on(0) + meta(5000, 1, b""), 12),
        (meter(0, 3, 2) + on(0), 3),
        (meter(0, 7, 3) + on(1700), 7),
        (meter(0, 3, 2) + meter(1440, 4, 2) + on(0), 7),
        (meter(0, 3, 2) + on(0) + meter(1440, 4, 2), 3),
        (on(0) + meter(960, 4, 2), 2),  # a meter begins a bar, wherever it comes
        (meter(0, 5, 6) + on(0), Fraction(5, 16)),
    ],
)
def test_length_is_to_the_end_of_the_last_bar_with_an_event(track, beats):
    assert song_of_midi(midi(track)).length_s == float(beats / Fraction(2))


def test_length_is_to_the_end_of_the_tracks_where_that_is_later():
    late = chunk(b"MTrk", on(0) + length(5000) + b"\xff\x2f\x00")
    assert song_of_midi(midi(count=1) + late).length_s == float(Fraction(5000, 960))


def test_time_before_what_nobody_knows_counts():
    """A meta event of an unknown kind, an unknown key, text of any bytes, and a system message."""
    for event in (
        meta(480, 0x60, b"x"),
        meta(480, 0x59, b"\x09\x05"),
        meta(480, 0x01, b"\xff\xfe"),
        b"\x83\x60\xf0\x02\x01\xf7",
    ):
        assert [each.at_s for each in song_of_midi(midi(on(0) + event + on(480))).notes] == [0.0, 1.0]


def test_chunks_that_nobody_knows_and_what_follows_the_tracks_are_passed_over():
    header, track = midi(on(0))[:14], midi(on(0))[14:]
    data = header + chunk(b"XFIH", b"what") + track + b"trailing"
    assert len(song_of_midi(data).notes) == 1
    assert len(song_of_midi(midi(on(0)) + END).notes) == 1


@pytest.mark.parametrize(
    ("content", "name"),
    [("Grüße".encode(), "Grüße"), ("Grüße".encode("latin-1"), "Grüße"), (b"\x1b[31m a\n", "[31m a")],
)
def test_name_is_that_of_the_first_track_with_one_in_any_encoding(content, name):
    assert song_of_midi(midi(meta(0, 3, content) + on(0), meta(0, 3, b"other"))).name == name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "found b'' at the start; must be 'MThd'"),
        (b"RIFF1234", "found b'RIFF' at the start"),
        (b"MThd", "found a header of"),
        (b"MThd\0\0\0\5\0\0\0\1\1\1\1\1", "found a header of 5 bytes"),
        (midi(on(0), kind=2), "type 2, whose tracks are songs of their own"),
        (midi(on(0), kind=3), "type 3; must be of type 0 or 1"),
        (midi(on(0), division=0), "found 0 ticks per beat"),
        (midi(on(0), division=0xE700), "25 frames a second of 0 ticks"),
        (midi(on(0), division=0x8050), "128 frames a second"),
        (midi(on(0), count=3), "found 1 of the 3 tracks"),
        (midi(count=65535), "found 0 of the 65535 tracks"),
        (midi(count=1) + chunk(b"MTrk", END, 2**32 - 1), "found 4 of the 4294967295 bytes that track 1 promises"),
        (midi(count=1) + chunk(b"MTrk", on(0)[:-1]), "ends within; the track is cut short"),
        (midi(count=1) + chunk(b"MTrk", b"\xff\xff"), "ends within"),
        (midi(count=1) + chunk(b"MTrk", b"\0\xff"), "ends within"),
        (midi(count=2) + chunk(b"MTrk", on(0)[:-1]) + chunk(b"MTrk", on(0)), "that track 1 ends within"),
        (midi(meta(0, 1, b"")[:-1] + b"\xff\xff\xff\x7f"), "ends within"),
        (midi(meta(0, 1, b"")[:-1] + b"\xff\xff\xff\xff\xff"), "length of more than 4 bytes"),
        (midi(b"\xff\xff\xff\xff\x7f" + on(0)), "time of 5 bytes"),
        (midi(b"\0\x24\x64"), "byte 0x24 that begins no event"),
        (midi(b"\0\xf4"), "status byte 0xF4"),
        (midi(b"\0\x99\xa4\x64"), "data above 127"),
        (midi(b"\0\x99\x24\xe4"), "data above 127"),
        (midi(tempo(0, 0) + on(0)), "tempo of 0 microseconds"),
        (midi(meta(0, 0x51, b"\1") + on(0)), "tempo of 1 microseconds per beat; must be 1 to 16777215, in 3 bytes"),
        (midi(meter(0, 0, 2) + on(0)), "time signature of 0/2^2"),
        (midi(meter(0, 4, 200) + on(0)), "time signature of 4/2^200"),
        (midi(meta(0, 0x58, b"") + on(0)), "time signature of 0 bytes"),
        (midi(tempo(0, 1)), "found no notes"),
        (midi(tempo(0, 500_000) * 100_001 + on(0)), "found 100000 tempos"),
        (midi(on(0) + on(2**28 - 1), division=1), "found a length of"),
    ],
)
def test_broken_files_are_refused_in_one_line(data, words):
    with pytest.raises(SongError) as refused:
        song_of_midi(data)
    assert words in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_too_many_notes(monkeypatch):
    monkeypatch.setattr("backbeat.songs.events.MAX_NOTES", 10)
    assert len(song_of_midi(midi(on(0) * 10)).notes) == 10
    with pytest.raises(SongError, match="more than 10 notes"):
        song_of_midi(midi(on(0) * 11))


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(PLAIN)),
    st.binary(max_size=40),
)
@example([], len(PLAIN), b"")
def test_garbage_is_a_song_or_one_line(changes, kept, rest):
    data = bytearray(PLAIN)
    for place, byte in changes:
        data[place] = byte
    found = outcome(bytes(data[:kept]) + rest)
    assert isinstance(found, Song) or len(found.splitlines()) == 1


@given(st.binary(max_size=200))
def test_a_track_of_garbage_is_a_song_or_one_line(content):
    found = outcome(midi(on(0) + content))
    assert isinstance(found, Song) or len(found.splitlines()) == 1


@pytest.mark.parametrize("kept", range(len(PLAIN)))
def test_every_cut_is_refused(kept):
    with pytest.raises(SongError):
        song_of_midi(PLAIN[:kept])
