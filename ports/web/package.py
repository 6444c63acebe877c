"""Put the npm package of backbeat together: one ES module, its WebAssembly beside it, types, and what npm wants.

python ports/web/package.py build/web/backbeat.wasm --out build/web/package
"""

import argparse
import gzip
import json
import re
import shutil
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("checks", "entries", "engine", "macros", "hits", "worker", "worklet", "machine", "main")
PUBLIC = (
    "BackbeatError",
    "DrumMachine",
    "Engine",
    "Hits",
    "entriesOf",
    "layerOf",
    "load",
    "turn",
)
HEADER = """\
/**
 * backbeat in JavaScript: drums rendered by the engine in backbeat.wasm, bit for bit as elsewhere, and a drum machine.
 *
 * One file runs in three places: where it is imported; as a worker that renders the hits of a kit; and as an
 * AudioWorklet that plays them, by the engine's own mixer, to the sample. Put together of ports/web/source.
 */
"""
_IMPORT = re.compile(r'^import \{[^}]*\} from "\./\w+\.js";\n', re.MULTILINE)


def module() -> str:
    """The parts as one ES module."""
    parts = [_IMPORT.sub("", (HERE / "source" / f"{part}.js").read_text(encoding="utf-8")) for part in PARTS]
    inside = [re.sub(r"^export ", "", part, flags=re.MULTILINE) for part in parts]
    return "\n".join([HEADER, *inside, f"export {{ {', '.join(PUBLIC)} }};\n"])


def package(wasm: Path, out: Path) -> None:
    """Write the package's folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "backbeat.js").write_text(module(), encoding="utf-8")
    shutil.copyfile(wasm, out / "backbeat.wasm")
    for name in ("backbeat.d.ts", "package.json", "README.md"):
        shutil.copyfile(HERE / name, out / name)
    shutil.copyfile(HERE.parents[1] / "LICENSE", out / "LICENSE")
    shutil.copytree(HERE / "demo", out / "demo", dirs_exist_ok=True)  # for `backbeat export web`; npm leaves it out


def packed_bytes(out: Path) -> int:
    """What a browser loads, compressed by gzip."""
    return sum(len(gzip.compress((out / name).read_bytes(), 9)) for name in ("backbeat.js", "backbeat.wasm"))


def main() -> None:
    """Write it, and say how large it is."""
    parser = argparse.ArgumentParser(description="Put the npm package together.")
    parser.add_argument("wasm", type=Path, help="backbeat.wasm, built with BACKBEAT_LEGACY_EXCEPTIONS")
    parser.add_argument("--out", type=Path, required=True, help="The folder to write.")
    arguments = parser.parse_args()
    package(arguments.wasm, arguments.out)
    version = json.loads((arguments.out / "package.json").read_text(encoding="utf-8"))["version"]
    print(f"{arguments.out}: backbeat {version}, {packed_bytes(arguments.out) / 1000:.0f} kB compressed")


if __name__ == "__main__":
    main()
