"""Quantities as a musician writes them: 60 ms, 4.2 kHz, G#1 +12 cents."""

import math
from decimal import Decimal

_NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_A4_HZ, _A4 = 440.0, 69
_TINY = 1e-6


def digits(number: float, significant: int) -> str:
    """A number to so many digits, never with an exponent; nothing behind the point that is nought."""
    if abs(number) < _TINY:
        return "0"
    text = format(Decimal(f"{number:.{significant}g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def seconds_text(seconds: float, significant: int = 3) -> str:
    """A time, in ms where it is below a second."""
    milliseconds = digits(1e3 * seconds, significant)
    return f"{milliseconds} ms" if abs(float(milliseconds)) < 1e3 else f"{digits(seconds, significant)} s"


def hertz_text(frequency_hz: float, significant: int = 3) -> str:
    """A frequency, in kHz from 1000 Hz on."""
    if frequency_hz >= 999.5:
        return f"{digits(1e-3 * frequency_hz, significant)} kHz"
    return f"{digits(frequency_hz, significant)} Hz"


def note_text(frequency_hz: float) -> str:
    """The nearest note of the tempered scale on A4 = 440 Hz, and how far off it a frequency is."""
    place = _A4 + 12.0 * math.log2(frequency_hz / _A4_HZ)
    note = round(place)
    cents = round(100.0 * (place - note))
    name = f"{_NOTES[note % 12]}{note // 12 - 1}"
    return f"{name} {cents:+d} cent{'s' if abs(cents) > 1 else ''}" if cents else name
