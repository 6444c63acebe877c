"""`backbeat kit page`."""

import pytest

from backbeat.kits import Kit, Pad, save_kit
from backbeat.patch import preset


@pytest.fixture
def kit(tmp_path):
    save_kit(Kit("mine", (Pad("rim", 37, preset("rim/808"), layers=1, round_robins=1),)), tmp_path / "kit.html")
    return tmp_path / "kit.html"


def test_a_page_is_written(backbeat, kit, tmp_path):
    plain, as_json = (backbeat("kit", "page", kit, "-o", tmp_path / "a.html", *more) for more in ((), ("--json",)))
    assert (plain.status, plain.out, plain.err) == (0, f"{tmp_path / 'a.html'}\n", "")
    assert as_json.document() == {"page": str(tmp_path / "a.html"), "name": "mine", "pads": ["rim"]}
    assert (tmp_path / "a.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_it_replaces_no_kit_and_writes_html_only(backbeat, kit, tmp_path):
    before = kit.read_bytes()
    assert "would overwrite" in backbeat("kit", "page", kit, "-o", kit).error()
    assert "must be .html or .htm" in backbeat("kit", "page", kit, "-o", tmp_path / "kit.json").error()
    assert "there is no folder" in backbeat("kit", "page", kit, "-o", tmp_path / "none" / "a.html").error()
    assert kit.read_bytes() == before
    assert list(tmp_path.iterdir()) == [kit]
