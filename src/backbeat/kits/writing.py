"""A song as sound files: the mix, and each output by itself."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from backbeat.audio.writing import BitDepth, WaveFile, writing
from backbeat.kits.playing import BLOCK, Performance, mixed


def write_performance(
    performance: Performance,
    mix: Path,
    stems: Sequence[Path] = (),
    *,
    bit_depth: BitDepth = "24",
    threads: int = 1,
    block: int = BLOCK,
) -> tuple[str, ...]:
    """Write a song as WAV files, all of them or none; a block is mixed while the last one is written.

    Args:
        performance: the song.
        mix: the file of the sum of all outputs.
        stems: a file for each of the performance's outputs, or none.
        bit_depth: "16", "24" or "32f".
        threads: at most so many write.
        block: samples at a time; the files are the same whatever it is.

    Returns:
        Notes: one sentence for each file in which samples beyond full scale were clipped.

    Raises:
        AudioError: where a file cannot be written.
    """
    paths, rate = (mix, *stems), performance.sample_rate
    with ExitStack() as stack:
        files = [
            stack.enter_context(writing(path, 2, performance.samples, rate, bit_depth=bit_depth)) for path in paths
        ]
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        pending: list[Future[None]] = []
        for outputs in performance.blocks(block):
            sounds = (mixed(outputs), *outputs)
            _await(pending)
            pending = [pool.submit(WaveFile.add, *each) for each in zip(files, sounds, strict=False)]
        _await(pending)
    return tuple(f"{path}: {note}" for path, file in zip(paths, files, strict=True) for note in file.notes)


def _await(pending: list[Future[None]]) -> None:
    for each in pending:
        each.result()
