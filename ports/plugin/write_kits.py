"""Write the kits that come with the plugin as C++, which factory.cpp includes.

    python ports/plugin/write_kits.py --out build/plugin/make/ports/plugin/factory_kits.inc

Kits share most of their programs, which are the larger part of them: each is written once.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from backbeat.files import replacing
from backbeat.kits.bundle import to_json
from backbeat.kits.factory import factory_kit, factory_kits


def written() -> Iterator[str]:
    """The lines of the file."""
    programs: dict[str, int] = {}
    kits = []
    for name in factory_kits():
        text = to_json(factory_kit(name)).rstrip()
        own = [json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in json.loads(text)["programs"]]
        before, after = text.split(",".join(own))
        places = [programs.setdefault(each, len(programs)) for each in own]
        kits.append(
            f"    {{{_literal(name)}, {_literal(before)}, {{{', '.join(map(str, places))}}}, {_literal(after)}}},"
        )
    yield "const char* const PROGRAMS[] = {"
    yield from (f"    {_literal(each)}," for each in programs)
    yield "};"
    yield "const Written KITS[] = {"
    yield from kits
    yield "};"


def _literal(text: str) -> str:
    """As a string of C++, whose escapes are those of JSON."""
    return json.dumps(text, ensure_ascii=False)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Write the kits that come with the plugin as C++.")
    parser.add_argument("--out", type=Path, required=True, help="the file to write")
    arguments = parser.parse_args()
    with replacing(arguments.out) as temporary:
        temporary.write_text("\n".join(written()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
