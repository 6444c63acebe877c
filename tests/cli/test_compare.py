"""`backbeat compare`: the distances between two files."""

import numpy as np
import pytest
import soundfile

from backbeat.audio import read
from backbeat.losses import auditory_distance, distances, drumblender_distances
from matching.sounds import RATE, save_thump, thump


@pytest.fixture
def other_wav(tmp_path):
    return save_thump(tmp_path / "other.wav", 0.12, peak=0.4)


@pytest.fixture
def unpublished(monkeypatch):
    """Leave out the distances of drumblender's table, which take a second."""
    monkeypatch.setattr("backbeat.losses.drumblender_distances", lambda estimate, target: (0.5, 0.25))


def test_distances_are_those_of_the_library(backbeat, kick_wav, other_wav):
    shown = backbeat("compare", kick_wav, other_wav, "--json")
    assert (shown.status, shown.err) == (0, "")
    expected = distances(read(other_wav).audio, read(kick_wav).audio, RATE)
    found = shown.document()
    assert {name: found[name] for name in expected.as_dict()} == expected.as_dict()
    assert found["auditory"] == pytest.approx(
        float(auditory_distance(read(other_wav).audio, read(kick_wav).audio, RATE))
    )
    both = (read(path, sample_rate=48_000).audio for path in (other_wav, kick_wav))
    assert (found["mss"], found["lsd_drumblender"]) == pytest.approx(drumblender_distances(*both))
    assert expected.mel_db > 1.0


@pytest.mark.usefixtures("unpublished")
def test_text_has_a_line_for_each_distance(backbeat, kick_wav, other_wav):
    numbers = backbeat("compare", kick_wav, other_wav, "--json").document()
    lines = backbeat("compare", kick_wav, other_wav).out.splitlines()
    assert [line.split()[0] for line in lines] == list(numbers)[: len(lines)]
    for line in lines:
        assert line.split()[1] == f"{numbers[line.split()[0]]:.2f}"


@pytest.mark.usefixtures("unpublished")
def test_floor_of_the_family_stands_beside_a_distance(backbeat, kick_wav, other_wav):
    by_name = backbeat("compare", kick_wav, other_wav)
    assert "(two takes of a kick: 3.50)" in by_name.out.splitlines()[0]
    told = backbeat("compare", kick_wav, other_wav, "--family", "snare", "--json").document()
    assert (told["family"], told["floor"]) == ("snare", {"mel_db": 3.2, "mrstft": 0.61, "envelope_db": 1.8})
    unknown = backbeat("compare", other_wav, kick_wav)
    assert "takes" not in unknown.out
    assert backbeat("compare", other_wav, kick_wav, "--json").document()["floor"] == {}


@pytest.mark.usefixtures("unpublished")
def test_pitch_of_a_sound_that_has_none(backbeat, kick_wav, tmp_path):
    noise = tmp_path / "noise.wav"
    soundfile.write(noise, np.random.default_rng(0).uniform(-0.5, 0.5, 8000), RATE, subtype="FLOAT")
    assert backbeat("compare", noise, kick_wav, "--json").document()["pitch_cents"] is None
    (line,) = (line for line in backbeat("compare", noise, kick_wav).out.splitlines() if line.startswith("pitch"))
    assert line.split()[1] == "-"


def test_sound_is_no_distance_from_itself(backbeat, kick_wav):
    found = backbeat("compare", kick_wav, kick_wav, "--json").document()
    names = ("mel_db", "lsd_db", "mrstft", "envelope_db", "pitch_cents", "auditory", "mss", "lsd_drumblender")
    assert {name: found[name] for name in names} == pytest.approx(dict.fromkeys(names, 0.0), abs=1e-9)


@pytest.mark.usefixtures("unpublished")
def test_order_matters(backbeat, kick_wav, other_wav):
    one_way = backbeat("compare", kick_wav, other_wav, "--json").document()
    assert backbeat("compare", other_wav, kick_wav, "--json").document() != one_way


@pytest.mark.usefixtures("unpublished")
def test_second_sound_is_brought_to_the_rate_of_the_first(backbeat, kick_wav, tmp_path):
    same = save_thump(tmp_path / "same.wav", sample_rate=48_000)
    compared = backbeat("compare", kick_wav, same, "--json")
    assert compared.status == 0
    assert compared.document()["envelope_db"] < 0.5
    assert compared.notes() == [f"{same}: Resampled 48000 to 44100 Hz."]


@pytest.mark.usefixtures("unpublished")
def test_notes_name_their_file(backbeat, kick_wav, tmp_path):
    stereo = tmp_path / "stereo.wav"
    soundfile.write(stereo, thump(0.1)[0].expand(2, -1).T.numpy(), RATE, subtype="FLOAT")
    compared = backbeat("compare", stereo, kick_wav, "--json")
    assert compared.notes() == [f"{stereo}: Mixed 2 channels to mono."]
    assert compared.document()["mel_db"] == pytest.approx(0.0, abs=1e-6)


def test_either_file_may_be_the_bad_one(backbeat, kick_wav, tmp_path):
    missing = tmp_path / "missing.wav"
    for pair in ((kick_wav, missing), (missing, kick_wav)):
        refused = backbeat("compare", *pair)
        assert (refused.status, refused.out) == (1, "")
        assert refused.error().startswith(f"{missing}: cannot be opened")
