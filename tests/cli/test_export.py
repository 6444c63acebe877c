"""`backbeat export`: an instrument's signal chain, and a patch with its amounts, as JSON."""

import json
import subprocess
import sys

import pytest

from backbeat import plugins
from backbeat.kits.bundle import to_json
from backbeat.kits.factory import factory_kit
from backbeat.parameters import Table, amount
from backbeat.patch import load, preset, save
from backbeat.patch.document import Patch
from backbeat.plugins import Plugin


def program_of(name: str, **options: int) -> dict:
    program = plugins.get(name, **options).program
    assert program is not None
    return json.loads(json.dumps(program.as_json()))


@pytest.mark.parametrize("name", plugins.names())
def test_a_plugins_program_is_of_its_default_size(backbeat, name):
    shown = backbeat("export", "program", name)
    assert (shown.status, shown.err) == (0, "")
    assert shown.document() == program_of(name)
    assert shown.out.count("\n") > 100


def test_places_for_what_programs_do_not_have_yet(backbeat):
    found = backbeat("export", "program", "kick").document()
    assert [found[name] for name in ("velocity", "humanize", "detail")] == [None] * 3


def test_to_a_file(backbeat, tmp_path):
    out = tmp_path / "kick.program.json"
    out.write_text("old")
    shown = backbeat("export", "program", "kick", "--out", out)
    assert (shown.status, shown.out, shown.err) == (0, f"{out}\n", "")
    assert json.loads(out.read_text(encoding="utf-8")) == program_of("kick")
    assert out.read_text(encoding="utf-8") == backbeat("export", "program", "kick").out
    assert list(tmp_path.iterdir()) == [out]


def test_a_patch_brings_its_size(backbeat, tmp_path):
    table = plugins.get("drum", tones=3, noise_bands=8).table
    save(Patch("drum", table.defaults(), {"tones": 3, "noise_bands": 8}), tmp_path / "small.json")
    found = backbeat("export", "program", tmp_path / "small.json").document()
    assert found == program_of("drum", tones=3, noise_bands=8)
    assert found["options"] == dict(load(tmp_path / "small.json").options)
    assert found != program_of("drum")


def test_a_preset(backbeat):
    assert backbeat("export", "program", "kick/909").document() == program_of("kick")


def test_a_name_of_nothing(backbeat, tmp_path):
    refused = backbeat("export", "program", "wobble", "-o", tmp_path / "out.json")
    assert (refused.status, refused.out) == (2, "")
    for word in ("found 'wobble'", "kick/909", "a patch file", "a plugin (clap, cowbell, cymbal"):
        assert word in refused.error()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_patch(backbeat, tmp_path):
    (tmp_path / "no.json").write_text("[]")
    refused = backbeat("export", "program", tmp_path / "no.json")
    assert (refused.status, refused.out) == (1, "")
    assert "no.json: not a patch" in refused.error()


def test_no_folder_to_write_to(backbeat, tmp_path):
    refused = backbeat("export", "program", "kick", "-o", tmp_path / "no" / "out.json")
    assert refused.status == 2
    assert "there is no folder" in refused.error()


class OneControl(Table):
    """Of a chain that no program can be made of."""

    gain = amount(default=0.5, help="Level.")


def test_a_formula_plugin_has_none(backbeat, tmp_path, monkeypatch):
    plugin = Plugin("wavy", OneControl, lambda grid, c: c.gain * grid.times_s(), "A line.")
    assert plugin.program is None
    monkeypatch.setitem(plugins._registered(), "wavy", plugin)
    refused = backbeat("export", "program", "wavy", "-o", tmp_path / "wavy.json")
    assert (refused.status, refused.out) == (2, "")
    assert refused.error().startswith("plugin wavy: a formula plugin, which has no program to export (recording: ")
    assert list(tmp_path.iterdir()) == []


def test_pytorch_is_not_imported(tmp_path):
    script = (
        "import sys\n"
        "from backbeat.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "assert 'torch' not in sys.modules"
    )
    for kind, source in (("program", "drum"), ("program", "kick/909"), ("kit", "808")):
        out = tmp_path / f"{source[:4]}.json"
        command = [sys.executable, "-c", script, "export", kind, source, "-o", str(out)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(out.read_text(encoding="utf-8"))["schema"] == 1


def test_a_patch_with_its_amounts(backbeat, tmp_path):
    out = tmp_path / "patch.json"
    shown = backbeat("export", "patch", "snare/909", "-o", out)
    assert (shown.status, shown.out, shown.err) == (0, f"{out}\n", "")
    assert load(out) == preset("snare/909").with_amounts()
    assert backbeat("export", "patch", out).out == out.read_text(encoding="utf-8")


def test_a_kit(backbeat, tmp_path):
    out = tmp_path / "kit.json"
    shown = backbeat("export", "kit", "909", "-o", out)
    assert (shown.status, shown.out, shown.err) == (0, f"{out}\n", "")
    assert out.read_text(encoding="utf-8") == to_json(factory_kit("909"))
    assert backbeat("export", "kit", "909").document() == json.loads(out.read_text(encoding="utf-8"))


def test_no_such_kit(backbeat, tmp_path):
    refused = backbeat("export", "kit", "wobble", "-o", tmp_path / "kit.json")
    assert (refused.status, list(tmp_path.iterdir())) == (2, [])
    assert "kit: found 'wobble'" in refused.error()
