"""Families by name."""

import pytest

from backbeat.families import FLOORS, family_of, is_noisy


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
