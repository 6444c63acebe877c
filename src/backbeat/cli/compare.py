"""`backbeat compare`: how far one sound is from another."""

from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.output import AsJson, say, say_json, say_note

_MEANINGS = {
    "mel_db": ("dB", "mel bands, at three resolutions"),
    "lsd_db": ("dB", "log spectra"),
    "mrstft": ("", "spectral convergence and log magnitude, at five resolutions"),
    "envelope_db": ("dB", "level in 5 ms blocks"),
}


def compare(
    target: Annotated[Path, typer.Argument(metavar="A.wav", help="The sound to be compared with.")],
    estimate: Annotated[Path, typer.Argument(metavar="B.wav", help="The sound that should be like it.")],
    as_json: AsJson = False,
) -> None:
    """Measure how far B is from A: no alignment, no gain match, B cut or padded to A's length."""
    from backbeat import audio
    from backbeat.losses import distances

    first = audio.read(target)
    second = audio.read(estimate, sample_rate=first.sample_rate)
    for path, recording in ((target, first), (estimate, second)):
        for note in recording.notes:
            say_note(f"{path}: {note}")
    found = distances(second.audio, first.audio, first.sample_rate).as_dict()
    if as_json:
        say_json(found)
        return
    for name, value in found.items():
        unit, meaning = _MEANINGS[name]
        say(f"{name:12} {value:7.2f} {unit:2}  {meaning}")
