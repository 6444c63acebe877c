"""Distances between sounds: losses to descend, and the yardstick that matches are judged by."""

from backbeat.families import FLOORS, Floor, family_of
from backbeat.losses.auditory import auditory_distance, auditory_image
from backbeat.losses.combine import DrumLoss, DrumTarget, drum_loss
from backbeat.losses.distances import Distances, distances
from backbeat.losses.envelope import EnvelopeLoss, EnvelopeTarget
from backbeat.losses.pitch import pitch_error_cents, pitch_track
from backbeat.losses.published import drumblender_distances
from backbeat.losses.spectra import Resolution, a_weighting, mel_frequencies, mel_spectrogram_db, quarter_hop
from backbeat.losses.stft import MultiResolutionSTFT, STFTTarget

__all__ = [
    "FLOORS",
    "Distances",
    "DrumLoss",
    "DrumTarget",
    "EnvelopeLoss",
    "EnvelopeTarget",
    "Floor",
    "MultiResolutionSTFT",
    "Resolution",
    "STFTTarget",
    "a_weighting",
    "auditory_distance",
    "auditory_image",
    "distances",
    "drum_loss",
    "drumblender_distances",
    "family_of",
    "mel_frequencies",
    "mel_spectrogram_db",
    "pitch_error_cents",
    "pitch_track",
    "quarter_hop",
]
