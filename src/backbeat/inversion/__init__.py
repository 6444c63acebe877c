"""From a sound to a patch in one pass, by a network that was trained through the synth."""

from backbeat.encoder.mixture import Mixture, sorted_banks
from backbeat.encoder.network import Answer, Inverter, Size
from backbeat.encoder.weights import load_inverter, pretrained, save_inverter
from backbeat.inversion.loss import AudioLoss, SynthLoss
from backbeat.inversion.proposals import PROPOSALS, Proposal, invert
from backbeat.inversion.suggestions import suggest
from backbeat.inversion.training import Report, Training, train

__all__ = [
    "PROPOSALS",
    "Answer",
    "AudioLoss",
    "Inverter",
    "Mixture",
    "Proposal",
    "Report",
    "Size",
    "SynthLoss",
    "Training",
    "invert",
    "load_inverter",
    "pretrained",
    "save_inverter",
    "sorted_banks",
    "suggest",
    "train",
]
