"""What a host keeps of the plugin when it plays a kit: as a preset of VST3 or LV2, or as the bytes themselves.

References:
    | VST3, preset format, https://steinbergmedia.github.io/vst3_dev_portal, "Presets & Program Lists"
    | LV2, extensions presets and state, http://lv2plug.in/ns/ext
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

from backbeat.errors import KitError
from backbeat.files import replacing
from backbeat.kits.bundle import to_json
from backbeat.kits.document import Kit
from backbeat.samplers.names import safe_name

FORMAT = "1"
"""Of the state, which the plugin checks: `ports/plugin/plugin.cpp`."""
PLUGIN = "urn:backbeat:drum-machine"
KNOBBED_PADS = 16
"""Of a kit, whose knobs are parameters of the plugin: PADS of `ports/plugin/machine.h`."""
_CLASS = struct.pack("<4I", *(int.from_bytes(each, "big") for each in (b"DPF ", b"clas", b"Bkbt", bytes(4))))
_PREFIXES = """\
@prefix lv2: <http://lv2plug.in/ns/lv2core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix pset: <http://lv2plug.in/ns/ext/presets#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix state: <http://lv2plug.in/ns/ext/state#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def state(kit: Kit) -> bytes:
    """The bytes that hosts of CLAP and VST3 keep, with this kit and no parameters: those stay as they are turned."""
    names = ["__dpf_state_begin__", "format", FORMAT, "kit", to_json(kit).rstrip(), "__dpf_state_end__"]
    names += ["__dpf_parameters_begin__", "__dpf_parameters_end__"]
    return b"".join(each.encode() + b"\0" for each in names) + b"\xfe\0"


def vst3_preset(kit: Kit) -> bytes:
    """A file that hosts of VST3 load."""
    chunk = state(kit)
    header = b"VST3" + struct.pack("<i", 1) + _CLASS.hex().upper().encode()
    place = len(header) + 8
    listed = b"List" + struct.pack("<i", 1) + b"Comp" + struct.pack("<qq", place, len(chunk))
    return header + struct.pack("<q", place + len(chunk)) + chunk + listed


def lv2_presets(kits: Mapping[str, Kit]) -> dict[str, str]:
    """The files of a folder with presets for hosts of LV2, one for each kit, by their names."""
    manifest = [_PREFIXES]
    files = {}
    for name, kit in kits.items():
        entry = f"<{name}.ttl>\n    a pset:Preset ;\n    lv2:appliesTo <{PLUGIN}> ;\n    rdfs:label {_text(kit.name)} "
        manifest.append(f"{entry};\n    rdfs:seeAlso <{name}.ttl> .\n")
        values = f"<urn:backbeat:format> {_text(FORMAT)} ;\n        <urn:backbeat:kit> {_text(to_json(kit).rstrip())}"
        files[f"{name}.ttl"] = f"{_PREFIXES}\n{entry};\n    state:state [\n        {values}\n    ] .\n"
    manifest += [
        f'<urn:backbeat:{key}>\n    a owl:DatatypeProperty ;\n    rdfs:label "{key}" ;\n'
        "    rdfs:domain state:State ;\n    rdfs:range xsd:string .\n"
        for key in ("format", "kit")
    ]
    return {"manifest.ttl": "\n".join(manifest), **files}


def _text(text: str) -> str:
    """A string of Turtle."""
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, written)
    return f'"{text}"'


def _write_folder(kit: Kit, out: Path) -> None:
    manifest = out / "manifest.ttl"
    if out.exists() and not out.is_dir():
        raise KitError(f"{out}: found a file; must be a folder, or not there")
    if out.is_dir() and any(out.iterdir()):
        written = manifest.read_text("utf-8", "replace") if manifest.is_file() else ""
        if not written.startswith(_PREFIXES) or f"lv2:appliesTo <{PLUGIN}>" not in written:
            raise KitError(
                f"{out}: found a folder with something else, such as a plugin; must hold a preset, or nothing"
            )
    out.mkdir(exist_ok=True)
    for name, text in lv2_presets({safe_name(kit.name, "kit"): kit}).items():
        with replacing(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")


def _write_file(content: Callable[[Kit], bytes], kit: Kit, out: Path) -> None:
    with replacing(out) as temporary:
        temporary.write_bytes(content(kit))


def write_state(kit: Kit, out: Path) -> None:
    """Write the state as the suffix says: `.vstpreset`, `.lv2` (a folder), or `.state`, the bytes themselves.

    Raises:
        KitError: where the suffix is another, it cannot be written, or a pad's instrument has no program.
    """
    try:
        suffix = out.suffix.lower()
        if suffix == ".vstpreset":
            _write_file(vst3_preset, kit, out)
        elif suffix == ".lv2":
            _write_folder(kit, out)
        elif suffix == ".state":
            _write_file(state, kit, out)
        else:
            raise KitError(f"{out}: ends with {out.suffix or 'no suffix'!r}; must end with .vstpreset, .lv2 or .state")
    except OSError as error:
        raise KitError(f"{out}: cannot be written ({error.strerror})") from error
