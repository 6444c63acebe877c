"""A network that learns to name kicks by ear, with the synth as its loss. Run it as synth_loss.py [STEPS]."""

import sys

import torch
from torch import nn

import backbeat
from backbeat.datasets import Synthetic
from backbeat.losses import mel_spectrogram_db
from backbeat.types import Audio

RATE, SECONDS = 22050, 0.3
LOSS = backbeat.SynthLoss("kick", sample_rate=RATE, seconds=SECONDS)
KICKS = Synthetic(LOSS.synth.plugin, seconds=SECONDS, sample_rate=RATE)


def heard(audio: Audio) -> torch.Tensor:
    """What the network is given: a mel spectrogram."""
    return mel_spectrogram_db(audio, RATE, bands=32).flatten(1) / 35.0 + 1.0


def main(steps: int = 60) -> None:
    """Train, and print how far the sounds are from what was heard."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.LazyLinear(128), nn.GELU(), nn.Linear(128, LOSS.synth.num_params), nn.Sigmoid())
    network(heard(KICKS.at(torch.arange(1)).audio))  # now it knows how much it hears
    optimiser = torch.optim.Adam(network.parameters(), lr=2e-4)
    for step, batch in zip(range(steps), KICKS.batches(32), strict=False):
        loss = LOSS(network(heard(batch.audio)), batch.audio)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        print(f"step {step}: loss {loss.item():.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
