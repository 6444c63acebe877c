"""Tables declared as classes: their order, what they inherit, and what a field is of the class and of an instance."""

import pytest

from backbeat.errors import PluginError
from backbeat.parameters import Layout, Table, amount, choice, hz, seconds


class Body(Table):
    """Something to inherit from."""

    pitch_hz = hz(20.0, 2000.0, default=100.0, help="Pitch.")
    decay_s = seconds(0.01, 2.0, default=0.3, help="T60.")
    LOUDEST_DB = 12.0


class Drum(Body):
    """More of it, with one parameter declared anew."""

    colour = choice("red", "green", default="red", help="Colour.")
    decay_s = seconds(0.1, 5.0, default=(0.5, 0.7), help="T60 of each tone.")
    mix = amount(default=0.5, help="Mix.")


def test_fields_are_in_the_order_of_their_declaration():
    assert list(Body.layout()) == ["pitch_hz", "decay_s"]
    assert isinstance(Body.layout(), Layout)
    assert Body.layout().entries() == ["pitch_hz", "decay_s"]


def test_those_of_a_base_come_first_and_keep_their_place():
    assert list(Drum.layout()) == ["pitch_hz", "decay_s", "colour", "mix"]
    assert Drum.layout()["decay_s"].size == 2
    assert Drum.layout()["pitch_hz"] is Body.pitch_hz
    assert Body.layout()["decay_s"].size == 1
    assert Drum.layout().size == 1 + 2 + 2 + 1


def test_several_bases():
    class Left(Table):
        mix = amount(default=0.1, help="Mix.")
        left = amount(default=0.2, help="Left.")

    class Both(Left, Body):
        own = amount(default=0.3, help="Own.")

    assert list(Both.layout()) == ["pitch_hz", "decay_s", "mix", "left", "own"]


def test_the_layout_of_a_class_is_one_and_of_each_its_own():
    assert Body.layout() is Body.layout()
    assert Drum.layout() is not Body.layout()


def test_of_the_class_a_field_is_its_parameter():
    assert Body.pitch_hz is Body.layout()["pitch_hz"]
    assert Drum.decay_s.default == (0.5, 0.7)


def test_of_an_instance_a_field_is_its_control():
    controls = {name: object() for name in Drum.layout()}
    c = Drum(controls)
    for name in controls:
        assert getattr(c, name) is controls[name]
    assert Drum.pitch_hz is Drum.layout()["pitch_hz"]


def test_an_instance_knows_what_was_read():
    c = Body({"pitch_hz": 1.0, "decay_s": 2.0})
    assert c.read == set()
    _ = c.decay_s
    assert c.read == {"decay_s"}


def test_two_instances_have_their_own_controls():
    one, other = Body({"pitch_hz": 1.0}), Body({"pitch_hz": 2.0})
    assert (one.pitch_hz, other.pitch_hz) == (1.0, 2.0)


def test_what_is_no_parameter_is_no_entry():
    assert "LOUDEST_DB" not in Body.layout()
    assert Body({}).LOUDEST_DB == 12.0
    with pytest.raises(PluginError, match="found no parameter 'level_db' in its table; there are pitch_hz, decay_s"):
        _ = Body({}).level_db


def test_an_empty_table():
    class Nothing(Table):
        pass

    assert Nothing.layout().size == 0
    assert list(Nothing.layout()) == []
