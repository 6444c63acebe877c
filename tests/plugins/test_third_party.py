"""A plugin in a package of its own, installed by pip, is held to the whole contract."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
EXAMPLE = TESTS.parent / "examples" / "new_plugin.py"
WHEEL = "woodblocks-1.0-py3-none-any.whl"
METADATA = {
    "METADATA": "Metadata-Version: 2.1\nName: woodblocks\nVersion: 1.0\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "entry_points.txt": "[backbeat.plugins]\nwoodblock = woodblocks:PLUGIN\n",
    "RECORD": "",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> dict[str, str]:
    """The environment of a process in which the package is installed."""
    folder = tmp_path_factory.mktemp("third_party")
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.write(EXAMPLE, "woodblocks.py")
        for name, text in METADATA.items():
            wheel.writestr(f"woodblocks-1.0.dist-info/{name}", text)
    site = folder / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*pip, str(folder / WHEEL)], check=True)
    return os.environ | {"PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"}


def test_it_is_listed_and_rendered(installed, tmp_path):
    backbeat = [str(Path(sys.executable).with_name("backbeat"))]
    listed = subprocess.run([*backbeat, "plugins"], env=installed, capture_output=True, text=True, check=True)
    assert "woodblock" in listed.stdout
    subprocess.run([*backbeat, "random", "woodblock", "-o", "w.json"], env=installed, check=True, cwd=tmp_path)
    subprocess.run([*backbeat, "render", "w.json", "-o", "w.wav"], env=installed, check=True, cwd=tmp_path)
    assert (tmp_path / "w.wav").stat().st_size > 1000


def test_it_keeps_the_contract(installed):
    chosen = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "woodblock"]
    found = subprocess.run(
        [*chosen, "tests/plugins/test_contract.py"], env=installed, capture_output=True, text=True, cwd=TESTS.parent
    )
    assert found.returncode == 0, found.stdout[-3000:]
