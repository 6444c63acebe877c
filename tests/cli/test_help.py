"""Help, version, and what happens to a command line that makes no sense."""

import subprocess
import sys
from importlib.metadata import entry_points, version

import pytest

COMMANDS = (
    *("plugins", "render", "match", "invert", "compare", "random", "perturb", "morph", "dataset", "export", "train"),
    "song",
)


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_lists_the_commands(backbeat, option):
    shown = backbeat(option)
    assert shown.status == 0
    assert shown.err == ""
    for command in COMMANDS:
        assert command in shown.out


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("plugins", ["--json", "--markdown"]),
        ("render", ["--out", "--set", "--seconds", "--sample-rate", "--seed", "--bit-depth", "--json"]),
        (
            "match",
            [
                "--plugin",
                "--out",
                "--steps",
                "--starts",
                "--keep",
                "--seed",
                "--device",
                "--resume",
                "--json",
                "Ctrl-C",
            ],
        ),
        ("compare", ["--json", "A.wav", "B.wav"]),
        ("random", ["--out", "--seed", "--json"]),
        ("perturb", ["--amount", "--out", "--seed", "--json"]),
        ("morph", ["--amount", "--out", "--json"]),
        ("export", ["program"]),
        ("song", ["to-midi"]),
    ],
)
def test_each_command_has_help(backbeat, monkeypatch, command, words):
    monkeypatch.setenv("COLUMNS", "160")
    shown = backbeat(command, "--help")
    assert shown.status == 0
    assert shown.err == ""
    for word in words:
        assert word in shown.out


def test_no_command_shows_help_and_is_wrong_use(backbeat):
    shown = backbeat()
    assert shown.status == 2
    assert "Usage" in shown.out + shown.err


def test_version(backbeat):
    shown = backbeat("--version")
    assert (shown.status, shown.out, shown.err) == (0, f"backbeat {version('backbeat')}\n", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["wobble"], "wobble"),
        (["--wobble"], "--wobble"),
        (["match"], "SAMPLE"),
        (["match", "a.wav", "--wobble"], "--wobble"),
        (["match", "a.wav", "--steps", "0"], "--steps"),
        (["match", "a.wav", "--steps", "100001"], "--steps"),
        (["match", "a.wav", "--steps", "many"], "--steps"),
        (["match", "a.wav", "--starts", "0"], "--starts"),
        (["match", "a.wav", "--starts", "1025"], "--starts"),
        (["match", "a.wav", "--seed", "-1"], "--seed"),
        (["match", "a.wav", "--seed", "2147483648"], "--seed"),
        (["render", "kick"], "--out"),
        (["render", "kick", "-o", "a.wav", "--seconds", "0"], "--seconds"),
        (["render", "kick", "-o", "a.wav", "--seconds", "61"], "--seconds"),
        (["render", "kick", "-o", "a.wav", "--seconds", "nan"], "--seconds"),
        (["render", "kick", "-o", "a.wav", "--sample-rate", "7999"], "--sample-rate"),
        (["render", "kick", "-o", "a.wav", "--sample-rate", "192001"], "--sample-rate"),
        (["render", "kick", "-o", "a.wav", "--bit-depth", "8"], "--bit-depth"),
        (["render", "kick", "-o", "a.wav", "--seed", "-1"], "--seed"),
        (["compare", "a.wav"], "B.wav"),
        (["compare", "a.wav", "b.wav", "c.wav"], "c.wav"),
        (["random"], "PLUGIN"),
        (["random", "kick", "--seed", "1.5"], "--seed"),
        (["perturb", "kick", "--amount", "1.01"], "--amount"),
        (["perturb", "kick", "--amount", "nan"], "--amount"),
        (["morph", "kick"], "B"),
        (["morph", "a", "b", "--amount", "-0.1"], "--amount"),
        (["plugins", "kick", "drum"], "drum"),
    ],
    ids=" ".join,
)
def test_wrong_use(backbeat, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    refused = backbeat(*arguments)
    assert refused.status == 2
    assert refused.out == ""
    assert words.lower() in refused.err.lower()
    assert list(tmp_path.iterdir()) == []


def test_console_script_is_this_command_line():
    (script,) = entry_points(group="console_scripts", name="backbeat")
    assert script.value == "backbeat.cli:main"


def test_process_keeps_results_and_messages_apart(tmp_path):
    """The one test in a process of its own that the others' way of calling `main` stands for."""
    program = [sys.executable, "-c", "from backbeat.cli import main; main()"]
    fine = subprocess.run([*program, "plugins", "kick", "--json"], capture_output=True, text=True)
    assert (fine.returncode, fine.stderr) == (0, "")
    assert fine.stdout.startswith('{"plugin": "kick"')
    out = tmp_path / "sound.wav"
    missing = subprocess.run([*program, "render", "no.json", "-o", out], capture_output=True, text=True)
    assert (missing.returncode, missing.stdout) == (1, "")
    assert missing.stderr.startswith("error: no.json: ")
    assert len(missing.stderr.splitlines()) == 1
    wrong = subprocess.run([*program, "render", "kick/909"], capture_output=True, text=True)
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "--out" in wrong.stderr
