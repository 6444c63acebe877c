"""DrumSynth files as text: what they say, what they leave out, and what is none."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backbeat.drumsynth.document import Distortion, Envelope, General, NoiseBand, parse, read
from backbeat.errors import KitError
from drumsynth.files import HEADER, KICK, WHOLE


def test_a_whole_file_is_read():
    sound = parse(WHOLE)
    cutoff = Envelope((0.0, 3000.0, 442000.0), (1.0, 0.4, 0.4))
    assert sound.general == General(-1.5, 1.2, -3.0, True, True, 40.0, cutoff)
    assert (sound.tone.start_hz, sound.tone.end_hz, sound.tone.droop, sound.tone.phase_degrees) == (300, 60, 40, 90)
    assert sound.tone.envelope == Envelope((0.0, 1500.0, 9000.0), (0.8, 1.0, 0.0))
    assert (sound.noise.on, sound.noise.level, sound.noise.tilt) == (True, 60.0, -35)
    over = sound.overtones
    assert (over.hz, over.waves, over.tracks) == ((440.0, 661.0), (3, 4), (True, False))
    assert (over.method, over.balance, over.filtered, over.level) == (1, 25, True, 90.0)
    assert over.envelopes[1] == Envelope((0.0, 2500.0), (0.5, 0.0))
    assert sound.bands[0] == NoiseBand(True, 100.0, 1800.0, 30, Envelope((0.0, 3000.0), (1.0, 0.0)))
    assert (sound.bands[1].hz, sound.bands[1].width) == (4200.0, 70)
    assert sound.distortion == Distortion(True, 12.0, 2, 3)


def test_what_is_missing_has_the_default_of_drumsynth():
    sound, faded = parse(HEADER), Envelope((0.0, 100.0), (0.0, 0.0))
    assert sound.general == General(0.0, 1.0, 0.0, False, False, 0.0, faded)
    assert (sound.tone.on, sound.tone.level, sound.tone.start_hz, sound.tone.end_hz) == (False, 128.0, 200.0, 120.0)
    assert (sound.tone.droop, sound.tone.phase_degrees, sound.tone.envelope) == (0.0, 90.0, faded)
    assert (sound.noise.level, sound.noise.tilt) == (0.0, 0)
    assert (sound.overtones.method, sound.overtones.balance, sound.overtones.level) == (2, 50, 128.0)
    assert sound.bands == (NoiseBand(False, 128.0, 1000.0, 50, faded),) * 2
    assert sound.distortion == Distortion(False, 0.0, 0, 0)


@pytest.mark.parametrize(
    "tone",
    [
        "[TONE]\r\non = 1\r\nLEVEL=7 \r\n",
        "; a remark\n[tone]\nOn=1.9\nLevel=7abc\nLevel=8\n[Tone]\nLevel=9\n",
        "\n\n[ Tone ]\nOn=1\nLevel=+7e0",
    ],
)
def test_files_are_read_as_tolerantly_as_people_write_them(tone):
    found = parse(HEADER + tone).tone
    assert (found.on, found.level) == (True, 7.0)


def test_what_is_no_number_is_zero_and_what_is_out_of_range_is_moved_into_it():
    text = (
        HEADER + "Stretch=6800\nTuning=nan\nLevel=1e999\nResonance=-4\n[Tone]\nF1=loud\nF2=1e300\n[Noise]\nSlope=-400\n"
    )
    sound = parse(text)
    assert (sound.general.stretch, sound.general.tuning_st, sound.general.resonance) == (10.0, 0.0, 0.0)
    assert (sound.tone.start_hz, sound.noise.tilt) == (0.0, -100)
    assert sound.tone.end_hz < 1e7
    assert sound.general.level_db <= 100.0


def test_an_envelope_goes_forward_and_has_32_points_at_most():
    assert parse(HEADER + "[Tone]\nEnvelope=5,50 900,400 300,-7 x,y\n").tone.envelope == Envelope(
        (5.0, 900.0, 900.0, 900.0), (0.5, 1.0, 0.0, 0.0)
    )
    many = " ".join(f"{k},{k % 100}" for k in range(5000))
    assert len(parse(f"{HEADER}[Tone]\nEnvelope={many}\n").tone.envelope.times) == 32


@pytest.mark.parametrize("text", ["", "[General]\n", "[General]\nVersion=DrumSynth v3.0\n", "RIFF\0\0\0\0WAVE", KICK])
def test_what_does_not_say_that_it_is_a_drumsynth_file_is_refused(text, tmp_path):
    path = tmp_path / "sound.ds"
    path.write_text(text)
    with pytest.raises(
        KitError, match=r"sound\.ds: General, Version: found .*; must be DrumSynth v1\.0 or v2\.0"
    ) as found:
        read(path)
    assert "\n" not in str(found.value)


def test_what_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(KitError, match=r"cannot be read \(No such file"):
        read(tmp_path / "none.ds")
    with pytest.raises(KitError, match=r"cannot be read \("):
        read(tmp_path)
    with pytest.raises(KitError, match="cannot be read"):
        read("a\0b.ds")
    (tmp_path / "large.ds").write_text(HEADER + "x" * 70000)
    with pytest.raises(KitError, match="larger than 65536 bytes"):
        read(tmp_path / "large.ds")


@settings(max_examples=200)
@given(st.one_of(st.text(max_size=400), st.text(max_size=400).map(lambda text: HEADER + text)))
def test_any_text_is_a_sound_or_a_fault(text):
    with contextlib.suppress(KitError):
        parse(text)


@given(st.text(max_size=400))
def test_a_fault_is_one_line(text):
    with pytest.raises(KitError) as found:
        parse(f"[General]\nVersion={text}")
    assert len(str(found.value).splitlines()) == 1


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_a_sound_or_a_fault(tmp_path_factory, content, headed):
    path = tmp_path_factory.mktemp("any") / "sound.ds"
    path.write_bytes(HEADER.encode() * headed + content)
    with contextlib.suppress(KitError):
        read(path)
