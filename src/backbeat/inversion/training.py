"""Training an inverter: first on params, then through the synth."""

import json
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, TypeAlias

import torch

from backbeat import plugins
from backbeat.datasets import Augmentation, Distribution
from backbeat.encoder.features import Features, features
from backbeat.encoder.network import Inverter, Rows, Size
from backbeat.encoder.weights import identity, save_inverter
from backbeat.errors import TrainingError
from backbeat.inversion import checkpoint
from backbeat.inversion.lessons import Lesson, Lessons, in_turn
from backbeat.inversion.objective import of_params, of_real, of_sound, synth_losses
from backbeat.inversion.real import RealSounds
from backbeat.inversion.validation import log_audio, validate
from backbeat.plugins import Plugin
from backbeat.types import Audio

_AUGMENTATION = Augmentation(
    gain_db=12.0, onset_s=0.0, noise_db=-45.0, equaliser_db=6.0, room_db=-12.0, room_share=0.4,
    drive_db=12.0, drive_share=0.3, fade_share=0.4,
)  # fmt: skip
_WARM_UP_STEPS = 100
_FALL = 0.3
"""Share of the steps over which the learning rate falls: up to there, it does not matter how many there will be."""
_MOST_NORM = 1.0
_FREE = ("steps", "every", "audio_from", "audio_weight")
"""Settings that may be others when a training is resumed."""
_HEARD_TOGETHER = 2
"""Instruments whose sound counts in a step, in turn: a sound takes longer than all the rest."""

Precision: TypeAlias = Literal["32-true", "bf16-mixed"]
Report: TypeAlias = Callable[[int, Mapping[str, float]], None]
"""Called with the step and the figures of it."""


@dataclass(frozen=True)
class Training:
    """How an inverter is trained.

    Attributes:
        plugins: names of the instruments; none is all there are. Each is of the size that suits matching.
        distribution: of the params to learn from.
        seed: of the items, and of the first weights.
        steps: of descent.
        batch: items of each instrument a step.
        views: how many times each item is learned.
        learning_rate: at its highest.
        audio_from: share of the steps after which the sound counts too; 1 leaves it at params.
        audio_weight: what the sound counts for, in nats a param.
        real: a folder of real one-shots that are heard too where the sound counts, as many as of one instrument.
        channels: of the network's convolutions.
        hidden: of the encoder's layers after them.
        head: of each head's own layer.
        components: of the mixtures.
        validation: items of each instrument to validate with.
        every: steps from one validation, and one checkpoint, to the next.

    Raises:
        TrainingError: where a value is not allowed.
    """

    plugins: Sequence[str] = ()
    distribution: Distribution = "played"
    seed: int = 0
    steps: int = 20_000
    batch: int = 8
    views: int = 3
    learning_rate: float = 1e-3
    audio_from: float = 0.8
    audio_weight: float = 0.02
    real: str | None = None
    channels: int = Size.channels
    hidden: int = Size.hidden
    head: int = Size.head
    components: int = Size.components
    validation: int = 64
    every: int = 500

    def __post_init__(self) -> None:
        for name, least in (
            ("steps", 1),
            ("batch", 1),
            ("views", 1),
            ("channels", 8),
            ("hidden", 1),
            ("head", 1),
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
    def instruments(self) -> list[Plugin]:
        """The plugins, each at the size that suits matching."""
        found = [plugins.get(name) for name in self.plugins or plugins.names()]
        return [plugins.get(each.name, **each.match_options) for each in found]

    @property
    def size(self) -> Size:
        """Of the network."""
        return Size(self.channels, self.hidden, self.head, self.components)


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

    The loss is `-log p(params | sound) / P` under the mixture of the sound's instrument, in the mean over instruments,
    and `-log p(instrument | sound)`. From `audio_from` of the steps on, the distance of what the likeliest patches
    sound like is added, of two instruments a step in turn. The items of step n are a function of n, so that a run that
    is killed and resumed goes on along the same curve. Several devices share the items of a step; the first of their
    processes reports and writes. Fabric begins the others; under torchrun, they are those that it began.

    Args:
        training: what to do.
        folder: where to write; made where there is none.
        device: as Lightning Fabric names accelerators: auto, cpu, cuda…
        devices: how many; the batch must be a multiple of that.
        precision: of the network, as Lightning Fabric names it; the synth and what the network hears stay in float32.
        resume: go on from the folder's checkpoint; there may be more steps, or fewer, than it was begun with.
        report: told the figures of every validation.

    Raises:
        PluginError: where there is no such plugin.
        TrainingError: where there are no such devices, the folder holds a checkpoint that is not to be resumed, or none
            that can be, or the loss is not finite any more.
    """
    instruments = training.instruments
    fabric, folder = _fabric(device, devices, precision), Path(folder)
    rank, world = fabric.global_rank, fabric.world_size
    if training.batch % world:
        raise TrainingError(f"batch: found {training.batch}; must be a multiple of the {world} devices")
    report = report if fabric.is_global_zero else None
    torch.manual_seed(training.seed)
    inverter = Inverter(instruments, training.size)
    optimiser = torch.optim.AdamW(inverter.parameters(), lr=training.learning_rate, betas=(0.9, 0.98))
    settings = json.loads(json.dumps(asdict(training)))
    kept = {name: value for name, value in settings.items() if name not in _FREE}
    kept |= {f"head of {each.name}": identity(each) for each in instruments}
    folder.mkdir(parents=True, exist_ok=True)
    if not resume and checkpoint.path(folder).exists():
        raise TrainingError(f"{checkpoint.path(folder)}: of an earlier training; resume that, or choose another folder")
    first = checkpoint.load(folder, kept, inverter, optimiser) if resume else 0
    module, optimiser = fabric.setup(inverter, optimiser)
    audio_losses = synth_losses(instruments)
    share = training.batch // world
    made = (instruments, share, training.distribution, training.seed)
    lessons = Lessons(*made, "train", _AUGMENTATION, fabric.device)
    trials = [
        Lessons(*made, "validation", device=fabric.device).at(number)
        for number in range(-(-training.validation // share))
    ]
    real = RealSounds(training.real, _AUGMENTATION, training.seed) if training.real else None
    began = time.perf_counter()
    logs = _logs(folder) if fabric.is_global_zero else None
    if first == 0:
        _tell(report, logs, 0, validate(inverter, trials))
    steps = range(first, training.steps)
    for step, lesson in zip(steps, in_turn(lessons, steps, training.views, rank, world), strict=True):
        for group in optimiser.param_groups:
            group["lr"] = training.learning_rate * _pace(step, training.steps)
        by_ear = step >= training.audio_from * training.steps
        own = (step * world + rank) * share
        positions = torch.arange(own, own + share, device=fabric.device)
        sounds = real.at(positions) if by_ear and real is not None else None
        answer = inverter.mixed(*module(*_asked(lesson, sounds)))
        loss = of_params(answer, lesson)
        if by_ear:
            turn = range(step * _HEARD_TOGETHER, (step + 1) * _HEARD_TOGETHER)
            names = {instruments[each % len(instruments)].name for each in turn}
            loss = loss + training.audio_weight * of_sound(answer, lesson, names, audio_losses)
        if sounds is not None:
            loss = loss + training.audio_weight * of_real(answer, sounds, audio_losses, step)
        optimiser.zero_grad(set_to_none=True)
        fabric.backward(loss)
        norm = fabric.clip_gradients(module, optimiser, max_norm=_MOST_NORM, error_if_nonfinite=False)
        if norm is None or bool(norm.isfinite()):
            optimiser.step()
        done = step + 1
        if done % training.every == 0 or done == training.steps:
            figures = {"loss": loss.item(), **validate(inverter, trials)}
            figures["seconds"] = time.perf_counter() - began
            if not all(map(math.isfinite, figures.values())):
                raise TrainingError(
                    f"step {done}: the loss is not finite any more; must be given a lower learning rate"
                )
            _tell(report, logs, done, figures)
            if fabric.is_global_zero:
                log_audio(logs, done, inverter, trials[0])
                save_inverter(inverter, folder, {"training": settings, "step": done, "figures": figures})
                checkpoint.save(folder, kept, inverter, optimiser, done)
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


def _pace(step: int, steps: int) -> float:
    """Of the learning rate: it rises, stays, and falls to zero over the last steps."""
    return min(1.0, (step + 1) / _WARM_UP_STEPS, (steps - step) / (_FALL * steps))


def _asked(lesson: Lesson, sounds: Audio | None) -> tuple[Features, dict[str, Rows]]:
    """What the network is asked in a step: each head about the sounds of its instrument, and about real ones."""
    if sounds is None:
        return lesson.features, lesson.rows
    seen = Features(*(torch.cat(each) for each in zip(lesson.features, features(sounds), strict=True)))
    real = torch.arange(len(seen.facts), device=sounds.device)[-len(sounds) :]
    return seen, {name: torch.cat([rows, real]) for name, rows in lesson.rows.items()}
