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
        "Kick 3": 60,
        "snare": 38,
        "zap": 61,
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
    assert told(kit)["Snare"] == (38, [(1, 127, ["hit 1", "hit 2"])])
    assert set(told(kit)) == {"Snare", "Toms low", "high tom", "Kick 1", "Kick 2"}


@pytest.mark.parametrize(
    ("names", "pads"),
    [
        (("Kick/hit 1.wav", "Kick/hit 2.wav"), {"Kick": (36, [["hit 1", "hit 2"]])}),
        (("Kick/1.wav", "Kick/2.wav", "Kick/10.wav"), {"Kick": (36, [["1", "2", "10"]])}),
        (("Snare/soft.wav", "Snare/hard.wav"), {"Snare": (38, [["soft"], ["hard"]])}),
        (("Snare/1_soft.wav", "Snare/2_soft.wav"), {"Snare": (38, [["1_soft", "2_soft"]])}),
        (("Snare/soft/1.wav", "Snare/hard/1.wav", "Snare/hard/2.wav"), {"Snare": (38, [["1"], ["1", "2"]])}),
        (("Kick/vel 40.wav", "Kick/vel 100.wav"), {"Kick": (36, [["vel 40"], ["vel 100"]])}),
        (
            ("Snare 1/snare 1.wav", "Snare 2/snare 1.wav"),
            {"Snare 1": (38, [["snare 1"]]), "Snare 2": (40, [["snare 1"]])},
        ),
        (("Snare/snare01.wav", "Snare/snare02.wav"), {"Snare": (38, [["snare01", "snare02"]])}),
        (("Snare/SD1.wav", "Snare/SD2.wav"), {"Snare": (38, [["SD1", "SD2"]])}),
        (("Zap/zap 1.wav", "Zap/zap 2.wav"), {"Zap": (60, [["zap 1", "zap 2"]])}),
        (("Hat/open 1.wav", "Hat/open 2.wav"), {"Hat open": (46, [["open 1", "open 2"]])}),
        (("Hat/open hat.wav",), {"open hat": (46, [["open hat"]])}),
        (("Kit/Kick/close/1.wav", "Kit/Kick/close/2.wav"), {"Kick close": (36, [["1", "2"]])}),
    ],
)
def test_a_folder_that_is_one_drum_is_one_pad_by_its_name(folder, names, pads):
    found = told(folder(*names))
    assert {name: (note, [takes for _, _, takes in layers]) for name, (note, layers) in found.items()} == pads


def test_that_numbers_were_taken_for_takes_is_told(folder):
    kit = folder("Kick/Kick 1.wav", "Kick/Kick 2.wav", "Snare/hit 1.wav", "Snare/hit 2.wav", "Hat/a.wav", "Clap/1.wav")
    assert kit.notes == ("Files that differ by a number alone were read as takes of one drum, in: Kick.",)


@pytest.mark.parametrize(
    ("names", "notes"),
    [
        (("Kick/Kick 01.wav", "Kick/Kick 02.wav", "Kick/BD_fat.wav"), {"Kick 1": 35, "Kick 2": 60, "BD fat": 36}),
        (("Kick/fat.wav", "Kick/thin.wav"), {"Kick fat": 36, "Kick thin": 35}),
        (("Kicks/1.wav", "Kicks/2.wav"), {"Kicks 1": 36, "Kicks 2": 35}),
        (("Kicks/Kick 1.wav", "Kicks/Kick 2.wav"), {"Kick 1": 36, "Kick 2": 35}),
        (("Tom/Tom 1.wav", "Tom/Tom 2.wav"), {"Tom 1": 50, "Tom 2": 48}),
        (("BD/BD0010.WAV", "BD/BD0050.WAV"), {"BD0010": 36, "BD0050": 35}),
        (("Kit/kick 1.wav", "Kit/kick 2.wav"), {"kick 1": 36, "kick 2": 35}),
        (("Shots/1.wav", "Shots/2.wav"), {"1": 60, "2": 61}),
    ],
)
def test_a_folder_of_different_drums_is_a_pad_for_each(folder, names, notes):
    assert {name: note for name, (note, _) in told(folder(*names)).items()} == notes


def test_what_is_no_basic_drum_has_no_basic_drums_note(folder):
    names = [*(f"snare {number}" for number in range(1, 5)), "CLP_01", "rimshot 1", "rimshot 2", "sirene"]
    kit = folder(*(f"{name}.wav" for name in names))
    assert {pad.name: (pad.low_note, pad.is_placed) for pad in kit.pads} == {
        "snare 1": (38, True),
        "snare 2": (40, True),
        "rimshot 1": (37, True),
        "CLP 1": (60, False),
        "rimshot 2": (61, True),
        "sirene": (62, False),
        "snare 3": (63, True),
        "snare 4": (64, True),
    }


def test_a_kit_of_as_many_drums_as_notes_has_all_notes(folder):
    kit = folder(*(f"zap {number}.wav" for number in range(128)))
    assert sorted(pad.low_note for pad in kit.pads) == list(range(128))


def test_notes_in_names_and_before_them(folder):
    kit = folder("boom_note40.wav", "boom.wav")
    assert [(pad.low_note, pad.is_placed) for pad in kit.pads] == [(40, True)]


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
