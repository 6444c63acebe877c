"""A folder of a page that plays kits in a browser, with knobs; any server of files will do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from backbeat.errors import KitError
from backbeat.files import replacing
from backbeat.kits.bundle import to_json
from backbeat.kits.document import Kit
from backbeat.samplers.names import safe_name

_ENGINE = ("backbeat.js", "backbeat.wasm")
_LIST = "kits.json"
_PAGE = ("index.html", "demo.css", "demo.js", "pictures.js")


def write_web(kits: Sequence[Kit], package: Path, out: Path) -> None:
    """Write the page, the engine and the kits; the first kit is the one that the page opens with.

    Args:
        kits: at least one.
        package: the folder that `make web` builds.
        out: the folder, which is made where there is none.

    Raises:
        KitError: where the package is not one, a file cannot be written, or a kit's instrument has no program.
    """
    sources = {name: package / name for name in _ENGINE} | {name: package / "demo" / name for name in _PAGE}
    for path in sources.values():
        if not path.is_file():
            raise KitError(f"package: found no {path}; must be the folder that `make web` builds, build/web/package")
    files = {name: path.read_bytes() for name, path in sources.items()}
    listed = []
    for number, kit in enumerate(kits, 1):
        name = f"{number}-{safe_name(kit.name, 'kit')}.kit.json"
        listed.append({"name": kit.name, "file": name})
        files[name] = to_json(kit).encode()
    files[_LIST] = (json.dumps(listed, ensure_ascii=False, indent=1) + "\n").encode()
    left = _kits_of(out) - files.keys()
    try:
        out.mkdir(exist_ok=True)
        for name, content in files.items():
            with replacing(out / name) as temporary:
                temporary.write_bytes(content)
        for name in left:
            (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise KitError(f"{out}: cannot be written to ({error.strerror})") from error


def _kits_of(out: Path) -> set[str]:
    """Files of kits in a page that was written before.

    Raises:
        KitError: where the folder holds something else.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return set()
    try:
        listed = json.loads((out / _LIST).read_text("utf-8"))
        names = {str(each["file"]) for each in listed}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise KitError(f"{out}: found a folder with something else; must be a page of kits, or empty") from error
    return {name for name in names if name.endswith(".kit.json") and Path(name).name == name}
