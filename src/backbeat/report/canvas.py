"""What a report is painted on: text, lines and pixels, by Pillow.

Matplotlib takes longer to start, and to draw the picture, than a quick match takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

DPI = 125
INK, GREY, FAINT = "#222222", "#999999", "#dddddd"
_POINT = DPI / 72.0
_ZOOM = 3
"""Curves are drawn so many times as large, and made smaller: their edges are then smooth."""
_MOST_DASHES = 400


@dataclass(frozen=True)
class Box:
    """A part of the picture, in inches from its left and its top."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def pixels(self) -> tuple[int, int, int, int]:
        """The same in whole pixels."""
        left, top, right, bottom = (round(each * DPI) for each in (self.left, self.top, self.right, self.bottom))
        return left, top, right, bottom


@dataclass(frozen=True)
class Stroke:
    """How a curve is drawn.

    Attributes:
        colour: red, green and blue, as `#rrggbb`.
        points: its width.
        dash: lengths of a dash and of the gap behind it, in points; none is a line without gaps.
    """

    colour: str
    points: float
    dash: tuple[float, float] | None = None


class Canvas:
    """A white picture.

    Attributes:
        texts: what was written, each with the box that it takes.
    """

    def __init__(self, width_inches: float, height_inches: float) -> None:
        self.texts: list[tuple[str, Box]] = []
        self._image = Image.new("RGB", (round(width_inches * DPI), round(height_inches * DPI)), "white")
        self._draw = ImageDraw.Draw(self._image)

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Red, green and blue, (rows, columns, 3)."""
        return np.asarray(self._image)

    def write(self, x: float, y: float, text: str, points: float, anchor: str = "lm") -> None:
        """Write a line at a place, in inches; the anchor, as Pillow has it, says which point of the text lies there."""
        text, font = drawable(text), _font(points)
        place = (x * DPI, y * DPI)
        left, top, right, bottom = self._draw.textbbox(place, text, font, anchor)
        self._draw.text(place, text, INK, font, anchor)
        self.texts.append((text, Box(left / DPI, top / DPI, right / DPI, bottom / DPI)))

    def write_upwards(self, x: float, y: float, text: str, points: float) -> None:
        """Write a line from the bottom up, with its middle at a place, in inches."""
        font = _font(points)
        _, _, width, height = (round(each) for each in font.getbbox(text, anchor="lt"))
        flat = Image.new("L", (width, height))
        ImageDraw.Draw(flat).text((0, 0), text, 255, font, "lt")
        left, top = round(x * DPI - 0.5 * height), round(y * DPI - 0.5 * width)
        self._image.paste(INK, (left, top), flat.transpose(Image.Transpose.ROTATE_90))
        self.texts.append((text, Box(left / DPI, top / DPI, (left + height) / DPI, (top + width) / DPI)))

    def fill(self, box: Box, colour: str) -> None:
        """Fill a box."""
        left, top, right, bottom = box.pixels
        self._draw.rectangle((left, top, right - 1, bottom - 1), fill=colour)

    def frame(self, box: Box) -> None:
        """Draw the sides of a box."""
        self._draw.rectangle(box.pixels, outline=GREY)

    def rule(self, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
        """Draw a straight line, a pixel wide, between two places in inches."""
        self._draw.line([(round(x * DPI), round(y * DPI)) for x, y in (start, end)], fill=colour)

    def show(self, box: Box, colours: NDArray[np.uint8]) -> None:
        """Show an image (rows, columns, 3) in a box, each of its pixels as a rectangle."""
        left, top, right, bottom = box.pixels
        image = Image.fromarray(colours).resize((right - left, bottom - top), Image.Resampling.NEAREST)
        self._image.paste(image, (left, top))

    def curve(self, box: Box, x: NDArray[Any], y: NDArray[Any], stroke: Stroke) -> None:
        """Draw a curve in a box, whose corners are (0, 0), at the bottom left, and (1, 1); what leaves it is cut."""
        left, top, right, bottom = box.pixels
        size = np.array([right - left, bottom - top])
        places = np.stack([x, 1.0 - np.clip(y, -1.0, 2.0)], axis=-1).astype(np.float64) * (size * _ZOOM)
        mask = Image.new("L", (int(size[0]) * _ZOOM, int(size[1]) * _ZOOM))
        draw, wide = ImageDraw.Draw(mask), round(stroke.points * _POINT * _ZOOM)
        for part in _dashes(places, [each * _POINT * _ZOOM for each in stroke.dash]) if stroke.dash else [places]:
            draw.line(part.ravel().tolist(), fill=255, width=wide, joint="curve" if len(part) < _MOST_DASHES else None)
        self._image.paste(stroke.colour, (left, top), mask.reduce(_ZOOM))

    def dot(self, box: Box, x: float, y: float, colour: str, points: float) -> None:
        """Draw a dot of a diameter at a place in a box, as `curve` counts them."""
        radius = 0.5 * points * _POINT
        left, top, right, bottom = box.pixels
        across, down = left + x * (right - left), bottom - y * (bottom - top)
        self._draw.ellipse((across - radius, down - radius, across + radius, down + radius), fill=colour)


def drawable(text: str) -> str:
    """Text in one line, with a box for each character that is none to be seen; the font has its own for what it lacks.

    It lacks the minus sign, for which a hyphen stands.
    """
    return "".join(each if each.isprintable() else " " if each.isspace() else "□" for each in text.replace("−", "-"))


def _dashes(places: NDArray[np.float64], lengths: Sequence[float]) -> list[NDArray[np.float64]]:
    """Parts of a curve (points, 2) that are drawn where it is dashed; a long curve has longer dashes."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(places, axis=0).T))])
    dash, gap = (each * max(1.0, along[-1] / (_MOST_DASHES * sum(lengths))) for each in lengths)

    def at(distance: float) -> NDArray[np.float64]:
        return np.array([np.interp(distance, along, places[:, k]) for k in (0, 1)])

    found = []
    for start in np.arange(0.0, along[-1], dash + gap):
        first, last = np.searchsorted(along, (start, start + dash))
        found.append(np.vstack([at(start), places[first:last], at(start + dash)]))
    return found


@cache
def _font(points: float) -> ImageFont.FreeTypeFont:
    """Pillow's own."""
    font = ImageFont.load_default(points * _POINT)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font
