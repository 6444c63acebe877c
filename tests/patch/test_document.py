"""Patch files: there and back, old ones still playing, and one clear line about everything else."""

import json
import math
import os

import numpy as np
import pytest
import torch

from backbeat import plugins
from backbeat.dsp import Grid, Signal, decay
from backbeat.errors import PatchError
from backbeat.parameters import Table, amount, choice, hz
from backbeat.patch import (
    Patch,
    Placement,
    VelocityAmount,
    from_json,
    from_params,
    load,
    preset,
    presets,
    randomise,
    save,
)
from backbeat.plugins import Plugin
from backbeat.synth import render
from tables import table


@pytest.fixture
def toy(monkeypatch):
    """A plugin at version 3: version 2 renamed `tune_hz`, version 3 halved what it called `level`."""

    def chain(grid: Grid, c: Table) -> Signal:
        return c.pitch_hz * c.level * c.shape[0] * decay(grid, 0.1)

    plugin = Plugin(
        "toy",
        table(
            pitch_hz=hz(20.0, 200.0, default=50.0, help="Pitch."),
            level=amount(default=0.5, help="Level."),
            shape=choice("round", "square", default="round", help="Shape."),
        ),
        chain,
        summary="A toy.",
        version=3,
        migrations={
            1: lambda values: {"pitch_hz" if name == "tune_hz" else name: v for name, v in values.items()},
            2: lambda values: values | {"level": values["level"] / 2.0},
        },
    )
    known = plugins.get
    monkeypatch.setattr(plugins, "get", lambda name, **options: plugin if name == "toy" else known(name, **options))
    return plugin


@pytest.fixture
def kick():
    return randomise(plugins.get("kick"), 3)


def document(patch: Patch, **changes: object) -> str:
    """The patch's JSON with fields changed; a field set to `...` is left out."""
    fields = json.loads(patch.to_json()) | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...})


def values(patch: Patch, **changes: object) -> str:
    """The patch's JSON with values changed; a value set to `...` is left out."""
    changed = json.loads(patch.to_json())["values"] | changes
    return document(patch, values={name: value for name, value in changed.items() if value is not ...})


class TestRoundTrip:
    @pytest.mark.parametrize("name", plugins.names())
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_json_and_file(self, tmp_path, name, seed):
        patch = randomise(plugins.get(name), seed)
        assert from_json(patch.to_json()) == patch
        save(patch, tmp_path / "a.json")
        assert load(tmp_path / "a.json") == patch
        assert load(str(tmp_path / "a.json")) == patch
        assert (tmp_path / "a.json").read_text(encoding="utf-8") == patch.to_json()

    def test_everything_a_patch_holds(self):
        plugin = plugins.get("drum", tones=3)
        params = torch.full((plugin.table.size,), 0.25, dtype=torch.float64)
        patch = from_params(plugin, params, name="Größe 🥁", seed=2**31 - 1, placement=Placement(48000, 777, 5))
        fields = json.loads(patch.to_json())
        assert fields["schema"] == 2
        assert [fields[place] for place in ("velocity", "humanize", "detail")] == [None, None, None]
        assert (fields["plugin"], fields["version"], fields["options"]) == ("drum", plugin.version, plugin.options)
        assert (fields["name"], fields["seed"]) == ("Größe 🥁", 2**31 - 1)
        assert fields["render"] == {"sample_rate": 48000, "samples": 777, "onset_samples": 5}
        assert list(fields["values"]) == list(plugin.table)
        assert from_json(patch.to_json()) == patch
        np.testing.assert_allclose(patch.params(), params, atol=1e-14)

    def test_an_earlier_schema_is_read(self, kick):
        assert from_json(document(kick, schema=1, velocity=..., humanize=..., detail=...)) == kick

    def test_what_may_be_left_out(self, kick):
        patch = from_json(document(kick, options=..., name=..., seed=..., render=...))
        assert (patch.name, patch.seed, patch.placement) == ("", 0, None)
        assert patch.values == kick.values
        assert from_json(document(kick, render=None)).placement is None

    def test_amounts_of_hits(self, kick):
        velocity = {
            "gain_db": {"amount": 0.5, "curve": "hard"},
            "mode_hz": {"amount": [0.0, 0.1, -0.2, 1.0], "curve": "soft"},
        }
        humanize = {"mode_hz": 0.25, "mode_db": [0.0, 0.1, 0.2, 0.3]}
        patch = from_json(document(kick, velocity=velocity, humanize=humanize))
        assert patch.velocity == {
            "gain_db": VelocityAmount(0.5, "hard"),
            "mode_hz": VelocityAmount((0.0, 0.1, -0.2, 1.0), "soft"),
        }
        assert from_json(patch.to_json()) == patch
        fields = json.loads(patch.to_json())
        assert (fields["velocity"], fields["humanize"]) == (velocity, humanize)

    def test_amounts_that_are_none_are_not_those_of_the_instrument(self, kick):
        patch = from_json(document(kick, velocity={}, humanize={}))
        assert (patch.velocity, patch.humanize) == ({}, {})
        assert patch.hit(0.1, 5).values == kick.values

    def test_values_in_any_order(self, kick):
        fields = json.loads(kick.to_json())
        backwards = dict(reversed(fields["values"].items()))
        assert from_json(document(kick, values=backwards)).to_json() == kick.to_json()

    def test_a_mixed_choice(self, toy):
        patch = Patch("toy", toy.table.defaults() | {"shape": (0.25, 0.75)})
        assert from_json(patch.to_json()).values["shape"] == (0.25, 0.75)

    def test_a_patch_cannot_be_changed(self, kick):
        with pytest.raises(AttributeError):
            kick.seed = 3


class TestRender:
    def test_default_is_a_second(self, kick):
        audio = kick.render()
        assert audio.shape == (1, 1, 44100)
        assert audio.dtype == torch.float32
        params = kick.params().float().unsqueeze(0)
        close = render(kick.instrument, params, samples=44100, seed=kick.seed)  # but for the rounding of params
        torch.testing.assert_close(audio, close, atol=1e-3, rtol=0.0)

    def test_where_the_match_found_it(self, kick):
        found = from_params(kick.instrument, kick.params(), seed=3, placement=Placement(22050, 500, 20))
        audio = found.render()
        assert audio.shape == (1, 1, 500)
        assert audio[..., :20].abs().max() == 0.0
        assert torch.equal(audio[..., 20:], found.render(Placement(22050, 480)))
        assert found.render(Placement(48000, 100)).shape == (1, 1, 100)

    @pytest.mark.parametrize("onset", [1, 50, 99])
    def test_silence_up_to_the_onset(self, kick, onset):
        audio = kick.render(Placement(44100, 100, onset))
        assert audio.shape == (1, 1, 100)
        assert audio[..., :onset].abs().max() == 0.0

    def test_the_seed_is_the_noise(self, kick):
        loud = dict(kick.values) | {"noise_db": 0.0, "noise_s": 0.1}
        first, second = (Patch("kick", loud, seed=seed).render(Placement(44100, 999)) for seed in (1, 2))
        assert not torch.equal(first, second)

    def test_natural_placement_ends_80_db_down(self):
        for patch in (preset(name) for name in presets()[::16]):
            placement = patch.natural_placement(22050)
            assert placement.sample_rate == 22050
            sound = patch.render(Placement(22050, 220500))[0, 0].abs()
            assert (sound[placement.samples :] <= 1e-4 * sound.max()).all()
            assert sound[placement.samples - 1] > 1e-4 * sound.max()

    def test_rows(self, toy):
        patch = Patch("toy", {"pitch_hz": 60, "level": 0.5, "shape": "square"})
        assert patch.rows() == [
            ("pitch_hz", "60 Hz", "Pitch."),
            ("level", "50 %", "Level."),
            ("shape", "square", "Shape."),
        ]


@pytest.mark.usefixtures("unchecked")
class TestMigration:
    def test_old_versions_keep_their_sound(self, toy):
        old = {"schema": 1, "plugin": "toy"}
        first = {"tune_hz": 80.0, "level": 0.5, "shape": "round"}
        second = {"pitch_hz": 80.0, "level": 0.5, "shape": "round"}
        third = {"pitch_hz": 80.0, "level": 0.25, "shape": "round"}
        for version, found in ((1, first), (2, second), (3, third)):
            patch = from_json(json.dumps(old | {"version": version, "values": found}))
            assert patch.values == third
            assert json.loads(patch.to_json())["version"] == 3

    @pytest.mark.parametrize("version", [0, -1, 4, 1.0, "1", True, None, [1], 10**30])
    def test_other_versions_are_refused(self, toy, version):
        fields = {"schema": 1, "plugin": "toy", "version": version, "values": toy.table.defaults()}
        with pytest.raises(PatchError) as caught:
            from_json(json.dumps(fields))
        assert str(caught.value) == f"version: found {version!r}; this backbeat plays toy up to version 3"

    @pytest.mark.parametrize(("gone", "version", "since"), [(1, 1, 2), (2, 1, 3), (2, 2, 3)])
    def test_versions_before_a_step_that_has_no_migration_are_refused(self, toy, monkeypatch, gone, version, since):
        monkeypatch.delitem(toy.migrations, gone)
        name = "tune_hz" if version == 1 else "pitch_hz"
        old = {"schema": 1, "plugin": "toy", "version": version, "values": {name: 80.0, "level": 0.5, "shape": "round"}}
        with pytest.raises(PatchError) as caught:
            from_json(json.dumps(old))
        assert str(caught.value) == (
            f"version: found {version} of toy, which has other parameters since version {since}; "
            f"must be from {since} to 3"
        )
        assert from_json(json.dumps(old | {"version": 3, "values": toy.table.defaults()})).plugin == "toy"

    @pytest.mark.parametrize("found", [{}, {"level": None}, {"level": "loud"}, {"level": [1.0]}, {"level": 7.0}])
    @pytest.mark.parametrize("version", [1, 2])
    def test_old_values_that_a_migration_cannot_take_are_refused(self, toy, version, found):
        fields = {
            "schema": 1,
            "plugin": "toy",
            "version": version,
            "values": {"pitch_hz": 50.0, "shape": "round"} | found,
        }
        with pytest.raises(PatchError):
            from_json(json.dumps(fields))


@pytest.mark.usefixtures("unchecked")
class TestRefused:
    """Each is one line that begins with the field, and shows what was found and what is allowed."""

    def refused(self, text: str) -> str:
        with pytest.raises(PatchError) as caught:
            from_json(text)
        message = str(caught.value)
        assert "\n" not in message
        return message

    @pytest.mark.parametrize("text", ["", "{", "nonsense", '{"a": 1,}', "\x00", "{" * 100_000, "[" * 100_000])
    def test_not_json(self, text):
        assert self.refused(text).startswith("not a patch: ")

    @pytest.mark.parametrize(("text", "kind"), [("[]", "list"), ("3", "int"), ("null", "NoneType"), ('"kick"', "str")])
    def test_not_an_object(self, text, kind):
        assert self.refused(text) == f"not a patch: found a JSON {kind}; must be an object"

    @pytest.mark.parametrize("field", ["schema", "plugin", "version", "values"])
    def test_missing_field(self, kick, field):
        message = self.refused(document(kick, **{field: ...}))
        assert message == f"{field}: missing; a patch needs schema, plugin, version, values"

    def test_unknown_field(self, kick):
        message = self.refused(document(kick, author="me"))
        there = "schema, plugin, version, values, options, name, seed, render, velocity, humanize, detail"
        assert message == f"author: no such field; there are {there}"

    @pytest.mark.parametrize("schema", [0, 3, "1", True, None, [1], 1.5])
    def test_schema(self, kick, schema):
        message = self.refused(document(kick, schema=schema))
        assert message == f"schema: found {schema!r}; this backbeat reads schema 1 and 2"

    @pytest.mark.parametrize(
        ("field", "found", "says"),
        [
            ("velocity", 0.5, "velocity: found 0.5; must be null or an object with amounts of parameters"),
            ("humanize", [], "humanize: found []; must be null or an object with amounts of parameters"),
            ("velocity", {"wah": {"amount": 1}}, "velocity: found 'wah'; must be of pitch_hz, "),
            ("humanize", {"wah": 0.1}, "humanize: found 'wah'; must be of pitch_hz, "),
            ("velocity", {"gain_db": 0.5}, "velocity.gain_db: found 0.5; must be an amount, with a curve (linear, "),
            (
                "velocity",
                {"gain_db": {"curve": "soft"}},
                "velocity.gain_db: found {'curve': 'soft'}; must be an amount",
            ),
            ("velocity", {"gain_db": {"amount": 1, "x": 1}}, "velocity.gain_db: found {'amount': 1, 'x': 1}; must"),
            (
                "velocity",
                {"gain_db": {"amount": 1, "curve": "round"}},
                "velocity.gain_db: found VelocityAmount(amount=1",
            ),
            ("velocity", {"gain_db": {"amount": 1, "curve": []}}, "velocity.gain_db: found VelocityAmount(amount=1"),
            (
                "velocity",
                {"gain_db": {"amount": 1.5}},
                "velocity.gain_db.amount: found 1.5; must be a number from -1 to 1",
            ),
            (
                "velocity",
                {"gain_db": {"amount": True}},
                "velocity.gain_db.amount: found True; must be a number from -1",
            ),
            (
                "velocity",
                {"mode_hz": {"amount": [0.1]}},
                "velocity.mode_hz.amount: found (0.1,); must be a number, or a",
            ),
            (
                "velocity",
                {"mode_hz": {"amount": "x"}},
                "velocity.mode_hz.amount: found 'x'; must be a number, or a list",
            ),
            (
                "velocity",
                {"mode_hz": {"amount": [0, 0, 0, {}]}},
                "velocity.mode_hz.amount[3]: found {}; must be a number",
            ),
            ("humanize", {"gain_db": -0.1}, "humanize.gain_db: found -0.1; must be a number from 0 to 1"),
            ("humanize", {"gain_db": math.nan}, "humanize.gain_db: found nan; must be a number from 0 to 1"),
            ("humanize", {"mode_hz": [0.1, 0.1, 0.1, 2]}, "humanize.mode_hz[3]: found 2; must be a number from 0 to 1"),
        ],
    )
    def test_amounts_of_hits(self, kick, field, found, says):
        assert self.refused(document(kick, **{field: found})).startswith(says)

    def test_amounts_of_a_choice(self, small):
        patch = Patch("small", small.table.defaults())
        assert self.refused(document(patch, humanize={"colour": 0.1})).startswith(
            "humanize: found 'colour'; must be of "
        )

    @pytest.mark.parametrize("field", ["plugin", "name"])
    @pytest.mark.parametrize("found", [3, None, ["kick"], {"kick": 1}, True])
    def test_not_a_string(self, kick, field, found):
        assert self.refused(document(kick, **{field: found})) == f"{field}: found {found!r}; must be a string"

    @pytest.mark.parametrize("field", ["values", "options"])
    @pytest.mark.parametrize("found", [3, None, [1], "x", True])
    def test_not_an_object_inside(self, kick, field, found):
        assert self.refused(document(kick, **{field: found})) == f"{field}: found {found!r}; must be an object"

    def test_unknown_plugin(self, kick):
        message = self.refused(document(kick, plugin="snair"))
        assert message == f"plugin: found 'snair'; there are {', '.join(plugins.names())}"

    @pytest.mark.parametrize(
        "options",
        [
            {"tones": 0},
            {"tones": 10**9},
            {"tones": True},
            {"tones": 12.0},
            {"tones": "12"},
            {"tones": None},
            {"tones": [12]},
            {"tones": {"a": 1}},
            {"toms": 3},
            {"name": 3},
            {"": 3},
        ],
    )
    def test_options(self, options):
        plugins.get("drum", tones=1), plugins.get("drum", tones=12)  # what is cached must not let anything through
        message = self.refused(document(randomise(plugins.get("drum"), 0), options=options))
        assert message.startswith("plugin drum: found ")
        assert repr(next(iter(options.values()))) in message or repr(next(iter(options))) in message

    @pytest.mark.parametrize("seed", [-1, 2**31, 1.0, "1", None, True, [1], 10**30])
    def test_seed(self, kick, seed):
        message = self.refused(document(kick, seed=seed))
        assert message == f"seed: found {seed!r}; must be a whole number from 0 to 2147483647"

    @pytest.mark.parametrize(
        "placement",
        [
            3,
            [],
            {},
            {"sample_rate": 44100},
            {"sample_rate": 44100, "samples": 0, "onset_samples": 0},
            {"sample_rate": 0, "samples": 10, "onset_samples": 0},
            {"sample_rate": 44100.0, "samples": 10, "onset_samples": 0},
            {"sample_rate": 44100, "samples": True, "onset_samples": 0},
            {"sample_rate": 44100, "samples": 10, "onset_samples": -1},
            {"sample_rate": 44100, "samples": 10, "onset_samples": 0, "channels": 2},
        ],
    )
    def test_render(self, kick, placement):
        assert self.refused(document(kick, render=placement)).startswith(f"render: found {placement!r}; must be ")

    def test_unknown_name(self, kick):
        assert self.refused(values(kick, pitch=3.0)).startswith("pitch: no such parameter; there are pitch_hz, ")

    def test_missing_value(self, kick):
        assert self.refused(values(kick, pitch_hz=...)).startswith("pitch_hz: no value; ")

    @pytest.mark.parametrize(
        "found",
        [19.9, 241, -1.0, float("nan"), float("inf"), -float("inf"), 1e999, 10**400, True, None, "52", [52.0], {}],
    )
    def test_value(self, kick, found):
        message = self.refused(values(kick, pitch_hz=found))
        assert message == f"pitch_hz: found {found!r}; must be a number from 20 to 240 Hz"

    @pytest.mark.parametrize("found", [3.0, [100.0], "x", None, {}, True])
    def test_bank(self, kick, found):
        size = kick.instrument.table["mode_hz"].size
        message = self.refused(values(kick, mode_hz=found))
        assert message == f"mode_hz: found {found!r}; must be a list of {size} numbers"

    def test_entry_of_a_bank(self, kick):
        found = list(kick.values["mode_hz"])
        for bad in (1.0, None, True, "x", float("nan")):
            found[2] = bad
            message = self.refused(values(kick, mode_hz=found))
            assert message == f"mode_hz[2]: found {bad!r}; must be a number from 30 to 12000 Hz"

    @pytest.mark.parametrize("found", ["sideways", "", None, 1, [1.0], [0.0, 0.0], [0.5, 0.25, 0.25], {}])
    def test_choice(self, toy, found):
        message = self.refused(values(Patch("toy", toy.table.defaults()), shape=found))
        assert message.startswith(f"shape: found {found!r}; must be one of round, square, ")

    def test_duplicate_values_count_once(self, kick):
        # JSON keeps the last of two equal names; whichever it is has been checked.
        text = kick.to_json().replace('"pitch_hz":', '"pitch_hz": 1e9, "pitch_hz":', 1)
        assert from_json(text) == kick

    def test_a_patch_made_by_hand(self, kick):
        for wrong, field in (
            ({"seed": -1}, "seed"),
            ({"plugin": "snair"}, "plugin"),
            ({"options": {"tones": 3}}, "plugin kick"),
            ({"values": {}}, "pitch_hz"),
        ):
            whole = {"plugin": "kick", "values": kick.values} | wrong
            with pytest.raises(PatchError, match=rf"^{field}: "):
                Patch(**whole)


@pytest.mark.usefixtures("unchecked")
class TestFiles:
    def test_the_file_is_named(self, tmp_path, kick):
        path = tmp_path / "evil.json"
        path.write_text(values(kick, pitch_hz=9.0))
        with pytest.raises(PatchError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: pitch_hz: found 9.0; must be a number from 20 to 240 Hz"

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", bytes(range(256)) * 9, b"RIFF\x24\x00\x00\x80WAVEfmt "])
    def test_binary(self, tmp_path, content):
        path = tmp_path / "kick.json"
        path.write_bytes(content)
        with pytest.raises(PatchError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: not text; must be a patch, a JSON file in UTF-8"

    def test_empty(self, tmp_path):
        path = tmp_path / "kick.json"
        path.touch()
        with pytest.raises(PatchError) as caught:
            load(path)
        assert str(caught.value).startswith(f"{path}: not a patch: ")

    def test_huge(self, tmp_path):
        path = tmp_path / "kick.json"
        with path.open("wb") as file:
            file.truncate(1 << 40)  # sparse: reading it whole would take a terabyte of memory
        with pytest.raises(PatchError) as caught:
            load(path)
        assert str(caught.value) == f"{path}: larger than 1048576 bytes; must be a patch, a small JSON file"

    def test_missing_and_folder(self, tmp_path):
        for path in (tmp_path / "no.json", tmp_path, tmp_path / "no" / "such" / "folder.json"):
            with pytest.raises(PatchError) as caught:
                load(path)
            assert str(caught.value).startswith(f"{path}: cannot be read (")
            assert str(caught.value).endswith("; must be a patch, a JSON file")

    def test_unwritable(self, tmp_path, kick):
        (tmp_path / "file").touch()
        for path in (tmp_path / "no" / "kick.json", tmp_path / "file" / "kick.json", tmp_path):
            with pytest.raises(PatchError) as caught:
                save(kick, path)
            assert str(caught.value).startswith(f"{path}: cannot be written (")
        assert os.listdir(tmp_path) == ["file"]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
    def test_read_only_folder(self, tmp_path, kick):
        tmp_path.chmod(0o500)
        with pytest.raises(PatchError, match=r"kick\.json: cannot be written \(Permission denied\)$"):
            save(kick, tmp_path / "kick.json")

    def test_saving_over_a_patch_replaces_it_whole(self, tmp_path, kick):
        other = randomise(plugins.get("kick"), 4)
        save(kick, tmp_path / "a.json")
        save(other, tmp_path / "a.json")
        assert load(tmp_path / "a.json") == other
        assert os.listdir(tmp_path) == ["a.json"]


@pytest.mark.parametrize(
    "numbers",
    [(44100, -5, 0), (44100, 100, 100), (44100, 100, 5000), (44100.0, 100, 0), (100, 100, 0), (2000, 1_200_001, 0)],
)
@pytest.mark.usefixtures("unchecked")
def test_a_placement_that_holds_no_sound_is_refused(numbers):
    with pytest.raises(PatchError, match="render: found"):
        Placement(*numbers)
