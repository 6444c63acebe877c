"""What may be written in a signal chain, and what is said of the rest."""

import math

import numpy as np
import pytest
import torch

from backbeat import dsp
from backbeat.errors import PluginError, ProgramError, RecordingError
from backbeat.parameters import Table, amount, seconds
from program.small import Controls, record_of, render


class One(Table):
    """A single control, and a bank."""

    mix = amount(default=0.5, help="Mix.")
    t60_s = seconds(0.01, 1.0, default=(0.1, 0.2, 0.3), help="T60s.")


def chain(use):
    """A chain that does something to a control and a signal besides."""

    def rendered(grid, c):
        signal = dsp.decay(grid, c.mix)
        use(grid, c, signal)
        return signal * dsp.total(c.t60_s)

    return lambda: record_of(rendered, One)


GUARDED = {
    "bool of a control": (lambda grid, c, x: bool(c.mix), "the truth of a control"),
    "if of a comparison": (lambda grid, c, x: 1.0 if c.mix else 0.0, "the truth of a control"),
    "bool of a signal": (lambda grid, c, x: not x, "the truth of a signal"),
    "float": (lambda grid, c, x: float(c.mix), "the number of a control"),
    "int": (lambda grid, c, x: int(c.mix), "the number of a control"),
    "math": (lambda grid, c, x: math.sqrt(c.mix), "the number of a control"),
    "range": (lambda grid, c, x: range(int(c.mix)), "the number of a control"),
    "len": (lambda grid, c, x: len(c.t60_s), "the length of a control"),
    "iteration": (lambda grid, c, x: list(c.t60_s), "the entries of a control"),
    "unpacking": (lambda grid, c, x: [*x], "the entries of a signal"),
    "numpy's array": (lambda grid, c, x: np.asarray(c.mix), "the array of a control"),
    "a function of numpy": (lambda grid, c, x: np.exp(c.mix), "control"),
    "a function of torch": (lambda grid, c, x: torch.exp(c.mix), "torch.exp"),
    "torch times a handle": (lambda grid, c, x: torch.ones(3) * c.mix, "torch."),
    "torch of a signal": (lambda grid, c, x: torch.nn.functional.relu(x), "torch.relu"),
    "a method of tensors": (lambda grid, c, x: x.abs(), "the attribute 'abs' of a signal"),
    "a shape": (lambda grid, c, x: c.t60_s.shape, "the attribute 'shape' of a control"),
    "the sample rate as a number": (lambda grid, c, x: int(grid.sample_rate), "the number of a control (sample_rate)"),
    "the sample rate in torch": (lambda grid, c, x: torch.arange(10) / grid.sample_rate, "torch."),
}


@pytest.mark.parametrize(("use", "says"), GUARDED.values(), ids=GUARDED)
def test_who_asks_for_a_value_is_told(use, says):
    with pytest.raises(RecordingError) as caught:
        chain(use)()
    message = str(caught.value)
    assert message.startswith("recording: found ")
    assert "\n" not in message
    if says:
        assert says in message


WRONG = {
    "a signal of two banks": (
        lambda grid, c, x: dsp.modal(grid, c.t60_s, c.t60_s, c.t60_s[:2]),
        "inputs[2] of modal: found 2 entries; must be 3",
    ),
    "sizes that do not fit": (lambda grid, c, x: c.t60_s + c.t60_s[:2], "found add of controls of [2, 3] entries"),
    "a bank times a signal": (lambda grid, c, x: c.t60_s * x, "found multiply of a signal and a control of 3 entries"),
    "a function of a signal": (lambda grid, c, x: dsp.exp(x), "found exp of a signal"),
    "a signal divided": (lambda grid, c, x: dsp.maximum(x, 0.0), "found maximum of a signal"),
    "a signal for a control": (
        lambda grid, c, x: dsp.decay(grid, x),
        "found a signal for decay's t60_s; must be a control",
    ),
    "a control for a signal": (
        lambda grid, c, x: dsp.tanh_clip(grid, c.mix, 3.0),
        "found a control for tanh_clip's signal; must be a signal",
    ),
    "a string": (lambda grid, c, x: dsp.decay(grid, "long"), "found str in decay's t60_s"),
    "a list": (lambda grid, c, x: c.mix.__add__([1.0]), "found list in add"),
    "an array of numpy": (
        lambda grid, c, x: np.ones(3) * c.mix,
        "found ndarray in multiply; must be a number, a control",
    ),
    "numbers alone": (lambda grid, c, x: dsp.stack(1.0, 2.0), "stack: found numbers alone"),
    "true": (lambda grid, c, x: dsp.decay(grid, True), "found bool in decay's t60_s"),
    "a control for an attribute": (lambda grid, c, x: dsp.noise(grid, c.mix), "found Control for noise's stream"),
    "entries that are not there": (
        lambda grid, c, x: c.t60_s[3:],
        "found entries slice(3, None, None) of a control of 3",
    ),
    "every second entry": (lambda grid, c, x: c.t60_s[::2], "found entries slice(None, None, 2) of a control of 3"),
}


@pytest.mark.parametrize(("use", "says"), WRONG.values(), ids=WRONG)
def test_operands_that_do_not_go_together(use, says):
    def compiled():
        return record_of(lambda grid, c: _with(use(grid, c, dsp.decay(grid, c.mix)), grid, c), One).compiled

    with pytest.raises((PluginError, ProgramError)) as caught:
        compiled()
    assert "\n" not in str(caught.value)
    if says:
        assert says in str(caught.value)


def _with(made, grid, c):
    """What was made, and all controls, in one sound."""
    sound = made if isinstance(made, dsp.Signal) else dsp.decay(grid, made if made.size == 1 else dsp.total(made))
    return sound * c.mix * dsp.total(c.t60_s)


def test_the_first_and_last_entries():
    program = record_of(lambda grid, c: dsp.decay(grid, c.t60_s[0] + c.t60_s[2] + dsp.total(c.t60_s[1:]) + c.mix), One)
    slices = [
        (each.attributes["start"], each.attributes["stop"]) for each in program.nodes if each.operation == "slice"
    ]
    assert slices == [(0, 1), (2, 3), (1, 3)]


def test_values_of_two_recordings_do_not_mix():
    kept = []
    record_of(lambda grid, c: kept.append(c.mix) or dsp.decay(grid, c.mix) * dsp.total(c.t60_s), One)
    with pytest.raises(PluginError, match="found a value of another recording in add"):
        record_of(lambda grid, c: dsp.decay(grid, c.mix + kept[0]) * dsp.total(c.t60_s), One)


@pytest.mark.parametrize("compared", [lambda c: c.mix > 0.5, lambda c: c.mix == 0.5, lambda c: c.mix != c.t60_s])
def test_a_comparison_says_what_to_do_instead(compared):
    with pytest.raises(PluginError, match=r"found a comparison of a control .*choice.*dsp\.maximum"):
        record_of(lambda grid, c: dsp.decay(grid, c.mix) if compared(c) else dsp.noise(grid, 0), One)


def test_a_power_of_a_number():
    program = record_of(lambda grid, c: dsp.decay(grid, 10.0 ** (c.mix / 20.0)) * dsp.total(c.t60_s), One)
    assert "power" in [each.operation for each in program.nodes]


def test_a_parameter_that_is_not_read():
    with pytest.raises(PluginError, match="parameter t60_s is in its table, and read nowhere in render"):
        record_of(lambda grid, c: dsp.decay(grid, c.mix), One)
    with pytest.raises(PluginError, match="parameter t60_s is in its table, and read nowhere in render"):
        record_of(lambda grid, c: (dsp.total(c.t60_s), dsp.decay(grid, c.mix))[1], One)


@pytest.mark.parametrize("found", [None, 1.0, "sound"])
def test_a_chain_gives_a_signal(found):
    with pytest.raises(PluginError, match=r"found \w+ from render; must be a signal"):
        record_of(lambda grid, c: found, One)
    with pytest.raises(PluginError, match="found Control from render; must be a signal"):
        record_of(lambda grid, c: c.mix, One)


def test_what_is_the_same_is_recorded_once():
    def doubled(grid, c):
        first, second = (dsp.decay(grid, c.mix * 2.0) for _ in range(2))
        return (first + second) * dsp.total(c.t60_s)

    program = record_of(doubled, One)
    assert [each.operation for each in program.nodes].count("decay") == 1


def test_what_nobody_hears_is_left_out():
    program = record_of(lambda grid, c: (dsp.noise(grid, 0), render(grid, c))[1], Controls)
    assert [each.operation for each in program.nodes].count("noise") == 1
    assert program.as_json() == record_of(render).as_json()
