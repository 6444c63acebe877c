"""DrumSynth files as patches, from file to sound."""

import subprocess
import sys

import pytest

from backbeat.drumsynth import import_drumsynth, match_drumsynth
from backbeat.errors import KitError, MatchError, PluginError
from backbeat.patch import from_json
from drumsynth.files import HEADER, HISS, KICK


@pytest.fixture
def kick(tmp_path):
    path = tmp_path / "Low kick.ds"
    path.write_text(HEADER + KICK)
    return path


def test_a_kick_is_a_kick_and_near_and_the_same_file_gives_the_same_patch(kick):
    found = match_drumsynth(kick, quality="draft")
    assert (found.patch.plugin, found.patch.name, found.name) == ("kick", "Low kick", "Low kick")
    assert found.distances.mel_db < 2.5
    assert found.audio.shape == found.target.shape
    assert from_json(found.patch.to_json()) == found.patch
    assert import_drumsynth(kick, quality="draft") == found.patch


def test_an_instrument_may_be_named_and_the_seed_is_the_patches(tmp_path):
    path = tmp_path / "hiss.ds"
    path.write_text(HEADER + HISS)
    patch = import_drumsynth(path, "snare", quality="draft", seed=4)
    assert (patch.plugin, patch.seed) == ("snare", 4)


@pytest.mark.parametrize("text", ["", "[Tone]\nOn=1\nLevel=0\nEnvelope=0,100 900,0\n", "[Tone]\nOn=1\n"])
def test_silence_is_refused(text, tmp_path):
    path = tmp_path / "silent.ds"
    path.write_text(HEADER + text)
    with pytest.raises(KitError, match=r"silent\.ds: makes no sound; must have a part that is on"):
        import_drumsynth(path)


def test_what_there_is_not_is_refused(kick):
    with pytest.raises(MatchError, match="quality"):
        import_drumsynth(kick, quality="perfect")
    with pytest.raises(PluginError, match="plugin: found 'gong'"):
        import_drumsynth(kick, "gong")


def test_files_are_read_and_rendered_without_pytorch():
    program = f"""
import sys
sys.modules["torch"] = None
from backbeat.drumsynth import parse, render
print(len(render(parse({HEADER + KICK!r}))))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "18000", done.stderr
