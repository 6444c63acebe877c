"""Patterns of steps as text.

References:
    docs/patterns.md says what the signs mean.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from backbeat.errors import SongError
from backbeat.songs.notes import MAIN_NAMES, note_of, plain
from backbeat.songs.settings import Settings, humanize, meter, number, swing, whole
from backbeat.songs.song import LAST_NOTE
from backbeat.songs.steps import Step, read_bars

MOST_BYTES = 1024 * 1024
_MOST_BARS = 256
_MOST_LINES = 256
_MOST_PATTERNS = 256
_MOST_CHARACTERS = 100
"""Of a name, or whatever else is a word."""
_MOST_SECTIONS = 100_000
_SHOWN_NAMES = 24
_LINE = re.compile(r'(?P<kept>(?:"[^"]*"|[^"#])*)(?P<rest>.?)')
_WORD = re.compile(r'"[^"]*"|[^\s"]+')
_COLON = re.compile(r'("[^"]*"|[^\s":]+) *:(.*)')
"""A name and what stands behind it, where a colon is between them."""
_SETTINGS = ("tempo", "meter", "steps", "swing", "humanize")
_WORDS = ("name", "seed", "order", "pattern", *_SETTINGS)
_MEANT = {
    "bpm": "tempo 120",
    "time": "meter 4/4",
    "signature": "meter 4/4",
    "timesignature": "meter 4/4",
    "title": "name My song",
}
"""What other programs call settings."""


@dataclass(frozen=True)
class Line:
    """A voice's steps.

    Attributes:
        voice: as it is written.
        note: MIDI note.
        steps: of whole bars; a line shorter than its pattern is repeated.
    """

    voice: str
    note: int
    steps: tuple[Step | None, ...]


@dataclass
class Pattern:
    """Some bars of steps.

    Attributes:
        name: by which `order` calls it.
        settings: of it.
        lines: one for each voice.
    """

    name: str
    settings: Settings
    lines: list[Line] = field(default_factory=list)

    @property
    def bars(self) -> int:
        """How many it has: as many as its longest line."""
        return max((len(line.steps) for line in self.lines), default=0) // self.settings.bar_steps


@dataclass
class PatternFile:
    """All that a file of patterns says.

    Attributes:
        name: of the song.
        seed: of its chances.
        patterns: in the order in which they stand in the file.
        order: how they follow each other.
    """

    name: str = ""
    seed: int = 0
    patterns: list[Pattern] = field(default_factory=list)
    order: list[Pattern] = field(default_factory=list)


class _Reader:
    """Takes line after line."""

    def __init__(self, notes: Mapping[str, int] | None) -> None:
        self.file = PatternFile()
        self.settings = Settings()
        self.current: Pattern | None = None
        self.order: list[tuple[int, str, int]] = []
        self._pads = notes
        self._plain_pads = {plain(name): note for name, note in (notes or {}).items()}

    def take(self, line: str, place: int) -> None:
        """Take in one line.

        Raises:
            SongError: without file and line number.
        """
        found = _LINE.match(line)
        assert found is not None
        if found["rest"] == '"':
            raise SongError('found a quotation mark that is not closed; must be a name in two, such as "closed hat"')
        text = found["kept"].replace("\t", " ").strip()
        odd = next((each for each in text if not each.isprintable() and unicodedata.category(each) != "Zs"), None)
        if odd is not None:
            raise SongError(f"found the control character U+{ord(odd):04X}; must be text")
        first = _WORD.match(text)
        if first is None:
            return
        voice, rest = first[0], text[first.end() :].strip()
        parted = _COLON.match(text)
        if parted is not None and plain(voice.strip('"')) not in self._plain_pads:
            voice, rest = parted[1], parted[2].strip()
        word = voice.casefold()
        words = [each.strip('"') for each in _WORD.findall(rest)] if word in _WORDS else []
        long = max((voice, *words), key=len)
        if len(long) > _MOST_CHARACTERS:
            raise SongError(f"found {long[:20]!r}… of {len(long)} characters; must be at most {_MOST_CHARACTERS}")
        if word not in _WORDS:
            self._voice(voice.strip('"'), rest)
            return
        if not words:
            raise SongError(f"found {word} alone; must be followed by what it is to be")
        if word == "name":
            self.file.name = " ".join(words)[:_MOST_CHARACTERS]
        elif word == "seed":
            self.file.seed = whole(_only(word, words), 0, 2**31 - 1)
        elif word == "order":
            self.order.extend((place, *_times(each)) for each in words)
        elif word == "pattern":
            self._begin(_only(word, words))
        else:
            self._set(word, words)

    def _begin(self, name: str) -> None:
        if self.current is not None and not self.current.name:
            raise SongError(f"found pattern {name} after lines of steps; must stand above the first")
        if len(self.file.patterns) == _MOST_PATTERNS:
            raise SongError(f"found more than {_MOST_PATTERNS} patterns; must be at most as many")
        if any(each.name == name for each in self.file.patterns):
            raise SongError(f"found pattern {name} a second time; must be a name of its own")
        self.current = Pattern(name, self.settings)
        self.file.patterns.append(self.current)

    def _set(self, what: str, words: list[str]) -> None:
        current = self.current
        if current is not None and current.lines:
            raise SongError(f"found {what} after lines of steps; must stand before them")
        settings = self.settings if current is None else current.settings
        try:
            settings = self._changed(settings, what, words)
        except SongError as error:
            raise SongError(f"{what}: {error}") from None
        if current is None:
            self.settings = settings
        else:
            current.settings = settings

    def _changed(self, settings: Settings, what: str, words: list[str]) -> Settings:
        most = {"swing": 2, "humanize": 3}.get(what, 1)
        if len(words) > most:
            raise SongError(f"found {' '.join(words)!r}; must be at most {most} word{'s' if most > 1 else ''}")
        if what == "tempo":
            return replace(settings, bpm=number(words[0], 20, 400))
        if what == "meter":
            count, unit = meter(words[0])
            return replace(settings, count=count, unit=unit)
        if what == "steps":
            return replace(settings, steps=whole(words[0], 1, 24))
        if what == "swing":
            share, grid = swing(words)
            return replace(settings, swing=share, grid=grid)
        if len(words) == 3 or not words[0][:1].isdigit():
            note = self.note(words[0])
            if len(words) == 1:
                raise SongError(f"found {words[0]!r} alone; must be followed by such as 6ms 10")
            return replace(settings, humanize_voice={**settings.humanize_voice, note: humanize(words[1:])})
        return replace(settings, humanize=humanize(words), humanize_voice={})

    def _voice(self, voice: str, steps: str) -> None:
        note = self.note(voice)
        if self.current is None:
            self._begin("")
        current = self.current
        assert current is not None
        if any(line.voice == voice for line in current.lines):
            raise SongError(f"found {voice} a second time in a pattern; must be one line, with | between its bars")
        if len(current.lines) == _MOST_LINES:
            raise SongError(f"found more than {_MOST_LINES} lines in a pattern; must be at most as many")
        bars = read_bars(steps)
        wanted = current.settings.bar_steps
        if len(bars) == 1 and len(bars[0]) > wanted and len(bars[0]) % wanted == 0:
            bars = [bars[0][at : at + wanted] for at in range(0, len(bars[0]), wanted)]
        for count, bar in enumerate(bars, 1):
            if len(bar) != wanted:
                where = f"bar {count} of {voice}" if len(bars) > 1 else voice
                hint = " (r3x is one, and so is all in parentheses)" if "r" in steps or "(" in steps else ""
                raise SongError(f"{where}: found {len(bar)} steps{hint}; must be {wanted} in each bar")
        if len(bars) > _MOST_BARS:
            raise SongError(f"{voice}: found {len(bars)} bars; must be at most {_MOST_BARS}")
        current.lines.append(Line(voice, note, tuple(step for bar in bars for step in bar)))
        longest = current.bars
        for line in current.lines:
            if longest % (count := len(line.steps) // wanted):
                raise SongError(
                    f"{line.voice}: found {count} bars where a line has {longest}; must be as many, or go into them "
                    "a whole number of times"
                )

    def note(self, voice: str) -> int:
        """The note that a voice plays: a number, that of a pad, or else of a General MIDI drum."""
        if re.fullmatch("[0-9]{1,3}", voice) and int(voice) <= LAST_NOTE:
            return int(voice)
        name, pads = plain(voice), self._pads or {}
        found = pads.get(voice, self._plain_pads.get(name, note_of(voice)))
        if found is not None:
            return found
        names = tuple(pads) or MAIN_NAMES
        near = difflib.get_close_matches(name, (*map(plain, names), *_WORDS), 1, 0.7)
        meant = f"`{_MEANT[name]}`" if name in _MEANT else near[0] if near else ""
        hint = f" (did you mean {meant}?)" if meant else ""
        listed = ", ".join(names[:_SHOWN_NAMES]) + (", …" if len(names) > _SHOWN_NAMES else "")
        raise SongError(
            f"found {voice!r}{hint}; must be a {'pad or ' if pads else ''}drum ({listed}), a note from 0 to "
            f"{LAST_NOTE}, or {', '.join(_WORDS)}"
        )

    def finish(self) -> None:
        """Put the patterns in order."""
        patterns = {each.name: each for each in self.file.patterns}
        for place, name, times in self.order:
            if name not in patterns:
                known = ", ".join(name for name in patterns if name) or "none has a name: write `pattern A` above one"
                raise SongError(f"line {place}: order: found {name!r}; must be a pattern of the file: {known}")
            if len(self.file.order) + times > _MOST_SECTIONS:
                raise SongError(
                    f"line {place}: order: found more than {_MOST_SECTIONS} patterns; must be at most as many"
                )
            self.file.order += [patterns[name]] * times
        self.file.order = self.file.order or self.file.patterns
        empty = next((each.name for each in self.file.patterns if not each.lines), None)
        if empty is not None:
            raise SongError(f"pattern {empty}: found no lines; must have at least one, such as `kick x...x...x...x...`")
        if not self.file.patterns:
            raise SongError("found no lines of steps; must have at least one, such as `kick x...x...x...x...`")


def read_pattern_file(text: str, notes: Mapping[str, int] | None = None) -> PatternFile:
    """What a text of patterns says.

    Args:
        text: of the file.
        notes: MIDI note of each pad, by name; other names are those of General MIDI's drums.

    Raises:
        SongError: at the first line that says nothing known, with its number, without the file's name.
    """
    reader = _Reader(notes)
    for place, line in enumerate(re.split("\r\n|\r|\n", text), 1):
        try:
            reader.take(line, place)
        except SongError as error:
            raise SongError(f"line {place}: {error}") from None
    reader.finish()
    return reader.file


def _only(what: str, words: list[str]) -> str:
    if len(words) != 1 or not words[0]:
        raise SongError(f"{what}: found {' '.join(words)!r}; must be one word, or a name in quotation marks")
    return words[0]


def _times(word: str) -> tuple[str, int]:
    """The name and the number of `A*3`."""
    name, star, times = word.rpartition("*")
    return (name, whole(times, 1, _MOST_SECTIONS)) if star else (word, 1)
