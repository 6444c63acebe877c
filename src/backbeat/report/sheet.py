"""A contact sheet: a page with all matches of a library, to look through, listen to and sort.

Pictures and sounds are files beside the page, which it loads when they come into view or are played.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from urllib.parse import quote

from backbeat.files import replacing
from backbeat.losses.distances import Distances
from backbeat.report.markup import escaped, part, policy
from backbeat.report.thumbnail import HEIGHT, WIDTH


@dataclass(frozen=True)
class Card:
    """A match on the sheet.

    Attributes:
        name: of the sample.
        label: the folder it lies in.
        plugin: that came nearest.
        distances: from the sample to its match.
        remarks: what the user should know, a sentence each.
        picture: the thumbnail's file.
        sample: the sample's file.
        match: the file of the match's sound.
    """

    name: str
    label: str
    plugin: str
    distances: Distances
    remarks: Sequence[str]
    picture: Path
    sample: Path
    match: Path


def write_sheet(path: Path, name: str, cards: Sequence[Card], failures: Sequence[tuple[str, str]]) -> None:
    """Write a contact sheet; a failed write leaves nothing behind.

    Args:
        path: the HTML file.
        name: its title.
        cards: in the order to show them.
        failures: name of each sample without a match, and why.

    Raises:
        OSError: `path` cannot be written.
    """
    script, style = part("sheet.js"), part("base.css") + part("sheet.css")
    labels = sorted({each.label for each in cards if each.label})
    matched = f"{len(cards)} {'sample' if len(cards) == 1 else 'samples'} matched"
    page = Template(part("sheet.html")).substitute(
        policy=policy(script, style, sources="'self' file: data:"),
        style=style,
        script=script,
        name=escaped(name),
        summary=f"{matched}, {len(failures)} not." if failures else f"{matched}.",
        labels=_options(labels),
        plugins=_options(sorted({each.plugin for each in cards})),
        cards="\n".join(_card_html(each, path.parent) for each in cards),
        failures=_failures_html(failures),
    )
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")


def _options(values: Sequence[str]) -> str:
    return "".join(f'<option value="{escaped(each)}">{escaped(each)}</option>' for each in values)


def _card_html(card: Card, folder: Path) -> str:
    sample, match, picture = (_url(each, folder) for each in (card.sample, card.match, card.picture))
    name, found = escaped(card.name), card.distances
    remarks = "".join(f'<p class="soft">{escaped(each)}</p>' for each in card.remarks)
    return (
        f'<article data-name="{name}" data-label="{escaped(card.label)}" data-plugin="{escaped(card.plugin)}" '
        f'data-mel="{found.mel_db:.4f}">'
        f'<div class="stamps"><img src="{picture}" width="{WIDTH}" height="{HEIGHT}" loading="lazy" '
        f'alt="Spectrograms of {name} and its match">'
        f'<button type="button" data-side="sample" data-sound="{sample}" aria-label="Play {name}"></button>'
        f'<button type="button" data-side="match" data-sound="{match}" aria-label="Play the match of {name}"></button>'
        f'</div><h2>{name}</h2><p>{escaped(card.plugin)} · mel <span class="value">{found.mel_db:.1f} dB</span> · '
        f"envelope {found.envelope_db:.1f} dB</p>{remarks}</article>"
    )


def _failures_html(failures: Sequence[tuple[str, str]]) -> str:
    if not failures:
        return ""
    rows = "\n".join(
        f'<tr><th scope="row">{escaped(name)}</th><td>{escaped(reason)}</td></tr>' for name, reason in failures
    )
    return f"<section>\n<h2>Not matched</h2>\n<table>\n<tbody>\n{rows}\n</tbody>\n</table>\n</section>"


def _url(file: Path, folder: Path) -> str:
    """A file as seen from the page's folder, whatever its name is made of."""
    return quote(os.fsencode(os.path.relpath(file.resolve(), folder.resolve()).replace(os.sep, "/")))
