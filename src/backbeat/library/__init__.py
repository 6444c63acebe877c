"""Whole folders of one-shots: a match for each, and an index to ask.

match_folder("samples", "library")
Library("library").nearest("kick.wav")
"""

from backbeat.library.catalogue import Library
from backbeat.library.folder import MATCHES, Progress, Summary, match_folder
from backbeat.library.index import ORDERS, Entry
from backbeat.library.job import Settings
from backbeat.library.likeness import likeness

__all__ = ["MATCHES", "ORDERS", "Entry", "Library", "Progress", "Settings", "Summary", "likeness", "match_folder"]
