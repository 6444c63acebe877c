"""Tables for people."""

import json

import pytest

from backbeat import plugins
from backbeat.parameters import BODY, Layout, amount, choice, cycles, decibels, hz, pitch, seconds, semitones, shape
from backbeat.parameters.listing import markdown, musical_text, records, rows, text, value_rows, value_text

TABLE = Layout(
    pitch_hz=hz(20.0, 2000.0, default=100.0, help="Resting pitch."),
    mode_s=seconds(0.003, 7.0, default=(0.1, 1 / 3), help="T60 of each mode."),
    colour=choice("red", "green", default="green", help="Which colour."),
    mix=amount(default=0.25, help="How much."),
)
ROWS = [
    ("pitch_hz", "20 … 2000 Hz", "100 Hz", "log", "Resting pitch."),
    ("mode_s × 2", "0.003 … 7 s", "0.1, 0.3333 s", "log", "T60 of each mode."),
    ("colour", "red, green", "green", "choice", "Which colour."),
    ("mix", "0 … 1", "0.25", "linear", "How much."),
]


def test_rows():
    assert rows(TABLE) == ROWS


def test_text_is_aligned():
    lines = text(TABLE).splitlines()
    assert lines[0].split() == ["parameter", "range", "default", "scale", "what", "it", "does"]
    for column, cell in enumerate(lines[0].split()[:5]):
        start = lines[0].index(cell)
        for line, row in zip(lines[1:], ROWS, strict=True):
            assert line[start:].startswith(row[column])
    assert all(line == line.rstrip() for line in lines)


def test_markdown():
    lines = markdown(TABLE).splitlines()
    assert lines[0] == "| parameter | range | default | scale | what it does |"
    assert lines[1] == "| --- | --- | --- | --- | --- |"
    assert lines[2] == "| `pitch_hz` | 20 … 2000 Hz | 100 Hz | log | Resting pitch. |"
    assert len(lines) == 2 + len(TABLE)


def test_values_of_a_patch():
    values = {"pitch_hz": 61.73456, "mode_s": (0.01, 2.0), "colour": (0.25, 0.75), "mix": 0.0}
    assert value_rows(TABLE, values) == [
        ("pitch_hz", "61.73 Hz", "Resting pitch."),
        ("mode_s", "10 ms, 2 s", "T60 of each mode."),
        ("colour", "25 % red + 75 % green", "Which colour."),
        ("mix", "0 %", "How much."),
    ]


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        (seconds(0.001, 4.0, default=[0.1] * 2, help=""), (0.0123, 0.2), "12.3, 200 ms"),
        (seconds(0.001, 4.0, default=[0.1] * 2, help=""), (0.5, 1.25), "500 ms, 1.25 s"),
        (decibels(-60.0, 6.0, default=0.0, help=""), -12.34567, "-12.3 dB"),
        (semitones(0.0, 48.0, default=0.0, help=""), 28.04, "28 st"),
        (cycles(default=0.0, help=""), 0.25, "90°"),
        (amount(default=0.0, help=""), 0.333, "33.3 %"),
        (shape(0.25, 4.0, default=1.0, help=""), 0.5, "0.5"),
        (hz(20.0, 20000.0, default=100.0, help=""), 12345.0, "12.35 kHz"),
        (pitch(20.0, 2000.0, default=100.0, help="", role=BODY.pitch_hz), 52.0, "52 Hz (G#1 +3 cents)"),
        (choice("red", "green", default="red", help=""), "green", "green"),
    ],
)
def test_values_as_a_musician_writes_them(parameter, value, expected):
    assert musical_text(parameter, value) == expected


@pytest.mark.parametrize(
    ("weights", "expected"),
    [((1.0, 0.0), "100 % red"), ((0.5, 1.0), "33 % red + 67 % green"), ("green", "green")],
)
def test_a_mixed_choice(weights, expected):
    assert value_text(TABLE["colour"], weights) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-12.34567, "-12.35 dB"),
        (100.0, "100 dB"),
        (0.0, "0 dB"),
        (0.00123, "0.00123 dB"),
        (1e-9, "0 dB"),
        (999.96, "1000 dB"),
        (1234.56, "1235 dB"),
        (16000.0, "16000 dB"),
    ],
)
def test_numbers_have_four_digits_and_no_exponent(value, expected):
    assert value_text(decibels(-60.0, 6.0, default=0.0, help=""), value) == expected


def test_records_are_plain_data():
    found = records(TABLE)
    assert json.loads(json.dumps(found)) == [record | {"default": as_json(record["default"])} for record in found]
    assert found[0] == {
        "name": "pitch_hz",
        "unit": "Hz",
        "scale": "log",
        "low": 20.0,
        "high": 2000.0,
        "size": 1,
        "default": 100.0,
        "options": [],
        "help": "Resting pitch.",
    }
    assert [record["default"] for record in found] == [100.0, (0.1, 1 / 3), "green", 0.25]
    assert found[2]["options"] == ["red", "green"]


def as_json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", plugins.names())
def test_every_instrument_is_listed_whole(name):
    table = plugins.get(name).table
    assert len(rows(table)) == len(table)
    for row in rows(table):
        assert all(row), row
        assert "|" not in "".join(row)
        assert row[-1].endswith(".")
        assert row[-1][0].isupper()
