"""A network that hears a sound: its odds of being each instrument's, and a distribution over patches of each."""

from backbeat.encoder.features import Features, features
from backbeat.encoder.mixture import Mixture, sorted_banks
from backbeat.encoder.network import Answer, Inverter, Size
from backbeat.encoder.weights import load_inverter, pretrained, save_inverter

__all__ = [
    "Answer",
    "Features",
    "Inverter",
    "Mixture",
    "Size",
    "features",
    "load_inverter",
    "pretrained",
    "save_inverter",
    "sorted_banks",
]
