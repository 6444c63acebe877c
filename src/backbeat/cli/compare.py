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
    "auditory": ("", "images of loudness over time and Bark bands, onsets aligned: what listeners go by"),
    "mss": ("", "multi-scale spectra as drumblender publishes them: 48 kHz, 2 s"),
    "lsd_drumblender": ("", "log spectra as drumblender publishes them"),
}


def compare(
    target: Annotated[Path, typer.Argument(metavar="A.wav", help="The sound to be compared with.")],
    estimate: Annotated[Path, typer.Argument(metavar="B.wav", help="The sound that should be like it.")],
    as_json: AsJson = False,
) -> None:
    """Measure how far B is from A: no gain match, no alignment but for `auditory`, B cut or padded to A's length."""
    from backbeat import audio
    from backbeat.losses import auditory_distance, distances, drumblender_distances
    from backbeat.losses.published import DRUMBLENDER_RATE_HZ

    first = audio.read(target)
    second = audio.read(estimate, sample_rate=first.sample_rate)
    for path, recording in ((target, first), (estimate, second)):
        for note in recording.notes:
            say_note(f"{path}: {note}")
    found = distances(second.audio, first.audio, first.sample_rate).as_dict()
    found["auditory"] = float(auditory_distance(second.audio, first.audio, first.sample_rate))
    published = (audio.read(path, sample_rate=DRUMBLENDER_RATE_HZ).audio for path in (estimate, target))
    found["mss"], found["lsd_drumblender"] = drumblender_distances(*published)
    if as_json:
        say_json(found)
        return
    for name, value in found.items():
        unit, meaning = _MEANINGS[name]
        say(f"{name:15} {value:7.2f} {unit:2}  {meaning}")
