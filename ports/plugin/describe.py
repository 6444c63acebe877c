"""Let the LV2 plugin describe itself, and put right what DPF 1.6 writes.

python ports/plugin/describe.py build/plugin/backbeat.lv2
"""

import argparse
import ctypes
import os
import re
from pathlib import Path

from backbeat.kits.factory import factory_kit, factory_kits
from backbeat.kits.state import lv2_presets

WORKER = "<http://lv2plug.in/ns/ext/worker#schedule>"


def corrected(text: str) -> str:
    """The description: a worker is welcome, but not needed, and every output is a pair of channels."""
    text = re.sub(r"^ *mod:\w+ .*\n", "", text, flags=re.MULTILINE)  # of devices of one maker
    text = re.sub(rf" ,\s*{re.escape(WORKER)} ;", " ;", text)
    text = re.sub(r"opts:options ,\s*", "", text, count=1)
    text = text.replace(
        "lv2:optionalFeature ", f"lv2:optionalFeature opts:options ,\n{' ' * 24}{WORKER} ,\n{' ' * 24}", 1
    )
    text = text.replace(
        '    a pg:OutputGroup ;\n    lv2:name "Output', '    a pg:OutputGroup , pg:StereoGroup ;\n    lv2:name "Output'
    )
    text = text.replace('lv2:name "Stereo"', 'lv2:name "Mix"')
    for side in ("left", "right"):
        text = re.sub(
            rf'(lv2_output_\d\d_{side}" ;.*?pg:group [^;]*;\n)',
            rf"\1        lv2:designation pg:{side} ;\n",
            text,
            flags=re.DOTALL,
        )
    return text


def main() -> None:
    """Write manifest.ttl and backbeat.ttl into the plugin's folder, and a preset for each kit that comes with it."""
    parser = argparse.ArgumentParser(description="Let the LV2 plugin describe itself.")
    parser.add_argument("folder", type=Path, help="the plugin's")
    folder = parser.parse_args().folder.resolve()
    os.chdir(folder)  # where DPF writes to
    ctypes.CDLL(str(folder / "backbeat.so")).lv2_generate_ttl(b"backbeat")
    path = folder / "backbeat.ttl"
    path.write_text(corrected(path.read_text(encoding="utf-8")), encoding="utf-8")
    presets = lv2_presets({name: factory_kit(name) for name in factory_kits()})
    listed = (folder / "manifest.ttl").read_text(encoding="utf-8") + "\n" + presets.pop("manifest.ttl")
    (folder / "manifest.ttl").write_text(listed, encoding="utf-8")
    for name, text in presets.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
