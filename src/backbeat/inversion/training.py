"""Training an inverter: first on params, then through the synth."""

import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from backbeat import plugins
from backbeat.datasets import Augmentation, Batch, Distribution, Split, Synthetic, shared_seed
from backbeat.errors import TrainingError
from backbeat.inversion import checkpoint
from backbeat.inversion.features import SAMPLE_RATE, SECONDS, features
from backbeat.inversion.loss import SynthLoss
from backbeat.inversion.network import Inverter, Mixture, Size, sorted_banks
from backbeat.inversion.onset import begun
from backbeat.inversion.real import RealSounds
from backbeat.inversion.weights import save_inverter
from backbeat.plugins import Plugin
from backbeat.synth import render
from backbeat.types import Audio, Params

_AUGMENTATION = Augmentation(gain_db=12.0, onset_s=0.003, noise_db=-45.0, equaliser_db=3.0, room_db=-24.0)
_WARM_UP_STEPS = 100
_MOST_NORM = 1.0

_LOGGED_SOUNDS = 3

Precision: TypeAlias = Literal["32-true", "bf16-mixed"]
Report: TypeAlias = Callable[[int, Mapping[str, float]], None]
"""Called with the step and the figures of it."""


@dataclass(frozen=True)
class Training:
    """How an inverter is trained.

    Attributes:
        plugin: whose patches it names.
        options: of the plugin.
        distribution: of the params to learn from.
        seed: of the items, and of the first weights.
        steps: of descent.
        batch: items a step.
        learning_rate: at its highest.
        audio_from: share of the steps after which the sound counts too; 1 leaves it at params.
        audio_weight: what the sound counts for, in nats a param.
        real: a folder of real one-shots that are heard too where the sound counts, one for every two others.
        channels: of the network's convolutions.
        hidden: of the layers after them.
        components: of the mixture.
        validation: items to validate with.
        every: steps from one validation, and one checkpoint, to the next.

    Raises:
        TrainingError: where a value is not allowed.
    """

    plugin: str
    options: Mapping[str, int] | None = None
    distribution: Distribution = "musical"
    seed: int = 0
    steps: int = 20_000
    batch: int = 64
    learning_rate: float = 1e-3
    audio_from: float = 1.0
    audio_weight: float = 0.02
    real: str | None = None
    channels: int = 160
    hidden: int = 384
    components: int = 6
    validation: int = 256
    every: int = 500

    def __post_init__(self) -> None:
        for name, least in (
            ("steps", 1),
            ("batch", 1),
            ("channels", 8),
            ("hidden", 1),
            ("validation", 1),
            ("every", 1),
        ):
            if getattr(self, name) < least:
                raise TrainingError(f"{name}: found {getattr(self, name)}; must be at least {least}")
        if not 1 <= self.components <= 64:
            raise TrainingError(f"components: found {self.components}; must be from 1 to 64")
        if self.channels % 16:
            raise TrainingError(f"channels: found {self.channels}; must be a multiple of 16")
        if not 0.0 < self.learning_rate < 1.0:
            raise TrainingError(f"learning_rate: found {self.learning_rate:g}; must be above 0 and below 1")
        if not 0.0 <= self.audio_from <= 1.0:
            raise TrainingError(f"audio_from: found {self.audio_from:g}; must be from 0 to 1")

    @cached_property
    def instrument(self) -> Plugin:
        """The plugin."""
        return plugins.get(self.plugin, **(self.options or {}))

    def items(self, split: Split) -> Synthetic:
        """What to learn from, or to be judged by."""
        changes = _AUGMENTATION if split == "train" else None
        return Synthetic(self.instrument, self.distribution, self.seed, split, SECONDS, SAMPLE_RATE, changes)


def train(
    training: Training,
    folder: str | Path,
    *,
    device: str = "auto",
    devices: int = 1,
    precision: Precision = "32-true",
    resume: bool = False,
    report: Report | None = None,
) -> Inverter:
    """Train an inverter; its weights, a checkpoint and logs for TensorBoard go to a folder.

    The loss is `-log p(params | sound) / P` under the network's mixture and, from `audio_from` of the steps on, the
    distance of what its likeliest patch sounds like. The items of step n are a function of n, so that a run that is
    killed and resumed goes on along the same curve. Several devices share the items of a step; the first of their
    processes reports and writes. Fabric begins the others; under torchrun, they are those that it began.

    Args:
        training: what to do.
        folder: where to write; made where there is none.
        device: as Lightning Fabric names accelerators: auto, cpu, cuda…
        devices: how many; the batch must be a multiple of that.
        precision: of the network, as Lightning Fabric names it; the synth and what the network hears stay in float32.
        resume: go on from the folder's checkpoint.
        report: told the figures of every validation.

    Raises:
        PluginError: where there is no such plugin.
        TrainingError: where there are no such devices, the folder holds a checkpoint that is not to be resumed, or none
            that can be, or the loss is not finite any more.
    """
    fabric, folder = _fabric(device, devices, precision), Path(folder)
    if training.batch % fabric.world_size:
        raise TrainingError(f"batch: found {training.batch}; must be a multiple of the {fabric.world_size} devices")
    share = training.batch // fabric.world_size
    report = report if fabric.is_global_zero else None
    torch.manual_seed(training.seed)
    inverter = Inverter(training.instrument, Size(training.channels, training.hidden, training.components))
    optimiser = torch.optim.AdamW(inverter.parameters(), lr=training.learning_rate, betas=(0.9, 0.98))
    settings = json.loads(json.dumps({**asdict(training), "plugin_version": training.instrument.version}))
    folder.mkdir(parents=True, exist_ok=True)
    if not resume and checkpoint.path(folder).exists():
        raise TrainingError(f"{checkpoint.path(folder)}: of an earlier training; resume that, or choose another folder")
    first = checkpoint.load(folder, settings, inverter, optimiser) if resume else 0
    module, optimiser = fabric.setup(inverter, optimiser)
    audio_loss = SynthLoss(training.instrument, sample_rate=SAMPLE_RATE, seconds=SECONDS)
    lessons, trial = training.items("train"), training.items("validation")
    real = RealSounds(training.real, _AUGMENTATION, training.seed) if training.real else None
    began = time.perf_counter()
    logs = _logs(folder) if fabric.is_global_zero else None
    if first == 0:
        _tell(report, logs, 0, _validate(module, trial, training, fabric.device))
    for step in range(first, training.steps):
        for group in optimiser.param_groups:
            group["lr"] = training.learning_rate * _pace(step, training.steps)
        own = step * training.batch + fabric.global_rank * share
        positions = torch.arange(own, own + share, device=fabric.device)
        by_ear = audio_loss if step >= training.audio_from * training.steps else None
        loss = _loss(module, lessons.at(positions), training, by_ear)
        if by_ear is not None and real is not None:
            sound = real.at(positions[: max(1, share // 2)])
            places = _likeliest(_mixture(module, sound, training.instrument))
            loss = loss + training.audio_weight * by_ear(places, sound, seed=step)
        optimiser.zero_grad(set_to_none=True)
        fabric.backward(loss)
        norm = fabric.clip_gradients(module, optimiser, max_norm=_MOST_NORM, error_if_nonfinite=False)
        if norm is None or bool(norm.isfinite()):
            optimiser.step()
        done = step + 1
        if done % training.every == 0 or done == training.steps:
            figures = {"loss": loss.item(), **_validate(module, trial, training, fabric.device)}
            figures["seconds"] = time.perf_counter() - began
            if not all(map(math.isfinite, figures.values())):
                raise TrainingError(
                    f"step {done}: the loss is not finite any more; must be given a lower learning rate"
                )
            _tell(report, logs, done, figures)
            if fabric.is_global_zero:
                _log_audio(logs, done, inverter, trial)
                save_inverter(inverter, folder, {"training": settings, "step": done, "figures": figures})
                checkpoint.save(folder, settings, inverter, optimiser, done)
    if logs is not None:
        logs.close()
    return inverter


def _fabric(device: str, devices: int, precision: Precision) -> Any:
    try:
        from lightning_fabric import Fabric
    except ModuleNotFoundError as error:
        raise TrainingError(f"{error.name}: not installed; pip install 'backbeat[train]'") from error
    machines = 1
    if torch.distributed.is_torchelastic_launched():  # by torchrun, which knows how many there are
        devices, machines = (int(os.environ[name]) for name in ("LOCAL_WORLD_SIZE", "GROUP_WORLD_SIZE"))
    try:
        fabric = Fabric(accelerator=device, devices=devices, num_nodes=machines, precision=precision)
        fabric.launch()
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        found = f"device: found {device!r}, {devices} of them, at {precision}"
        raise TrainingError(f"{found}; must be what Lightning can use here ({reason})") from error
    return fabric


def _logs(folder: Path) -> Any:
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(folder / "logs")


def _tell(report: Report | None, logs: Any, step: int, figures: Mapping[str, float]) -> None:
    if logs is not None:
        for name, value in figures.items():
            logs.add_scalar(name, value, step)
    if report is not None:
        report(step, figures)


@torch.no_grad()
def _log_audio(logs: Any, step: int, inverter: Inverter, trial: Synthetic) -> None:
    """Log a few sounds that are not learned from, each before what it was taken for."""
    device = next(inverter.parameters()).device
    batch = trial.at(torch.arange(_LOGGED_SOUNDS, device=device))
    sound = begun(batch.audio, SAMPLE_RATE)
    params = inverter.encode(features(sound)).proposals(1)[:, 0]
    named = render(trial.plugin, params, samples=trial.samples, sample_rate=SAMPLE_RATE, seed=shared_seed(batch.seeds))
    for number, pair in enumerate(torch.cat([sound, named], dim=-1)):
        logs.add_audio(f"sound {number}", pair / pair.abs().max().clamp(min=1.0), step, SAMPLE_RATE)


def _pace(step: int, steps: int) -> float:
    """Of the learning rate: it rises, and falls along a half cosine."""
    return min(1.0, (step + 1) / _WARM_UP_STEPS) * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def _loss(module: Any, batch: Batch, training: Training, audio_loss: SynthLoss | None) -> Float[Tensor, ""]:
    plugin = training.instrument
    sound = begun(batch.audio, SAMPLE_RATE)
    mixture = _mixture(module, sound, plugin)
    loss = -mixture.log_likelihood(sorted_banks(plugin, batch.params)).mean() / plugin.table.size
    if audio_loss is not None:
        loss = loss + training.audio_weight * audio_loss(_likeliest(mixture), sound, seed=shared_seed(batch.seeds))
    return loss


def _likeliest(mixture: Mixture) -> Params:
    """The places of each item's likeliest component, as params."""
    chosen = mixture.log_odds.argmax(-1)
    return mixture.places[torch.arange(len(chosen), device=chosen.device), chosen].clamp(0.0, 1.0)


def _mixture(module: Any, sound: Audio, plugin: Plugin) -> Mixture:
    log_odds, places, widths = module(features(sound))
    return Mixture(log_odds, places, widths, plugin.table)


@torch.no_grad()
def _validate(module: Any, trial: Synthetic, training: Training, device: torch.device) -> dict[str, float]:
    """Figures over items that are never learned from."""
    plugin, nats, error, count = training.instrument, 0.0, 0.0, 0
    module.eval()
    for first in range(0, training.validation, training.batch):
        batch = trial.at(torch.arange(first, min(training.validation, first + training.batch), device=device))
        mixture = _mixture(module, begun(batch.audio, SAMPLE_RATE), plugin)
        wanted = sorted_banks(plugin, batch.params)
        nats -= float(mixture.log_likelihood(wanted).sum()) / plugin.table.size
        error += float((mixture.proposals(1)[:, 0] - wanted).abs().mean(-1).sum())
        count += len(wanted)
    module.train()
    return {"validation_nats": nats / count, "validation_error": error / count}
