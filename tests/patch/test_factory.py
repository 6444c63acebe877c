"""The factory's presets: every file loads, sounds, and is what `to_json` writes."""

import math
from importlib.resources import files
from pathlib import Path

import pytest
import torch

from backbeat.errors import PatchError
from backbeat.patch import Placement, factory, from_json, preset, presets

ESSENTIAL = {
    "kick": ("classic", "hard", "electro", "808-long", "909", "sub", "acoustic", "click"),
    "drum": ("tom", "conga", "snare", "kick"),
}
LONG = {"drum/hat-open", "drum/low-tom", "kick/808-long", "kick/sub", "hat/acoustic-open"}
LONG |= {f"cymbal/{name}" for name in ("808", "crash", "ride", "ride-bell")}
SECOND = 44_100


def text(name: str) -> str:
    return (files("backbeat.patch") / "presets" / f"{name}.json").read_text(encoding="utf-8")


def dbfs(amplitude: float) -> float:
    return 20.0 * math.log10(amplitude)


@pytest.mark.parametrize("plugin", sorted(ESSENTIAL))
def test_presets_name_the_essential_ones(plugin: str) -> None:
    assert {f"{plugin}/{name}" for name in ESSENTIAL[plugin]} <= set(presets())


@pytest.mark.parametrize("name", presets())
def test_file_is_what_to_json_writes(name: str) -> None:
    assert text(name) == from_json(text(name)).to_json()


@pytest.mark.parametrize("name", presets())
def test_preset_says_what_its_path_says_and_no_more(name: str) -> None:
    patch = preset(name)
    assert f"{patch.plugin}/{patch.name}" == name == name.lower()
    assert patch.seed == 0
    assert patch.placement is None


@pytest.mark.parametrize("name", presets())
def test_preset_peaks_near_full_scale_and_dies_away(name: str) -> None:
    sound = preset(name).render(Placement(44_100, 2 * SECOND if name in LONG else SECOND))
    assert torch.isfinite(sound).all()
    assert -3.0 <= dbfs(float(sound.abs().max())) <= -0.1
    last = sound[..., -SECOND // 20 :]
    assert float(last.square().mean().sqrt()) < 10.0 ** (-45.0 / 20.0)


@pytest.mark.parametrize("sample_rate", [48_000, 96_000])
@pytest.mark.parametrize("name", presets())
def test_preset_is_as_loud_at_other_rates(name: str, sample_rate: int) -> None:
    """Its noise is the same, read at other times."""
    there, here = (preset(name).render(Placement(rate, rate // 5)).abs().max() for rate in (sample_rate, 44_100))
    assert float(there) < 1.0
    assert abs(dbfs(float(there)) - dbfs(float(here))) < 2.0


@pytest.mark.parametrize(
    ("name", "lowest_hz", "highest_hz"),
    [
        ("kick/808-long", 45.0, 55.0),
        ("kick/909", 48.0, 58.0),
        ("kick/sub", 35.0, 48.0),
        ("drum/conga", 200.0, 300.0),
        ("drum/snare", 170.0, 195.0),
        ("drum/cowbell", 530.0, 810.0),
        ("drum/hat-closed", 5_000.0, 15_000.0),
    ],
)
def test_preset_rings_where_its_drum_does(name: str, lowest_hz: float, highest_hz: float) -> None:
    """Strongest bin from 50 ms on, when strike and sweep are over."""
    sound = preset(name).render(Placement(44_100, SECOND))[0, 0, SECOND // 20 :]
    spectrum = torch.fft.rfft(sound.double()).abs()
    loudest_hz = float(spectrum.argmax()) * 44_100 / sound.shape[-1]
    assert lowest_hz < loudest_hz < highest_hz


def test_plugin_may_be_left_out() -> None:
    assert preset("808-long") == preset("kick/808-long")
    with pytest.raises(
        PatchError, match=r"^preset: found '909'; say which: clap/909, kick/909, rim/909, snare/909, tom/909$"
    ):
        preset("909")


def test_unknown_preset_lists_what_there_is() -> None:
    with pytest.raises(PatchError, match=r"^preset: found '707'; there are .*kick/909"):
        preset("707")


def test_name_of_two_presets_asks_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for plugin, model in (("drum", "drum/tom"), ("kick", "kick/909")):
        (tmp_path / plugin).mkdir()
        (tmp_path / plugin / "both.json").write_text(text(model), encoding="utf-8")
    monkeypatch.setattr(factory, "_PRESETS", tmp_path)
    with pytest.raises(PatchError, match=r"^preset: found 'both'; say which: drum/both, kick/both$"):
        preset("both")
    assert preset("drum/both").plugin == "drum"
