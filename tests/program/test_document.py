"""A program as JSON: it comes back as it was, and what is wrong with one is said in a line."""

import copy
import json
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from backbeat import plugins
from backbeat.dsp.operation import find_operation, operations
from backbeat.errors import ProgramError
from backbeat.kernels.library import Compiled, library
from program.small import Controls, document, record_of, render

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here")


def number_of(found: dict, operation: str) -> int:
    return next(k for k, each in enumerate(found["nodes"]) if each["operation"] == operation)


def refused(found: object) -> str:
    """What is said of a document that is none."""
    with pytest.raises(ProgramError) as caught:
        Compiled(found if isinstance(found, str) else json.dumps(found))
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_the_whole_document():
    found = document()
    assert found["schema"] == 1
    assert [each["name"] for each in found["parameters"]] == list(Controls.layout())
    assert found["parameters"][0] == {
        "name": "pitch_hz", "unit": "Hz", "scale": "log", "low": 50.0, "high": 500.0, "size": 1, "default": [100.0],
        "options": [],
    }  # fmt: skip
    assert found["output"] == len(found["nodes"]) - 1
    for number, node in enumerate(found["nodes"]):
        assert all(each is None or 0 <= each < number for each in node.get("inputs", []))


@pytest.mark.parametrize("name", plugins.names())
def test_an_instruments_says_whose_it_is(name):
    plugin = plugins.get(name)
    assert plugin.program is not None
    found = json.loads(json.dumps(plugin.program.as_json()))
    assert (found["plugin"], found["version"], found["options"]) == (name, plugin.version, dict(plugin.options))
    assert Compiled(json.dumps(found)).entries == plugin.table.size
    assert Compiled(json.dumps(found, indent=1)).entries == plugin.table.size


def change(*path: object):
    """A change of a document: all but the last say where, the last is what lies there then."""

    def apply(found: dict) -> None:
        *where, name, value = path
        at = found
        for each in where:
            at = at[each]
        if value is KeyError:
            del at[name]
        else:
            at[name] = value

    return apply


def node(operation: str, name: str, value: object):
    """A change of the first node of that operation."""
    return lambda found: change("nodes", number_of(found, operation), name, value)(found)


def extend(operation: str, value: object):
    return lambda found: found["nodes"][number_of(found, operation)]["inputs"].append(value)


FAULTS = {
    "an operation of two lines": (
        change("nodes", 0, "operation", "a\nb\x00c" + "d" * 500),
        "nodes[0].operation: found 'a?b?cddd",
    ),
    "no schema": (change("schema", KeyError), "schema: none found; must be a number"),
    "a newer schema": (change("schema", 2), "schema: found 2; this version reads 1"),
    "a huge schema": (change("schema", 1e300), "schema: found 1000000000; this version reads 1"),
    "a schema of words": (change("schema", "1"), "schema: none found; must be a number"),
    "no parameters": (change("parameters", KeyError), "parameters: none found; must be a list"),
    "no nodes": (change("nodes", KeyError), "nodes: none found; must be a list"),
    "an empty list of nodes": (change("nodes", []), "nodes: found 0; must be from 1 to 100000"),
    "no output": (change("output", KeyError), "output: none found; must be a number"),
    "an output that is not there": (change("output", 9999), "output: must be a whole number from 0 to"),
    "half an output": (change("output", 1.5), "output: must be a whole number"),
    "an output below 0": (change("output", -1), "output: must be a whole number"),
    "a control as output": (change("output", 0), "output: found a control; must be a signal"),
    "a parameter without a name": (change("parameters", 0, "name", KeyError), "parameters[0].name: none found"),
    "an unknown scale": (
        change("parameters", 0, "scale", "cubic"),
        "parameters[0].scale: found 'cubic'; must be linear",
    ),
    "no low end": (change("parameters", 0, "low", KeyError), "parameters[0].low: none found; must be a number"),
    "ends in the wrong order": (change("parameters", 0, "high", 1.0), "parameters[0].low: must be below high"),
    "a log scale from 0": (change("parameters", 0, "low", 0.0), "parameters[0].low: must be above 0 on a log scale"),
    "no entries": (change("parameters", 0, "size", 0), "parameters[0].size: must be a whole number from 1 to 65536"),
    "too many entries": (change("parameters", 0, "size", 1e9), "parameters[0].size: must be a whole number"),
    "a parameter that is a number": (change("parameters", 0, 3.0), "parameters[0].name: none found; must be a string"),
    "a node that is a list": (change("nodes", 0, []), "nodes[0].operation: none found"),
    "a node without an operation": (change("nodes", 0, "operation", KeyError), "nodes[0].operation: none found"),
    "an unknown operation": (
        change("nodes", 0, "operation", "warble"),
        "nodes[0].operation: found 'warble', which this version has not",
    ),
    "a parameter that is not there": (node("parameter", "index", 5), "index: must be a whole number from 0 to 4"),
    "no index": (node("parameter", "index", KeyError), "index: none found; must be a number"),
    "inputs that are a number": (node("modal", "inputs", 3), "inputs: must be a list"),
    "its own result as input": (
        lambda found: change("nodes", 6, "inputs", [6])(found),
        "inputs: must be the numbers of earlier nodes",
    ),
    "an input that is a word": (
        lambda found: extend("add", "x")(found),
        "inputs: must be the numbers of earlier nodes",
    ),
    "half an input": (lambda found: extend("add", 0.5)(found), "inputs: must be the numbers of earlier nodes"),
    "three operands": (lambda found: extend("add", 0)(found), "inputs: found 3 of add; must be 2"),
    "no operands": (node("add", "inputs", KeyError), "inputs: found 0 of add; must be 2"),
    "an operand left out": (node("add", "inputs", [0, None]), "inputs: none of add may be left out"),
    "nothing to join": (node("concatenate", "inputs", []), "inputs: found 0 of concatenate; must be 1 or more"),
    "a control that is needed": (node("modal", "inputs", [0, None, 0]), "of modal: none found; must be a control"),
    "too few controls": (node("modal", "inputs", [0]), "of modal: none found; must be a control"),
    "too many controls": (node("modal", "inputs", [0, 0, 0, 0, 0]), "inputs: found too many of modal"),
    "banks of two sizes": (node("modal", "inputs", [1, 0, 1]), "found 1 entries; must be 3"),
    "a bank for one number": (node("decay", "inputs", [1]), "found 3 entries; must be 1"),
    "a control for a signal": (node("soft_clip", "inputs", [0, 0, 0]), "inputs[0] of soft_clip: must be a signal"),
    "no signal": (node("soft_clip", "inputs", []), "inputs[0] of soft_clip: must be a signal"),
    "a signal for a control": (
        lambda found: node("soft_clip", "inputs", [number_of(found, "noise")] * 3)(found),
        "inputs[1] of soft_clip: found a signal; must be a control",
    ),
    "an attribute missing": (node("fir", "seconds", KeyError), "seconds: none found; must be a number"),
    "an attribute of words": (node("fir", "seconds", "long"), "seconds: none found; must be a number"),
    "half a stream": (node("noise", "stream", 0.5), "stream: must be a whole number from 0 to 4294967295"),
    "a stream below 0": (node("noise", "stream", -1), "stream: must be a whole number from 0 to 4294967295"),
    "a filter without end": (node("fir", "seconds", 1e300), "seconds: must be a number from 0 to 60"),
    "numbers that are none": (node("constant", "values", ["1"]), "values: must be numbers"),
    "no numbers": (node("constant", "values", []), "values: none found"),
    "entries past the end": (node("slice", "stop", 9), "stop: must be a whole number"),
    "entries before the start": (node("slice", "start", -1), "start: must be a whole number"),
}


@pytest.mark.parametrize(("changed", "says"), FAULTS.values(), ids=FAULTS)
def test_faults(changed, says):
    found = document()
    changed(found)
    message = refused(found)
    assert message.startswith("program: ")
    assert says in message


def constants(*sizes: int) -> list[dict]:
    return [{"operation": "constant", "values": [0.01] * size} for size in sizes]


@pytest.mark.parametrize(
    ("operation", "sizes", "inputs", "says"),
    [
        ("bursts", (3, 2), [0, 0, 1], "inputs[2] of bursts: found 2 entries; must be 3"),
        ("bursts", (3, 5), [0, 0, 1], "inputs[2] of bursts: found 5 entries; must be 3"),
        ("sines", (1,), [0, 0, 0, 0, 0], "inputs[5] of sines: none found; must be a control"),
        ("sines", (1,), [0, 0, 0, 0, None, 0], "inputs[5] of sines: found one without the input before it"),
        ("sines", (1,), [0, 0, 0, 0, None, None, 0], "inputs[7] of sines: none found; must be a control"),
        ("noise_bands", (1,), [0, 0, None, 0, 0], "inputs[5] of noise_bands: none found; must be a control"),
        ("noise_bands", (1,), [0, 0, None, 0, 0, 0, 0], "inputs[7] of noise_bands: none found; must be a control"),
        ("noise_bands", (1, 3), [0, 0, None, 0, 0, 0, 1, 0], "inputs[7] of noise_bands: found 1 entries; must be 3"),
        ("noise_bands", (1, 3), [0, 0, None, 0, 0, 0, 0, 1], "inputs[7] of noise_bands: found 3 entries; must be 1"),
    ],
)
def test_inputs_that_do_not_go_together(operation, sizes, inputs, says):
    nodes = [*constants(*sizes), {"operation": operation, "inputs": inputs, "stream": 0}]
    assert says in refused({"schema": 1, "parameters": [], "nodes": nodes, "output": len(sizes)})


SIZES = {"biquad": (3, 2), "fir": (3, 1, 1, 1)}


@pytest.mark.parametrize("value", [0.0, 1e-300, -1e9, 1e30, -1e308, 1e308])
@pytest.mark.parametrize("name", [each.name for each in operations()])
def test_controls_of_any_number_end_and_do_not_crash(name, value):
    """Sounds of them may be none; `make test-sanitize` sees what is read beside what is there."""
    found = find_operation(name)
    assert found is not None
    nodes: list[dict] = [{"operation": "noise", "stream": 0}] if found.signals else []
    sizes = SIZES.get(name, (1,) * len(found.controls))
    nodes += [{"operation": "constant", "values": [value] * size} for size in sizes]
    inputs = list(range(len(nodes)))
    attributes = {each: 0 if each == "stream" else 0.001 for each in found.attributes}
    nodes.append({"operation": name, "inputs": inputs, **attributes})
    compiled = Compiled(json.dumps({"schema": 1, "parameters": [], "nodes": nodes, "output": len(nodes) - 1}))
    nothing, seeds = np.zeros((1, 0)), np.zeros(1, np.int64)
    audio = compiled.render(nothing, seeds, 700, 44100.0)
    grad, _ = compiled.differentiate(audio, np.ones_like(audio), nothing, seeds, 44100.0)
    assert grad.shape == (1, 0)


def test_a_signal_where_a_function_takes_controls():
    found = document()
    noise = number_of(found, "noise")
    for extra, says in (
        ({"operation": "exp", "inputs": [noise]}, "found a signal; exp takes controls"),
        ({"operation": "sum", "inputs": [noise]}, "found a signal; sum takes controls"),
        ({"operation": "concatenate", "inputs": [0, noise]}, "found a signal; concatenate takes controls"),
        ({"operation": "slice", "inputs": [noise], "start": 0, "stop": 1}, "found a signal; slice takes controls"),
        (
            {"operation": "multiply", "inputs": [1, noise]},
            "found a control of 3 entries beside a signal; must be of one",
        ),
        ({"operation": "input", "index": 0}, "index: there are no inputs"),
    ):
        changed = copy.deepcopy(found)
        changed["nodes"].append(extra)
        assert says in refused(changed)


NOT_JSON = {
    "nothing": "",
    "a word": "hello",
    "text after it": json.dumps({"schema": 1}) + "x",
    "levels without end": "[" * 100_000,
    "objects without end": '{"a":' * 100_000,
    "a name twice": '{"schema": 1, "schema": 1, "parameters": [], "nodes": [], "output": 0}',
    "a number that is too great": '{"schema": 1e999}',
    "a great exponent": '{"schema": 1e99999999999999999999}',
    "a number that begins with 0": '{"schema": 01}',
    "a point without digits": '{"schema": 1.}',
    "a plus": '{"schema": +1}',
    "no number": '{"schema": NaN}',
    "a comma too many": '{"schema": 1,}',
    "half a character": '{"\\ud800": 1}',
    "an unknown escape": '{"\\x41": 1}',
    "a line within a string": '{"a\nb": 1}',
    "a zero byte": '{"schema": 1\x00}',
}


@pytest.mark.parametrize("text", NOT_JSON.values(), ids=NOT_JSON)
def test_what_is_no_json(text):
    message = refused(text)
    assert message.startswith("program: byte ")
    assert message.endswith("; must be JSON")


@pytest.mark.parametrize("text", ["null", "[]", "3", '"x"', "true"])
def test_json_that_is_no_object(text):
    assert refused(text).startswith("program: program: found ")


def test_what_a_document_says_besides_is_let_be():
    found = document() | {"author": "näme \u00e9\U0001f941", "more": [{"deep": [None, True, False, 1e-300]}]}
    for text in (json.dumps(found), json.dumps(found, ensure_ascii=False)):
        assert Compiled(text).entries == Controls.layout().size


def test_cut_and_changed_documents_never_crash():
    script = Path(__file__).with_name("fuzz.py")
    process = subprocess.run(
        [sys.executable, str(script), "2000"],
        input=json.dumps(document(), separators=(",", ":")),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.returncode == 0, process.stderr[-2000:]
    assert 0 < json.loads(process.stdout)["valid"] < 2000


def test_numbers_are_read_to_the_last_bit():
    """Doubles by chance, and written in odd ways, each in a program of its own."""
    chance = random.Random(5)
    texts = []
    while len(texts) < 3000:
        value = struct.unpack("<d", chance.randbytes(8))[0]
        if value == value and abs(value) < 1e300 and abs(value) > 1e-300:
            texts.append(repr(value))
            if 1e-20 < abs(value) < 1e20:
                texts.append(f"{value:.25f}")
    texts += [f"{chance.random():.17g}" for _ in range(2000)] + [f"{chance.random():.30f}" for _ in range(500)]
    texts += ["0", "-0", "0.0", "1e0", "1E+2", "9007199254740993", "0.1", "1e22", "1e23", "8.5e-5"]
    for text in texts:
        assert _is_read_exactly(text), text
    assert not _is_read_exactly_but_for_the_last_bit()


def _is_read_exactly_but_for_the_last_bit() -> bool:
    """That the comparison sees a last bit."""
    return _is_read_exactly("0.1", float(np.nextafter(0.1, 1.0)))


def _is_read_exactly(text: str, value: float | None = None) -> bool:
    """Whether the kernels' number less Python's is nothing: noise times 2^60 of the share is silent."""
    value = float(text) if value is None else value
    document = {
        "schema": 1,
        "parameters": [{"name": "x", "size": 2, "scale": "physical"}],
        "nodes": [
            {"operation": "constant", "values": [12345678]},
            {"operation": "parameter", "index": 0},
            {"operation": "slice", "inputs": [1], "start": 0, "stop": 1},
            {"operation": "slice", "inputs": [1], "start": 1, "stop": 2},
            {"operation": "subtract", "inputs": [0, 2]},
            {"operation": "divide", "inputs": [4, 3]},
            {"operation": "constant", "values": [2.0**60]},
            {"operation": "multiply", "inputs": [5, 6]},
            {"operation": "noise", "stream": 0},
            {"operation": "multiply", "inputs": [8, 7]},
        ],
        "output": 9,
    }
    compiled = Compiled(json.dumps(document).replace("12345678", text))
    sound = compiled.render(np.array([[value, value or 1.0]]), np.zeros(1, np.int64), 1, 44100.0)
    return float(sound[0, 0]) == 0.0


class TestCompiled:
    def test_params_and_values(self):
        compiled, table = record_of(render).compiled, Controls.layout()
        params = torch.rand(3, table.size, generator=torch.Generator().manual_seed(1))
        seeds = np.arange(3)
        by_params = compiled.render(params.numpy(), seeds, 500, 44100.0)
        by_values = compiled.render(table.physical(params.double()).numpy(), seeds, 500, 44100.0)
        assert by_params.dtype == np.float32
        assert by_params.shape == (3, 500)
        np.testing.assert_allclose(by_params, by_values, atol=1e-6)

    def test_gradient_of_params_is_that_of_values_times_the_scale(self):
        compiled, table = record_of(render).compiled, Controls.layout()
        params = torch.rand(2, table.size, generator=torch.Generator().manual_seed(2)).double().requires_grad_()
        values, seeds = table.physical(params), np.arange(2)
        audio = compiled.render(params.detach().float().numpy(), seeds, 500, 44100.0)
        grad = np.random.default_rng(0).uniform(-1.0, 1.0, audio.shape).astype(np.float32)
        by_params, _ = compiled.differentiate(audio, grad, params.detach().float().numpy(), seeds, 44100.0)
        by_values, _ = compiled.differentiate(audio, grad, values.detach().numpy(), seeds, 44100.0)
        raw = _through_choices(table, params, torch.from_numpy(by_values))
        np.testing.assert_allclose(by_params, raw, rtol=1e-3, atol=1e-4 * np.abs(by_params).max())

    @pytest.mark.parametrize("shape", [(2, 3), (2,), (2, 9)])
    def test_a_batch_that_does_not_fit(self, shape):
        compiled = record_of(render).compiled
        with pytest.raises(ProgramError, match=r"^batch: found .* must be \(items, 8\)"):
            compiled.render(np.zeros(shape, np.float32), np.zeros(1, np.int64), 10, 44100.0)
        with pytest.raises(ProgramError, match="and 1 or as many"):
            compiled.render(np.zeros((2, 8), np.float32), np.zeros(3, np.int64), 10, 44100.0)


def _through_choices(table, params, grad_values):
    """Gradient of params by that of values; of a choice, both are of its weights, whose sum is not 1 in params."""
    found = torch.autograd.grad(table.physical(params), params, grad_values)[0]
    for name, parameter in table.items():
        if parameter.options:
            own = table.slice(name)
            found[:, own] = grad_values[:, own] / params.detach()[:, own].sum(-1, keepdim=True)
    return found
