"""The picture of `playable.py`: five judgements, a row of every panel for each family."""

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from backbeat.families import FLOORS
from backbeat.matching.judgement import Judgement, share_true

GOOD, BAD, MEDIAN, LIMIT = "#0072B2", "#D55E00", "#222222", "#555555"
MOST_NUMBERS = 48
DASHES = (0, (4, 2))
INCHES, DPI = (13.0, 8.0), 110

Judged = Sequence[tuple[str, Judgement]]
"""Families and judgements."""
Dot = tuple[float, bool]
"""Where a match lies, and whether that is good."""


def draw(judged: Judged, path: Path) -> None:
    """Draw every match in every panel; write a PNG."""
    figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
    figure.suptitle(f"{len(judged)} matches: near, true, bounded, alive, small", fontsize=14, x=0.01, ha="left")
    figure.legend(handles=_key(), loc="upper right", ncols=4, fontsize=10, frameon=False)
    families = [family for family in FLOORS if any(own == family for own, _ in judged)]
    grid = figure.add_gridspec(2, 6)
    near, true = figure.add_subplot(grid[0, :2]), figure.add_subplot(grid[0, 2:])
    bounded, alive, small = (figure.add_subplot(grid[1, k : k + 2]) for k in (0, 2, 4))

    def strip(axes: Axes, of: Callable[[Judgement], Dot | None], title: str, unit: str, limit: float) -> None:
        _draw_strip(axes, families, judged, of)
        axes.axvline(limit, color=LIMIT, linewidth=1.2, linestyle=DASHES)
        dots = [dot for _, each in judged if (dot := of(each)) is not None]
        axes.set_title(f"{title}: {sum(good for _, good in dots)} of {len(dots)}", fontsize=12, loc="left")
        axes.set_xlabel(unit, fontsize=10)

    strip(near, lambda each: (each.near.mel, each.near.mel <= 1.0), "near", "mel distance / that of two takes", 1.0)
    near.set_xlim(left=0.0)
    _draw_knobs(true, families, judged)
    strip(
        bounded,
        lambda each: (each.bounded.after_db, each.bounded.holds),
        "bounded",
        "energy after the end against that before, dB",
        -30.0,
    )
    strip(
        alive,
        lambda each: (each.alive.correlation, each.alive.holds) if each.alive else None,
        "alive",
        "correlation of two seeds above 2 kHz",
        0.5,
    )
    alive.set_xlim(-0.1, 1.05)
    strip(
        small, lambda each: (each.numbers, each.numbers <= MOST_NUMBERS), "small", "numbers in the voice", MOST_NUMBERS
    )
    small.set_xscale("log")
    small.set_xlim(10.0, 1000.0)
    small.set_xticks((10, 30, 100, 300, 1000), ("10", "30", "100", "300", "1,000"))
    small.minorticks_off()
    figure.savefig(path)


def _key() -> list[Line2D]:
    """What the marks mean."""
    return [
        Line2D([], [], color=GOOD, marker="o", linestyle="", label="holds"),
        Line2D([], [], color=BAD, marker="x", markeredgewidth=1.6, linestyle="", label="does not"),
        Line2D([], [], color=MEDIAN, marker="|", markersize=13, markeredgewidth=2.2, linestyle="", label="median"),
        Line2D([], [], color=LIMIT, linestyle=DASHES, label="limit"),
    ]


def _draw_strip(axes: Axes, families: list[str], judged: Judged, of: Callable[[Judgement], Dot | None]) -> None:
    """A dot for every match, filled where it is good, and a mark at the median."""
    for index, family in enumerate(families):
        dots = [dot for own, each in judged if own == family and (dot := of(each)) is not None]
        spread = np.linspace(-0.25, 0.25, len(dots)) if len(dots) > 1 else np.zeros(len(dots))
        for (value, good), down in zip(dots, spread, strict=True):
            colour = GOOD if good else BAD
            axes.plot(
                value, index + down, "o" if good else "x", color=colour, alpha=0.75, markersize=6, markeredgewidth=1.6
            )
        if dots:
            middle = statistics.median(value for value, _ in dots)
            axes.plot([middle, middle], [index - 0.36, index + 0.36], color=MEDIAN, linewidth=2.2)
        else:
            axes.text(
                0.5, index, "not judged", transform=axes.get_yaxis_transform(), ha="center", va="center",
                fontsize=9, color=LIMIT, bbox={"facecolor": "white", "edgecolor": "none"},
            )  # fmt: skip
    axes.set_yticks(range(len(families)), families, fontsize=11)
    axes.set_ylim(len(families) - 0.5, -0.5)
    axes.grid(axis="x", color="#dddddd")
    axes.set_axisbelow(True)


def _draw_knobs(axes: Axes, families: list[str], judged: Judged) -> None:
    """The share of turns that hold, by knob and family."""
    macros = list(dict.fromkeys(turn.macro for _, each in judged for turn in each.turns))
    rows, columns = [*families, "all"], [*macros, "all"]
    shares = np.full((len(rows), len(columns)), np.nan)
    for i, family in enumerate(rows):
        turns = [turn for own, each in judged if family in (own, "all") for turn in each.turns]
        for j, macro in enumerate(columns):
            share = share_true(tuple(turn for turn in turns if macro in (turn.macro, "all")))
            if share is None:
                axes.text(j, i, "–", ha="center", va="center", color=LIMIT)
                continue
            shares[i, j] = share
            dark = 0.25 < share < 0.75
            axes.text(j, i, f"{share:.0%}", ha="center", va="center", fontsize=11, color="black" if dark else "white")
    axes.imshow(shares, cmap="RdBu", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(columns)), [name.replace("_", "\n") for name in columns], fontsize=11)
    axes.set_yticks(range(len(rows)), rows, fontsize=11)
    axes.axhline(len(rows) - 1.5, color="white", linewidth=4.0)
    axes.axvline(len(columns) - 1.5, color="white", linewidth=4.0)
    axes.tick_params(length=0)
    axes.set_title("true: share of the turns of a knob that are heard as what it says", fontsize=12, loc="left")
