"""Quantities as musicians write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.parameters.quantities import hertz_text, note_text, seconds_text


@pytest.mark.parametrize(
    ("seconds", "significant", "text"),
    [
        (0.06, 3, "60 ms"),
        (0.0005, 3, "0.5 ms"),
        (0.3042, 2, "300 ms"),
        (0.9994, 3, "999 ms"),
        (0.9996, 3, "1 s"),
        (0.9994, 2, "1 s"),
        (1.256, 3, "1.26 s"),
        (0.0, 3, "0 ms"),
    ],
)
def test_times(seconds, significant, text):
    assert seconds_text(seconds, significant) == text


@pytest.mark.parametrize(
    ("hz", "text"), [(52.04, "52 Hz"), (999.4, "999 Hz"), (999.6, "1 kHz"), (4217.0, "4.22 kHz"), (12000.0, "12 kHz")]
)
def test_frequencies(hz, text):
    assert hertz_text(hz) == text


@pytest.mark.parametrize(
    ("hz", "text"),
    [(440.0, "A4"), (261.6256, "C4"), (27.5, "A0"), (51.913, "G#1"), (440.26, "A4 +1 cent"), (430.0, "A4 -40 cents")],
)
def test_notes(hz, text):
    assert note_text(hz) == text


@given(st.floats(20.0, 20000.0))
def test_no_frequency_is_farther_than_half_a_semitone_from_its_note(hz):
    cents = note_text(hz).partition(" ")[2].split(" ")[0] or "0"
    assert -50 <= int(cents) <= 50
