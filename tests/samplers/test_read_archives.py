"""Archives with kits, folders with kits and samples, and archives that are made to harm."""

import gzip
import io
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from backbeat.errors import KitError
from backbeat.samplers.readers import read_kit
from samplers.written import write_sound

HYDROGEN = (
    "<drumkit_info><name>K</name><instrumentList><instrument><id>0</id><name>Kick</name><layer><filename>a.wav"
    "</filename><min>0</min><max>1</max></layer></instrument></instrumentList></drumkit_info>"
)
DECENT = (
    '<DecentSampler><groups><group><sample path="Samples\\a.wav" loNote="36" hiNote="36"/></group></groups>'
    "</DecentSampler>"
)


@pytest.fixture
def sound(tmp_path) -> bytes:
    return write_sound(tmp_path / "sound" / "a.wav").read_bytes()


def tarred(path: Path, members: list[tuple[tarfile.TarInfo | str, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:
        for member, content in members:
            info = member if isinstance(member, tarfile.TarInfo) else tarfile.TarInfo(member)
            if not isinstance(member, tarfile.TarInfo):
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("mode", ["w:gz", "w"])
@pytest.mark.parametrize("place", ["", "./", "K/", "./deep/er/"])
def test_hydrogen_in_a_tar(tmp_path, sound, mode, place):
    members = [(f"{place}drumkit.xml", HYDROGEN.encode()), (f"{place}a.wav", sound), (f"{place}._a.wav", b"x")]
    read = read_kit(tarred(tmp_path / "k.h2drumkit", members, mode))
    assert read.name == "K"
    assert read.pads[0].layers[0].takes[0].file.read_bytes() == sound


def test_decentsampler_in_a_zip_with_backslashes(tmp_path, sound):
    members = {"L/p.dspreset": DECENT.encode(), "L/Samples\\a.wav": sound, "__MACOSX/L/._p.dspreset": b"x"}
    assert read_kit(zipped(tmp_path / "k.dslibrary", members)).pads[0].low_note == 36


def test_samples_in_a_zip_are_a_kit_of_the_archives_name(tmp_path, sound):
    read = read_kit(zipped(tmp_path / "My drums.zip", {"kick.wav": sound, "snare.wav": sound}))
    assert read.name == "My drums"
    assert [(pad.name, pad.low_note) for pad in read.pads] == [("kick", 36), ("snare", 38)]


def test_what_was_unpacked_goes_with_the_process(tmp_path, sound):
    path = tarred(tmp_path / "k.h2drumkit", [("drumkit.xml", HYDROGEN.encode()), ("a.wav", sound)])
    script = (
        "import sys; from backbeat.samplers.readers import read_kit\n"
        "file = read_kit(sys.argv[1]).pads[0].layers[0].takes[0].file; assert file.is_file(); print(file)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert not Path(done.stdout.strip()).parent.exists()


def link(kind: bytes, name: str = "a.wav", target: str = "/etc/hostname") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def sized(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ([(link(tarfile.SYMTYPE), b"")], "member 'a.wav': found a link; must be a file or a folder"),
        ([(link(tarfile.LNKTYPE), b"")], "member 'a.wav': found a link; must be a file or a folder"),
        ([(link(tarfile.FIFOTYPE), b"")], "member 'a.wav': found neither file nor folder; must be a file or a folder"),
        ([(link(tarfile.CHRTYPE), b"")], "member 'a.wav': found neither file nor folder; must be a file or a folder"),
        ([("/tmp/x.wav", b"x")], "found a name that leads out of the archive; must stay in it"),
        ([("K/../../x.wav", b"x")], "found a name that leads out of the archive; must stay in it"),
        ([("..\\x.wav", b"x")], "found a name that leads out of the archive; must stay in it"),
        ([("C:\\x.wav", b"x")], "found a name that leads out of the archive; must stay in it"),
        ([("/".join("abcdefghijklmnopq"), b"x")], "found a name that leads out of the archive; must stay in it"),
        ([("a", b"x"), ("a/b", b"x")], "cannot be unpacked ("),
    ],
)
def test_members_of_a_tar_that_harm_are_refused_in_one_line(tmp_path, content, told):
    check_refused(tarred(tmp_path / "k.h2drumkit", content), told)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (gzip.compress(sized("a.wav", 2**31), mtime=0), "member 'a.wav': found 2,147,483,648 bytes; must be at most"),
        (sized("a.wav", 2**31 - 1), "member 'a.wav': found 2,147,483,647 bytes; must be at most"),
        (
            gzip.compress(sized("x", 2**31, tarfile.GNUTYPE_LONGNAME), mtime=0),
            "found a header of 2,147,483,648 bytes; must be at most",
        ),
        (
            gzip.compress(sized("x", 2**31, tarfile.XHDTYPE), mtime=0),
            "found a header of 2,147,483,648 bytes; must be at most",
        ),
        (gzip.compress(sized("a.wav", -512), mtime=0), "must be"),
        (gzip.compress(sized("d", 2**31, tarfile.DIRTYPE), mtime=0), "found 2,147,483,648 bytes; must be at most"),
        (gzip.compress(b"\0" * 2**26, mtime=0), "must be"),
        (
            gzip.compress(b"".join(sized(f"d{n}", 0, tarfile.DIRTYPE) for n in range(20_001)), mtime=0),
            "more than 20,000 files and folders",
        ),
        (gzip.compress(b"no tar at all" * 100, mtime=0), "cannot be unpacked ("),
        (gzip.compress(b"x", mtime=0)[:12], "cannot be unpacked ("),
    ],
)
def test_tars_that_claim_much_are_refused_in_one_line(tmp_path, content, told):
    path = tmp_path / "k.h2drumkit"
    path.write_bytes(content)
    check_refused(path, told)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    bomb = gzip.compress(sized("a.wav", 2**27) + b"\0" * 2**27, mtime=0)
    path = tmp_path / "k.h2drumkit"
    path.write_bytes(bomb)
    check_refused(path, "member 'a.wav': found 134,217,728 bytes; must be at most")


def test_many_small_files_that_were_nothing_are_refused(tmp_path):
    members = b"".join(sized(f"{n}.wav", 2**20) + b"\0" * 2**20 for n in range(40))
    path = tmp_path / "k.h2drumkit"
    path.write_bytes(gzip.compress(members, mtime=0))
    check_refused(path, "must be at most")


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    check_refused(
        zipped(tmp_path / "k.zip", {"a.wav": b"\0" * 2**26}), "member 'a.wav': found 67,108,864 bytes; must be at most"
    )


def test_a_zip_whose_sizes_lie_is_refused(tmp_path, sound):
    path = zipped(tmp_path / "k.zip", {"a.wav": b"\0" * 2**26})
    content = path.read_bytes()
    path.write_bytes(content.replace(struct.pack("<I", 2**26), struct.pack("<I", 1000)))
    check_refused(path, "must be")


def changed(path: Path, change) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo("a.wav")
        change(info)
        archive.writestr(info, b"x" * 1000)
    return path


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda info: setattr(info, "external_attr", 0o120777 << 16),
            "member 'a.wav': found a link; must be a file or a folder",
        ),
        (
            lambda info: setattr(info, "filename", "../a.wav"),
            "member '../a.wav': found a name that leads out of the archive",
        ),
        (
            lambda info: setattr(info, "filename", "/a.wav"),
            "member '/a.wav': found a name that leads out of the archive",
        ),
        (
            lambda info: setattr(info, "compress_type", zipfile.ZIP_LZMA),
            "member 'a.wav': found compression 14; must be stored",
        ),
    ],
)
def test_members_of_a_zip_that_harm_are_refused_in_one_line(tmp_path, change, told):
    check_refused(changed(tmp_path / "k.zip", change), told)


def test_a_zip_with_a_password_is_refused_in_one_line(tmp_path, sound):
    path = zipped(tmp_path / "k.zip", {"a.wav": sound})
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    check_refused(path, "member 'a.wav': found a locked file; must be without a password")


def test_a_zip_with_a_nameless_member_is_refused_in_one_line(tmp_path, sound):
    path = zipped(tmp_path / "k.zip", {"a": sound})
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 28] = 0  # the length of its name
    del content[entry + 46]
    content[content.index(b"PK\x05\x06") + 12] -= 1  # the size of the directory
    path.write_bytes(content)
    check_refused(path, "cannot be unpacked (string index out of range); must be a tar or zip file")


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_cut_archive_is_refused(tmp_path, sound, share):
    for path in (
        tarred(tmp_path / "k.h2drumkit", [("drumkit.xml", HYDROGEN.encode()), ("a.wav", sound * 20)]),
        zipped(tmp_path / "k.dslibrary", {"p.dspreset": DECENT.encode(), "Samples/a.wav": sound * 20}),
    ):
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])
        check_refused(path, "cannot be unpacked (")


def test_a_folder_of_several_kits_is_refused_but_for_one_of_its_name(tmp_path):
    write_sound(tmp_path / "two" / "a.wav")
    for name in ("x", "y"):
        (tmp_path / "two" / f"{name}.sfz").write_text("<region> key=36 sample=a.wav")
    check_refused(tmp_path / "two", "found 2 kits (x.sfz, y.sfz); must be one: name its file")
    (tmp_path / "two" / "two.sfz").write_text("<region> key=40 sample=a.wav")
    assert read_kit(tmp_path / "two").pads[0].low_note == 40


def test_what_is_no_kit_is_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    check_refused(tmp_path / "empty", "found no sound file that can be read; must be at least one")
    check_refused(tmp_path / "gone", "cannot be opened (No such file or directory); must be an .sfz")
    (tmp_path / "a.txt").write_text("hello")
    check_refused(tmp_path / "a.txt", "found no kit; must be an .sfz")


def check_refused(path: Path, told: str) -> None:
    with pytest.raises(KitError) as error:
        read_kit(path)
    assert told in str(error.value)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).isprintable()


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = None  # as if it were not installed
from backbeat.samplers.readers import read_kit
print(read_kit(sys.argv[1]).pads[0].name)
"""


def test_kits_are_read_without_pytorch(tmp_path, sound):
    path = zipped(tmp_path / "k.zip", {"kick.wav": sound})
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH, path], capture_output=True, text=True, check=True)
    assert done.stdout == "kick\n"
