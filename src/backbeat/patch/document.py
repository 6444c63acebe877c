"""One patch: what it holds, how it is checked, and its JSON.

    {"schema": 2, "plugin": "drum", "version": 1, "options": {"tones": 12}, "name": "conga", "seed": 0,
     "values": {"gain_db": -1.0, …}, "velocity": null, "humanize": null, "detail": null}

Values are physical. A patch that a match found also says where it was found, so that it renders to the very samples
of the match: `"render": {"sample_rate": 44100, "samples": 18233, "onset_samples": 0}`. `detail` holds
the values of a detail layer, by the last part of their roles (`backbeat.plugins.detail`). `velocity` and `humanize`
hold how hits move which parameters (`backbeat.patch.amounts`); null is what suits the instrument.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from backbeat import plugins
from backbeat.errors import ParameterError, PatchError, PluginError
from backbeat.files import encodable, read_document, write_document
from backbeat.parameters import DETAIL, Value
from backbeat.parameters.listing import value_rows
from backbeat.patch.amounts import (
    Numbers,
    VelocityAmount,
    check_humanize,
    check_velocity,
    humanize_as_json,
    velocity_as_json,
    velocity_from_json,
)
from backbeat.plugins import Plugin
from backbeat.plugins.detail import BANDS, PARTIALS
from backbeat.program.engine import LAST_SEED, render_values

if TYPE_CHECKING:
    from torch import Tensor

    from backbeat.types import Audio

SCHEMA = 2
_READ = (1, SCHEMA)
_VELOCITY, _HUMANIZE = "velocity", "humanize"
_DETAIL = "detail"
_REQUIRED = ("schema", "plugin", "version", "values")
_OPTIONAL = ("options", "name", "seed", "render", _VELOCITY, _HUMANIZE, _DETAIL)
_LARGEST_FILE = 1 << 20
_LONGEST_S = 10.0
_LOWEST_RATE_HZ, _HIGHEST_RATE_HZ = 2_000, 768_000
_LONGEST_RENDER_S = 600
_FADED = 1e-4


@dataclass(frozen=True)
class Placement:
    """Where a patch was found: the grid that gives back the match's samples.

    Attributes:
        sample_rate: in Hz.
        samples: length.
        onset_samples: silence before the sound starts.

    Raises:
        PatchError: where one is not a whole number, or out of range.
    """

    sample_rate: int = 44100
    samples: int = 44100
    onset_samples: int = 0

    def __post_init__(self) -> None:
        rate, samples, onset = self.sample_rate, self.samples, self.onset_samples
        if (
            not all(type(number) is int for number in (rate, samples, onset))
            or not _LOWEST_RATE_HZ <= rate <= _HIGHEST_RATE_HZ
            or not 0 <= onset < samples <= _LONGEST_RENDER_S * rate
        ):
            raise PatchError(
                f"render: found {asdict(self)!r}; must be whole numbers, a rate from {_LOWEST_RATE_HZ} to "
                f"{_HIGHEST_RATE_HZ} Hz, at most {_LONGEST_RENDER_S} s, and the onset within them"
            )

    def at(self, sample_rate: int, seconds: float | None = None) -> Placement:
        """The same place at another sample rate, and of another length where one is given."""
        ratio = sample_rate / self.sample_rate
        samples = self.samples * ratio if seconds is None else seconds * sample_rate
        length = max(1, round(samples))
        return Placement(sample_rate, length, min(round(self.onset_samples * ratio), length - 1))


@dataclass(frozen=True)
class Patch:
    """The values of one plugin's parameters and a noise seed.

    Attributes:
        plugin: the plugin's name.
        values: physical values by parameter name; all of them.
        options: what shapes the plugin's table.
        name: for people; what UTF-8 cannot hold of it is a question mark.
        seed: of the noise.
        placement: where a match found it.
        velocity: how far a hit's velocity moves which parameters; none is what suits the instrument.
        humanize: how far which parameters differ from hit to hit; likewise.

    Raises:
        PatchError: naming the field, the value found and what is allowed.
    """

    plugin: str
    values: Mapping[str, Value]
    options: Mapping[str, int] = field(default_factory=dict)
    name: str = ""
    seed: int = 0
    placement: Placement | None = None
    velocity: Mapping[str, VelocityAmount] | None = None
    humanize: Mapping[str, Numbers] | None = None

    def __post_init__(self) -> None:
        _check_seed(self.seed)
        object.__setattr__(self, "name", encodable(self.name))
        try:
            plugin = plugins.get(self.plugin, **self.options)
            object.__setattr__(self, "options", dict(plugin.options))
            object.__setattr__(self, "values", plugin.table.check(self.values))
        except (PluginError, ParameterError) as error:
            raise PatchError(str(error)) from error
        object.__setattr__(self, _VELOCITY, check_velocity(plugin.table, self.velocity))
        object.__setattr__(self, _HUMANIZE, check_humanize(plugin.table, self.humanize))

    @property
    def instrument(self) -> Plugin:
        """The plugin that plays this patch."""
        return plugins.get(self.plugin, **self.options)

    def params(self) -> Tensor:
        """Normalised values, (P,), float64."""
        return self.instrument.table.normalise(self.values)

    def positions(self) -> NDArray[np.float64]:
        """`params` as an array."""
        return self.instrument.table.to_unit(self.values)

    def hit(self, velocity: float = 1.0, number: int = 0) -> Patch:
        """The patch that one of its hits is: values moved by velocity and from hit to hit, and another noise seed.

        At velocity 1, number 0 is the patch itself. Each number is another hit, the same every time.

        Args:
            velocity: in [0, 1].
            number: of the hit, from 0 to 2^31 - 1.

        Raises:
            PatchError: where one is out of range.
        """
        from backbeat.patch.hits import hit

        return hit(self, velocity, number)

    def with_amounts(self) -> Patch:
        """The patch with the amounts of velocity and humanize that its hits have written out.

        For engines outside Python, which do not know what suits an instrument.
        """
        from backbeat.patch.hits import with_amounts

        return with_amounts(self)

    def render(self, placement: Placement | None = None, *, device: str = "cpu") -> Audio:
        """Render the patch to (1, 1, samples), float32.

        Args:
            placement: sample rate, length and onset; none is where a match found it, or else a second at 44.1 kHz.
            device: where to compute.
        """
        import torch

        if device == "cpu":
            return torch.from_numpy(self.sound(placement))[None, None]
        return self._by_formula(placement, device)

    def sound(self, placement: Placement | None = None) -> NDArray[np.float32]:
        """`render` as an array, (samples,), without PyTorch where the engine can render.

        Args:
            placement: sample rate, length and onset; none is where a match found it, or else a second at 44.1 kHz.
        """
        program = self.instrument.program
        if program is None or self.instrument.no_engine_reason:
            return self._by_formula(placement, "cpu")[0, 0].numpy()
        where = placement or self.placement or Placement()
        sound = np.zeros(where.samples, np.float32)
        values, sounding = self.instrument.table.flat(self.values), where.samples - where.onset_samples
        sound[where.onset_samples :] = render_values(program, values, self.seed, sounding, where.sample_rate)
        return sound

    def stereo(self, placement: Placement | None = None, width: float = 1.0) -> NDArray[np.float32]:
        """`sound` on two channels with noise of its own on either and the tones in the middle, (2, samples).

        Args:
            placement: as of `sound`.
            width: in [0, 1]; at 0 there is one channel, (1, samples), at 1 nothing of the noise is on both.

        Raises:
            PatchError: where the width is out of range.
        """
        from backbeat.patch.stereo import stereo

        return stereo(self, placement, width)

    def _by_formula(self, placement: Placement | None, device: str) -> Audio:
        import torch
        from torch.nn.functional import pad

        from backbeat.synth import render

        where = placement or self.placement or Placement()
        params = self.params().to(device, torch.float32).unsqueeze(0)
        sounding = where.samples - where.onset_samples
        with torch.no_grad():
            audio = render(self.instrument, params, samples=sounding, sample_rate=where.sample_rate, seed=self.seed)
        return pad(audio, (where.onset_samples, 0))

    def natural_placement(self, sample_rate: int = 44100) -> Placement:
        """As long as the patch sounds: until it stays 80 dB under its peak, at most ten seconds."""
        sound = np.abs(self.sound(Placement(sample_rate, round(_LONGEST_S * sample_rate))))
        loud = np.flatnonzero(sound > _FADED * sound.max())
        return Placement(sample_rate, int(loud[-1]) + 1 if len(loud) else sample_rate)

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, value as a musician writes it, and help of each parameter of the voice."""
        voice = self.instrument.voice or self.instrument
        return value_rows(voice.table, self.values)

    def detail_rows(self) -> list[tuple[str, str, str]]:
        """The same of the detail layer; none where there is none."""
        names = _detail_keys(self.instrument)
        return [row for row in value_rows(self.instrument.table, self.values) if row[0] in names]

    def knobs(self) -> list[tuple[str, str, str]]:
        """Name, unit and help of each macro."""
        return [(name, macro.unit, macro.help) for name, macro in self.instrument.macros.items()]

    @property
    def detail_text(self) -> str:
        """What the detail layer is, in a few words; nothing where there is none."""
        partials, bands = (self.options.get(option, 0) for option in (PARTIALS, BANDS))
        said = [f"{partials} partial{'s' if partials > 1 else ''}"] if partials else []
        return " and ".join([*said, f"{bands} band{'s' if bands > 1 else ''} of noise"] if bands else said)

    def to_json(self) -> str:
        """The patch as JSON text."""
        detail = _detail_keys(self.instrument)
        document: dict[str, object] = {
            "schema": SCHEMA,
            "plugin": self.plugin,
            "version": self.instrument.version,
            "options": {name: value for name, value in self.options.items() if name not in (PARTIALS, BANDS)},
            "name": self.name,
            "seed": self.seed,
            "values": {name: _plain(self.values[name]) for name in self.instrument.table if name not in detail},
            _VELOCITY: velocity_as_json(self.velocity),
            _HUMANIZE: humanize_as_json(self.humanize),
            _DETAIL: {key: _plain(self.values[name]) for name, key in detail.items()} or None,
        }
        if self.placement is not None:
            document["render"] = asdict(self.placement)
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def with_seed(patch: Patch, steps: int) -> Patch:
    """The patch with the noise of a later seed."""
    return replace(patch, seed=(patch.seed + steps) % (LAST_SEED + 1))


def from_params(
    plugin: Plugin,
    params: Tensor | NDArray[np.float64],
    *,
    name: str = "",
    seed: int = 0,
    placement: Placement | None = None,
) -> Patch:
    """The patch of normalised params (P,)."""
    table = plugin.table
    values = table.from_unit(params) if isinstance(params, np.ndarray) else table.denormalise(params)
    return Patch(plugin.name, values, plugin.options, name, seed, placement)


def from_json(text: str) -> Patch:
    """Read a patch from JSON text, migrating it from an older version of its plugin.

    Raises:
        PatchError: naming the field, the value found and what is allowed.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise PatchError(f"not a patch: {error}; must be a JSON object") from error
    if not isinstance(document, dict):
        raise PatchError(f"not a patch: found a JSON {type(document).__name__}; must be an object")
    return from_document(document)


def from_document(document: Mapping[str, Any]) -> Patch:
    """Read a patch from its JSON object; see `from_json`."""
    if "pads" in document:
        raise PatchError("not a patch: found a kit, which `backbeat kit` plays; must be of one instrument")
    for key in document:
        if key not in _REQUIRED + _OPTIONAL:
            raise PatchError(f"{key}: no such field; there are {', '.join(_REQUIRED + _OPTIONAL)}")
    for key in _REQUIRED:
        if key not in document:
            raise PatchError(f"{key}: missing; a patch needs {', '.join(_REQUIRED)}")
    schema = document["schema"]
    if type(schema) is not int or schema not in _READ:
        raise PatchError(f"schema: found {schema!r}; this backbeat reads schema {' and '.join(map(str, _READ))}")
    name, options = document.get("name", ""), document.get("options", {})
    for key, value, kind in (("plugin", document["plugin"], str), ("name", name, str)):
        if not isinstance(value, kind):
            raise PatchError(f"{key}: found {value!r}; must be a string")
    detail = document.get(_DETAIL) or {}
    for key, value in (("values", document["values"]), ("options", options), (_DETAIL, detail)):
        if not isinstance(value, dict):
            raise PatchError(f"{key}: found {value!r}; must be an object")
    try:
        plugin = plugins.get(document["plugin"], **options, **_detail_sizes(detail))
    except PluginError as error:
        raise PatchError(str(error)) from error
    values = _migrate(plugin, document["version"], document["values"])
    values = {**values, **_named_detail(plugin, detail)}
    velocity, humanize = velocity_from_json(document.get(_VELOCITY)), document.get(_HUMANIZE)
    seed, placement = document.get("seed", 0), _placement(document.get("render"))
    return Patch(plugin.name, values, plugin.options, name, seed, placement, velocity, humanize)


def load(path: str | Path) -> Patch:
    """Read a patch file.

    Raises:
        PatchError: naming the file, and the field at fault.
    """
    return read_document(
        Path(path), from_json, most_bytes=_LARGEST_FILE, kind="a patch", form="a small JSON file", error=PatchError
    )


def save(patch: Patch, path: str | Path) -> None:
    """Write a patch file, whole or not at all.

    Raises:
        PatchError: naming the file, where it cannot be written.
    """
    write_document(Path(path), patch.to_json(), PatchError)


def _migrate(plugin: Plugin, version: object, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values of the plugin's present version."""
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= plugin.version:
        raise PatchError(
            f"version: found {version!r}; this backbeat plays {plugin.name} up to version {plugin.version}"
        )
    for step in range(version, plugin.version):
        if step not in plugin.migrations:
            raise PatchError(
                f"version: found {version} of {plugin.name}, which has other parameters since version {step + 1}; "
                f"must be from {step + 1} to {plugin.version}"
            )
        try:
            values = plugin.migrations[step](dict(values))
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:
            raise PatchError(
                f"values: found none that version {step} of {plugin.name} would have ({error!r})"
            ) from error
    return values


def _plain(value: Value) -> object:
    return list(value) if isinstance(value, tuple) else value


def _detail_keys(plugin: Plugin) -> dict[str, str]:
    """Names of the parameters of the detail layer, and the last part of their roles."""
    roles = {name: each.role for name, each in plugin.table.items() if isinstance(each.role, DETAIL)}
    return {name: role.name for name, role in roles.items()}


def _detail_sizes(detail: Mapping[str, Any]) -> dict[str, int]:
    """The options of a plugin that has this detail."""
    sizes = {}
    for option, role in ((PARTIALS, DETAIL.hz), (BANDS, DETAIL.band_db)):
        found = detail.get(role.name, [])
        if size := len(found) if isinstance(found, list) else 1:
            sizes[option] = size
    if detail and not sizes:
        raise PatchError(f"{_DETAIL}: found {', '.join(detail)}; must have {DETAIL.hz.name} or {DETAIL.band_db.name}")
    return sizes


def _named_detail(plugin: Plugin, detail: Mapping[str, Any]) -> dict[str, Any]:
    keys = _detail_keys(plugin)
    if detail.keys() != set(keys.values()):
        raise PatchError(f"{_DETAIL}: found {', '.join(detail)}; must have {', '.join(keys.values())}")
    return {name: detail[key] for name, key in keys.items()}


def _check_seed(seed: object) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= LAST_SEED:
        raise PatchError(f"seed: found {seed!r}; must be a whole number from 0 to {LAST_SEED}")


def _placement(found: object) -> Placement | None:
    if found is None:
        return None
    names = [each.name for each in fields(Placement)]
    if not isinstance(found, dict) or set(found) != set(names):
        raise PatchError(f"render: found {found!r}; must be an object with {', '.join(names)}")
    return Placement(**found)
