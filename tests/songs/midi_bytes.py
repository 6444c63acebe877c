"""MIDI files, byte by byte."""

import struct

END = b"\x00\xff\x2f\x00"


def length(value: int) -> bytes:
    """A number of variable size."""
    found = [value & 0x7F]
    while value := value >> 7:
        found.append(value & 0x7F | 0x80)
    return bytes(reversed(found))


def chunk(name: bytes, content: bytes, claimed: int | None = None) -> bytes:
    return name + struct.pack(">L", len(content) if claimed is None else claimed) + content


def midi(*tracks: bytes, kind: int = 1, division: int = 480, count: int | None = None) -> bytes:
    """A file of tracks, each with an end."""
    header = struct.pack(">HHH", kind, len(tracks) if count is None else count, division)
    return chunk(b"MThd", header) + b"".join(chunk(b"MTrk", track + END) for track in tracks)


def on(delta: int, note: int = 36, velocity: int = 100, channel: int = 10) -> bytes:
    return length(delta) + bytes([0x90 | channel - 1, note, velocity])


def meta(delta: int, kind: int, content: bytes) -> bytes:
    return length(delta) + bytes([0xFF, kind]) + length(len(content)) + content


def tempo(delta: int, beat_us: int) -> bytes:
    return meta(delta, 0x51, beat_us.to_bytes(3, "big"))


def meter(delta: int, count: int, power: int) -> bytes:
    return meta(delta, 0x58, bytes([count, power, 24, 8]))
