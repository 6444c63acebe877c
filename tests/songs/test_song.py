"""Songs hold what they may, and beats are seconds by their tempos."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.errors import SongError
from backbeat.songs import Meter, Note, Song, Tempo, TempoMap

HALF = Tempo(Fraction(0), Fraction(1, 2))


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 3000)), max_size=5), st.integers(0, 10_000))
def test_beats_and_seconds_are_inverse(steps, quarter):
    tempos, beat = [HALF], Fraction(0)
    for beats, milliseconds in steps:
        beat += beats
        tempos.append(Tempo(beat, Fraction(milliseconds, 1000)))
    tempo_map, wanted = TempoMap(tuple(tempos)), Fraction(quarter, 4)
    lengths = zip(tempos, [*(each.at_beat for each in tempos[1:]), Fraction(10**6)], strict=True)
    seconds = sum(max(min(wanted, end) - each.at_beat, 0) * each.beat_s for each, end in lengths)
    assert tempo_map.seconds(wanted) == seconds
    assert tempo_map.beat(float(seconds)) == pytest.approx(float(wanted), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Song((), -1.0), "song: found a length of -1 s; must be from 0 to 3600 s"),
        (lambda: Song((), float("nan")), "song: found a length of nan s"),
        (lambda: Song((), 3601.0), "song: found a length of 3601 s"),
        (lambda: Song((Note(1.0, 36, 1), Note(0.5, 36, 1)), 2.0), "song: found a note at 0.5 s after a later one"),
        (lambda: Song((Note(float("inf"), 36, 1),), 2.0), "song: found a note at inf s; must be at most 3600 s"),
        (lambda: Song((Note(0.0, 36, 1),) * 1_000_001, 2.0), "song: found 1000001 notes; must be at most 1000000"),
        (lambda: Song((), 2.0, ()), "song: found tempos at beats none; must begin at 0"),
        (lambda: Song((), 2.0, (HALF, HALF)), "song: found tempos at beats 0, 0; must begin at 0"),
        (lambda: Song((), 2.0, meters=(Meter(Fraction(1), 4, 4),)), "song: found meters at beats 1; must begin at 0"),
        (lambda: Tempo(Fraction(0), Fraction(0)), "tempo: found a beat of 0 s at beat 0"),
        (lambda: Meter(Fraction(0), 4, 3), "meter: found 4/3 at beat 0"),
        (lambda: Meter(Fraction(0), 0, 4), "meter: found 0/4 at beat 0"),
    ],
)
def test_what_no_song_is(make, words):
    with pytest.raises(SongError) as refused:
        make()
    assert str(refused.value).startswith(words)
