"""Panels on a canvas: axes with their marks, curves, images and colour bars."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backbeat.report.canvas import FAINT, Box, Canvas
from backbeat.report.colours import coloured
from backbeat.report.panels import Levels, Limits, Panel, Ticks

_TITLE_POINTS, _LABEL_POINTS = 11.0, 9.0
_MARK_INCHES, _NUMBER_INCHES = 0.04, 0.08
"""Length of a mark, and from the axis to its number."""
_X_LABEL_INCHES, _Y_LABEL_INCHES = 0.33, 0.55
_X_APART_INCHES, _Y_APART_INCHES = 0.75, 0.3
"""How near marks may lie."""
_LINE_INCHES, _LEGEND_INCHES = 0.32, 0.85
"""Of a label in the legend: its line, and all of it."""


def draw_panel(canvas: Canvas, box: Box, panel: Panel) -> None:
    """Draw a panel whose axes take a box; its title lies above that, its labels below and to the left."""
    if panel.levels is not None:
        canvas.show(box, _image(panel.levels))
    x_apart, y_apart = (
        apart / inches
        for apart, inches in ((_X_APART_INCHES, box.right - box.left), (_Y_APART_INCHES, box.bottom - box.top))
    )
    if not panel.remark:
        x_ticks = even_ticks(panel.x_limits, x_apart, panel.x_step)
        y_ticks = even_ticks(panel.y_limits, y_apart) if panel.y_ticks is None else panel.y_ticks
        _mark_axes(canvas, box, panel, x_ticks, y_ticks)
    for curve in panel.curves:
        x, y = _share(curve.x, panel.x_limits), _share(curve.y, panel.y_limits, is_log=panel.is_log)
        seen = np.isfinite(y)
        canvas.curve(box, x[seen], y[seen], curve.stroke)
        if not curve.label and seen.any():
            canvas.dot(box, x[seen][-1], y[seen][-1], curve.stroke.colour, 6.0)
    canvas.frame(box)
    middle = 0.5 * (box.left + box.right), 0.5 * (box.top + box.bottom)
    if panel.remark:
        canvas.write(*middle, panel.remark, _LABEL_POINTS, "mm")
    canvas.write(box.left, box.top - 0.06, panel.title, _TITLE_POINTS, "ls")
    canvas.write(middle[0], box.bottom + _X_LABEL_INCHES, panel.x_label, _LABEL_POINTS, "mm")
    canvas.write_upwards(box.left - _Y_LABEL_INCHES, middle[1], panel.y_label, _LABEL_POINTS)
    labelled = [curve for curve in panel.curves if curve.label]
    for place, curve in enumerate(reversed(labelled)):
        left = box.right - (place + 1) * _LEGEND_INCHES
        line = Box(left, box.top - 0.2, left + _LINE_INCHES, box.top - 0.06)
        canvas.curve(line, np.array([0.0, 1.0]), np.array([0.5, 0.5]), curve.stroke)
        canvas.write(left + _LINE_INCHES + 0.06, box.top - 0.13, curve.label, _LABEL_POINTS)


def draw_bar(canvas: Canvas, box: Box, levels: Levels) -> None:
    """Draw the scale of an image's colours, with numbers on its right."""
    low, high = levels.limits_db
    scale = Levels(np.linspace(low, high, 256, dtype=np.float32)[:, None], levels.colours, levels.limits_db)
    canvas.show(box, _image(scale))
    canvas.frame(box)
    canvas.write(0.5 * (box.left + box.right), box.top - 0.06, "dB", _LABEL_POINTS, "ms")
    for at, text in even_ticks(levels.limits_db, _Y_APART_INCHES / (box.bottom - box.top)):
        y = box.bottom - (at - low) / (high - low) * (box.bottom - box.top)
        canvas.rule((box.right, y), (box.right + _MARK_INCHES, y), FAINT)
        canvas.write(box.right + _NUMBER_INCHES, y, text, _LABEL_POINTS)


def even_ticks(limits: Limits, apart: float, least_step: float = 0.0) -> Ticks:
    """Marks at round steps, at least so large a share of the axis apart, and what they say."""
    low, high = limits
    wanted = max((high - low) * apart, least_step)
    power = 10.0 ** math.floor(math.log10(wanted))
    step = next(each * power for each in (1.0, 2.0, 5.0, 10.0) if each * power >= wanted * (1.0 - 1e-9))
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6)
    return tuple((k * step, f"{k * step:.{decimals}f}".replace("-", "−")) for k in range(first, last + 1))


def _mark_axes(canvas: Canvas, box: Box, panel: Panel, x_ticks: Ticks, y_ticks: Ticks) -> None:
    with_grid = panel.levels is None
    across = _share([at for at, _ in x_ticks], panel.x_limits)
    up = _share([at for at, _ in y_ticks], panel.y_limits, is_log=panel.is_log)
    for share, (_, text) in zip(across.tolist(), x_ticks, strict=True):
        x = box.left + share * (box.right - box.left)
        if with_grid:
            canvas.rule((x, box.top), (x, box.bottom), FAINT)
        canvas.rule((x, box.bottom), (x, box.bottom + _MARK_INCHES), FAINT)
        canvas.write(x, box.bottom + _NUMBER_INCHES, text, _LABEL_POINTS, "mt")
    for share, (_, text) in zip(up.tolist(), y_ticks, strict=True):
        if not 0.0 <= share <= 1.0:
            continue
        y = box.bottom - share * (box.bottom - box.top)
        if with_grid:
            canvas.rule((box.left, y), (box.right, y), FAINT)
        canvas.rule((box.left - _MARK_INCHES, y), (box.left, y), FAINT)
        canvas.write(box.left - _NUMBER_INCHES, y, text, _LABEL_POINTS, "rm")


def _share(values: NDArray[Any] | Sequence[float], limits: Limits, *, is_log: bool = False) -> NDArray[np.float64]:
    """Where values lie between the ends of an axis, 0 to 1; what has no logarithm is not finite."""
    low, high = limits
    found = np.asarray(values, np.float64)
    if is_log:
        with np.errstate(divide="ignore"):
            found, low, high = np.log(found), math.log(low), math.log(high)
    return (found - low) / (high - low)


def _image(levels: Levels) -> NDArray[np.uint8]:
    return coloured(levels.values_db[::-1], levels.colours, *levels.limits_db)
