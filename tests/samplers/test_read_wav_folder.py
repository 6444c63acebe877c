"""Folders of samples: what names and folders tell."""

import pytest

from backbeat.errors import KitError
from backbeat.samplers.readers import read_kit
from backbeat.samplers.readers.naming import Named, named
from samplers.written import write_sound


@pytest.fixture
def folder(tmp_path):
    """A function that fills a folder with sounds of these names, and reads it."""

    def read(*names: str):
        for name in names:
            write_sound(tmp_path / "My kit" / name)
        return read_kit(tmp_path / "My kit")

    return read


def told(kit) -> dict[str, tuple[int, list[tuple[int, int, list[str]]]]]:
    return {
        pad.name: (
            pad.low_note,
            [(layer.low, layer.high, [take.file.stem for take in layer.takes]) for layer in pad.layers],
        )
        for pad in kit.pads
    }


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("kick", Named("kick")),
        ("kick_v1_rr2", Named("kick", strength=1, turn=2)),
        ("kick_rr2_v1", Named("kick", strength=1, turn=2)),
        ("snare-hard-3", Named("snare", strength=7, turn=3)),
        ("Snare Top (soft) r4", Named("Snare Top", strength=4, turn=4)),
        ("tom-low-ff", Named("tom low", strength=8)),
        ("tom mid soft2", Named("tom mid", strength=4, turn=2)),
        ("hat vel127", Named("hat", strength=127)),
        ("Kick 01", Named("Kick", number=1)),
        ("kick_n36_v2", Named("kick", strength=2, note=36)),
        ("808", Named("808")),
        ("v1", Named("v1")),
        ("", Named("")),
    ],
)
def test_names(stem, expected):
    assert named(stem) == expected


def test_one_pad_a_file_on_the_notes_of_general_midi(folder):
    kit = folder("Kick 01.wav", "Kick 02.wav", "Kick 03.wav", "snare.WAV", "Open Hat.wav", "ch.wav", "zap.wav")
    assert kit.name == "My kit"
    assert {name: note for name, (note, _) in told(kit).items()} == {
        "Kick 1": 36,
        "Kick 2": 35,
        "Kick 3": 37,
        "snare": 38,
        "zap": 39,
        "ch": 42,
        "Open Hat": 46,
    }


def test_takes_and_strengths_of_one_drum_are_one_pad(folder):
    kit = folder("snare-soft-2.wav", "snare-soft-1.wav", "snare-hard.wav", "Snare-ghost.wav", "snare rim.wav")
    assert told(kit)["Snare"] == (
        38,
        [(1, 42, ["Snare-ghost"]), (43, 84, ["snare-soft-1", "snare-soft-2"]), (85, 127, ["snare-hard"])],
    )
    assert told(kit)["snare rim"][0] == 37


def test_velocities_in_names_are_bounds(folder):
    kit = folder("kick_vel40.wav", "kick_vel90.wav", "kick_vel120.wav")
    assert told(kit)["kick"][1] == [(1, 40, ["kick_vel40"]), (41, 90, ["kick_vel90"]), (91, 127, ["kick_vel120"])]


def test_a_drum_with_a_folder_of_its_own_has_its_takes_there(folder):
    kit = folder("Snare/hit 1.wav", "Snare/hit 2.wav", "Toms/low.wav", "Toms/high tom.wav", "Kick 1.wav", "Kick 2.wav")
    assert told(kit)["hit"][1] == [(1, 127, ["hit 1", "hit 2"])]
    assert {"low", "high tom", "Kick 1", "Kick 2"} <= set(told(kit))


def test_notes_in_names_and_before_them(folder):
    assert told(folder("boom_note60.wav"))["boom"][0] == 60


def test_numbers_before_all_names_are_notes(folder):
    assert {
        name: note for name, (note, _) in told(folder("40 kick_v1.wav", "40 kick_v2.wav", "51-zap.wav")).items()
    } == {
        "kick": 40,
        "zap": 51,
    }


def test_numbers_before_names_that_count_files_are_no_notes(folder):
    assert {note for note, _ in told(folder("01 kick.wav", "02 snare.wav")).values()} == {36, 38}


def test_what_systems_leave_behind_and_what_is_no_sound_is_passed_over(folder, tmp_path):
    write_sound(tmp_path / "My kit" / "._kick.wav")
    write_sound(tmp_path / "My kit" / "__MACOSX" / "kick.wav")
    (tmp_path / "My kit" / "readme.txt").write_text("hello")
    (tmp_path / "My kit" / "broken.wav").write_text("hello")
    outside = write_sound(tmp_path / "other" / "clap.wav")
    (tmp_path / "My kit" / "clap.wav").symlink_to(outside)
    kit = folder("kick.wav")
    assert set(told(kit)) == {"kick"}
    assert kit.notes == (
        "2 hidden files and archive leftovers were passed over.",
        "Samples that are no sound were left out: broken.wav.",
    )


def test_more_drums_than_notes_are_refused(folder):
    with pytest.raises(KitError, match=r"My kit: found 129 pads; must be at most 128, one for each note$"):
        folder(*(f"kick {number}.wav" for number in range(129)))
