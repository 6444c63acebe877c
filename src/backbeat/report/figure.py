"""One picture of a match: what it sounds like beside its target, how it got there, and the patch."""

import io
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.image import imsave
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from backbeat.files import replacing
from backbeat.losses.distances import Distances
from backbeat.matching.result import MatchResult
from backbeat.patch import Patch
from backbeat.report import panels

PICTURE_INCHES = (16.0, 12.0)
PICTURE_DPI = 125
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
    """The pixels of a match's picture, red, green, blue and alpha.

    Attributes:
        whole: title, plots, patch and notes, (rows, columns, 4).
        plots: the plots alone, a part of it.
    """

    whole: NDArray[np.uint8]
    plots: NDArray[np.uint8]


def paint(result: MatchResult) -> Painting:
    """Paint the picture of a match once, for `write_picture` and `write_page` to share."""
    canvas = FigureCanvasAgg(draw_picture(result))
    canvas.draw()  # type: ignore[no-untyped-call]
    whole = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    right = PICTURE_INCHES[0] - 1.5 * MARGIN_INCHES - TABLE_INCHES
    bottom = PICTURE_INCHES[1] - _notes_inches(result.remarks)
    top, bottom, right = (round(inches * PICTURE_DPI) for inches in (HEADER_INCHES, bottom, right))
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
    """Encode pixels; the same pixels give the same bytes."""
    buffer = io.BytesIO()
    imsave(buffer, pixels, format="png", dpi=PICTURE_DPI, pil_kwargs={"compress_level": PNG_EFFORT})
    return buffer.getvalue()


def draw_picture(result: MatchResult) -> Figure:
    """Draw all there is to see: title, plots, patch and notes."""
    width, height = PICTURE_INCHES
    figure = Figure(figsize=PICTURE_INCHES, dpi=PICTURE_DPI, facecolor="white")
    _draw_header(figure, result)
    footer = _draw_notes(figure, result.remarks)
    header = height - HEADER_INCHES
    table = width - MARGIN_INCHES - TABLE_INCHES
    _draw_plots(figure, result, right=table - MARGIN_INCHES, bottom=footer, top=header)
    _draw_patch(figure, result.patch, left=table, bottom=footer, top=header)
    return figure


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


def _draw_header(figure: Figure, result: MatchResult) -> None:
    width, height = PICTURE_INCHES
    facts = (
        _shortened(drawable(result.patch.plugin), NAME_CHARACTERS // 2),
        distances_text(result.distances),
        effort_text(result),
    )
    lines = (
        (0.42, 20, "bold", _shortened(drawable(result.name), NAME_CHARACTERS)),
        (0.80, 12, "normal", "   |   ".join(facts)),
    )
    for down, size, weight, text in lines:
        figure.text(
            MARGIN_INCHES / width, 1.0 - down / height, text,
            fontsize=size, fontweight=weight, color=panels.INK, va="center", parse_math=False,
        )  # fmt: skip


def _draw_notes(figure: Figure, notes: Sequence[str]) -> float:
    """Write the notes at the foot of the picture; returns the height that they take, in inches."""
    width, height = PICTURE_INCHES
    for index, line in enumerate(reversed(_note_lines(notes))):
        figure.text(
            MARGIN_INCHES / width, (MARGIN_INCHES + index * NOTE_LINE_INCHES) / height, line,
            fontsize=9.5, color=panels.INK, va="center", parse_math=False,
        )  # fmt: skip
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


def _draw_plots(figure: Figure, result: MatchResult, right: float, bottom: float, top: float) -> None:
    """Lay the plots out from the left margin to `right`, from `bottom` to `top`, all in inches."""
    sounds = compared(result)
    seconds = sounds.target.size / sounds.sample_rate
    left = MARGIN_INCHES + LABEL_INCHES
    width = right - left
    row = (top - bottom) / 3.0
    height = row - TITLE_INCHES - LABEL_INCHES

    def place(row_index: int, at: float, panel_width: float) -> Axes:
        below = bottom + (2 - row_index) * row + LABEL_INCHES
        sides = (at / figure.get_figwidth(), below / figure.get_figheight())
        return figure.add_axes((*sides, panel_width / figure.get_figwidth(), height / figure.get_figheight()))

    attack = 0.32 * width
    panels.draw_waveforms(place(0, left, width - attack - PANEL_GAP_INCHES), sounds, seconds, "Waveform")
    panels.draw_waveforms(place(0, right - attack, attack), sounds, min(ATTACK_S, seconds), "Attack")

    panel = (width - 2 * PANEL_GAP_INCHES - 2 * BAR_INCHES) / 3.0
    lefts = (left, left + panel + PANEL_GAP_INCHES, right - BAR_INCHES - panel)
    target_axes, match_axes, difference_axes = (place(1, at, panel) for at in lefts)
    levels, difference = panels.draw_spectrograms(target_axes, match_axes, difference_axes, sounds)
    for image, at in ((levels, lefts[1]), (difference, lefts[2])):
        bar = figure.colorbar(image, cax=place(1, at + panel + 0.08, 0.14))
        bar.ax.set_title("dB", fontsize=9, color=panels.INK)
        bar.ax.tick_params(labelsize=9, colors=panels.INK, length=3)

    half = (width - PANEL_GAP_INCHES) / 2.0
    panels.draw_envelopes(place(2, left, half), sounds)
    panels.draw_loss(place(2, right - half, half), result.history)


def _draw_patch(figure: Figure, patch: Patch, left: float, bottom: float, top: float) -> None:
    """List parameters and values; a bank's many numbers go on lines of their own below its name."""
    width, height = PICTURE_INCHES
    detail = [("detail", patch.detail_text, "")] if patch.detail_text else []
    rows = [(drawable(name), _abridged(drawable(value))) for name, value, _ in (*patch.rows(), *detail)]
    blocks = [_table_lines(name, value) for name, value in rows]
    count = 1 + sum(len(block) for block in blocks)
    line = min(TABLE_LINE_INCHES, (top - bottom) / count)
    size = TABLE_POINTS * line / TABLE_LINE_INCHES

    def write(at: float, down: int, text: str, align: str, weight: str = "normal") -> None:
        figure.text(
            at / width, (top - (down + 0.5) * line) / height, text, fontsize=size, fontweight=weight,
            color=panels.INK, ha=align, va="center_baseline", parse_math=False,
        )  # fmt: skip

    right = left + TABLE_INCHES
    write(left + 0.08, 0, f"Patch (noise seed {patch.seed})", "left", "bold")
    down = 1
    for index, block in enumerate(blocks):
        if index % 2 == 0:
            corner = (left / width, (top - (down + len(block)) * line) / height)
            figure.add_artist(Rectangle(corner, TABLE_INCHES / width, len(block) * line / height, facecolor="#f2f2f2"))
        for name, value in block:
            write(left + 0.08, down, name, "left")
            write(right - 0.08, down, value, "right")
            down += 1


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


def drawable(text: str) -> str:
    """Replace what the font cannot draw (and matplotlib would warn of) with an empty box."""
    glyphs = get_font(findfont(FontProperties())).get_charmap()
    return "".join(character if ord(character) in glyphs else "□" for character in text)
