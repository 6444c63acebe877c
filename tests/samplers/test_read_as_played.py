"""What is read of an SFZ file is what sfizz plays of it: which sample, and how loud."""

from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backbeat.audio import write
from backbeat.errors import KitError
from backbeat.samplers.readers import read_kit
from backbeat.samplers.readers.zones import AT_ONCE
from samplers.players import GRID, play_sfz
from samplers.tones import RATE, heard, level_db, tone

TONES = 12
BEGIN = "<control> hint_ram_based=1\n<global> loop_mode=one_shot"
"""From memory: a player that reads ahead from disk may come too late."""

notes = st.integers(30, 40)
NOTE_NAMES = {36: "c2", 37: "c#2", 38: "D2", 39: "eb2", 40: "e2"}
ranges = st.tuples(notes, notes).map(sorted)
keys = st.one_of(
    notes.map(lambda note: f"key={NOTE_NAMES.get(note, note)}"),
    ranges.map(lambda pair: f"lokey={pair[0]} hikey={pair[1]}"),
    st.tuples(notes, ranges).map(lambda both: f"key={both[0]} hikey={max(both[0], both[1][1])}"),
)
velocities = st.tuples(st.integers(30, 127), st.integers(30, 127)).map(sorted)
opcodes = st.one_of(
    keys,
    velocities.map(lambda pair: f"lovel={pair[0]} hivel={pair[1]}"),
    st.integers(-20, 0).map(lambda level: f"volume={level}"),
    st.integers(-9, 0).map(lambda level: f"group_volume={level}"),
    st.integers(0, 100).map(lambda share: f"amp_veltrack={share}"),
    st.sampled_from(["locc4=1", "hicc4=0", "trigger=attack", "bend_up=100", "// hello", "/* x */"]),
)
lines = st.lists(opcodes, max_size=4).map("\n".join)
headers = st.one_of(
    st.tuples(st.sampled_from(["<global> loop_mode=one_shot", "<master>", "<group>"]), lines).map("\n".join),
    st.tuples(st.integers(-3, 3), st.integers(-1, 1)).map(
        lambda moves: f"<control> note_offset={moves[0]} octave_offset={moves[1]}"
    ),
    *[st.tuples(keys, lines).map(lambda both: f"<region> {both[0]}\n{both[1]}\nsample=tone NUMBER.wav")] * 3,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("played")
    for number in range(TONES):
        write(folder / f"tone {number}.wav", tone(number, 0.5, GRID / RATE, 1), RATE, bit_depth="24")
    return folder


@pytest.fixture(scope="module")
def plain_db(folder) -> float:
    """The level of a sound that is played as it is, less than its own."""
    (folder / "kit.sfz").write_text(f"{BEGIN} key=36 sample=tone 0.wav <region>")
    return level_db(play_sfz(folder, [(0, 36, 127)], 2, folder))


@settings(max_examples=60)
@given(parts=st.lists(headers, min_size=1, max_size=TONES))
def test_the_same_sample_is_played_as_loud(folder, plain_db, parts):
    text = "\n".join(part.replace("NUMBER", str(number)) for number, part in enumerate(parts))
    (folder / "kit.sfz").write_text(f"{BEGIN}\n{text}".replace("sample=", "pitch_keytrack=0 sample="))
    try:
        kit = read_kit(folder / "kit.sfz")
    except KitError:
        return  # nothing that a note plays
    assume(not any(AT_ONCE in note for note in kit.notes))
    hits = [
        (note, layer.high, layer.takes[0], pad.level_db + layer.takes[0].gain_db)
        for pad in kit.pads
        for note in sorted({pad.low_note, pad.high_note})
        for layer in pad.layers
    ]
    audio = play_sfz(
        folder, [(2 * at, note, velocity) for at, (note, velocity, *_) in enumerate(hits)], 2 * len(hits), folder
    )
    for at, (_, _, take, gain_db) in enumerate(hits):
        sound = audio[:, 2 * GRID * at : 2 * GRID * at + GRID]
        if level_db(sound) < -70.0:
            assert any("nearest layer" in note for note in kit.notes)  # the player is silent there
            continue
        assert take.file.stem == f"tone {heard(sound, TONES)}"
        assert level_db(sound) - plain_db == pytest.approx(gain_db, abs=0.2)
