"""Which format a kit is in, by what is in its file or folder."""

from __future__ import annotations

import re
import shutil
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from backbeat.audio.folders import left_behind
from backbeat.errors import KitError
from backbeat.samplers.description import SampledKit
from backbeat.samplers.readers import decentsampler, drumgizmo, hydrogen, manifest, sfz, wav_folder
from backbeat.samplers.readers.archives import is_archive, unpacked
from backbeat.samplers.readers.folder import KitFolder
from backbeat.samplers.readers.remarks import Remarks, plain, shown

FORMATS = (
    "an .sfz, a drumkit.xml or .h2drumkit of Hydrogen, a .dspreset or .dslibrary, a DrumGizmo kit's .xml, "
    "the kit.json of an export, an archive of one of these, or a folder with one or with samples"
)
_BEGIN_BYTES = 4096
_KIT_SUFFIXES = (".sfz", ".dspreset", ".xml", ".json")
_ROOT = re.compile(rb"<\s*(?:[A-Za-z_][\w.-]*:)?(drumkit_info|drumkit|DecentSampler)[\s>/]", re.IGNORECASE)
_READERS: dict[bytes, Callable[[Path, Path | None], SampledKit]] = {
    b"drumkit_info": hydrogen.read,
    b"drumkit": drumgizmo.read,
    b"decentsampler": decentsampler.read,
}


def read_kit(path: str | Path, root: str | Path | None = None) -> SampledKit:
    """Read a kit of any format that is known here.

    Args:
        path: a file of a kit, or a folder that holds one. What is in it decides, not what it is called, but for SFZ.
        root: the folder out of which no name may lead; that of the file by default. A kit whose samples are beside
            the folder of its `.sfz` needs it.

    Returns:
        The kit; its `notes` say what was left out or put right. Files of archives are unpacked, and microphones mixed,
        into folders that go when the process ends.

    Raises:
        KitError: if it is of no known format, has nothing that can be played, or is out of bounds.
    """
    path = Path(path)
    bounds = None if root is None else Path(root)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise KitError(f"{shown(path)}: cannot be opened ({reason}); must be {FORMATS}") from error
    if stat.S_ISDIR(mode):
        return _folder(path)
    if not stat.S_ISREG(mode):
        raise KitError(f"{shown(path)}: found a device or pipe; must be {FORMATS}")
    if is_archive(_begin(path)):
        return _folder(unpacked(path), path)
    reader = _reader(path)
    if reader is None:
        raise KitError(f"{shown(path)}: found no kit; must be {FORMATS}")
    return reader(path, bounds)


def _folder(folder: Path, archive: Path | None = None) -> SampledKit:
    """The kit in a folder: the only one of the outermost folder that has any, or the samples themselves."""
    asked = archive or folder
    try:
        found = _outermost(KitFolder(folder, Remarks()))
        if len(found) > 1:
            found = [each for each in found if each.stem == asked.stem] or found
        if len(found) > 1:
            names = ", ".join(plain(each.name) for each in found[:4])
            raise KitError(f"{shown(folder)}: found {len(found)} kits ({names}); must be one: name its file")
        reader = _reader(found[0]) if found else None
        if reader is not None:
            return reader(found[0], folder)
        kit = wav_folder.read(folder)
        return replace(kit, name=plain(asked.stem)) if archive else kit
    except KitError as error:
        if archive:
            shutil.rmtree(folder, ignore_errors=True)
        # What an archive was unpacked into is no name that a user knows.
        raise KitError(str(error).replace(shown(folder), shown(asked))) from error


def _outermost(folder: KitFolder) -> list[Path]:
    """The kit files of the outermost folder that has any."""
    by_depth: dict[int, list[Path]] = {}
    for path in folder.files():
        parts = path.relative_to(folder.root).parts
        if any(part.startswith(".") or left_behind(part) for part in parts):
            continue
        if path.suffix.lower() in _KIT_SUFFIXES and _reader(path) is not None:
            by_depth.setdefault(len(parts), []).append(path)
    return by_depth[min(by_depth)] if by_depth else []


def _reader(path: Path) -> Callable[[Path, Path | None], SampledKit] | None:
    """The reader of a text file; none if it is of no kit."""
    if path.suffix.lower() == ".sfz":
        return sfz.read
    begin = _begin(path)
    if path.name.lower() == manifest.NAME:
        return manifest.read if manifest.is_manifest(begin) else None
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        begin = begin.decode("utf-16", "ignore").encode()
    found = _ROOT.search(begin)
    return _READERS[found[1].lower()] if found else None


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_BEGIN_BYTES)
    except OSError as error:
        raise KitError(f"{shown(path)}: cannot be read ({error.strerror}); must be {FORMATS}") from error
