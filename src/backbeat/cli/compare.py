"""`backbeat compare`: how far one sound is from another."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbeat.cli.output import AsJson, say, say_json, say_note
from backbeat.families import FLOORS, Family, family_of

if TYPE_CHECKING:
    from backbeat.audio import Recording
    from backbeat.types import Audio

_MEANINGS = {
    "mel_db": ("dB", "mel bands, at three resolutions"),
    "lsd_db": ("dB", "log spectra"),
    "mrstft": ("", "spectral convergence and log magnitude, at five resolutions"),
    "envelope_db": ("dB", "level in 5 ms blocks"),
    "pitch_cents": ("ct", "pitch over time, where the target has one; 1200 at most"),
    "auditory": ("", "images of loudness over time and Bark bands, onsets aligned: what listeners go by"),
    "mss": ("", "multi-scale spectra as drumblender publishes them: 48 kHz, 2 s"),
    "lsd_drumblender": ("", "log spectra as drumblender publishes them"),
}


def compare(
    target: Annotated[Path, typer.Argument(metavar="A.wav", help="The sound to be compared with.")],
    estimate: Annotated[Path, typer.Argument(metavar="B.wav", help="The sound that should be like it.")],
    family: Annotated[
        Family | None,
        typer.Option(help="What kind of drum A is, to compare with two takes of one; by default what its name tells."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how far B is from A: no gain match, no alignment but for `auditory`, B cut or padded to A's length.

    Beside a distance stands how far two takes of one drum of that kind are apart: below that, B is nearer to A than
    the drummer's next hit. Noise before A's hit is passed over in both, and a note says so.
    """
    from backbeat import audio
    from backbeat.losses import auditory_distance, distances, drumblender_distances, pitch_error_cents
    from backbeat.losses.published import DRUMBLENDER_RATE_HZ
    from backbeat.matching.excerpt import lead_in

    first = audio.read(target)
    second = audio.read(estimate, sample_rate=first.sample_rate)
    before = lead_in(first.audio, first.sample_rate)
    for path, notes in ((target, (*first.notes, *before.notes)), (estimate, second.notes)):
        for note in notes:
            say_note(f"{path}: {note}")
    noise_s = before.noise / first.sample_rate
    sounds = (_after(noise_s, second), _after(noise_s, first), first.sample_rate)
    found: dict[str, float | None] = dict(distances(*sounds).as_dict())
    found["pitch_cents"] = pitch_error_cents(*sounds)
    found["auditory"] = float(auditory_distance(*sounds))
    published = (_after(noise_s, audio.read(path, sample_rate=DRUMBLENDER_RATE_HZ)) for path in (estimate, target))
    found["mss"], found["lsd_drumblender"] = drumblender_distances(*published)
    kind = family or family_of(target.stem)
    floor = asdict(FLOORS[kind]) if kind else {}
    if as_json:
        say_json({**found, "family": kind, "floor": floor})
        return
    takes = f"two takes of a {kind}" if kind else ""
    for name, value in found.items():
        unit, meaning = _MEANINGS[name]
        shown = "      -" if value is None else f"{value:7.2f}"
        beside = f" ({takes}: {floor[name]:.2f})" if name in floor else ""
        say(f"{name:15} {shown} {unit:2}  {meaning}{beside}")


def _after(seconds: float, recording: "Recording") -> "Audio":
    """What a recording holds from so many seconds on; a moment of silence, where that is nothing."""
    start = round(seconds * recording.sample_rate)
    rest = recording.audio[..., start:]
    return rest if rest.shape[-1] else recording.audio.new_zeros(1, 1, 1)
