"""One page of a match: hear target and match by key, see the plots, read the patch.

The page is one HTML file. Its pictures and sounds are inside it, and its Content-Security-Policy lets it
load nothing and run no script but its own, whatever a file name may contain.
"""

from collections.abc import Sequence
from pathlib import Path
from string import Template

from backbeat.files import encodable, replacing
from backbeat.losses.distances import Distances
from backbeat.matching.result import MatchResult
from backbeat.matching.wording import differences, in_words
from backbeat.patch import Patch
from backbeat.report import figure
from backbeat.report.markup import base64_text, escaped, part, policy
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
    script, style = part("page.js"), part("base.css") + part("page.css")
    patch_json = result.patch.to_json()
    playback = level_matched(result.target[..., result.lead_in :], result.audio[..., result.lead_in :])
    plots = (painting or figure.paint(result)).plots
    height, width = plots.shape[:2]
    return Template(part("page.html")).substitute(
        policy=policy(script, style, sources="data:"),
        style=style,
        script=script,
        name=escaped(result.name),
        plugin=escaped(result.patch.plugin),
        effort=escaped(figure.effort_text(result)),
        notes=_notes_html(result.remarks),
        distances=_distances_html(result.distances, result.voice_distances),
        description=_description_html(result),
        levels=escaped(playback.explanation),
        target_gain=f"{playback.target_gain:.6g}",
        match_gain=f"{playback.match_gain:.6g}",
        target_wav=base64_text(wav_bytes(result.target * playback.headroom, result.sample_rate)),
        match_wav=base64_text(wav_bytes(result.audio * playback.headroom, result.sample_rate)),
        plots=base64_text(figure.png(plots)),
        plots_width=width,
        plots_height=height,
        patch_file=escaped(f"{result.name}.json"),
        patch_base64=base64_text(encodable(patch_json).encode()),
        patch_json=escaped(patch_json),
        seed=result.patch.seed,
        knobs=_rows_html(result.patch.knobs()),
        rows=_rows_html(result.patch.rows()),
        detail=_detail_html(result.patch),
    )


def _notes_html(notes: Sequence[str]) -> str:
    if not notes:
        return ""
    items = "\n".join(f"<li>{escaped(note)}</li>" for note in notes)
    return f'<ul class="note" aria-label="Notes">\n{items}\n</ul>'


def _distances_html(distances: Distances, voice: Distances) -> str:
    return "\n".join(
        f'<div><dt>{escaped(name)}</dt><dd class="value">{escaped(value)}</dd>{_alone_html(value, alone)}'
        f'<dd class="meaning soft">{escaped(meaning)}</dd></div>'
        for (name, meaning), value, alone in zip(
            DISTANCES_EXPLAINED, _distance_texts(distances), _distance_texts(voice), strict=True
        )
    )


def _distance_texts(distances: Distances) -> tuple[str, ...]:
    return (
        f"{distances.mel_db:.1f} dB",
        f"{distances.lsd_db:.1f} dB",
        f"{distances.mrstft:.2f}",
        f"{distances.envelope_db:.1f} dB",
    )


def _alone_html(value: str, alone: str) -> str:
    """How near the voice is without the detail, where that is another figure."""
    return "" if alone == value else f'<dd class="soft">{escaped(alone)} without the detail</dd>'


def _description_html(result: MatchResult) -> str:
    target, match = result.descriptions
    other, said = differences(target, match), (in_words(target), in_words(match))
    return "\n".join(
        f'<tr><th scope="row">{escaped(aspect)}</th><td data-of="Target">{escaped(said[0][aspect])}</td>'
        f'<td data-of="Match">{escaped(said[1][aspect])}</td>'
        f'<td data-of="Difference">{escaped(other.get(aspect, "none that one hears"))}</td></tr>'
        for aspect in said[0]
    )


def _rows_html(rows: Sequence[tuple[str, str, str]]) -> str:
    return "\n".join(
        f'<tr><th scope="row">{escaped(name)}</th><td class="number">{escaped(value)}</td>'
        f"<td>{escaped(meaning)}</td></tr>"
        for name, value, meaning in rows
    )


def _detail_html(patch: Patch) -> str:
    """The detail layer, folded away."""
    if not patch.detail_text:
        return ""
    template = Template(part("detail.html"))
    return template.substitute(what=escaped(patch.detail_text), rows=_rows_html(patch.detail_rows()))
