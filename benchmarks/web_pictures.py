"""Pictures of the page of `backbeat export web`, in Chromium: on a desk and, dark, on a phone.

PYTHONPATH=tests python benchmarks/web_pictures.py build/web/package
"""

import argparse
import io
import tempfile
from pathlib import Path

from PIL import Image

from backbeat.kits.factory import factory_kit
from backbeat.kits.web import write_web
from ports.browser import Page, opened, served

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SIZES = {"web": (1180, False), "web-phone": (390, True)}
COLOURS = 64
TURNED = """
const knob = document.querySelector("input[name=length]");
knob.value = 40;
knob.dispatchEvent(new Event("input"));
"""


def shot(page: Page, width: int, *, is_phone: bool) -> bytes:
    """The whole page, as PNG, with a pad chosen and a knob turned."""
    theme = {"name": "prefers-color-scheme", "value": "dark" if is_phone else "light"}
    page.call("Emulation.setEmulatedMedia", features=[theme])
    page.call("Emulation.setTouchEmulationEnabled", enabled=is_phone)
    page.resize(width, 700, is_phone=is_phone)
    page.call("Page.reload")
    page.wait("document.readyState === 'complete' && document.body.dataset.kit !== undefined")
    page.press("z", "KeyZ")
    page.run(TURNED)
    page.wait("document.getElementById('length').textContent !== ''")
    page.run("new Promise((resolve) => setTimeout(resolve, 1500))")
    page.resize(width, page.run("document.documentElement.scrollHeight"), is_phone=is_phone)
    return page.picture()


def main() -> None:
    """Take them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("package", type=Path, help="the folder that `make web` builds")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_web([factory_kit("909")], arguments.package, Path(name))
        with served(Path(name)) as address, opened(f"{address}/index.html") as page:
            for picture, (width, is_phone) in SIZES.items():
                image = Image.open(io.BytesIO(shot(page, width, is_phone=is_phone))).convert("RGB")
                path = IMAGES / f"{picture}.png"
                image.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
                print(f"{path}: {image.width} x {image.height}, {path.stat().st_size / 1000:.0f} kB")
            for message in page.messages:
                print(message)


if __name__ == "__main__":
    main()
