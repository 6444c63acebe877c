"""The kernels as WebAssembly: the same bits, and no wish of the host."""

import json
import re
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from backbeat import plugins
from backbeat.dsp import eager
from backbeat.errors import ProgramError
from backbeat.kernels.library import Compiled, library
from backbeat.patch import preset, presets
from backbeat.patch.hits import amounts
from kernels.cases import CASES, draw
from kernels.crossbuilt import BUILDS, ROOT, build
from kernels.sums import both
from kernels.webassembly import INVALID, Engine, Program

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here to compare with")

every_plugin = pytest.mark.parametrize("name", plugins.names())


@pytest.fixture(scope="session")
def module() -> Path:
    return build("wasm32-wasi", BUILDS) / "backbeat.wasm"


@pytest.fixture(scope="session")
def engine(module) -> Engine:
    return Engine(module)


def here_and_there(engine: Engine, name: str, **options: int) -> tuple[Compiled, Program]:
    program = plugins.get(name, **options).program
    assert program is not None
    return program.compiled, Program(engine, json.dumps(program.as_json()))


def assert_same(found: NDArray, expected: NDArray) -> None:
    assert np.isfinite(expected).all()
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes()


def test_it_offers_the_c_interface_and_needs_nothing(engine):
    header = (ROOT / "src/backbeat/kernels/backbeat.h").read_text(encoding="utf-8")
    calls = set(re.findall(r"(backbeat_\w+)\(", header))
    assert {each.name for each in engine.module.exports} == calls | {"memory", "_initialize", "malloc", "free"}
    assert list(engine.module.imports) == []
    assert engine.text(engine.call("backbeat_variant")) == "wasm"
    assert engine.text(engine.call("backbeat_sources")) == library().backbeat_sources().decode()


@pytest.mark.parametrize("name", presets())
def test_presets(engine, name):
    sample_rate = (44100, 48000)[presets().index(name) % 2]
    patch = preset(name)
    native, web = here_and_there(engine, patch.plugin, **patch.options)
    values = patch.instrument.table.flat(patch.values)[np.newaxis]
    arguments = values, np.array([patch.seed], np.int64), 3 * sample_rate, float(sample_rate)
    sound = native.render(*arguments)
    assert np.abs(sound).max() > 0.1
    assert_same(web.render(*arguments), sound)


@pytest.mark.parametrize("name", presets())
def test_hits(engine, name):
    patch = preset(name)
    native, web = here_and_there(engine, patch.plugin, **patch.options)
    found = amounts(patch)
    given = patch.instrument.table.flat(patch.values), 0.37, 5, 77, found.velocity, found.curves, found.humanize
    values, seed = web.hit(*given)
    expected, expected_seed = native.hit(*given)
    assert_same(values, expected)
    assert seed == expected_seed


@every_plugin
@pytest.mark.parametrize("sample_rate", [44100.0, 96000.0])
def test_params_by_chance_and_their_gradient(engine, name, sample_rate):
    native, web = here_and_there(engine, name)
    random = np.random.default_rng(1)
    params = random.random((4, native.entries), np.float32)
    params[0] = random.integers(0, 2, native.entries)  # the ends of all ranges
    seeds = np.array([0, 1, 2**31 - 1, 77], np.int64)
    sound = native.render(params, seeds, 20_000, sample_rate)
    assert_same(web.render(params, seeds, 20_000, sample_rate), sound)
    weights = random.uniform(-1.0, 1.0, sound.shape).astype(np.float32)
    expected, _ = native.differentiate(sound, weights, params, seeds, sample_rate)
    assert np.abs(expected).max() > 0.0
    assert_same(web.differentiate(sound, weights, params, seeds, sample_rate)[0], expected)


@pytest.mark.parametrize("name", CASES)
def test_operations(engine, monkeypatch, name):
    """Each alone, with its gradient by all that it is given."""
    calls = [draw(name, seed, 3000, rate, items=3) for seed, rate in ((1, 44100.0), (2, 48000.0), (3, 8000.0))]
    expected = [both(call) for call in calls]
    ran = []

    def read_there(document: str) -> Program:
        ran.append(name)
        return Program(engine, document)

    monkeypatch.setattr(eager, "read_program", read_there)
    for call, sounds in zip(calls, expected, strict=True):
        for found, wanted in zip(both(call), sounds, strict=True):
            assert_same(found.numpy(), wanted.numpy())
    assert len(ran) >= len(calls)


@pytest.mark.parametrize("text", ["", "[]", '{"schema": 2}', '{"schema": 1, "parameters": [], "nodes": [{"operation":'])
def test_what_is_no_program_is_refused_in_the_same_words(engine, text):
    refused = Program(engine, text)
    assert refused.status == INVALID
    with pytest.raises(ProgramError, match=f"^program: {re.escape(refused.message)}$"):
        Compiled(text)


def test_what_it_lacks_memory_for_is_said(module):
    engine = Engine(module, most_bytes=2**25)
    _, web = here_and_there(engine, "drum")
    params = np.full((1, web.entries), 0.5, np.float32)
    render = partial(web.render, params, np.zeros(1, np.int64), sample_rate=44100.0)
    before = render(samples=1000)
    with pytest.raises(MemoryError):
        render(samples=4_000_000)
    assert_same(render(samples=1000), before)
