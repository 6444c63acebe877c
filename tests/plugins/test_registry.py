import pytest

from backbeat import plugins
from backbeat.dsp import Grid, Signal, decay
from backbeat.errors import PluginError
from backbeat.parameters import Table, seconds
from backbeat.plugins import Plugin
from tables import table


def render(grid: Grid, c: Table) -> Signal:
    return decay(grid, c.decay_s)


def plugin(name: str) -> Plugin:
    return Plugin(name, table(decay_s=seconds(0.01, 1.0, default=0.1, help="Decay.")), render, summary="A decay.")


@pytest.fixture
def _own_registry(monkeypatch):
    registry = dict(plugins._registered())
    monkeypatch.setattr(plugins, "_registered", lambda: registry)


@pytest.mark.usefixtures("_own_registry")
def test_a_registered_plugin_is_found_by_name():
    made = plugin("fade")
    plugins.register(made)
    assert plugins.get("fade") is made
    assert "fade" in plugins.names()
    plugins.register(made)


@pytest.mark.usefixtures("_own_registry")
def test_a_name_that_is_taken_is_refused():
    with pytest.raises(PluginError, match="plugin kick: registered twice"):
        plugins.register(plugin("kick"))


def test_an_unknown_plugin_lists_those_there_are():
    with pytest.raises(PluginError, match=r"found 'kik'; there are clap, .*kick"):
        plugins.get("kik")


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("kick", {"tones": 3}, "plugin kick: found option 'tones'; it has none"),
        ("drum", {"tone": 3}, "plugin drum: found option 'tone'; it has tones"),
        ("drum", {"tones": 0}, "found tones=0; must be a whole number from 1 to 128"),
        ("drum", {"tones": True}, "found tones=True; must be a whole number"),
    ],
)
def test_options_that_do_not_fit_are_refused(name, options, message):
    with pytest.raises(PluginError, match=message):
        plugins.get(name, **options)


def test_a_table_and_a_render_that_differ_are_refused():
    decay_s = seconds(0.01, 1.0, default=0.1, help="Decay.")
    both = table(decay_s=decay_s, hold_s=seconds(0.0, 1.0, default=0.1, help=""))
    with pytest.raises(
        PluginError, match=r"^plugin odd: parameter hold_s is in its table, and read nowhere in render$"
    ):
        Plugin("odd", both, render, summary="")
    with pytest.raises(PluginError, match=r"^plugin odd: found no parameter 'decay_s' in its table; there are fade_s$"):
        Plugin("odd", table(fade_s=decay_s), render, summary="")
