"""Hydrogen, DecentSampler and DrumGizmo as they are found, and XML that is made to harm."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from backbeat.errors import KitError
from backbeat.samplers.readers import read_kit
from samplers.written import write_sound

DEBIAN = Path("/usr/share/hydrogen/data/drumkits")


def sounds(pad) -> list[tuple[int, int, list[str]]]:
    return [(layer.low, layer.high, [take.file.stem for take in layer.takes]) for layer in pad.layers]


@pytest.fixture
def kit(tmp_path):
    """A function that writes a file beside samples a.wav to d.wav, and others, and reads it."""
    folder = tmp_path / "kit"
    for name in "abcd":
        write_sound(folder / f"{name}.wav")

    def read(text: str, name: str = "drumkit.xml", **more: str):
        for other, content in more.items():
            (folder / f"{other}.xml").write_text(content)
        (folder / name).write_text(text)
        return read_kit(folder / name)

    read.folder = folder
    return read


def hydrogen(instruments: str, more: str = "") -> str:
    return f"<drumkit_info><name>K</name>{more}<instrumentList>{instruments}</instrumentList></drumkit_info>"


def instrument(name: str, layers: str, more: str = "") -> str:
    return f"<instrument><id>0</id><name>{name}</name>{more}{layers}</instrument>"


def layer(file: str, low: float = 0.0, high: float = 1.0, more: str = "") -> str:
    return f"<layer><filename>{file}</filename><min>{low}</min><max>{high}</max>{more}</layer>"


def test_hydrogen_of_old_has_a_file_for_an_instrument(kit):
    read = kit(
        hydrogen(
            instrument("Kick", "<filename>a.wav</filename>", "<volume>0.5</volume><pan_L>1</pan_L><pan_R>0.25</pan_R>")
            + instrument(
                "Snare", "<filename>b.wav</filename><exclude></exclude>", "<pan_L>0.5</pan_L><pan_R>0.5</pan_R>"
            )
            + instrument("17", "")
        )
    )
    kick, snare = read.pads
    assert (kick.name, kick.low_note, kick.pan, kick.level_db) == ("Kick", 36, -0.75, pytest.approx(-6.02, abs=0.01))
    assert (snare.name, snare.low_note, snare.pan, snare.level_db) == ("Snare", 37, 0.0, pytest.approx(-6.02, abs=0.01))
    assert not any("17" in note for note in read.notes)


def test_hydrogen_multiplies_all_its_gains(kit):
    component = "<instrumentComponent><component_id>1</component_id><gain>0.5</gain>"
    read = kit(
        hydrogen(
            instrument(
                "Kick",
                component + layer("a.wav", more="<gain>0.5</gain><pitch>-2</pitch>") + "</instrumentComponent>",
                "<volume>0.5</volume><gain>0.5</gain><pan>0.5</pan><pitchOffset>1</pitchOffset>",
            ),
            "<componentList><drumkitComponent><id>1</id><volume>0.5</volume></drumkitComponent></componentList>",
        )
    )
    assert read.pads[0].level_db == pytest.approx(5 * -6.0206, abs=0.001)
    assert read.pads[0].pan == 0.5
    assert read.pads[0].layers[0].takes[0].tune_st == -1.0


def test_hydrogen_layers_share_bounds_overlap_and_leave_holes(kit):
    layers = layer("c.wav", 0.7, 1) + layer("a.wav", 0, 0.3) + layer("b.wav", 0.25, 0.5)
    read = kit(hydrogen(instrument("Kick", layers)))
    assert sounds(read.pads[0]) == [(1, 38, ["a"]), (39, 76, ["b"]), (77, 127, ["c"])]
    read = kit(hydrogen(instrument("Kick", layer("a.wav", 0, 0.5) + layer("b.wav", 0.5, 1))))
    assert sounds(read.pads[0]) == [(1, 63, ["a"]), (64, 127, ["b"])]
    # An instrument that follows the velocity: 20 log10(63/127) for the soft layer.
    assert read.pads[0].layers[0].takes[0].gain_db == pytest.approx(-6.09, abs=0.01)


def test_hydrogen_instruments_on_one_note(kit):
    read = kit(hydrogen("".join(instrument(n, layer("a.wav"), "<midiOutNote>60</midiOutNote>") for n in "xyz")))
    assert [pad.low_note for pad in read.pads] == [36, 37, 38]
    assert any("same note" in note for note in read.notes)
    notes = {"Kick": 36, "Snare": 38, "Other": 36, "Hat": 300}
    read = kit(
        hydrogen("".join(instrument(n, layer("a.wav"), f"<midiOutNote>{at}</midiOutNote>") for n, at in notes.items()))
    )
    assert [(pad.name, pad.low_note) for pad in read.pads] == [("Kick", 36), ("Snare", 38), ("Other", 60), ("Hat", 42)]
    assert all(pad.is_placed for pad in read.pads)
    assert "Instruments on a note that another has went to a free one: Other." in read.notes


def test_hydrogen_mute_groups_begin_at_0_and_excluded_ones_are_silenced(kit):
    groups = [-1, 0, 0, 1, 1]
    read = kit(
        hydrogen(
            "".join(
                instrument(f"{g} {at}", layer("a.wav"), f"<muteGroup>{g}</muteGroup>") for at, g in enumerate(groups)
            )
        )
    )
    found = [pad.choke_group for pad in read.pads]
    assert found[0] == 0
    assert found[1] == found[2] != found[3] == found[4] != 0
    old = (
        "<instrument><id>0</id><name>Closed</name><exclude><id>1</id></exclude><filename>a.wav</filename></instrument>"
        "<instrument><id>1</id><name>Open</name><filename>b.wav</filename></instrument>"
        "<instrument><id>2</id><name>Crash</name><filename>b.wav</filename></instrument>"
    )
    assert [pad.choke_group for pad in kit(hydrogen(old)).pads] == [1, 1, 0]


def test_hydrogen_without_a_sample_of_one_layer_and_without_any(kit):
    read = kit(
        hydrogen(
            instrument("Kick", layer("gone.wav", 0, 0.5) + layer("a.wav", 0.5, 1)) + instrument("S", layer("x.wav"))
        )
    )
    assert [sounds(pad) for pad in read.pads] == [[(1, 127, ["a"])]]
    assert "Samples that are missing were left out: gone.wav, x.wav." in read.notes
    assert "Instruments without a sample were left out: S." in read.notes


def test_hydrogen_namespaces_and_licences(kit):
    text = hydrogen(instrument("Kick", layer("a.wav")), "<author>Me</author><licence>GPL</licence>")
    text = text.replace("<drumkit_info>", '<drumkit_info xmlns="http://www.hydrogen-music.org/drumkit">')
    read = kit(text)
    assert (read.name, read.author, read.licence) == ("K", "Me", "GPL")


@pytest.mark.skipif(not DEBIAN.is_dir(), reason="hydrogen-drumkits is not installed")
def test_kits_that_debian_has_are_all_read():
    for folder in sorted(DEBIAN.iterdir()):
        read = read_kit(folder)
        assert len(read.pads) >= 13
        assert len({pad.low_note for pad in read.pads}) == len(read.pads)
        for pad in read.pads:
            assert pad.layers[0].low == 1
            assert pad.layers[-1].high == 127
            assert all(b.low == a.high + 1 for a, b in zip(pad.layers, pad.layers[1:], strict=False))


def decent(groups: str) -> str:
    return f"<DecentSampler>{groups}</DecentSampler>"


def test_decentsampler_inherits_and_adds_levels(kit):
    read = kit(
        decent(
            '<groups volume="0.5" ampVelTrack="0" globalTuning="1"><group name="Hat" volume="-3dB" loNote="42" '
            'hiNote="42" rootNote="42" groupTuning="0.5" tags="hat,x" silencedByTags="hat" pan="-100">'
            '<sample path="a.wav" tuning="-2" tags="own" output1Target="AUX_STEREO_OUTPUT_3"/></group>'
            '<group silencedByTags="hat"><sample PATH="b.wav" ROOTNOTE="C3" loNote="c3" hiNote="E3" pan="50"/></group>'
            "</groups>"
        ),
        "k.dspreset",
    )
    hat, other = read.pads
    assert (hat.name, hat.low_note, hat.pan, hat.output, hat.choke_group) == ("Hat", 42, -1.0, 3, 1)
    assert hat.level_db == pytest.approx(-9.0206, abs=0.001)
    assert hat.layers[0].takes[0].tune_st == -0.5
    assert (other.name, other.low_note, other.high_note, other.root_note) == ("b", 48, 52, 48)
    assert (other.pan, other.choke_group) == (0.5, 1)


def test_decentsampler_of_no_xml_but_its_groups_is_read(kit):
    read = kit(
        '<DecentSampler><ui a="1" a="2"><tab>&nbsp;</ui><groups><group><sample path="a.wav"/></group></groups>',
        "k.dspreset",
    )
    assert "The file is no well-formed XML: only its groups were read." in read.notes


def test_decentsampler_leaves_out_what_a_note_does_not_play(kit):
    read = kit(
        decent(
            '<groups><group enabled="false"><sample path="a.wav" loNote="36" hiNote="36"/></group>'
            '<group trigger="release"><sample path="a.wav" loNote="37" hiNote="37"/></group>'
            '<group loCC64="90" hiCC64="127"><sample path="a.wav" loNote="38" hiNote="38"/></group>'
            '<group loCC64="0" hiCC64="89"><sample path="a.wav" loNote="39" hiNote="39" loopStart="3"/></group>'
            "</groups>"
        ),
        "k.dspreset",
    )
    assert [pad.low_note for pad in read.pads] == [39]
    assert "Attributes that are not read: loopStart." in read.notes


def gizmo(instruments: str) -> str:
    return f'<drumkit name="K" version="2.0"><instruments>{instruments}</instruments></drumkit>'


def write_channels(path: Path, *values: float) -> None:
    soundfile.write(path, np.tile(np.array(values), (64, 1)), 44100, subtype="FLOAT")


def test_drumgizmo_mixes_microphones_left_and_right_by_their_names(kit):
    write_channels(kit.folder / "all.wav", 0.5, 0.25, 0.125, 0.0625)
    files = "".join(
        f'<audiofile channel="{name}" file="all.wav" filechannel="{at}"/>'
        for at, name in enumerate(("Close", "OH L", "AmbRight", "Bleed"), start=1)
    )
    read = kit(
        gizmo('<instrument name="Kick" file="kick.xml"><channelmap in="Bleed" out="OH_R"/></instrument>'),
        "kit.xml",
        kick=f'<instrument version="2.0"><samples><sample name="1" power="1">{files}</sample></samples></instrument>',
    )
    take = read.pads[0].layers[0].takes[0]
    mixed, rate = soundfile.read(take.file)
    assert rate == 44100
    assert mixed[5] == pytest.approx([0.75, 0.6875], abs=1e-6)
    assert read.pads[0].level_db + take.gain_db == 0.0


def test_drumgizmo_mixes_the_main_microphones_alone_and_never_clips(kit):
    write_channels(kit.folder / "all.wav", 0.9, 0.8, 0.7)
    files = "".join(f'<audiofile channel="{at}" file="all.wav" filechannel="{at}"/>' for at in (1, 2, 3))
    read = kit(
        gizmo(
            '<instrument name="Kick" file="kick.xml"><channelmap in="1" out="a" main="true"/>'
            '<channelmap in="2" out="b" main="true"/><channelmap in="3" out="c" main="false"/></instrument>'
        ),
        "kit.xml",
        kick=f'<instrument version="2.0"><samples><sample name="1" power="1">{files}</sample></samples></instrument>',
    )
    mixed, _ = soundfile.read(read.pads[0].layers[0].takes[0].file)
    assert mixed.ndim == 1
    assert mixed[5] == pytest.approx(1.0, abs=1e-6)
    assert read.pads[0].level_db == pytest.approx(20 * np.log10(1.7), abs=1e-4)


def test_drumgizmo_uses_a_file_as_it_is_where_it_is_the_sound(kit):
    write_channels(kit.folder / "stereo.wav", 0.5, 0.25)
    files = "".join(
        f'<audiofile channel="{s}" file="stereo.wav" filechannel="{at}"/>' for at, s in ((1, "L"), (2, "R"))
    )
    read = kit(
        gizmo('<instrument name="Kick" file="kick.xml"/>'),
        "kit.xml",
        kick=f'<instrument version="2.0"><samples><sample name="1" power="1">{files}</sample></samples></instrument>',
    )
    assert read.pads[0].layers[0].takes[0].file == kit.folder / "stereo.wav"


def test_drumgizmo_version_1_has_ranges_of_velocities(kit):
    samples = "".join(f'<sample name="{n}"><audiofile channel="c" file="{n}.wav"/></sample>' for n in "abc")
    read = kit(
        gizmo('<instrument name="Kick" file="kick.xml" group="g"/>'),
        "kit.xml",
        kick=f'<instrument><samples>{samples}</samples><velocities><velocity lower="0" upper="0.5"><sampleref name="a" '
        'probability="0.5"/><sampleref name="b" probability="0.5"/></velocity><velocity lower="0.5" upper="1">'
        '<sampleref name="c" probability="1"/></velocity></velocities></instrument>',
    )
    assert sounds(read.pads[0]) == [(1, 64, ["a", "b"]), (65, 127, ["c"])]


def test_drumgizmo_takes_notes_of_the_midimap_and_else_of_names(kit):
    sample = '<sample name="1" power="1"><audiofile channel="c" file="a.wav"/></sample>'
    instruments = {"Kick": "one.xml", "Snare": "one.xml", "Hihat open": "one.xml", "Odd": "one.xml", "Gone": "../x.xml"}
    read = kit(
        gizmo("".join(f'<instrument name="{name}" file="{file}"/>' for name, file in instruments.items())),
        "kit.xml",
        one=f'<instrument version="2.0"><samples>{sample}</samples></instrument>',
        map='<midimap><map note="50" instr="Kick"/><map note="50" instr="Snare"/><map note="51" instr="No"/></midimap>',
    )
    assert [(pad.name, pad.low_note, pad.is_placed) for pad in read.pads] == [
        ("Kick", 50, True),
        ("Snare", 38, True),
        ("Hihat open", 46, True),
        ("Odd", 60, False),
    ]
    assert any("Gone (found '../x.xml', outside" in note for note in read.notes)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
ATTRIBUTES = "<x " + " ".join(f'a{n}=""' for n in range(200)) + "/>"
ONE = hydrogen(instrument("K", layer("a.wav")))


@pytest.mark.parametrize("name", ["drumkit.xml", "k.dspreset", "kit.xml"])
@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda text: BOMB + text.replace("K<", "&b;<"),
            "found an entity, or what is outside the file; must be without",
        ),
        (
            lambda text: OUTSIDE + text.replace("K<", "&a;<"),
            "found an entity, or what is outside the file; must be without",
        ),
        (lambda text: text[:-9], "found no XML ("),
        (lambda text: text.replace("K<", "\x01<"), "found no XML ("),
        (lambda text: '<?xml version="1.0" encoding="klingon"?>' + text, "found no XML ("),
        (lambda text: text.replace("<name>", "<x>" * 40 + "</x>" * 40 + "<name>"), "32 deep; must be at most that"),
        (lambda text: text.replace("<name>", "<x/>" * 300_001 + "<name>"), "more than 300,000 elements"),
        (
            lambda text: text.replace("<name>", ATTRIBUTES + "<name>"),
            "200 attributes",
        ),
        (lambda text: text + " " * 2**24, "found more than 16,777,216 bytes of text; must be at most that"),
    ],
)
def test_xml_that_harms_is_refused_in_one_line(kit, name, change, told):
    root = {"drumkit.xml": "drumkit_info", "k.dspreset": "DecentSampler", "kit.xml": "drumkit"}[name]
    with pytest.raises(KitError) as error:
        kit(change(ONE.replace("drumkit_info", root)), name)
    assert told in str(error.value)
    assert str(error.value).startswith(str(kit.folder / name))
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (hydrogen(""), "instrumentList: found 0 instruments; must be 1 to 1,000"),
        (hydrogen("<instrument/>" * 1001), "instrumentList: found 1,001 instruments; must be 1 to 1,000"),
        (hydrogen(instrument("K", layer("../a.wav"))), "found none with a sample (Samples that are outside"),
        (hydrogen(instrument("K", layer("a.wav")) * 129), "found 129 pads; must be at most 128, one for each note"),
        (hydrogen(instrument("K", layer("a.wav") * 1025)), "K: found 1,025 layers; must be at most 1,024"),
        (decent(""), "sample: found none that a note plays; must be at least one"),
        (decent("<groups><group>" + "<sample/>" * 16_385 + "</group></groups>"), "sample: found more than 16,384"),
        (gizmo(""), "instruments: found 0; must be 1 to 1,000"),
        (
            gizmo('<instrument name="K" file="gone.xml"/>'),
            "found none with a sample (Instruments whose file cannot be read",
        ),
        ("<other/>", "found no kit; must be"),
    ],
)
def test_kits_of_nothing_or_too_much_are_refused_in_one_line(kit, text, told):
    with pytest.raises(KitError) as error:
        kit(text)
    assert told in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "-1e9", "abc", "", "0x10", "1" * 500])
def test_numbers_that_are_none_are_as_if_they_were_not_there(kit, value):
    more = "".join(
        f"<{name}>{value}</{name}>" for name in ("volume", "gain", "pan", "muteGroup", "midiOutNote", "pitchOffset")
    )
    read = kit(hydrogen(instrument("K", layer("a.wav", value, 1, f"<gain>{value}</gain><pitch>{value}</pitch>"), more)))
    for pad in read.pads:
        assert np.isfinite(
            [pad.level_db, pad.pan, pad.layers[0].takes[0].gain_db, pad.layers[0].takes[0].tune_st]
        ).all()
