"""Families by name."""

import pytest

from backbeat.families import FLOORS, family_of, instrument_of, is_noisy, notes_of


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("kick-bd_fat", "kick"),
        ("BD01", "kick"),
        ("drum_bass_hard", "kick"),
        ("Bass Drum 1", "kick"),
        ("My Snare 3", "snare"),
        ("snares_tight", "snare"),
        ("hat-drum_cymbal_open", "hat"),
        ("perc-drum_cowbell", "perc"),
        ("tom-elec_fuzz_tom", "tom"),
        ("clap", "clap"),
        ("sndx", None),
        ("untitled", None),
        ("", None),
    ],
)
def test_family_of(name, family):
    assert family_of(name) == family
    assert family is None or family in FLOORS


@pytest.mark.parametrize(
    ("name", "noisy"),
    [
        ("snare-elec_snare", True),
        ("hat-drum_cymbal_open", True),
        ("My Clap 2", True),
        ("perc-shaker_long", True),
        ("Shakers", True),
        ("kick-bd_fat", False),
        ("perc-drum_cowbell", False),
        ("shake", False),
        ("", False),
    ],
)
def test_is_noisy(name, noisy):
    assert is_noisy(name) is noisy


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        ("Kick", (36, 35)),
        ("808_BassDrum-2", (36, 35)),
        ("PearlKick", (36, 35)),
        ("SD1", (38, 40)),
        ("Side Stick", (37,)),
        ("RimShot", (37,)),
        ("trimmed", ()),
        ("HandClap", (39,)),
        ("ClosedHiHat", (42,)),
        ("CHH_1", (42,)),
        ("Hat-Open", (46,)),
        ("OHH", (46,)),
        ("Pedal Hat", (44,)),
        ("Tom Low", (45, 43, 41)),
        ("HiTom", (50, 48)),
        ("Floor Tom", (43, 41)),
        ("Crash 2", (49, 57)),
        ("24Ride-1", (51, 59)),
        ("Ride Bell", (53,)),
        ("CowBell", (56,)),
        ("Low Conga", (64,)),
        ("Shaker", (70,)),
        ("drum_cymbal_closed", (42,)),
        ("cymbal closed", (42,)),
        ("OpenCymbal", (46,)),
        ("drum_cymbal_pedal", (44,)),
        ("Crash Cymbal Open", (49, 57)),
        ("drum_cymbal_soft", (49, 57, 51)),
        ("zap", ()),
        ("", ()),
    ],
)
def test_notes_of_general_midi(name, notes):
    assert notes_of(name) == notes


@pytest.mark.parametrize(
    ("name", "instrument"),
    [
        ("drum_cymbal_closed", "hat"),
        ("cymbal closed", "hat"),
        ("Closed Cymbal", "hat"),
        ("Cymbal Open", "hat"),
        ("Ride Cymbal Open", "cymbal"),
        ("drum_cymbal_hard", "cymbal"),
        ("kick", "kick"),
        ("zap", None),
    ],
)
def test_instrument_of(name, instrument):
    assert instrument_of(name) == instrument
