"""Songs for drum kits: notes of a MIDI file or of a pattern of steps."""

from backbeat.songs.reading import read_song
from backbeat.songs.song import Meter, Note, Song, Tempo, TempoMap
from backbeat.songs.writing import write_midi

__all__ = ["Meter", "Note", "Song", "Tempo", "TempoMap", "read_song", "write_midi"]
