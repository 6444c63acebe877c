"""Any kit that a format can say is read back as it was; any other file is refused in one line."""

import io
import tarfile
import zipfile
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backbeat.errors import KitError
from backbeat.samplers.readers import read_kit
from samplers.written import (
    as_decentsampler,
    as_hydrogen,
    as_sfz,
    check_same,
    kits,
    write_drumgizmo,
    write_pool,
    write_sound,
)


@pytest.fixture(scope="module")
def pool(tmp_path_factory) -> Path:
    return write_pool(tmp_path_factory.mktemp("Kit"))


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@settings(max_examples=60)
@given(kit=kits(spans=True))
def test_sfz_is_read_back(pool, kit):
    check_same(read_kit(written(pool, "kit.sfz", as_sfz(kit))), kit)


@settings(max_examples=60)
@given(kit=kits(), version=st.sampled_from(["0.9.6", "1.2", "2.0"]))
def test_hydrogen_is_read_back(pool, kit, version):
    read = read_kit(written(pool, "drumkit.xml", as_hydrogen(kit, version)))
    check_same(read, kit)
    assert (read.name, read.author, read.licence) == (kit.name, "A", "CC0")


@settings(max_examples=60)
@given(kit=kits(spans=True))
def test_decentsampler_is_read_back(pool, kit):
    check_same(read_kit(written(pool, "kit.dspreset", as_decentsampler(kit))), kit)


def nearest(highs: list[int], velocity: int) -> int:
    """Which power DrumGizmo takes for a velocity, its randomness left out."""
    powers = [round(high / 127, 6) for high in highs]
    wanted = powers[0] + (velocity - 0.5) / 127 * (powers[-1] - powers[0])
    return min(range(len(powers)), key=lambda at: abs(powers[at] - wanted))


@settings(max_examples=40)
@given(kit=kits(levels=False, tunes=False, pans=False))
def test_drumgizmo_plays_the_sample_whose_power_is_nearest(pool, kit):
    read = read_kit(write_drumgizmo(kit, pool))
    for pad, expected in zip(read.pads, kit.pads, strict=True):
        assert (pad.name, pad.low_note, pad.choke_group) == (expected.name, expected.low_note, expected.choke_group)
        highs = [layer.high for layer in expected.layers]
        takes = sum(len(layer.takes) for layer in expected.layers)
        step = (highs[-1] - highs[0]) / max(takes, 26)
        if any(upper - lower <= step for lower, upper in pairwise(highs)):
            continue  # so near that the player mixes them
        for velocity in range(1, 128):
            found = next(layer for layer in pad.layers if layer.low <= velocity <= layer.high)
            wanted = expected.layers[nearest(highs, velocity)]
            assert {take.file.name for take in found.takes} == {take.file.name for take in wanted.takes}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drums=st.lists(st.sampled_from(["kick", "Snare Top", "hat_open", "blip", "tom-low"]), min_size=1, unique=True),
    strengths=st.integers(1, 4),
    turns=st.integers(1, 3),
    style=st.sampled_from(["{drum}_v{strength}_rr{turn}", "{drum}-vel{strength}-{turn}", "{drum} l{strength} r{turn}"]),
)
def test_names_of_samples_are_read(tmp_path_factory, drums, strengths, turns, style):
    folder = tmp_path_factory.mktemp("names")
    for drum in drums:
        for strength in range(1, strengths + 1):
            for turn in range(1, turns + 1):
                write_sound(folder / (style.format(drum=drum, strength=strength, turn=turn) + ".wav"))
    read = read_kit(folder)
    assert sorted(pad.name for pad in read.pads) == sorted(drum.replace("_", " ").replace("-", " ") for drum in drums)
    for pad in read.pads:
        assert [layer.high for layer in pad.layers] == [127 * n // strengths for n in range(1, strengths + 1)]
        for strength, layer in enumerate(pad.layers, start=1):
            ends = [style.partition("}")[2].format(strength=strength, turn=turn) for turn in range(1, turns + 1)]
            assert all(take.file.stem.endswith(end) for take, end in zip(layer.takes, ends, strict=True))


SFZ = """<control> default_path=./ note_offset=1 #define $KICK 36
<global> amp_veltrack=0 <group> key=$KICK group=1 off_by=1
<region> sample=s00.wav lovel=1 hivel=60 /* soft */ <region> sample=s01.wav lovel=61 // loud
#include "more.inc"
<region> key=c3 sample=s 02.wav pitch_keytrack=50 hikey=e3 lorand=0.5 locc4=3
"""


def examples(pool: Path) -> dict[str, bytes]:
    """A file of each kind, by its name, that names every field of its format."""
    hydrogen = (
        "<drumkit_info><name>K</name><componentList><drumkitComponent><id>0</id><volume>0.5</volume></drumkitComponent>"
        "</componentList><instrumentList><instrument><id>0</id><name>Kick</name><volume>1</volume><pan_L>1</pan_L>"
        "<pan_R>0.5</pan_R><muteGroup>1</muteGroup><midiOutNote>36</midiOutNote><exclude><id>0</id></exclude>"
        "<instrumentComponent><component_id>0</component_id><gain>1</gain><layer><filename>s00.wav</filename>"
        "<min>0</min><max>0.5</max><gain>1</gain><pitch>0</pitch></layer></instrumentComponent></instrument>"
        "<instrument><id>1</id><filename>s01.wav</filename></instrument></instrumentList></drumkit_info>"
    )
    decent = (
        '<DecentSampler><ui/><groups volume="-3dB"><group tags="a" silencedByTags="a" seqMode="random" loCC1="0">'
        '<sample path="s00.wav" rootNote="C2" loNote="36" hiNote="40" loVel="1" hiVel="90" volume="0.5" pan="-50"/>'
        '<sample path="s01.wav" seqPosition="2" tuning="1.5" output1Target="AUX_STEREO_OUTPUT_2"/>'
        "</group></groups></DecentSampler>"
    )
    gizmo = (
        '<drumkit name="K"><channels><channel name="L"/></channels><instruments><instrument name="Kick" file="i.xml" '
        'group="x"><channelmap in="L" out="OHL" main="true"/><chokes><choke instrument="Kick"/></chokes></instrument>'
        "</instruments></drumkit>"
    )
    tar, archive = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w:gz") as file:
        for name, content in (("K/drumkit.xml", hydrogen.encode()), ("K/s00.wav", (pool / "s00.wav").read_bytes())):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("K/p.dspreset", decent)
        zipped.writestr("K/s00.wav", (pool / "s00.wav").read_bytes())
    return {
        "kit.sfz": SFZ.encode(),
        "drumkit.xml": hydrogen.encode(),
        "kit.dspreset": decent.encode(),
        "gizmo.xml": gizmo.encode(),
        "kit.h2drumkit": tar.getvalue(),
        "kit.dslibrary": archive.getvalue(),
    }


@pytest.fixture(scope="module")
def mutated(tmp_path_factory) -> tuple[Path, dict[str, bytes]]:
    folder = write_pool(tmp_path_factory.mktemp("Mutated"))
    (folder / "more.inc").write_text("<region> sample=s03.wav key=40")
    (folder / "i.xml").write_text(
        '<instrument version="2.0" name="Kick"><channels><channel name="L" main="true"/></channels><samples><sample '
        'name="1" power="0.5" normalized="true"><audiofile channel="L" file="s00.wav" filechannel="1"/></sample>'
        "</samples></instrument>"
    )
    return folder, examples(folder)


NAMES = ("kit.sfz", "drumkit.xml", "kit.dspreset", "gizmo.xml", "kit.h2drumkit", "kit.dslibrary")
SPLINTERS = (
    st.sampled_from(["<", ">", "=", '"', "&", "-1", "nan", "1e400", "99999999999999999999", "../", "/etc/passwd"])
    | st.sampled_from(["<region>", "<group>", "#include ", "#define $KICK $KICK", "/*", "//", "$", "sample=", "key="])
    | st.sampled_from([" ", "\n", "s00.wav", "0", "127", "<layer>", "/>", "</"])
).map(str.encode) | st.binary(max_size=12)


@pytest.mark.parametrize("name", NAMES)
def test_the_examples_are_read(mutated, name):
    folder, contents = mutated
    assert read_kit(written(folder, name, contents[name])).pads


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=120)
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused_in_one_line(mutated, name, data):
    folder, contents = mutated
    content = contents[name]
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(content)))
        end = min(len(content), begin + data.draw(st.sampled_from([0, 1, 2, 5, 20, 1000])))
        content = content[:begin] + data.draw(SPLINTERS) + content[end:]
    check_one_line(written(folder, name, content))


@settings(max_examples=150)
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode), name=st.sampled_from(NAMES))
def test_garbage_is_read_or_refused_in_one_line(mutated, name, content):
    check_one_line(written(mutated[0], name, content))


def check_one_line(path: Path) -> None:
    line = ""
    try:
        kit = read_kit(path)
    except KitError as error:
        line = str(error)
    if line:
        assert line.isprintable()
        assert path.name in line
        assert "must " in line
        return
    assert all(note.isprintable() for note in kit.notes)
    for pad in kit.pads:
        assert pad.layers[0].low == 1
        assert pad.layers[-1].high == 127
