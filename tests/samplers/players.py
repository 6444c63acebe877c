"""Samplers that are not ours, played without a screen: notes in, sound out."""

import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, fromstring, tostring

import mido
import numpy as np
import pytest
import soundfile

from samplers.tones import RATE

GRID = 2048
"""Samples between two moments at which notes may be: all players can keep to them."""

Event = tuple[int, int, int]
"""When in `GRID`, note, velocity."""

HYDROGEN_TICKS = 8
"""In `GRID`."""

DRUMGIZMO_LATENCY = 146
"""Samples that it takes off for its resampler, and two more, so that the note is in its buffer."""

HOLD = 256
"""Samples for which keys are held: a drum rings on."""


def need(program: str, package: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"{program} is not here: apt-get install {package}")
    return found


def run(command: Sequence[str | Path], home: Path) -> str:
    """What a program says; its settings are under `home`."""
    settings = {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "LC_ALL": "C.UTF-8", "JACK_NO_START_SERVER": "1"}
    done = subprocess.run(
        [str(each) for each in command],
        env={**os.environ, **settings},
        capture_output=True,
        timeout=60,
        check=False,
        cwd=home,
    )
    said = (done.stdout + done.stderr).decode(errors="replace")
    assert done.returncode == 0, said
    return said


def midi_file(path: Path, notes: Sequence[tuple[int, int, int]]) -> Path:
    """Notes on channel 10, each held for a moment; when each begins is in samples."""
    messages = [(at, mido.Message("note_on", channel=9, note=note, velocity=hard)) for at, note, hard in notes]
    messages += [(at + HOLD, mido.Message("note_off", channel=9, note=note)) for at, note, _ in notes]
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=500_000)])
    last = 0
    for at, message in sorted(messages, key=lambda each: each[0]):
        track.append(message.copy(time=at - last))
        last = at
    song = mido.MidiFile(ticks_per_beat=RATE // 2)  # a tick is a sample
    song.tracks.append(track)
    song.save(path)
    return path


def only(folder: Path, pattern: str) -> Path:
    (found,) = sorted(folder.glob(pattern))
    return found


def play_sfz(export: Path, events: Sequence[Event], length: int, home: Path) -> np.ndarray:
    sfizz = pytest.importorskip("pysfizz._sfizz", reason="pysfizz is not here: pip install pysfizz")
    block = GRID // 2  # it repeats a sample at the end of each note's first block
    synth = sfizz.Synth(RATE, block)
    synth.enable_freewheeling()
    synth.set_sample_quality(2)  # as when it is played live: the best for rendering changes what it need not
    synth.set_num_voices(256)
    assert synth.load_sfz_file(str(only(export, "*.sfz")))
    ons = [(GRID * at, True, note, hard) for at, note, hard in events]
    offs = [(GRID * at + HOLD, False, note, 0) for at, note, _ in events]
    queue = sorted(ons + offs)
    blocks = []
    for begin in range(0, GRID * length, block):
        while queue and queue[0][0] < begin + block:
            at, on, note, hard = queue.pop(0)
            (synth.note_on if on else synth.note_off)(at - begin, note, hard)
        blocks.append(np.array(synth.render_block()))
    return np.concatenate(blocks, axis=1)


def play_hydrogen(export: Path, events: Sequence[Event], length: int, home: Path) -> np.ndarray:
    h2cli = [need("h2cli", "hydrogen"), "-d", "alsa"]  # which gives up at once where there is no sound card
    assert "is valid" in run([*h2cli, "-c", export], home)
    run([*h2cli, "-i", export], home)
    with tarfile.open(export) as archive:
        folder = Path(archive.getnames()[0]).parts[0]
        text = archive.extractfile(f"{folder}/drumkit.xml").read().decode()
    kit = fromstring(re.sub(r' xmlns="[^"]*"', "", text))
    song = home / "song.h2song"
    song.write_bytes(hydrogen_song(kit, folder, events, length))
    out = home / "hydrogen.wav"
    run([*h2cli, "-s", song, "-k", folder, "-o", out, "-r", str(RATE), "-b", "32"], home)
    return soundfile.read(out, dtype="float32", always_2d=True)[0].T


def hydrogen_song(kit: Element, folder: str, events: Sequence[Event], length: int) -> bytes:
    """A song of one bar after the other, with the instruments of a kit: notes without one are dropped on loading."""
    bar = 192
    root = Element("song")

    def text(parent: Element, **texts: object) -> Element:
        for name, each in texts.items():
            SubElement(parent, name).text = str(each)
        return parent

    text(
        root,
        version="1.2.0",
        bpm=60.0 * RATE * HYDROGEN_TICKS / GRID / 48,
        volume=1,
        metronomeVolume=0,
        name="s",
        author="",
        notes="",
        license="",
    )
    text(root, loopEnabled="false", patternModeMode="true", mode="song", pan_law_type="RATIO_STRAIGHT_POLYGONAL")
    text(root, humanize_time=0, humanize_velocity=0, swing_factor=0)
    text(SubElement(SubElement(root, "componentList"), "drumkitComponent"), id=0, name="Main", volume=1)
    instruments = kit.find("instrumentList")
    notes = [int(each.findtext("midiOutNote")) for each in instruments]
    for each in instruments:
        text(each, drumkit=folder, drumkitLookup=2)
    root.append(instruments)
    patterns, sequence = SubElement(root, "patternList"), Element("patternSequence")
    for number in range(HYDROGEN_TICKS * length // bar + 1):
        pattern = text(
            SubElement(patterns, "pattern"), name=f"p{number}", category="", size=bar, denominator=4, info=""
        )
        note_list = SubElement(pattern, "noteList")
        for at, key, hard in events:
            tick = HYDROGEN_TICKS * at - number * bar
            if 0 <= tick < bar:
                note = SubElement(note_list, "note")
                text(note, position=tick, leadlag=0, velocity=hard / 127, pan=0, pitch=0, probability=1, key="C0")
                text(note, length=-1, instrument=notes.index(key), note_off="false")
        text(SubElement(sequence, "group"), patternID=f"p{number}")
    SubElement(root, "virtualPatternList")
    root.append(sequence)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def play_soundfont(export: Path, events: Sequence[Event], length: int, home: Path) -> np.ndarray:
    fluidsynth = need("fluidsynth", "fluidsynth")
    notes = [(GRID * at, note, hard) for at, note, hard in [*events, (length, 0, 1)]]
    midi, out = midi_file(home / "notes.mid", notes), home / "fluid.wav"
    plain = ["-C", "no", "-R", "no", "-g", "1", "-r", str(RATE)]
    said = run([fluidsynth, "-ni", *plain, "-T", "wav", "-O", "float", "-F", out, export, midi], home)
    assert "error" not in said.lower(), said
    return soundfile.read(out, dtype="float32", always_2d=True)[0].T


def play_drumgizmo(
    export: Path, events: Sequence[Event], length: int, home: Path, options: Sequence[str] = ()
) -> np.ndarray:
    drumgizmo = need("drumgizmo", "drumgizmo")
    link = home / "kit"  # its command line takes no path with spaces
    if not link.exists():
        link.symlink_to(export)
    midi_map = only(link, "*_midimap.xml")
    kit = link / midi_map.name.replace("_midimap", "")
    # It adds the time of the buffer of 1024 samples that holds a note to the note's own: each is half of what is meant.
    notes = [(GRID * at // 2 + DRUMGIZMO_LATENCY, note, hard) for at, note, hard in events]
    midi = midi_file(home / "notes.mid", notes)
    inputs = f"file={midi},midimap={midi_map}"
    outputs = f"file={home / 'gizmo'},srate={RATE}"
    end = str(GRID * length)
    run(
        [drumgizmo, "-i", "midifile", "-I", inputs, "-o", "wavfile", "-O", outputs, "-e", end, *options, kit],
        home,
    )
    sides = [
        soundfile.read(home / f"gizmo{side}-{n}.wav", dtype="float32")[0] for n, side in enumerate(("Left", "Right"))
    ]
    return np.stack(sides)


Play = Callable[[Path, Sequence[Event], int, Path], np.ndarray]
PLAYERS: dict[str, Play] = {
    "sfz": play_sfz,
    "hydrogen": play_hydrogen,
    "sf2": play_soundfont,
    "drumgizmo": play_drumgizmo,
}


def hits(audio: np.ndarray, events: Sequence[Event], frames: int) -> list[np.ndarray]:
    """The sound of each event from its first sample on, so many frames of it, (2, frames) each."""
    found = []
    for at, *_ in events:
        sound = audio[:, GRID * at : GRID * at + GRID + frames]
        loud = np.flatnonzero(np.abs(sound).max(axis=0) > 1e-5)
        begin = loud[0] if loud.size else 0
        sound = sound[:, begin : begin + frames]
        found.append(np.pad(sound, ((0, 0), (0, frames - sound.shape[1]))))
    return found
