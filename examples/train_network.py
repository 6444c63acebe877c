"""The synth as the loss of a network: an encoder that hears a kick and names the patch that makes it.

It is never told a patch, only how far the sound of its answer is from what it heard; the gradient of that comes back
through the synth. Usage: train_network.py [STEPS] [BATCH]
"""

import sys

import torch
from torch import Tensor, nn

import backbeat
from backbeat.losses import mel_spectrogram_db
from backbeat.types import Audio

SAMPLE_RATE, BANDS = 22050, 32
SYNTH = backbeat.Synth("kick", SAMPLE_RATE, seconds=0.3)
LOSS = backbeat.DrumLoss(convergence=0.0, log_magnitude=0.0)  # mel bands and envelope: smooth enough to learn from


def kicks(first_seed: int, count: int) -> Audio:
    """Random kicks within musical limits: training data without end."""
    patches = [backbeat.randomise(SYNTH.plugin, seed) for seed in range(first_seed, first_seed + count)]
    with torch.no_grad():
        return SYNTH(torch.stack([patch.params().float() for patch in patches]))


def heard(audio: Audio) -> Tensor:
    """What the encoder sees of kicks: a mel spectrogram each."""
    return mel_spectrogram_db(audio, SAMPLE_RATE, bands=BANDS).flatten(1) / 35.0


def main(steps: int = 50, batch: int = 16) -> None:
    """Train on `steps` batches that are each heard once; compare on kicks that are never trained on."""
    torch.manual_seed(0)
    held_out, average = kicks(1_000_000, 16), heard(kicks(2_000_000, 64)).mean(dim=0)
    answer = nn.Linear(64, SYNTH.num_params)
    encoder, table = nn.Sequential(nn.Linear(average.numel(), 64), nn.Tanh(), answer), SYNTH.plugin.table
    with torch.no_grad():
        # Start near the default patch, and off the ends of every range, where the sigmoid hardly has a slope.
        answer.weight.mul_(0.1)
        answer.bias.copy_(table.to_logits(table.normalise(table.defaults()), margin=0.05))
    optimiser = torch.optim.Adam(encoder.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

    def error(audio: Audio) -> Tensor:
        return LOSS(LOSS.prepare(audio, SAMPLE_RATE), SYNTH.from_logits(encoder(heard(audio) - average))).mean()

    print(f"first loss {error(held_out).item():.3f}")
    for step in range(steps):
        optimiser.zero_grad()
        torch.autograd.backward(error(kicks(step * batch, batch)))
        nn.utils.clip_grad_norm_(encoder.parameters(), 0.3)  # a pitch far off has a steep slope the wrong way
        optimiser.step()
        schedule.step()
    print(f"last loss {error(held_out).item():.3f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
