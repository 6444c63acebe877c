"""`backbeat plugins`: the instruments, their presets and their parameters."""

import pytest

from backbeat import plugins
from backbeat.patch import presets


def test_lists_every_plugin_with_its_presets(backbeat):
    shown = backbeat("plugins")
    assert (shown.status, shown.err) == (0, "")
    for name in plugins.names():
        assert f"{name}  {plugins.get(name).summary} {len(plugins.get(name).table)} parameters." in shown.out
    for preset in presets():
        assert preset.partition("/")[2] in shown.out


def test_list_as_json(backbeat):
    shown = backbeat("plugins", "--json")
    assert len(shown.out.splitlines()) == 1
    listed = {each["plugin"]: each for each in shown.document()}
    assert list(listed) == plugins.names()
    for name, each in listed.items():
        assert each["summary"] == plugins.get(name).summary
        assert each["parameters"] == len(plugins.get(name).table)
        assert [f"{name}/{preset}" for preset in each["presets"]] == [
            preset for preset in presets() if preset.startswith(f"{name}/")
        ]


@pytest.mark.parametrize("plugin", ["kick", "drum"])
def test_parameters_of_one_plugin(backbeat, plugin):
    table = plugins.get(plugin).table
    text, markdown, json = (backbeat("plugins", plugin, *options) for options in ([], ["--markdown"], ["--json"]))
    assert (text.status, markdown.status, json.status) == (0, 0, 0)
    document = json.document()
    assert document["plugin"] == plugin
    assert [each["name"] for each in document["parameters"]] == list(table)
    for each in document["parameters"]:
        parameter = table[each["name"]]
        assert (each["low"], each["high"], each["unit"]) == (parameter.low, parameter.high, parameter.unit)
        assert each["help"] in text.out
        assert f"| `{each['name']}" in markdown.out
    macros = plugins.get(plugin).macros
    assert document["macros"] == {name: {"unit": each.unit, "help": each.help} for name, each in macros.items()}
    assert len(text.out.splitlines()) == len(table) + 1 + len(macros)
    assert len(markdown.out.splitlines()) == len(table) + 2


def test_unknown_plugin(backbeat):
    refused = backbeat("plugins", "theremin")
    assert (refused.status, refused.out) == (2, "")
    assert refused.error() == f"plugin: found 'theremin'; there are {', '.join(plugins.names())}"
