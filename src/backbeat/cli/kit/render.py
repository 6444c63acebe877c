"""`backbeat kit render`: a song played by a kit."""

from pathlib import Path
from typing import Annotated

import typer

from backbeat.cli.kit.arguments import KitArgument, SampleRate, read_kit, threads
from backbeat.cli.output import AsJson, check_folder, counted, keep_samples, say, say_json, say_note
from backbeat.cli.render import BitDepth
from backbeat.errors import SongError
from backbeat.files import distinct


def render(
    source: KitArgument,
    song: Annotated[Path, typer.Argument(help="A MIDI file, or a pattern of steps.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The WAV file to write.")],
    stems: Annotated[
        bool, typer.Option("--stems", help="Also write each output that sounds, beside the mix: mix-kick.wav, …")
    ] = False,
    loop: Annotated[
        bool, typer.Option("--loop", help="Exactly the song's bars; what rings on at the end is heard at the start.")
    ] = False,
    sample_rate: SampleRate = 44100,
    bit_depth: Annotated[BitDepth, typer.Option(help="Bits per sample; 32f is floating point.")] = BitDepth.TWENTY_FOUR,
    channel: Annotated[
        int | None, typer.Option(min=0, max=16, help="Of a MIDI file; 0 is all. By default 10, if that has notes.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Of a pattern's chances and humanized hits.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Play a song with a kit, to a WAV file.

    The mix is the sum of the outputs, which are the pads where none says otherwise. Notes that no pad has are told.
    """
    check_folder(out)
    from backbeat.kits.hits import Hits
    from backbeat.kits.playing import Performance
    from backbeat.kits.writing import write_performance
    from backbeat.samplers.names import safe_name
    from backbeat.songs import read_song

    kit = read_kit(source)
    keep_samples([out], [song], "song")
    keep_samples([out], [Path(source)], "kit")
    played = read_song(song, kit.notes_by_name, seed=seed, channel=channel)
    try:
        performance = Performance(Hits(kit, sample_rate), played, loop=loop, threads=threads())
    except SongError as error:
        raise SongError(f"{song}: {error}") from error
    for other, count in sorted(played.left_out.items()):
        say_note(f"{song}: {counted(count, 'note')} of channel {other} left out; --channel 0 plays all")
    for note, count in sorted(performance.missing.items()):
        say_note(f"{song}: note {note} is struck {counted(count, 'time')}, and no pad of {kit.name} has it")
    names = distinct((safe_name("+".join(pad.name for pad in pads)) for pads in performance.outputs), "-")
    paths = [out.with_name(f"{out.stem}-{name}{out.suffix}") for name in names] if stems else []
    for remark in write_performance(performance, out, paths, bit_depth=bit_depth.value, threads=threads()):
        say_note(remark)
    if as_json:
        facts = {"samples": performance.samples, "sample_rate": sample_rate, "missing": performance.missing}
        say_json({"audio": str(out), "stems": [str(path) for path in paths], **facts})
    else:
        for path in (out, *paths):
            say(str(path))
