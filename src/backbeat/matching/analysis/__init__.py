"""Closed-form analysis of a one-shot: what a search starts from."""

from backbeat.matching.analysis.bands import Bands, fit_bands
from backbeat.matching.analysis.bursts import Bursts, find_bursts
from backbeat.matching.analysis.envelope import Decay, Release, fit_decay, fit_release, level_db
from backbeat.matching.analysis.glide import Glide, fit_glide, fit_two_glides
from backbeat.matching.analysis.hiss import Hiss, fit_hiss
from backbeat.matching.analysis.modes import Modes, find_modes, first_modes
from backbeat.matching.analysis.noisiness import Noisiness, measure_noise
from backbeat.matching.analysis.peel import peel
from backbeat.matching.analysis.squares import CLEAR, Squares, find_squares

__all__ = [
    "CLEAR",
    "Bands",
    "Bursts",
    "Decay",
    "Glide",
    "Hiss",
    "Modes",
    "Noisiness",
    "Release",
    "Squares",
    "find_bursts",
    "find_modes",
    "find_squares",
    "first_modes",
    "fit_bands",
    "fit_decay",
    "fit_glide",
    "fit_hiss",
    "fit_release",
    "fit_two_glides",
    "level_db",
    "measure_noise",
    "peel",
]
