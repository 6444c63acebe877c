"""A kit as one page: its pads, to look at and to play.

The page is one HTML file. Its pictures and sounds are inside it, and its Content-Security-Policy lets it load nothing
and run no script but its own, whatever a kit's names may contain.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from string import Template

import numpy as np
from numpy.typing import NDArray

from backbeat.errors import KitError
from backbeat.files import replacing
from backbeat.kits.document import Kit, Pad
from backbeat.kits.hits import Hit, Hits, ended, layer_of
from backbeat.kits.mixing import channel_gains

SAMPLE_RATE = 44100
VELOCITIES = {"soft": 40, "medium": 84, "hard": 127}
"""Of MIDI, from 1 to 127: how hard pads can be struck."""
TAKES = 2
"""So many hits of a round robin are in the page, at most."""
KEYS = tuple(
    (code, code.removeprefix("Digit").removeprefix("Key"))
    for code in (*(f"Digit{number}" for number in range(1, 5)), *(f"Key{letter}" for letter in "QWERASDFZXCV"))
)
"""`KeyboardEvent.code` of the keys that play the first pads, and what is written on them."""

_HEADROOM_DB = -6.0
"""So that some pads may sound at once."""
_FULL_SCALE = 1.0 - 2.0**-15
_FADED_DB = -66.0
_FADE_S = 0.01
_NBSP = "\N{NO-BREAK SPACE}"


def write_page(kit: Kit, path: Path, *, threads: int = 1) -> None:
    """Write the page of a kit as one HTML file, whole or not at all.

    Args:
        kit: the kit.
        path: the file.
        threads: at most so many render the hits.

    Raises:
        KitError: naming the file, where it cannot be written.
    """
    page = render_page(kit, threads=threads)
    try:
        with replacing(path) as temporary:
            temporary.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise KitError(f"{path}: cannot be written ({error.strerror})") from error


def render_page(kit: Kit, *, threads: int = 1) -> str:
    """Fill the page's template; the same kit gives the same text.

    A pad sounds as `Hits` and the mixer make it, 6 dB down so that some may sound at once. Its sounds are 16-bit FLAC,
    and fade out where they are 66 dB below the peak of its hardest hit.

    Args:
        kit: the kit.
        threads: at most so many render the hits.
    """
    from backbeat.report.markup import escaped, part, policy

    hits = Hits(kit, SAMPLE_RATE)
    struck = [_struck(kit, pad) for pad in kit.pads]
    hits.prepare((hit for each in struck for takes in each for hit in takes), threads)
    loudest = max(1.0, *(max(_gains(pad)) * _peak(hits, each) for pad, each in zip(kit.pads, struck, strict=True)))
    gain = 10.0 ** (_HEADROOM_DB / 20.0) / loudest
    sounds: dict[str, int] = {}
    pads = [
        _pad_html(pad, key, hits, each, sounds, gain)
        for pad, key, each in zip_longest(kit.pads, KEYS[: len(kit.pads)], struck)
    ]
    script, style = part("page.js", __package__), part("base.css") + part("page.css", __package__)
    return Template(part("page.html", __package__)).substitute(
        policy=policy(script, style, sources="data:"),
        style=style,
        script=script,
        name=escaped(kit.name),
        summary=escaped(_summary(kit)),
        sample_rate=SAMPLE_RATE,
        pads="\n".join(pads),
        sounds=json.dumps(list(sounds)),
    )


def _summary(kit: Kit) -> str:
    pads = f"{len(kit.pads)} {'pad' if len(kit.pads) == 1 else 'pads'}"
    said = ", ".join(text for text in (kit.author and f"by {kit.author}", kit.licence, pads) if text)
    size = f"{kit.layers} steps of velocity, with {kit.round_robins} hits of each in turn"
    return f"{said}. It has {size}; this page plays {len(VELOCITIES)} with {TAKES} at most."


def _struck(kit: Kit, pad: Pad) -> list[list[Hit]]:
    """The hits of a pad that are in the page, by velocity and turn."""
    layers, takes = kit.layers_of(pad), min(TAKES, kit.round_robins_of(pad))
    return [
        [Hit(pad.name, pad.note, layer_of(velocity, layers), take) for take in range(takes)]
        for velocity in VELOCITIES.values()
    ]


def _gains(pad: Pad) -> tuple[float, float]:
    return channel_gains(10.0 ** (pad.level_db / 20.0), pad.pan)


def _peak(hits: Hits, struck: Sequence[Sequence[Hit]]) -> float:
    return max(float(np.abs(hits[hit]).max(initial=0.0)) for takes in struck for hit in takes)


def _pad_html(
    pad: Pad,
    key: tuple[str, str] | None,
    hits: Hits,
    struck: Sequence[Sequence[Hit]],
    sounds: dict[str, int],
    gain: float,
) -> str:
    """A pad's button; its sounds are added to those of the page, numbers by base64 text."""
    from backbeat.report.markup import base64_text, escaped
    from backbeat.report.thumbnail import HEIGHT, WIDTH, sound_thumbnail

    peak = _peak(hits, struck)
    turned_down = min(1.0, _FULL_SCALE / max(peak, 1e-9))
    audio = [[_faded(hits[hit], peak) for hit in takes] for takes in struck]
    encoded = [[base64_text(_encoded(each * turned_down)) for each in takes] for takes in audio]
    numbers = [[sounds.setdefault(text, len(sounds)) for text in takes] for takes in encoded]
    gains = [float(f"{each * gain / turned_down:.6g}") for each in _gains(pad)]
    picture = base64_text(sound_thumbnail(audio[-1][0].mean(axis=0), SAMPLE_RATE))
    code, label = key or ("", "")
    shortcut = f' aria-keyshortcuts="{label}"' if key else ""
    shown_key = f'<kbd aria-hidden="true">{label}</kbd>' if key else ""
    facts = {
        "name": pad.name,
        "note": _notes_text(pad),
        "patch": f"{pad.patch.plugin} {pad.patch.name}".strip(),
        "turns": _turns_text(pad),
        "mix": _mix_text(pad, hits[struck[-1][0]].shape[1] / SAMPLE_RATE),
    }
    name, *others = (f'<span class="{kind}">{escaped(text)}</span>' for kind, text in facts.items() if text)
    return (
        f'<button type="button" class="pad" data-name="{escaped(pad.name)}" data-code="{code}" '
        f'data-group="{pad.choke_group}" data-gains="{json.dumps(gains)}" data-hits="{json.dumps(numbers)}"'
        f"{shortcut} disabled>{name}{shown_key}"
        f'<img src="data:image/png;base64,{picture}" width="{WIDTH}" height="{HEIGHT}" alt="" draggable="false">'
        f"{''.join(others)}</button>"
    )


def _notes_text(pad: Pad) -> str:
    return f"note {pad.note}" if pad.notes is None else f"note {pad.note}, of {pad.notes[0]} to {pad.notes[1]}"


def _turns_text(pad: Pad) -> str:
    macros = pad.patch.instrument.macros
    return ", ".join(f"{name} {macros[name].amount_text(amount, _NBSP)}" for name, amount in pad.turns.items())


def _mix_text(pad: Pad, length_s: float) -> str:
    pan = f"{'left' if pad.pan < 0.0 else 'right'}{_NBSP}{abs(pad.pan):.0%}" if pad.pan else "middle"
    width = f"width{_NBSP}{pad.width:.0%}" if pad.width else ""
    choke = f"choke{_NBSP}{pad.choke_group}" if pad.choke_group else ""
    return ", ".join(filter(None, (f"{pad.level_db:+.1f}{_NBSP}dB", pan, width, choke, f"{length_s:.2f}{_NBSP}s")))


def _faded(sound: NDArray[np.float32], peak: float) -> NDArray[np.float32]:
    return ended(sound, peak * 10.0 ** (_FADED_DB / 20.0), round(_FADE_S * SAMPLE_RATE))


def _encoded(sound: NDArray[np.float32]) -> bytes:
    import torch

    from backbeat.audio import to_flac

    return to_flac(torch.from_numpy(sound), SAMPLE_RATE)
