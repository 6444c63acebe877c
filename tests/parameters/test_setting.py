"""Values by the names that people give them."""

import pytest

from backbeat.errors import ParameterError
from backbeat.parameters import Layout, amount, choice, hz, place_of, with_value

TABLE = Layout(
    level=amount(default=0.5, help="A."),
    tone_hz=hz(50.0, 500.0, default=[100.0, 200.0, 300.0], help="B."),
    kind=choice("low", "high", default="low", help="C."),
)
VALUES = TABLE.defaults()


@pytest.mark.parametrize(
    ("target", "value", "expected", "where"),
    [
        ("level", 0.25, {"level": 0.25}, [0]),
        ("tone_hz", [60, 70, 80], {"tone_hz": (60.0, 70.0, 80.0)}, [1, 2, 3]),
        ("tone_hz[1]", 250, {"tone_hz": (100.0, 250.0, 300.0)}, [2]),
        ("kind", "high", {"kind": "high"}, [4, 5]),
    ],
)
def test_one_value_is_set_where_it_lies(target, value, expected, where):
    found = with_value(TABLE, VALUES, target, value)
    assert found == {**VALUES, **expected}
    assert list(range(TABLE.size))[place_of(TABLE, target)] == where
    before, after = TABLE.to_unit(VALUES), TABLE.to_unit(found)
    assert set((before != after).nonzero()[0].tolist()) <= set(where)


@pytest.mark.parametrize(
    ("target", "value", "words"),
    [
        ("levle", 0.5, "levle: no such parameter"),
        ("level", 2.0, "level: found 2.0"),
        ("level[0]", 0.5, "without an index"),
        ("kind[0]", 0.5, "without an index"),
        ("tone_hz[3]", 100.0, "from tone_hz.0. to tone_hz.2."),
        ("tone_hz[]", 100.0, "from tone_hz.0. to tone_hz.2."),
        ("tone_hz[0", 100.0, "must be the name of a parameter"),
        ("tone_hz[1]", 5.0, r"tone_hz\[1\]: found 5.0"),
    ],
)
def test_names_and_values_that_there_are_not(target, value, words):
    with pytest.raises(ParameterError, match=words):
        with_value(TABLE, VALUES, target, value)
