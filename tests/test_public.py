"""The public names, and what importing them costs."""

import subprocess
import sys

import pytest

import backbeat

HEAVY = ("torch", "numpy", "matplotlib", "soundfile", "soxr", "scipy")
SHOW_HEAVY = f"import sys; print(sorted(set({HEAVY}) & set(sys.modules)))"


@pytest.mark.parametrize("name", backbeat.__all__)
def test_every_public_name_is_there(name):
    found = getattr(backbeat, name)
    assert callable(found)
    assert found.__name__ == name
    assert found.__doc__


def test_public_names_are_listed_once_in_order_and_shown():
    assert list(backbeat.__all__) == sorted(set(backbeat.__all__))
    assert dir(backbeat) == list(backbeat.__all__)


def test_match_is_the_function_and_stays_it():
    import backbeat.matching
    import backbeat.synth

    assert backbeat.match is backbeat.matching.match
    assert backbeat.render is backbeat.synth.render


def test_star_import_brings_every_public_name():
    names: dict[str, object] = {}
    exec("from backbeat import *", names)
    assert set(backbeat.__all__) <= set(names)


def test_unknown_name():
    with pytest.raises(AttributeError, match="module 'backbeat' has no attribute 'drums'"):
        _ = backbeat.drums


def modules_after(program: str) -> str:
    """The heavy modules that a fresh interpreter holds after a program."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{SHOW_HEAVY}"], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1]


def test_import_and_help_load_nothing_heavy():
    helped = """
import sys
import backbeat
from backbeat.cli import main
for command in ([], ["match"], ["render"], ["compare"], ["plugins"], ["random"], ["perturb"], ["morph"]):
    sys.argv = ["backbeat", *command, "--help"]
    try:
        main()
    except SystemExit as end:
        assert not end.code, command
"""
    assert modules_after(helped) == "[]"


def test_heavy_modules_would_be_seen():
    assert "numpy" in modules_after("import backbeat; backbeat.load")


def test_those_who_do_not_compile_do_not_wait_for_the_compiler():
    code = """
import sys, torch, backbeat, backbeat.matching
for name in backbeat.plugins.names():
    synth = backbeat.Synth(name, seconds=0.1)
    synth(torch.full((2, synth.num_params), 0.5, requires_grad=True)).sum().backward()
print(sorted({"torch._dynamo", "sympy"} & sys.modules.keys()))
"""
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"
