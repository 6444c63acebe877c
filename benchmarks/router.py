"""Which instrument a sound is of: train the router on random patches and on recordings, and judge it on real sounds.

    python benchmarks/router.py train --recordings FOLDER      # writes the weights that come with backbeat
    python benchmarks/router.py validate --recordings FOLDER   # each collection, by what the others teach
    python benchmarks/router.py judge FOLDER                   # files named FAMILY-NAME; what is right is below

FOLDER of recordings holds COLLECTION/INSTRUMENT/DRUM-TAKE.wav: INSTRUMENT is a plugin's name, and files that differ by
the number after the last hyphen alone are takes of one drum. The generic `drum` is no class: it is what competes with
whatever the router proposes.
"""

import argparse
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import backbeat
from backbeat import audio, plugins
from backbeat.audio.conditioning import resample
from backbeat.audio.folders import samples
from backbeat.datasets.augmentation import Augmentation
from backbeat.families import family_of
from backbeat.matching.excerpt import excerpt
from backbeat.matching.router import (
    SAMPLE_RATE,
    WEIGHTS,
    Router,
    at_training_rate,
    encoded,
    facts,
    new_network,
    router,
    save,
)
from backbeat.patch import turn
from backbeat.synth import render
from backbeat.types import Audio

GENERIC = "drum"
NAMES = tuple(name for name in plugins.names() if name != GENERIC)
EACH, BATCH, STEPS = 1500, 256, 800
CHANGES = Augmentation(
    gain_db=0.0, noise_db=-30.0, equaliser_db=8.0, room_db=-10.0, room_share=0.5, drive_db=12.0, drive_share=0.3,
    fade_share=0.25,
)  # fmt: skip
VARIATIONS, MOST_ST, SHORTEST_T60_S, LONGEST_T60_S = 12, 4.0, 0.08, 2.0
"""Of each recording: faster or slower by up to so many semitones, and half of them falling faster."""
RECORDED, ENOUGH_DRUMS = 0.5, 6
"""Share of the recordings among what is heard of an instrument, where there are so many drums of it."""
SMOOTHING = 0.05
"""Of the wanted odds."""
NOISE, COMMON_NOISE = 0.45, 0.1
"""Added to what is heard: to each number, as a share of how far they spread, and to all of a sound's at once."""
RIGHT = {
    "kick": ("kick",),
    "snare": ("snare",),
    "tom": ("tom",),
    "hat": ("hat", "cymbal"),
    "clap": ("clap",),
    "perc": (),
}
"""Instruments that are right for a family; any is, where none is named."""


@dataclass(frozen=True)
class Heard:
    """What the networks hear of sounds, (sounds, numbers), and of which instrument each is, (sounds,)."""

    by_facts: Tensor
    by_encoder: Tensor
    instrument: Tensor


@dataclass(frozen=True)
class Recorded:
    """Recordings: as they are in the first row of each, then varied.

    Attributes:
        heard: (recordings x (1 + variations)).
        collections: of each recording.
        drums: names that takes of one drum share.
    """

    heard: Heard
    collections: list[str]
    drums: list[str]


def hear(sounds: Audio, instrument: int) -> Heard:
    """What the networks hear of an instrument's sounds (batch, 1, samples)."""
    return Heard(facts(sounds), encoded(sounds), torch.full((len(sounds),), instrument))


def joined(parts: list[Heard]) -> Heard:
    """One after another."""
    columns = zip(*((each.by_facts, each.by_encoder, each.instrument) for each in parts), strict=True)
    return Heard(*(torch.cat(column) for column in columns))


def synthetic(count: int, seed: int) -> Heard:
    """Of every instrument: presets, turned and with every number moved, and random patches, changed as recordings."""
    return joined([_of_patches(name, count, seed) for name in NAMES])


def _of_patches(name: str, count: int, seed: int) -> Heard:
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
        found.append(hear(CHANGES(sound, indices, SAMPLE_RATE, seed=seed), NAMES.index(name)))
    return joined(found)


def recorded(folder: Path) -> Recorded:
    """All recordings of a folder that lie in one named after an instrument."""
    parts, collections, drums = [], [], []
    for k, path in enumerate(samples(folder.rglob("*"), folder)[0]):
        name, collection = path.parent.name, str(path.parent.parent.relative_to(folder))
        if name not in NAMES:
            continue
        sound, sample_rate = hit(path)
        second = at_training_rate(sound, sample_rate)[..., :SAMPLE_RATE]
        second = nn.functional.pad(second, (0, SAMPLE_RATE - second.shape[-1]))
        varied = torch.cat([second, variations(sound, sample_rate, k)])
        parts.append(hear(varied, NAMES.index(name)))
        collections.append(collection)
        drums.append(f"{collection}/{name}/{re.sub(r'-[0-9]+$', '', path.stem)}")
    return Recorded(joined(parts), collections, drums)


def hit(path: Path) -> tuple[Audio, int]:
    """The first hit of a file from its onset on, as a match hears it, and its sample rate."""
    recording = audio.read(path)
    part = excerpt(recording.audio, recording.sample_rate)
    return part.audio[..., part.lead_in.onset :], recording.sample_rate


def variations(sound: Audio, sample_rate: int, seed: int) -> Audio:
    """A recording (1, 1, samples) at other speeds, shorter, and changed, (variations, 1, samples)."""
    chance, rows = np.random.default_rng(seed), np.zeros((VARIATIONS, SAMPLE_RATE))
    wave = sound[0, 0, : 2 * sample_rate].double().numpy()
    for row in rows:
        slower = 2.0 ** (chance.uniform(-MOST_ST, MOST_ST) / 12.0)
        turned = resample(wave, sample_rate, round(SAMPLE_RATE * slower))[0][:SAMPLE_RATE]
        t60_s = SHORTEST_T60_S * (LONGEST_T60_S / SHORTEST_T60_S) ** chance.random()
        fall = 10.0 ** (-3.0 / SAMPLE_RATE / t60_s * np.arange(len(turned)))
        row[: len(turned)] = turned / np.abs(turned).max() * (fall if chance.random() < 0.5 else 1.0)
    indices = torch.arange(VARIATIONS) + VARIATIONS * seed
    return CHANGES(torch.from_numpy(rows).float().unsqueeze(1), indices, SAMPLE_RATE, seed=1)


def shares(real: Recorded | None, kept: list[bool], patches: Heard) -> Tensor:
    """How often training draws each sound, (patches + recordings x rows).

    An instrument is heard with the root of how many collections have it: more kits have a hat than a shaker. Of its
    recordings, a collection counts with the root of how many drums it has, and each drum alike: many takes of one kit
    do not outweigh the few of others.
    """
    instruments = patches.instrument
    weights = 1.0 / torch.bincount(instruments)[instruments].float()
    if real is None:
        return weights
    rows = len(real.heard.instrument) // len(kept)
    takes: dict[tuple[int, str], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for k, (collection, drum) in enumerate(zip(real.collections, real.drums, strict=True)):
        if kept[k]:
            takes[int(real.heard.instrument[rows * k]), collection][drum].append(k)
    of_recordings = torch.zeros(len(kept))
    for drums in takes.values():
        for each in drums.values():
            of_recordings[each] = len(drums) ** -0.5 / len(each)
    which = real.heard.instrument[::rows]
    for k in range(len(NAMES)):
        drums_of_it = len({drum for (instrument, _), drums in takes.items() if instrument == k for drum in drums})
        share = RECORDED * min(1.0, drums_of_it / ENOUGH_DRUMS)
        of_recordings[which == k] *= share / of_recordings[which == k].sum().clamp(min=1e-9)
        weights[instruments == k] *= 1.0 - share
        often = max(1, len({collection for instrument, collection in takes if instrument == k})) ** 0.5
        of_recordings[which == k] *= often
        weights[instruments == k] *= often
    return torch.cat([weights, (of_recordings / rows).repeat_interleave(rows)])


def trained(inputs: Tensor, instruments: Tensor, weights: Tensor) -> nn.Module:
    """A network that tells the instruments of inputs, each heard as often as its weight says."""
    torch.manual_seed(0)
    network = new_network(inputs.shape[-1], len(NAMES))
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, STEPS)
    spread = NOISE * inputs.std()
    for _ in range(STEPS):
        rows = torch.multinomial(weights, BATCH, replacement=True)
        noisy = inputs[rows] + spread * torch.randn(BATCH, inputs.shape[-1]) + COMMON_NOISE * torch.randn(BATCH, 1)
        loss = cross_entropy(network(noisy), instruments[rows], label_smoothing=SMOOTHING)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
    return network.eval()


def both(patches: Heard, real: Recorded | None, kept: list[bool]) -> Router:
    """Both networks, trained on patches and on the recordings that are kept."""
    every = patches if real is None else joined([patches, real.heard])
    weights = shares(real, kept, patches)
    by_facts = trained(every.by_facts, every.instrument, weights)
    return Router(by_facts, trained(every.by_encoder, every.instrument, weights), NAMES)


@torch.no_grad()
def odds_of(found: Router, heard: Heard) -> Tensor:
    """What a router says of sounds, (sounds, instruments)."""
    assert found.by_encoder is not None
    return 0.5 * (found.by_facts(heard.by_facts).softmax(-1) + found.by_encoder(heard.by_encoder).softmax(-1))


def train(folder: Path | None) -> None:
    """Train, write the weights, and say how many of other random patches are right."""
    patches, real = synthetic(EACH, 0), None if folder is None else recorded(folder)
    found = both(patches, real, [True] * (0 if real is None else len(real.drums)))
    save(WEIGHTS, found)
    held_out = synthetic(200, 10_000_000)
    right = (odds_of(found, held_out).argmax(-1) == held_out.instrument).float().view(len(NAMES), -1).mean(-1)
    print("right of other patches, %:", dict(zip(NAMES, right.mul(100).round().tolist(), strict=True)))


def validate(folder: Path) -> None:
    """Print how many drums of each collection are right, where the router was trained on the others."""
    patches, real = synthetic(EACH, 0), recorded(folder)
    rows = len(real.heard.instrument) // len(real.drums)
    as_they_are = Heard(real.heard.by_facts[::rows], real.heard.by_encoder[::rows], real.heard.instrument[::rows])
    total, first_of_all, among_of_all = 0, 0.0, 0.0
    for collection in sorted(set(real.collections)):
        odds = odds_of(both(patches, real, [each != collection for each in real.collections]), as_they_are)
        by_drum: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
        for k in (k for k, each in enumerate(real.collections) if each == collection):
            name = NAMES[int(as_they_are.instrument[k])]
            best, right = [NAMES[i] for i in odds[k].topk(3).indices], RIGHT.get(name) or (name,)
            by_drum[real.drums[k]].append((best[0] in right, any(each in right for each in best)))
        first, among = (sum(sum(take[i] for take in each) / len(each) for each in by_drum.values()) for i in (0, 1))
        print(f"{collection:32} {len(by_drum):3} drums: right first {first:.1f}, among the first 3 {among:.1f}")
        total, first_of_all, among_of_all = total + len(by_drum), first_of_all + first, among_of_all + among
    print(f"of {total}: right first {first_of_all / total:.0%}, among the first 3 {among_of_all / total:.0%}")


def judge(folder: Path, most: int) -> None:
    """Print what the router makes of each file."""
    found, first, among = router(), 0, 0
    assert found is not None
    counted = 0
    for path in samples(folder.iterdir(), folder)[0]:
        sound, sample_rate = hit(path)
        odds = found.likelihoods(sound, sample_rate)
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
    parser.add_argument("task", choices=("train", "validate", "judge"))
    parser.add_argument("folder", type=Path, nargs="?", help="to judge")
    parser.add_argument("--recordings", type=Path, help="to train on, or to validate by")
    parser.add_argument("--most", type=int, default=3)
    arguments = parser.parse_args()
    if arguments.task == "train":
        train(arguments.recordings)
    elif arguments.task == "validate":
        if arguments.recordings is None:
            parser.error("validate: --recordings was not given; must be a folder")
        validate(arguments.recordings)
    elif arguments.folder is None:
        parser.error("judge: no folder was given; must be one of files named FAMILY-NAME")
    else:
        judge(arguments.folder, arguments.most)
