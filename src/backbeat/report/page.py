"""One page of a match: hear target and match by key, see the plots, read the patch.

The page is one HTML file. Its pictures and sounds are inside it, and its Content-Security-Policy lets it
load nothing and run no script but its own, whatever a file name may contain.
"""

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from backbeat.files import replacing
from backbeat.losses.distances import Distances
from backbeat.matching.result import MatchResult
from backbeat.patch import Patch
from backbeat.report import figure
from backbeat.report.playback import level_matched, wav_bytes

DISTANCES_EXPLAINED = (
    ("Mel", "Spectrum over time, in the ear's bands. Two takes of one drum: 3 to 4 dB."),
    ("LSD", "Log-spectral distance, every frequency alike."),
    ("MR-STFT", "Spectra at five resolutions. Two takes of one drum: 0.4 (kick) to 1.3 (hat)."),
    ("Envelope", "Level from one 5 ms block to the next. Two takes of one drum: about 2 dB."),
)
"""What each of the four distances says, in the order of `Distances`."""


def write_page(result: MatchResult, path: Path, painting: figure.Painting | None = None) -> None:
    """Write the page of a match as one HTML file; a failed write leaves nothing behind.

    Args:
        result: the match.
        path: the file.
        painting: of the result, where it is painted already.

    Raises:
        OSError: `path` cannot be written.
    """
    page = render_page(result, painting)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def render_page(result: MatchResult, painting: figure.Painting | None = None) -> str:
    """Fill the page's template; the same result gives the same text."""
    script, style = _part("page.js"), _part("page.css")
    patch_json = result.patch.to_json()
    playback = level_matched(result.target, result.audio)
    plots = (painting or figure.paint(result)).plots
    height, width = plots.shape[:2]
    return Template(_part("page.html")).substitute(
        policy=_policy(script, style),
        style=style,
        script=script,
        name=_text(result.name),
        plugin=_text(result.patch.plugin),
        effort=_text(figure.effort_text(result)),
        notes=_notes_html(result.remarks),
        distances=_distances_html(result.distances),
        levels=_text(playback.explanation),
        target_gain=f"{playback.target_gain:.6g}",
        match_gain=f"{playback.match_gain:.6g}",
        target_wav=_base64(wav_bytes(result.target * playback.headroom, result.sample_rate)),
        match_wav=_base64(wav_bytes(result.audio * playback.headroom, result.sample_rate)),
        plots=_base64(figure.png(plots)),
        plots_width=width,
        plots_height=height,
        patch_file=_text(f"{result.name}.json"),
        patch_base64=_base64(_encodable(patch_json).encode()),
        patch_json=_text(patch_json),
        seed=result.patch.seed,
        rows=_rows_html(result.patch),
    )


def _policy(script: str, style: str) -> str:
    return (
        f"default-src 'none'; script-src {_hash_source(script)}; style-src {_hash_source(style)}; "
        "img-src data:; media-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash_source(inline: str) -> str:
    return f"'sha256-{_base64(hashlib.sha256(inline.encode()).digest())}'"


def _notes_html(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "\n".join(f"<li>{_text(note)}</li>" for note in notes)
    return f'<ul class="note" aria-label="Notes">\n{items}\n</ul>'


def _distances_html(distances: Distances) -> str:
    values = (
        f"{distances.mel_db:.1f} dB",
        f"{distances.lsd_db:.1f} dB",
        f"{distances.mrstft:.2f}",
        f"{distances.envelope_db:.1f} dB",
    )
    return "\n".join(
        f'<div><dt>{_text(name)}</dt><dd class="value">{_text(value)}</dd>'
        f'<dd class="meaning soft">{_text(meaning)}</dd></div>'
        for (name, meaning), value in zip(DISTANCES_EXPLAINED, values, strict=True)
    )


def _rows_html(patch: Patch) -> str:
    return "\n".join(
        f'<tr><th scope="row">{_text(name)}</th><td class="number">{_text(value)}</td><td>{_text(meaning)}</td></tr>'
        for name, value, meaning in patch.rows()
    )


def _part(name: str) -> str:
    return resources.files("backbeat.report").joinpath(name).read_text(encoding="utf-8")


def _text(text: str) -> str:
    return escape(_encodable(text), quote=True)


def _encodable(text: str) -> str:
    # A file name that is not UTF-8 reaches Python with lone surrogates, which no UTF-8 file can hold.
    return text.encode("utf-8", "replace").decode("utf-8")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
