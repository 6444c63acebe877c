"""A kit for engines outside Python: it plays by its programs and vectors alone."""

import json

import numpy as np
import pytest

from backbeat import plugins
from backbeat.errors import KitError
from backbeat.kernels.library import Compiled, library
from backbeat.kits import Kit, Pad
from backbeat.kits.bundle import bundle, to_json
from backbeat.kits.factory import factory_kit, factory_kits
from backbeat.parameters import Table, amount
from backbeat.patch import preset
from backbeat.patch.document import Patch, Placement
from backbeat.patch.knobs import knobs
from backbeat.plugins import Plugin

KIT = Kit(
    "Two",
    (
        Pad("low", 36, preset("kick/909"), {"tune": -3.0, "length": 20.0}, level_db=-2.0, layers=4),
        Pad("high", 38, preset("kick/909"), {"tune": 5.0}, notes=(37, 40), pan=0.5, choke_group=1, output=2),
        Pad("wide", 42, preset("hat/808-closed"), width=0.7, choke_group=1, output=2, round_robins=2),
    ),
    author="A. N. Other",
    licence="CC0-1.0",
)


def test_what_is_the_kits():
    found = json.loads(to_json(KIT))
    assert found["schema"] == 1
    assert [found[name] for name in ("name", "author", "licence", "outputs")] == ["Two", "A. N. Other", "CC0-1.0", 2]
    assert len(found["programs"]) == 2
    assert [pad["program"] for pad in found["pads"]] == [0, 0, 1]
    assert [pad["output"] for pad in found["pads"]] == [0, 1, 1]
    assert [pad["notes"] for pad in found["pads"]] == [[36, 36], [37, 40], [42, 42]]
    assert [(pad["layers"], pad["round_robins"]) for pad in found["pads"]] == [(4, 4), (16, 4), (16, 2)]
    names = ("note", "level_db", "pan", "width", "choke_group", "note_off")
    for pad, own in zip(found["pads"], KIT.pads, strict=True):
        assert [pad[name] for name in names] == [getattr(own, name) for name in names]
        assert pad["macros"] == json.loads(json.dumps(knobs(own.turned)))


@pytest.mark.skipif(library() is None, reason="no kernels here")
@pytest.mark.parametrize("kit", [KIT, *map(factory_kit, factory_kits())], ids=lambda kit: kit.name)
def test_a_hit_needs_nothing_but_the_document(kit):
    document = json.loads(to_json(kit))
    programs = [Compiled(json.dumps(each)) for each in document["programs"]]
    for pad, own in zip(document["pads"], kit.pads, strict=True):
        program, values = programs[pad["program"]], np.array(pad["values"])
        moved = np.array(pad["velocity"]), np.array(pad["curves"], np.int64), np.array(pad["humanize"])
        struck, seed = program.hit(values, 0.4, 3, pad["seed"], *moved)
        sound = program.render(struck[np.newaxis], np.array([seed], np.int64), 8000, 48000.0)[0]
        expected = own.turned.hit(0.4, 3).sound(Placement(48000, 8000))
        assert np.abs(expected).max() > 1e-3
        assert sound.tobytes() == expected.tobytes()


class OneControl(Table):
    """Of a chain that no program can be made of."""

    gain = amount(default=0.5, help="Level.")


def test_a_formula_plugin_has_no_program(monkeypatch):
    plugin = Plugin("wavy", OneControl, lambda grid, c: c.gain * grid.times_s(), "A line.")
    monkeypatch.setitem(plugins._registered(), "wavy", plugin)
    kit = Kit("Wavy", (Pad("wave", 36, Patch("wavy", {"gain": 0.5})),))
    with pytest.raises(KitError, match=r"^pads\[0\] \(wave\): wavy is a formula plugin; must have a program$"):
        bundle(kit)
