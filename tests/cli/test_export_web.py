"""A page that plays kits in a browser: what is in its folder."""

import json
from pathlib import Path

import pytest

from backbeat.errors import KitError
from backbeat.kits.bundle import to_json
from backbeat.kits.factory import factory_kit
from backbeat.kits.web import write_web

DEMO = Path(__file__).parents[2] / "ports" / "web" / "demo"
PAGE = {path.name for path in DEMO.iterdir()}
ENGINE = {"backbeat.js", "backbeat.wasm"}


@pytest.fixture
def package(tmp_path) -> Path:
    folder = tmp_path / "package"
    (folder / "demo").mkdir(parents=True)
    for name in PAGE:
        (folder / "demo" / name).write_bytes((DEMO / name).read_bytes())
    for name in ENGINE:
        (folder / name).write_bytes(name.encode())
    return folder


def test_all_that_a_server_needs(backbeat, package, tmp_path):
    out = tmp_path / "page"
    shown = backbeat("export", "web", "909", "lo-fi", "909", "-o", out, "--package", package)
    assert (shown.status, shown.err) == (0, "")
    assert shown.out == f"{out}  try it: python3 -m http.server --directory {out}\n"
    kits = json.loads((out / "kits.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in kits] == [factory_kit(name).name for name in ("909", "lo-fi", "909")]
    files = [each["file"] for each in kits]
    assert files == ["1-909-like.kit.json", "2-Lo-fi.kit.json", "3-909-like.kit.json"]
    assert {path.name for path in out.iterdir()} == PAGE | ENGINE | {"kits.json", *files}
    assert (out / files[1]).read_text(encoding="utf-8") == to_json(factory_kit("lo-fi"))
    for name in PAGE:
        assert (out / name).read_bytes() == (DEMO / name).read_bytes()


def test_a_page_that_is_there_keeps_none_of_its_kits(package, tmp_path):
    out = tmp_path / "page"
    for names in (("909", "808"), ("lo-fi",)):
        write_web([factory_kit(name) for name in names], package, out)
    assert {path.name for path in out.iterdir()} == PAGE | ENGINE | {"kits.json", "1-Lo-fi.kit.json"}


@pytest.mark.parametrize("listed", [None, "{", '[{"file": "../other.kit.json"}]'])
def test_a_folder_of_something_else(package, tmp_path, listed):
    out, other = tmp_path / "page", tmp_path / "other.kit.json"
    out.mkdir()
    for path in (out / "index.html", other):
        path.write_text("precious")
    if listed is not None:
        (out / "kits.json").write_text(listed)
    if listed is None or listed == "{":
        with pytest.raises(
            KitError, match=r"page: found a folder with something else; must be a page of kits, or empty"
        ):
            write_web([factory_kit("909")], package, out)
        assert (out / "index.html").read_text() == "precious"
    else:
        write_web([factory_kit("909")], package, out)
    assert other.read_text() == "precious"


def test_a_folder_in_one_that_is_not_there(backbeat, package, tmp_path):
    shown = backbeat("export", "web", "909", "-o", tmp_path / "none" / "page", "--package", package)
    assert shown.status == 2
    assert "there is no folder" in shown.err


def test_a_folder_that_is_no_package(package, tmp_path):
    (package / "backbeat.wasm").unlink()
    with pytest.raises(
        KitError, match=r"^package: found no .*backbeat\.wasm; must be the folder that `make web` builds"
    ):
        write_web([factory_kit("909")], package, tmp_path / "page")
    assert not (tmp_path / "page").exists()


def test_no_folder_to_write_to(package, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KitError, match=r"file: cannot be written to \("):
        write_web([factory_kit("909")], package, tmp_path / "file")
