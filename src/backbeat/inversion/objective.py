"""What an inverter's answer to a lesson costs: as odds and params, and as sound."""

from collections.abc import Collection, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat.datasets import shared_seed
from backbeat.encoder.features import SAMPLE_RATE, SECONDS
from backbeat.encoder.network import Answer
from backbeat.inversion.lessons import Lesson
from backbeat.inversion.loss import SynthLoss
from backbeat.losses import DrumLoss, quarter_hop
from backbeat.plugins import Plugin
from backbeat.types import Audio

_ODDS_WEIGHT = 0.2
"""What a nat of the instrument counts for beside a nat a param."""
_COARSE = DrumLoss(resolutions=(quarter_hop(1024, mel_bands=64), quarter_hop(256, mel_bands=32)))


def synth_losses(instruments: Sequence[Plugin]) -> dict[str, SynthLoss]:
    """By instrument, how far a patch sounds from a target, at fewer resolutions than a match asks for."""
    return {each.name: SynthLoss(each, _coarse, sample_rate=SAMPLE_RATE, seconds=SECONDS) for each in instruments}


def of_params(answer: Answer, lesson: Lesson) -> Float[Tensor, ""]:
    """`-log p(params | sound) / P - w log p(instrument | sound)`, in the mean over instruments."""
    found = []
    for place, (name, rows) in enumerate(lesson.rows.items()):
        wanted = lesson.batches[name].params
        mixture = answer.mixtures[name].only(slice(len(wanted)))
        nats = -mixture.log_likelihood(wanted) / wanted.shape[-1]
        found.append((nats - _ODDS_WEIGHT * answer.log_odds[rows, place]).mean())
    return torch.stack(found).mean()


def of_sound(
    answer: Answer, lesson: Lesson, names: Collection[str], losses: Mapping[str, SynthLoss]
) -> Float[Tensor, ""]:
    """How far the likeliest patches of some instruments sound from the sounds of these, in the mean."""
    found = []
    for name in names:
        batch = lesson.batches[name]
        params = answer.mixtures[name].only(slice(len(batch.params))).likeliest()
        found.append(losses[name](params, batch.audio, seed=shared_seed(batch.seeds)))
    return torch.stack(found).mean()


def of_real(answer: Answer, sounds: Audio, losses: Mapping[str, SynthLoss], seed: int) -> Float[Tensor, ""]:
    """How far the likeliest patches of the likeliest instruments sound from the last sounds that were answered."""
    count, found = len(sounds), sounds.new_zeros(())
    likeliest = answer.log_odds[-count:].argmax(-1)
    for place, (name, mixture) in enumerate(answer.mixtures.items()):
        rows = (likeliest == place).nonzero()[:, 0]
        if len(rows):
            params = mixture.only(slice(-count, None)).only(rows).likeliest()
            found = found + losses[name](params, sounds[rows], seed=seed) * (len(rows) / count)
    return found


def _coarse(estimate: Audio, target: Audio, sample_rate: int) -> Float[Tensor, " batch"]:
    return _COARSE(_COARSE.prepare(target, sample_rate), estimate)
