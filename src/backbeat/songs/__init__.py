"""Songs for drum kits: notes of a MIDI file or of a pattern of steps."""

from backbeat.songs.song import Note, Song

__all__ = ["Note", "Song"]
