"""The VST3 plugin in hosts that others wrote: a song is, to the bit, what `backbeat kit render` makes of it."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from backbeat.kernels.library import library
from backbeat.kits import Kit
from backbeat.kits.factory import factory_kit
from backbeat.kits.hits import Hits
from backbeat.kits.playing import Performance, mixed
from backbeat.kits.state import write_state
from backbeat.songs import Note, Song, read_song
from kernels.crossbuilt import ROOT
from ports.beat import KIT, NOTES

pytestmark = pytest.mark.skipif(library() is None, reason="no kernels here to compare with")

BEAT = Song(tuple(Note(at_s, note, velocity) for at_s, note, velocity in NOTES), 1.0)


class Rendered(NamedTuple):
    """What `backbeat kit render` writes."""

    mix: NDArray[np.float32]
    outputs: dict[int, NDArray[np.float32]]
    """Those that sound, by their numbers."""


def rendered(kit: Kit, song: Song, sample_rate: int) -> Rendered:
    performance = Performance(Hits(kit, sample_rate), song)
    outputs = np.concatenate(list(performance.blocks()), axis=-1)
    return Rendered(mixed(outputs), dict(enumerate(outputs)))


def house() -> tuple[Kit, Song]:
    kit = factory_kit("909")
    return kit, read_song(ROOT / "examples" / "patterns" / "house.pattern", kit.notes_by_name)


def timed(song: Song, sample_rate: int) -> list[tuple[int, int, float]]:
    """Note, velocity and time in seconds, of which hosts cut off what is beyond a whole frame."""
    return [(each.note, each.velocity, (round(each.at_s * sample_rate) + 0.25) / sample_rate) for each in song.notes]


def bundle_of(plugin: Path) -> str:
    return str(plugin / "backbeat.vst3")


@pytest.fixture(scope="module")
def host(plugin):
    pedalboard = pytest.importorskip("pedalboard")
    return pedalboard.load_plugin(bundle_of(plugin), initialization_timeout=0.01)


@pytest.fixture(scope="module")
def dawdreamer():
    return pytest.importorskip("dawdreamer")


class TestPedalboard:
    def play(self, host, song: Song, sample_rate: int, samples: int, frames: int) -> NDArray[np.float32]:
        messages = [(bytes([0x90, note, velocity]), at_s) for note, velocity, at_s in timed(song, sample_rate)]
        seconds = samples / sample_rate
        found: NDArray[np.float32] = host(messages, duration=seconds, sample_rate=sample_rate, buffer_size=frames)
        return found

    @pytest.mark.parametrize(("sample_rate", "frames"), [(44100, 512), (44100, 37), (96000, 8192), (22050, 256)])
    def test_a_song(self, host, sample_rate, frames):
        kit, song = house()
        expected = rendered(kit, song, sample_rate).mix
        assert np.abs(expected).max() > 0.1
        np.testing.assert_array_equal(self.play(host, song, sample_rate, expected.shape[-1], frames), expected)

    def test_every_velocity(self, host):
        """DPF cuts off what a host rounds."""
        kit, _ = house()
        song = Song(tuple(Note(0.01 * velocity, 36, velocity) for velocity in range(1, 128)), 2.0)
        expected = rendered(kit, song, 44100).mix
        np.testing.assert_array_equal(self.play(host, song, 44100, expected.shape[-1], 512), expected)

    def test_state_and_preset(self, host, tmp_path):
        before = host.raw_state
        host.pad_3_tune_st = 5.0
        host([], duration=0.1, sample_rate=44100)  # where it tells the plugin
        turned = host.raw_state
        assert turned != before
        host.raw_state = before
        assert host.raw_state == before
        write_state(KIT, tmp_path / "beat.vstpreset")
        host.load_preset(str(tmp_path / "beat.vstpreset"))
        expected = rendered(KIT, BEAT, 44100).mix
        np.testing.assert_array_equal(self.play(host, BEAT, 44100, expected.shape[-1], 512), expected)
        host.raw_state = turned
        assert host.raw_state == turned
        host.raw_state = before

    def test_names_of_parameters(self, host):
        names = list(host.parameters)
        assert len(names) == 2 + 16 * 6 + 1 + 2
        assert names[:3] == ["level_db", "humanize", "pad_1_level_db"]
        assert "bypass" in names
        assert sum(bool(re.fullmatch(r"midi_ch_1_cc_(120|123)", name)) for name in names) == 2


class TestDawDreamer:
    @pytest.mark.parametrize("frames", [512, 100])
    def test_a_song_in_all_outputs(self, dawdreamer, plugin, frames):
        kit, song = house()
        engine = dawdreamer.RenderEngine(44100, frames)
        drums = engine.make_plugin_processor("drums", bundle_of(plugin))
        assert drums.get_num_output_channels() == 34
        for note, velocity, at_s in timed(song, 44100):
            drums.add_midi_note(note, velocity, at_s, 0.1)
        engine.load_graph([(drums, [])])
        expected = rendered(kit, song, 44100)
        samples = expected.mix.shape[-1]
        engine.render(samples / 44100)
        found = engine.get_audio()[:, :samples]
        np.testing.assert_array_equal(found[:2], expected.mix)
        sounding = [pair for pair in found[2:].reshape(16, 2, -1) if pair.any()]
        wanted = list(expected.outputs.values())
        assert len(sounding) == len(wanted) > 3
        by_peak = sorted(sounding, key=lambda pair: np.abs(pair).sum())
        for pair, other in zip(by_peak, sorted(wanted, key=lambda pair: np.abs(pair).sum()), strict=True):
            np.testing.assert_array_equal(pair, other)
