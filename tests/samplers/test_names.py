import re
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backbeat.samplers.names import MAX_LENGTH, plain_text, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Kick & #1 $x=50% – é", "Kick_1_x_50_e"),
        ("Snare", "Snare"),
        ("-v", "v"),
        ("..", "pad"),
        ("", "pad"),
        ("CON", "CON_"),
        ("\\\\server/share", "server_share"),
        ("Ünïcödé 東京", "Unicode"),
        ("x" * 300, "x" * MAX_LENGTH),
    ],
)
def test_names_say_what_they_can(text, name):
    assert safe_name(text) == name


@given(st.text())
def test_names_are_safe_whatever_they_are_made_of(text):
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]*", safe_name(text))


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_texts_survive_xml(text):
    element = Element("name")
    element.text = plain_text(text)
    assert (fromstring(tostring(element, encoding="utf-8")).text or "") == plain_text(text)
    assert "\n" not in plain_text(text)
