"""Which instrument a sound is of: train the router on random patches, and judge it on real sounds.

    python benchmarks/router.py train                    # writes the weights that come with backbeat
    python benchmarks/router.py judge FOLDER             # files named FAMILY-NAME; which instruments are right is below

The generic `drum` is no class: it is what competes with whatever the router proposes.
"""

import argparse
from pathlib import Path
from random import Random

import torch
from safetensors.torch import save_file
from torch.nn.functional import cross_entropy

import backbeat
from backbeat import audio, plugins
from backbeat.datasets.augmentation import Augmentation
from backbeat.families import family_of
from backbeat.matching.excerpt import excerpt
from backbeat.matching.router import SAMPLE_RATE, WEIGHTS, facts, new_network, router
from backbeat.patch import turn
from backbeat.synth import render

GENERIC = "drum"
EACH, BATCH, STEPS = 1500, 256, 2000
RIGHT = {
    "kick": ("kick",),
    "snare": ("snare",),
    "tom": ("tom",),
    "hat": ("hat", "cymbal"),
    "clap": ("clap",),
    "perc": (),
}
"""Instruments that are right for a family; any is, where none is named."""


def sounds_of(name: str, count: int, seed: int) -> torch.Tensor:
    """Facts of presets, turned and with every number moved, and of random patches, changed as a recording is."""
    plugin = plugins.get(name)
    factory = [each for each in backbeat.presets() if each.startswith(f"{name}/")]
    rows, chance = [], Random(seed)
    for k in range(count):
        if k % 5:
            patch = backbeat.preset(factory[k % len(factory)])
            for macro, most in (("tune", 4.0), ("length", 40.0)):
                patch = turn(patch, macro, chance.uniform(-most, most))
            patch = backbeat.perturb(patch, chance.uniform(0.0, 0.1), seed + k)
        else:
            patch = backbeat.randomise(plugin, seed + k)
        rows.append(patch.params().float())
    params, found = torch.stack(rows), []
    for start in range(0, count, 100):
        some = params[start : start + 100]
        indices = torch.arange(start, start + len(some)) + seed
        sound = render(plugin, some, samples=SAMPLE_RATE, sample_rate=SAMPLE_RATE, seed=indices)
        found.append(facts(Augmentation(equaliser_db=6.0, room_db=-12.0)(sound, indices, SAMPLE_RATE, seed=seed)))
    return torch.cat(found)


def train() -> None:
    """Train and write the weights."""
    names = [name for name in plugins.names() if name != GENERIC]
    data = torch.stack([sounds_of(name, EACH, 0) for name in names])
    held_out = torch.stack([sounds_of(name, 200, 10_000_000) for name in names])
    torch.manual_seed(0)
    network = new_network(len(names))
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    for step in range(STEPS):
        which, row = torch.randint(len(names), (BATCH,)), torch.randint(EACH, (BATCH,))
        noisy = data[which, row] + 0.15 * torch.randn(BATCH, data.shape[-1]) + 0.1 * torch.randn(BATCH, 1)
        loss = cross_entropy(network(noisy), which, label_smoothing=0.1)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        if step % 500 == 499:
            right = (network(held_out).argmax(-1) == torch.arange(len(names)).unsqueeze(-1)).float().mean(-1)
            print(step + 1, f"{loss.item():.3f}", dict(zip(names, right.mul(100).round().tolist(), strict=True)))
    weights = {key: value.half().contiguous() for key, value in network.state_dict().items()}
    save_file(weights, WEIGHTS, metadata={"names": ",".join(names)})


def judge(folder: Path, most: int) -> None:
    """Print what the router makes of each file."""
    found, first, among = router(), 0, 0
    assert found is not None
    counted = 0
    for path in sorted(folder.iterdir()):
        recording = audio.read(path)
        part = excerpt(recording.audio, recording.sample_rate)
        sound = part.audio[..., part.lead_in.onset :]
        odds = found.likelihoods(sound, recording.sample_rate)
        best = sorted(odds, key=lambda name: -odds[name])[:most]
        right = RIGHT[family_of(path.stem) or "perc"]
        print(f"{path.name:32}", "  ".join(f"{name} {odds[name]:.2f}" for name in best))
        if right:
            counted += 1
            first += best[0] in right
            among += any(name in right for name in best)
    print(f"of {counted}: right first {first}, among the first {most} {among}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", choices=("train", "judge"))
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--most", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.task == "train":
        train()
    else:
        judge(arguments.folder, arguments.most)
