"""One picture of a match: what it sounds like beside its target, how it got there, and the patch."""

import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from backbeat.files import replacing
from backbeat.losses.distances import Distances
from backbeat.matching.result import MatchResult
from backbeat.patch import Patch
from backbeat.report import panels
from backbeat.report.canvas import DPI, Box, Canvas, drawable
from backbeat.report.plotting import draw_bar, draw_panel

PICTURE_INCHES = (16.0, 12.0)
PNG_EFFORT = 3
ATTACK_S = 0.025

HEADER_INCHES = 1.05
TABLE_INCHES = 4.1
MARGIN_INCHES = 0.3
TITLE_INCHES = 0.3
LABEL_INCHES = 0.5
PANEL_GAP_INCHES = 0.75
BAR_INCHES = 0.5
TABLE_LINE_INCHES = 0.34
TABLE_POINTS = 10.5
TABLE_LINE_CHARACTERS = 42
NAME_CHARACTERS = 80
MOST_ENTRIES, ENTRIES_SHOWN = 12, 2
NOTE_LINE_INCHES = 0.2
NOTE_LINE_CHARACTERS = 200
NOTE_LINES = 6


@dataclass(frozen=True)
class Painting:
    """The pixels of a match's picture, red, green and blue.

    Attributes:
        whole: title, plots, patch and notes, (rows, columns, 3).
        plots: the plots alone, a part of it.
    """

    whole: NDArray[np.uint8]
    plots: NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """A picture that is drawn.

    Attributes:
        canvas: it.
        panels: its plots, and where their axes lie.
    """

    canvas: Canvas
    panels: tuple[tuple[panels.Panel, Box], ...]


def paint(result: MatchResult) -> Painting:
    """Paint the picture of a match once, for `write_picture` and `write_page` to share."""
    whole = draw_picture(result).canvas.pixels
    right = PICTURE_INCHES[0] - 1.5 * MARGIN_INCHES - TABLE_INCHES
    bottom = PICTURE_INCHES[1] - _notes_inches(result.remarks)
    top, bottom, right = (round(inches * DPI) for inches in (HEADER_INCHES, bottom, right))
    return Painting(whole, whole[top:bottom, :right])


def write_picture(result: MatchResult, path: Path, painting: Painting | None = None) -> None:
    """Write the picture of a match as one PNG, 2000 × 1500 pixels; a failed write leaves nothing behind.

    Args:
        result: the match.
        path: the file.
        painting: of the result, where it is painted already.

    Raises:
        OSError: `path` cannot be written.
    """
    picture = png((painting or paint(result)).whole)
    with replacing(path) as temporary:
        temporary.write_bytes(picture)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode pixels (rows, columns, 3 or 4); the same pixels give the same bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=PNG_EFFORT, dpi=(DPI, DPI))
    return buffer.getvalue()


def draw_picture(result: MatchResult) -> Picture:
    """Draw all there is to see: title, plots, patch and notes."""
    width, height = PICTURE_INCHES
    canvas = Canvas(width, height)
    _draw_header(canvas, result)
    bottom = height - _draw_notes(canvas, result.remarks)
    table = width - MARGIN_INCHES - TABLE_INCHES
    shown = _draw_plots(canvas, result, right=table - MARGIN_INCHES, top=HEADER_INCHES, bottom=bottom)
    _draw_patch(canvas, result.patch, left=table, top=HEADER_INCHES, bottom=bottom)
    return Picture(canvas, shown)


def distances_text(distances: Distances) -> str:
    """Say the four distances in one line."""
    return (
        f"mel {distances.mel_db:.1f} dB · LSD {distances.lsd_db:.1f} dB · "
        f"MR-STFT {distances.mrstft:.2f} · envelope {distances.envelope_db:.1f} dB"
    )


def compared(result: MatchResult) -> panels.Sounds:
    """Target and match from where they are compared: without the noise before the hit."""
    target, match = (each[0, 0, result.lead_in :].numpy() for each in (result.target, result.audio))
    return panels.Sounds(target, match, result.sample_rate)


def effort_text(result: MatchResult) -> str:
    """Say what the match took: "600 steps in 12.3 s"."""
    stopped = ", stopped early" if result.interrupted else ""
    return f"{result.steps:,} {'step' if result.steps == 1 else 'steps'} in {result.seconds:.1f} s{stopped}"


def _draw_header(canvas: Canvas, result: MatchResult) -> None:
    facts = (
        _shortened(result.patch.plugin, NAME_CHARACTERS // 2),
        distances_text(result.distances),
        effort_text(result),
    )
    canvas.write(MARGIN_INCHES, 0.42, _shortened(result.name, NAME_CHARACTERS), 20.0)
    canvas.write(MARGIN_INCHES, 0.80, "   |   ".join(facts), 12.0)


def _draw_notes(canvas: Canvas, notes: Sequence[str]) -> float:
    """Write the notes at the foot of the picture; returns the height that they take, in inches."""
    for index, line in enumerate(reversed(_note_lines(notes))):
        canvas.write(MARGIN_INCHES, PICTURE_INCHES[1] - MARGIN_INCHES - index * NOTE_LINE_INCHES, line, 9.5)
    return _notes_inches(notes)


def _note_lines(notes: Sequence[str]) -> list[str]:
    lines = [
        line
        for note in notes
        for line in textwrap.wrap(f"Note: {drawable(note)}", NOTE_LINE_CHARACTERS, subsequent_indent="    ")
    ]
    return [*lines[: NOTE_LINES - 1], "…"] if len(lines) > NOTE_LINES else lines


def _notes_inches(notes: Sequence[str]) -> float:
    return MARGIN_INCHES + len(_note_lines(notes)) * NOTE_LINE_INCHES


def _draw_plots(
    canvas: Canvas, result: MatchResult, right: float, top: float, bottom: float
) -> tuple[tuple[panels.Panel, Box], ...]:
    """Lay the plots out from the left margin to `right`, from `top` to `bottom`, all in inches."""
    sounds = compared(result)
    seconds = sounds.target.size / sounds.sample_rate
    left = MARGIN_INCHES + LABEL_INCHES
    width, row = right - left, (bottom - top) / 3.0

    def box(index: int, at: float, inches: float) -> Box:
        return Box(at, top + index * row + TITLE_INCHES, at + inches, top + (index + 1) * row - LABEL_INCHES)

    attack, half = 0.32 * width, (width - PANEL_GAP_INCHES) / 2.0
    third = (width - 2 * PANEL_GAP_INCHES - 2 * BAR_INCHES) / 3.0
    lefts = (left, left + third + PANEL_GAP_INCHES, right - BAR_INCHES - third)
    spectra = panels.spectrogram_panels(sounds)
    shown = (
        (panels.waveforms(sounds, seconds, "Waveform"), box(0, left, width - attack - PANEL_GAP_INCHES)),
        (panels.waveforms(sounds, min(ATTACK_S, seconds), "Attack"), box(0, right - attack, attack)),
        *((panel, box(1, at, third)) for panel, at in zip(spectra, lefts, strict=True)),
        (panels.envelopes(sounds), box(2, left, half)),
        (panels.losses(result.history), box(2, right - half, half)),
    )
    for panel, where in shown:
        draw_panel(canvas, where, panel)
    for panel, at in zip(spectra[1:], lefts[1:], strict=True):
        if panel.levels:
            draw_bar(canvas, box(1, at + third + 0.08, 0.14), panel.levels)
    return shown


def _draw_patch(canvas: Canvas, patch: Patch, left: float, top: float, bottom: float) -> None:
    """List parameters and values; a bank's many numbers go on lines of their own below its name."""
    detail = [("detail", patch.detail_text, "")] if patch.detail_text else []
    rows = (*patch.rows(), *detail)
    blocks = [_table_lines(drawable(name), _abridged(drawable(value))) for name, value, _ in rows]
    line = min(TABLE_LINE_INCHES, (bottom - top) / (1 + sum(len(block) for block in blocks)))
    points, right = TABLE_POINTS * line / TABLE_LINE_INCHES, left + TABLE_INCHES
    canvas.write(left + 0.08, top + 0.5 * line, f"Patch (noise seed {patch.seed})", points)
    y = top + line
    for index, block in enumerate(blocks):
        if index % 2 == 0:
            canvas.fill(Box(left, y, right, y + len(block) * line), "#f2f2f2")
        for name, value in block:
            canvas.write(left + 0.08, y + 0.5 * line, name, points)
            canvas.write(right - 0.08, y + 0.5 * line, value, points, "rm")
            y += line


def _abridged(value: str) -> str:
    """The first few numbers of a large bank, how many there are, and the last with its unit."""
    entries = value.split(", ")
    if len(entries) <= MOST_ENTRIES:
        return value
    return ", ".join((*entries[:ENTRIES_SHOWN], f"… ({len(entries)})", entries[-1]))


def _table_lines(name: str, value: str) -> list[tuple[str, str]]:
    if len(name) + len(value) <= TABLE_LINE_CHARACTERS:
        return [(name, value)]
    # Break after a comma or a plus only: a number stays with its unit.
    wrapped = textwrap.wrap(re.sub(r"(?<![,+]) ", "\N{NO-BREAK SPACE}", value), TABLE_LINE_CHARACTERS)
    return [(_shortened(name, TABLE_LINE_CHARACTERS), ""), *(("", part) for part in wrapped)]


def _shortened(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
