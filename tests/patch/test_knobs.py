"""Macros as data: their arithmetic is that of `turn`."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from backbeat import plugins
from backbeat.parameters import numbers
from backbeat.patch import Patch, preset, presets, randomise, turn
from backbeat.patch.detail import voice_of
from backbeat.patch.hits import pivot_of
from backbeat.patch.knobs import knobs
from backbeat.patch.macros import PIVOT_HZ, changed

AMOUNTS = {"st": (-40.0, -2.5, 5.0), "%": (-60.0, 35.0), "dB": (-7.0, 4.0), "": (-0.2, 0.3)}
DB_OF_A_DOUBLING = 20.0 * math.log10(2.0)


def by_steps(patch: Patch, macro: str, amount: float) -> dict[str, tuple[float, ...]]:
    """The values that a macro's steps give, as docs/bundles.md describes them."""
    knob = json.loads(json.dumps(knobs(patch)))[macro]
    before = {name: numbers(value) for name, value in patch.values.items() if not isinstance(value, str)}
    after = dict(before)
    ratio = 2.0 ** (amount / 12.0) if knob["unit"] == "st" else 1.0 + amount / 100.0
    for step in knob["steps"]:
        name = step["parameter"]
        parameter, own, octaves = patch.instrument.table[name], before[name], step.get("octaves", [])
        entries: Any = {
            "multiply": lambda own=own: [v * ratio for v in own],
            "divide": lambda own=own: [v / ratio for v in own],
            "add": lambda own=own: [v + amount for v in own],
            "tilt": lambda own=own, o=octaves: [v + amount * k for v, k in zip(own, o, strict=True)],
            "tilt_gain": lambda own=own, o=octaves: [
                v * 2.0 ** (amount * k / DB_OF_A_DOUBLING) for v, k in zip(own, o, strict=True)
            ],
            "shift": lambda own=own, o=octaves: np.interp(np.array(o) - amount / 12.0, o, own).tolist(),
            "settle": lambda own=own, step=step: [v * _height(before, step) / _height(after, step) for v in own],
        }[step["how"]]()
        clipped = [min(max(each, parameter.low), parameter.high) for each in entries]
        if step.get("keeps_off"):
            clipped = [v if v == parameter.low else each for v, each in zip(own, clipped, strict=True)]
        after[name] = tuple(clipped)
    return after


def _height(values: dict[str, tuple[float, ...]], step: dict[str, Any]) -> float:
    (depth_st,), (t60_s,) = values[step["depth_st"]], values[step["t60_s"]]
    return 1.0 + (2.0 ** (depth_st / 12.0) - 1.0) * math.exp(-math.log(1000.0) * step["end_s"] / t60_s)


def assert_same(found: dict[str, tuple[float, ...]], expected: Patch) -> None:
    for name, value in found.items():
        np.testing.assert_allclose(value, numbers(expected.values[name]), rtol=1e-12, atol=1e-12, err_msg=name)


def with_detail(name: str) -> Patch:
    return randomise(plugins.get(name, detail_partials=5, detail_bands=8), seed=3)


def test_every_unit_is_tried():
    units = {macro.unit for name in plugins.names() for macro in plugins.get(name).macros.values()}
    assert units == {*AMOUNTS, "dB/oct"}


@pytest.mark.parametrize("name", presets())
def test_a_presets_macros_turn_as_in_python(name):
    patch = preset(name)
    for macro, knob in patch.instrument.macros.items():
        for amount in AMOUNTS.get(knob.unit, ()):
            turned = turn(patch, macro, amount)
            assert turned != patch or by_steps(patch, macro, amount) == by_steps(patch, macro, 0.0)
            assert_same(by_steps(patch, macro, amount), turned)


@pytest.mark.parametrize("name", plugins.names())
def test_with_detail(name):
    patch = with_detail(name)
    for macro, knob in patch.instrument.macros.items():
        for amount in AMOUNTS.get(knob.unit, ()):
            assert_same(by_steps(patch, macro, amount), turn(patch, macro, amount))


@pytest.mark.parametrize("name", presets())
def test_a_tilt_is_that_of_a_turn_without_what_keeps_it_as_loud(name):
    patch = preset(name)
    for macro, knob in patch.instrument.macros.items():
        if knob.unit == "dB/oct":
            lift_oct = 0.0 if knob.pivot else math.log2(PIVOT_HZ / pivot_of(voice_of(patch), knob))
            for amount in (-6.0, 3.0):
                assert_same(by_steps(patch, macro, amount), changed(patch, knob, amount, amount * lift_oct))


def test_where_a_sound_ends_is_that_of_its_match():
    patch = preset("kick/909")
    placed = replace(patch, placement=replace(patch.natural_placement(), samples=4410))
    assert_same(by_steps(placed, "sweep", 40.0), turn(placed, "sweep", 40.0))
    assert knobs(placed)["sweep"] != knobs(patch)["sweep"]
