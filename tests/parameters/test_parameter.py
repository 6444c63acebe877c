"""One control: what it allows, and what it says of what it does not."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.errors import ParameterError
from backbeat.parameters import (
    Parameter,
    amount,
    cents,
    choice,
    cycles,
    decibels,
    hz,
    octaves,
    pitch,
    seconds,
    semitones,
    shape,
)

PITCH = hz(20.0, 2000.0, default=100.0, help="Pitch.")
LEVEL = decibels(-60.0, 6.0, default=-6.0, help="Level.")
BANK = seconds(0.01, 2.0, default=(0.1, 0.2, 0.3), help="T60s.")
COLOUR = choice("red", "green", "blue", default="green", help="Colour.")
NOT_A_NUMBER = [math.nan, math.inf, -math.inf, True, False, None, "60", [60.0], {}, 60j, 10**400]


class TestKinds:
    @pytest.mark.parametrize(
        ("parameter", "scale", "unit"),
        [
            (PITCH, "log", "Hz"),
            (pitch(20.0, 2000.0, default=100.0, help=""), "log", "Hz"),
            (BANK, "log", "s"),
            (seconds(0.0, 1.0, default=0.0, help=""), "linear", "s"),
            (semitones(-12.0, 12.0, default=0.0, help=""), "linear", "st"),
            (cents(-50.0, 50.0, default=0.0, help=""), "linear", "cents"),
            (octaves(0.1, 4.0, default=1.0, help=""), "linear", "oct"),
            (LEVEL, "linear", "dB"),
            (cycles(default=0.5, help=""), "linear", "cycles"),
            (amount(default=0.5, help=""), "linear", ""),
            (shape(0.25, 4.0, default=1.0, help=""), "log", ""),
            (COLOUR, "choice", ""),
        ],
    )
    def test_scale_and_unit(self, parameter, scale, unit):
        assert (parameter.scale, parameter.unit) == (scale, unit)

    def test_size(self):
        assert [PITCH.size, BANK.size, COLOUR.size] == [1, 3, 3]

    def test_musical_range_is_the_whole_range_unless_given(self):
        assert PITCH.musical == (20.0, 2000.0)
        assert amount(default=0.0, musical=(0.0, 0.3), help="").musical == (0.0, 0.3)

    def test_choice(self):
        assert COLOUR.default == (0.0, 1.0, 0.0)
        assert COLOUR.weights("blue") == (0.0, 0.0, 1.0)


class TestDefinition:
    @pytest.mark.parametrize(
        ("low", "high", "default", "message"),
        [
            (2.0, 1.0, 1.5, "range: low 2 must be below high 1"),
            (1.0, 1.0, 1.0, "range: low 1 must be below high 1"),
            (0.0, 1.0, 0.5, "range: low 0 must be above 0 on a log scale"),
            (-1.0, 1.0, 0.5, "range: low -1 must be above 0 on a log scale"),
            (1.0, 2.0, 2.5, "range: 2.5 must be within 1 … 2 Hz"),
            (1.0, 2.0, (1.5, 0.5), "range: 0.5 must be within 1 … 2 Hz"),
            (1.0, 2.0, math.nan, "range: nan must be within 1 … 2 Hz"),
            (math.nan, 2.0, 1.0, "range: low nan must be below high 2"),
        ],
    )
    def test_range_is_checked(self, low, high, default, message):
        with pytest.raises(ParameterError) as caught:
            hz(low, high, default=default, help="")
        assert str(caught.value) == message

    def test_musical_range_is_checked(self):
        with pytest.raises(ParameterError, match=r"^range: 7 must be within -60 … 6 dB$"):
            decibels(-60.0, 6.0, default=0.0, musical=(-6.0, 7.0), help="")

    def test_where_matches_look_is_checked(self):
        assert seconds(0.0, 1.0, default=0.1, matched=(0.0, 0.5), help="").matched == (0.0, 0.5)
        assert seconds(0.0, 1.0, default=0.1, help="").matched is None
        with pytest.raises(ParameterError, match=r"^range: 10 must be within 30 … 90 Hz$"):
            pitch(30.0, 90.0, default=60.0, matched=(10.0, 90.0), help="")


class TestCheck:
    @given(st.floats(-60.0, 6.0) | st.integers(-60, 6))
    def test_a_number_within_the_range(self, value):
        found = LEVEL.check("level_db", value)
        assert found == value
        assert type(found) is float

    @pytest.mark.parametrize("value", [*NOT_A_NUMBER, -60.001, 6.001])
    def test_anything_else_is_refused_with_name_value_and_range(self, value):
        with pytest.raises(ParameterError) as caught:
            LEVEL.check("level_db", value)
        assert str(caught.value) == f"level_db: found {value!r}; must be a number from -60 to 6 dB"

    def test_a_bank(self):
        assert BANK.check("mode_s", [0.01, 2, 0.5]) == (0.01, 2.0, 0.5)

    @pytest.mark.parametrize("value", [0.1, [0.1, 0.2], [0.1] * 4, "abc", None, {}, {0.1, 0.2, 0.3}])
    def test_a_bank_of_another_size_is_refused(self, value):
        with pytest.raises(ParameterError) as caught:
            BANK.check("mode_s", value)
        assert str(caught.value) == f"mode_s: found {value!r}; must be a list of 3 numbers"

    @pytest.mark.parametrize("entry", [*NOT_A_NUMBER, 0.0, 2.1])
    def test_an_entry_of_a_bank_is_refused_by_its_index(self, entry):
        with pytest.raises(ParameterError) as caught:
            BANK.check("mode_s", [0.1, entry, 0.1])
        assert str(caught.value) == f"mode_s[1]: found {entry!r}; must be a number from 0.01 to 2 s"

    @pytest.mark.parametrize("value", ["red", (0.0, 1.0, 0.0), (0.2, 0.2, 1.0)])
    def test_a_choice(self, value):
        assert COLOUR.check("colour", value) == value

    @pytest.mark.parametrize("value", ["pink", "", None, 1.0, [1.0, 0.0], [0.0, 0.0, 0.0], {}])
    def test_a_choice_of_something_else_is_refused(self, value):
        with pytest.raises(ParameterError) as caught:
            COLOUR.check("colour", value)
        allowed = "must be one of red, green, blue, or a weight from 0 to 1 for each, not all 0"
        assert str(caught.value) == f"colour: found {value!r}; {allowed}"

    @pytest.mark.parametrize("weight", [*NOT_A_NUMBER, -0.1, 1.1])
    def test_a_weight_is_refused_by_its_index(self, weight):
        with pytest.raises(ParameterError) as caught:
            COLOUR.check("colour", [1.0, 0.0, weight])
        assert str(caught.value) == f"colour[2]: found {weight!r}; must be a number from 0 to 1"


def test_a_parameter_cannot_be_changed():
    with pytest.raises(AttributeError):
        PITCH.low = 1.0
    assert isinstance(PITCH, Parameter)
