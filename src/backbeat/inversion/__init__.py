"""From a sound to a patch in one pass, by a network that was trained through the synth."""

from backbeat.inversion.loss import AudioLoss, SynthLoss
from backbeat.inversion.mixture import Mixture, sorted_banks
from backbeat.inversion.network import Answer, Inverter, Size
from backbeat.inversion.proposals import FEWER_PROPOSALS, PROPOSALS, Proposal, invert
from backbeat.inversion.suggestions import suggest
from backbeat.inversion.training import Report, Training, train
from backbeat.inversion.weights import load_inverter, pretrained, save_inverter

__all__ = [
    "FEWER_PROPOSALS",
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
