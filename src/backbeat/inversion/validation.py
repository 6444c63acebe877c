"""How an inverter does on sounds that it never learned from, in figures and to be listened to."""

from collections.abc import Sequence
from typing import Any

import torch

from backbeat.encoder.features import SAMPLE_RATE
from backbeat.encoder.network import Inverter
from backbeat.inversion.lessons import Lesson
from backbeat.synth import render


@torch.no_grad()
def validate(inverter: Inverter, trials: Sequence[Lesson]) -> dict[str, float]:
    """Figures over items that are never learned from: of all instruments, then of each."""
    nats, errors, right = (dict.fromkeys(inverter.plugins, 0.0) for _ in range(3))
    inverter.eval()
    for trial in trials:
        answer = inverter.answer(trial.features)
        for place, (name, rows) in enumerate(trial.rows.items()):
            wanted, mixture = trial.batches[name].params, answer.mixtures[name].only(rows)
            nats[name] -= float(mixture.log_likelihood(wanted).mean()) / (wanted.shape[-1] * len(trials))
            errors[name] += float((mixture.proposals(1)[:, 0] - wanted).abs().mean()) / len(trials)
            right[name] += float((answer.log_odds[rows].argmax(-1) == place).float().mean()) / len(trials)
    inverter.train()
    found = {"validation_nats": nats, "validation_error": errors, "validation_right": right}
    means = {figure: sum(each.values()) / len(each) for figure, each in found.items()}
    return means | {f"{figure}/{name}": value for figure, each in found.items() for name, value in each.items()}


@torch.no_grad()
def log_audio(logs: Any, step: int, inverter: Inverter, trial: Lesson) -> None:
    """Log a sound of each instrument that is not learned from, before what it was taken for."""
    for name, mixture in inverter.answer(trial.features).mixtures.items():
        batch, row = trial.batches[name], int(trial.rows[name][0])
        params = mixture.proposals(1)[row : row + 1, 0]
        samples = batch.audio.shape[-1]
        named = render(inverter.plugins[name], params, samples=samples, sample_rate=SAMPLE_RATE, seed=batch.seeds[:1])
        pair = torch.cat([batch.audio[:1], named], dim=-1)[0]
        logs.add_audio(f"sound/{name}", pair / pair.abs().max().clamp(min=1.0), step, SAMPLE_RATE)
