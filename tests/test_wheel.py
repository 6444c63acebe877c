"""A wheel, built of the checkout and installed, renders what the checkout renders, whichever compiler built it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from backbeat.kernels.library import library

ROOT = Path(__file__).parents[1]
RENDER = ("render", "kick/909", "-o", "k.wav")

pytestmark = [pytest.mark.slow, pytest.mark.skipif(library() is None, reason="no kernels here to compare with")]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(params=["with the system's compiler", "without a compiler"])
def wheel(request, tmp_path, monkeypatch) -> Path:
    """A wheel, for whose build the packages are there that `pyproject.toml` and the build backend ask for."""
    monkeypatch.delenv("CXX", raising=False)
    if request.param == "without a compiler":
        monkeypatch.setenv("PATH", str(tmp_path))
    elif not any(map(shutil.which, ("c++", "g++", "clang++"))):
        pytest.skip("no compiler here")
    pip = (sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "-C", f"build-dir={tmp_path / 'build'}", "-w", tmp_path / "wheels", ROOT, cwd=tmp_path)
    (found,) = (tmp_path / "wheels").iterdir()
    cache = (tmp_path / "build" / "CMakeCache.txt").read_text(encoding="utf-8")
    assert ("/ziglang/zig" in cache) == (request.param == "without a compiler")
    return found


def test_it_renders_as_the_checkout_does(wheel, tmp_path):
    names = {Path(each).name for each in zipfile.ZipFile(wheel).namelist() if each.startswith("backbeat/kernels/")}
    built = {path.name for path in Path(library()._name).parent.glob("libbackbeat_*")}
    assert {each for each in names if not each.endswith(".py")} == built
    if sysconfig.get_platform() == "linux-x86_64":
        assert built == {f"libbackbeat_v{level}.so" for level in (2, 3, 4)}

    installed, checkout = tmp_path / "installed", tmp_path / "checkout"
    run(sys.executable, "-m", "venv", "--without-pip", installed, cwd=tmp_path)
    checkout.mkdir()
    (python,) = [each for each in installed.glob("*/python*") if each.stem == "python"]
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    # What it depends on is not installed twice; a folder that is named so brings no editable packages along.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")

    loaded = "from backbeat.kernels.library import library; print(library()._name)"
    assert Path(run(python, "-c", loaded, cwd=tmp_path).strip()).is_relative_to(installed)
    run(next(python.parent.glob("backbeat*")), *RENDER, cwd=installed)
    run(sys.executable, "-c", "from backbeat.cli import main; main()", *RENDER, cwd=checkout)
    assert (installed / "k.wav").read_bytes() == (checkout / "k.wav").read_bytes()
