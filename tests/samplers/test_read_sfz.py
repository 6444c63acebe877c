"""SFZ as it is found: inheritance, names of every kind, what players forgive, and what leads out of the folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from backbeat.errors import KitError
from backbeat.samplers.readers import read_kit
from samplers.written import write_sound


@pytest.fixture
def kit(tmp_path):
    """A function that writes an SFZ file beside samples a.wav to d.wav, and reads it."""
    folder = tmp_path / "kit"
    for name in "abcd":
        write_sound(folder / f"{name}.wav")

    def read(text: str, **more: str):
        for name, content in more.items():
            (folder / f"{name}.sfzh").write_text(content)
        (folder / "kit.sfz").write_text(text)
        return read_kit(folder / "kit.sfz")

    read.folder = folder
    return read


def sounds(pad) -> list[tuple[int, int, list[str]]]:
    return [(layer.low, layer.high, [take.file.stem for take in layer.takes]) for layer in pad.layers]


def test_regions_inherit_from_group_master_and_global_and_the_nearest_wins(kit):
    read = kit(
        "<global> amp_veltrack=0 volume=-1 pan=10 <master> pan=20 tune=50 <group> key=36 volume=-3\n"
        "<region> sample=a.wav <region> key=38 pan=-30 transpose=1 sample=b.wav\n"
        "<master> <group> <region> key=40 sample=c.wav <global> <region> key=41 sample=d.wav amp_veltrack=0"
    )
    assert [(pad.low_note, pad.level_db, pad.pan) for pad in read.pads] == [
        (36, -3.0, 0.2),
        (38, -3.0, -0.3),
        (40, -1.0, 0.1),
        (41, 0.0, 0.0),
    ]
    assert [pad.layers[0].takes[0].tune_st for pad in read.pads] == [0.5, 1.5, 0.0, 0.0]


def test_a_header_ends_those_within_it(kit):
    read = kit(
        "<global> amp_veltrack=0 <master> pan=20 <group> volume=-3 <region> key=36 sample=a.wav\n"
        "<master> <region> key=37 sample=b.wav <group> volume=-6 <global> <region> key=38 sample=c.wav amp_veltrack=0"
    )
    assert [(pad.level_db, pad.pan) for pad in read.pads] == [(-3.0, 0.2), (0.0, 0.0), (0.0, 0.0)]


def test_key_and_its_range_are_what_was_said_last(kit):
    read = kit("<group> key=36 <region> sample=a.wav hikey=38 <region> lokey=50 hikey=52 key=60 sample=b.wav")
    assert [(pad.low_note, pad.high_note, pad.root_note) for pad in read.pads] == [(36, 38, 36), (60, 60, None)]


def test_samples_of_a_pad_that_follows_its_notes_have_one_root(kit):
    read = kit(
        "<group> lokey=36 hikey=48 <region> pitch_keycenter=40 hivel=60 sample=a.wav "
        "<region> pitch_keycenter=43 lovel=61 sample=b.wav <group> lokey=50 hikey=51 pitch_keytrack=50 "
        "<region> pitch_keycenter=48 sample=c.wav"
    )
    assert [(pad.low_note, pad.high_note, pad.root_note) for pad in read.pads] == [
        (36, 48, 40),
        (50, 50, None),
        (51, 51, None),
    ]
    # At every note the second, whose root is 3 semitones higher, is tuned that much lower.
    assert [layer.takes[0].tune_st for layer in read.pads[0].layers] == [0.0, -3.0]
    assert [pad.layers[0].takes[0].tune_st for pad in read.pads[1:]] == [1.0, 1.5]


@pytest.mark.parametrize(("name", "note"), [("c4", 60), ("C#2", 37), ("db2", 37), ("a-1", 9), ("g9", 127), ("60", 60)])
def test_names_of_notes(kit, name, note):
    assert kit(f"<region> key={name} sample=a.wav").pads[0].low_note == note


def test_control_moves_notes_and_begins_paths(kit):
    write_sound(kit.folder / "more" / "x 01.wav")
    read = kit(
        "<control> default_path=more\\x note_offset=-2 octave_offset=1\n<region> key=36 sample=.wav <region> key=37\n"
        "sample=\n<control> default_path=more/x 0 note_offset=-2\n<region> key=36 sample=1.wav\n"
        "<control>\n<region> key=36 sample=a.wav"
    )
    assert [(pad.low_note, pad.layers[0].takes[0].file.name) for pad in read.pads] == [(34, "x 01.wav"), (36, "a.wav")]
    assert "Samples that are missing were left out: more/x.wav." in read.notes


def test_names_with_blanks_backslashes_and_comments(kit):
    write_sound(kit.folder / "sub folder" / "my kick (1) #2.wav")
    read = kit(
        "// first\n/* <region> sample=b.wav\n key=1 */ <region>sample=sub folder\\my kick (1) #2.wav key=36// end\n"
        "<region> key=37 /* in between */ sample=a.wav lovel=1 <region>key=38 sample=c.wav"
    )
    assert [pad.layers[0].takes[0].file.name for pad in read.pads] == ["my kick (1) #2.wav", "a.wav", "c.wav"]


def test_define_and_include(kit):
    read = kit(
        "#define $KEY 36\n#define $KEYB 40\n#define $NAME more\n<group> key=$KEY amp_veltrack=0\n"
        '#include "$NAME.sfzh"\n'
        "<region> key=$KEYB sample=b.wav vol$OTHER=3",
        more="<region> sample=a.wav #define $KEYC 41 <region> key=$KEYC sample=c.wav",
    )
    assert [pad.low_note for pad in read.pads] == [36, 40, 41]
    assert any("$OTHER" in note for note in read.notes)


def test_the_same_file_may_be_included_twice(kit):
    twice = '#define $K 36\n#include "more.sfzh"\n#define $K 38\n#include "more.sfzh"'
    read = kit(twice, more="<region> key=$K sample=a.wav")
    assert [pad.low_note for pad in read.pads] == [36, 38]


def test_takes_in_turn_and_at_random(kit):
    read = kit(
        "<group> key=36 seq_length=3 <region> seq_position=3 sample=c.wav <region> seq_position=1 sample=a.wav "
        "<region> seq_position=2 sample=b.wav\n"
        "<group> key=38 <region> lorand=0.5 sample=b.wav <region> hirand=0.5 sample=a.wav"
    )
    assert [sounds(pad) for pad in read.pads] == [[(1, 127, ["a", "b", "c"])], [(1, 127, ["a", "b"])]]


def test_holes_go_to_the_nearest_layer_and_overlaps_to_the_first(kit):
    read = kit(
        "<group> key=36 <region> lovel=80 hivel=120 sample=c.wav <region> lovel=10 hivel=40 sample=a.wav "
        "<region> lovel=30 hivel=60 sample=b.wav"
    )
    assert sounds(read.pads[0]) == [(1, 40, ["a"]), (41, 70, ["b"]), (71, 127, ["c"])]
    assert any("nearest layer" in note for note in read.notes)
    assert any("the first was read" in note for note in read.notes)


def test_pads_on_one_note_are_told_apart_by_the_first(kit):
    read = kit("<region> key=36 sample=a.wav <region> key=36 sample=b.wav <region> lokey=36 hikey=37 sample=c.wav")
    assert [(pad.low_note, pad.high_note, sounds(pad)) for pad in read.pads] == [
        (36, 36, [(1, 127, ["a"])]),
        (37, 37, [(1, 127, ["c"])]),
    ]


def test_loudness_that_follows_the_velocity_is_read_at_the_loudest_of_a_layer(kit):
    read = kit("<group> key=36 <region> hivel=64 sample=a.wav <region> lovel=65 sample=b.wav")
    soft, loud = (layer.takes[0].gain_db for layer in read.pads[0].layers)
    assert loud == 0.0
    assert soft == pytest.approx(-11.905, abs=0.01)  # 40 log10(64/127)


def test_chokes_join_who_silences_whom(kit):
    read = kit(
        "<region> key=42 group=1 off_by=2 sample=a.wav <region> key=46 group=2 off_by=1 sample=b.wav "
        "<region> key=49 group=7 sample=c.wav <region> key=50 group=5 off_by=5 sample=d.wav"
    )
    assert [pad.choke_group for pad in read.pads] == [1, 1, 0, 5]
    read = kit(
        "<region> key=42 group=4 off_by=2 sample=a.wav <region> key=44 group=2 off_by=3 sample=b.wav "
        "<region> key=46 group=3 off_by=3 sample=c.wav <region> key=49 off_by=9 sample=d.wav"
    )
    assert [pad.choke_group for pad in read.pads] == [2, 2, 2, 0]


def test_what_a_note_alone_does_not_play_is_left_out(kit):
    read = kit(
        "<control> set_cc20=127\n<region> key=36 sample=a.wav locc20=64 hicc4=0\n<region> key=37 sample=b.wav locc4=1\n"
        "<region> key=38 sample=b.wav trigger=release\n<region> key=39 sample=*sine\n"
        "<region> key=40 sample=b.wav end=-1\n<region> key=41 sample=c.wav sw_last=24 sw_default=24\n"
        "<region> key=42 sample=d.wav sw_last=25\n<region> key=43\n"
        "<region> key=-1 sample=d.wav on_locc4=1 <region> key=200 sample=a.wav"
    )
    assert [pad.low_note for pad in read.pads] == [36, 41]


def test_opcodes_that_are_not_read_are_listed_once(kit):
    read = kit("<region> key=36 sample=a.wav cutoff=100 resonance=3 <region> key=37 sample=b.wav cutoff=3")
    assert "Opcodes that are not read: cutoff, resonance." in read.notes


def test_a_name_in_another_case_is_found_and_said(kit):
    read = kit("<region> key=36 sample=A.WAV")
    assert read.pads[0].layers[0].takes[0].file.name == "a.wav"
    assert "Found under a name in another case: a.wav." in read.notes


def test_missing_and_broken_samples_are_left_out_while_others_are_there(kit):
    (kit.folder / "text.wav").write_text("no sound")
    (kit.folder / "empty.wav").write_bytes(b"")
    (kit.folder / "cut.wav").write_bytes((kit.folder / "a.wav").read_bytes()[:30])
    read = kit(
        "<group> key=36 <region> hivel=60 sample=gone.wav <region> lovel=61 sample=a.wav <region> sample=text.wav "
        "<region> sample=empty.wav <region> sample=cut.wav"
    )
    assert sounds(read.pads[0]) == [(1, 127, ["a"])]
    assert "Samples that are missing were left out: gone.wav." in read.notes
    assert "Samples that are no sound were left out: text.wav, empty.wav, cut.wav." in read.notes


def test_a_sample_whose_header_claims_two_gigabytes_is_the_sound_that_it_holds(kit):
    content = bytearray((kit.folder / "a.wav").read_bytes())
    content[40:44] = (2**31).to_bytes(4, "little")
    (kit.folder / "a.wav").write_bytes(content)
    assert kit("<region> key=36 sample=a.wav").pads


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "region: found none that a note plays; must be at least one"),
        ("<region> key=36 sample=gone.wav", "(Samples that are missing were left out: gone.wav); must be at least one"),
        ("<region> key=36 sample=../b.wav", "outside the kit's folder"),
        ("<region> key=36 sample=sub/../../secret/b.wav", "outside the kit's folder"),
        ("<region> key=36 sample=/etc/hostname", "outside the kit's folder"),
        ("<region> key=36 sample=C:\\b.wav", "outside the kit's folder"),
        ("<region> key=36 sample=link.wav", "outside the kit's folder"),
        ("<region> key=36 sample=links/secret.wav", "outside the kit's folder"),
        ("<control> default_path=../secret/\n<region> key=36 sample=secret.wav", "outside the kit's folder"),
        (
            '#include "../secret/more.sfz"',
            "#include: found '../secret/more.sfz', outside the kit's folder; must be in it",
        ),
        ('#include "/etc/hostname"', "#include: found '/etc/hostname', outside the kit's folder; must be in it"),
        ('#include "link.sfz"', "#include: found 'link.sfz', outside the kit's folder; must be in it"),
        ('#include "gone.sfz"', "#include: found no file 'gone.sfz'; must be in the kit's folder"),
        ('#include "kit.sfz"', "#include: found 'kit.sfz', which includes itself; must not go round"),
        ('#include "round.sfzh"', "#include: found 'kit.sfz', which includes itself; must not go round"),
        (
            "#define $A xxxxxxxxxx\n" + "#define $A $A$A\n" * 40,
            "a value that is longer than 1000; must be at most that",
        ),
        ("a " * 10_001, "found 10,000 words that are no opcode; must be SFZ"),
        ("<x>" * 65_537, "found more than 65,536 headers; must be at most that"),
        ("<x>" + "a=" * 3 + "a=1 " * 500_001, "found more than 500,000 opcodes; must be at most that"),
        ("<region>" * 20_000, "region: found more than 16,384; must be at most that"),
        (
            "".join(
                f"<region> sample=a.wav lovel={1 + n % 63} hivel={64 + n % 64} seq_length=1000 seq_position={n}\n"
                f"pitch_keytrack={n % 9}\n"
                for n in range(1000)
            ),
            "found more than 65,536 takes of pads and layers; must be at most that",
        ),
        ("<region>key=36 sample=a.wav " * 2_000, "found 2,000 samples on note 36; must be at most 1,024"),
    ],
)
def test_refused_in_one_line(kit, text, told):
    secret = kit.folder.parent / "secret"
    write_sound(secret / "secret.wav")
    (secret / "more.sfz").write_text("<region> key=36 sample=a.wav")
    (kit.folder / "link.wav").symlink_to(secret / "secret.wav")
    (kit.folder / "link.sfz").symlink_to(secret / "more.sfz")
    (kit.folder / "links").symlink_to(secret)
    (kit.folder / "sub").mkdir()
    with pytest.raises(KitError) as error:
        kit(text, round='#include "kit.sfz"')
    assert told in str(error.value)
    assert str(error.value).startswith(str(kit.folder / "kit.sfz"))
    assert str(error.value).isprintable()


AUDITED = """
import sys
from pathlib import Path
from backbeat.errors import KitError
from backbeat.samplers.readers import read_kit
outside = sys.argv[2]
touched = []
sys.addaudithook(lambda name, given: touched.append(given[0]) if name in ("open", "os.listdir", "os.scandir") else None)
try:
    read_kit(sys.argv[1])
except KitError as error:
    print(error)
print([each for each in touched if isinstance(each, (str, bytes, Path)) and outside in str(each)])
"""


def test_nothing_outside_of_the_folder_is_opened_or_listed(kit):
    secret = write_sound(kit.folder.parent / "secret" / "secret.wav").parent
    (kit.folder / "links").symlink_to(secret)
    (kit.folder / "link.wav").symlink_to(secret / "secret.wav")
    (kit.folder / "kit.sfz").write_text(
        "<region> sample=../secret/secret.wav <region> sample=links/secret.wav <region> sample=links/SECRET.WAV "
        f"<region> sample={secret}/secret.wav <region> sample=link.wav <region> sample=links/../secret.wav"
    )
    done = subprocess.run(
        [sys.executable, "-c", AUDITED, kit.folder / "kit.sfz", str(secret)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
    assert "outside the kit's folder" in done.stdout


def test_a_folder_that_is_named_is_the_bound(tmp_path):
    write_sound(tmp_path / "Samples" / "a.wav")
    (tmp_path / "Programs").mkdir()
    program = tmp_path / "Programs" / "one.sfz"
    program.write_text("<region> key=36 sample=../Samples/a.wav")
    with pytest.raises(KitError, match="outside the kit's folder"):
        read_kit(program)
    assert read_kit(program, root=tmp_path).pads
    assert read_kit(tmp_path).pads


@pytest.mark.parametrize(
    "text", ["a=$a " * 200_000, "$" * 800_000, "<" * 800_000, "/* " * 400_000, "\t" * 800_000 + "x"]
)
def test_long_lines_are_read_in_their_length(kit, text):
    read = kit(f"<region> key=36 sample=a.wav\n{text}")
    assert read.pads


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_encodings(kit, encoding):
    write_sound(kit.folder / "grosse caisse é.wav")
    (kit.folder / "k.sfz").write_bytes("<region> key=36 sample=grosse caisse é.wav".encode(encoding))
    assert read_kit(kit.folder / "k.sfz").pads


def test_accents_in_two_code_points_are_one_letter(kit: object, tmp_path: Path):
    write_sound(tmp_path / "e\u0301.wav")
    (tmp_path / "k.sfz").write_text("<region> key=36 sample=\u00e9.wav")
    assert read_kit(tmp_path / "k.sfz").pads
