"""Which instrument a sound may be of: two small networks, on its spectrogram and on what the encoder hears.

They only propose: the likeliest instruments, and those that the networks do not know, compete by what they come to.
Both are trained on random patches and on recordings; they fail on different sounds. `benchmarks/router.py` trains and
judges them.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from backbeat.audio.conditioning import resample
from backbeat.encoder import features, pretrained
from backbeat.losses.spectra import mel_spectrogram_db
from backbeat.types import Audio, Mono

SAMPLE_RATE = 44100
_WINDOW, _HOP, _BANDS, _FLOOR_DB = 1024, 110, 40, -70.0
_EDGES_S = (0.0, 0.005, 0.01, 0.02, 0.035, 0.06, 0.1, 0.16, 0.25, 0.4, 0.65, 1.0)
"""Spans of time whose mean levels are told apart, from the onset on."""
_LOW_FFT, _LOW_LINES, _LOW_S = 1 << 15, 48, (0.0, 0.1)
_LOW_HZ = 28.0 * (1200.0 / 28.0) ** (np.arange(_LOW_LINES) / (_LOW_LINES - 1))
"""Lines of the spectrum, from the onset on and from a tenth of a second later: there, a kick is no tom."""
FACTS = _BANDS * (len(_EDGES_S) - 1) + _LOW_LINES * len(_LOW_S)
HIDDEN, DROPPED = 64, 0.3
UNKNOWN = 0.3
"""Odds of an instrument that the networks were not trained on."""
_BY_FACTS, _BY_ENCODER = "facts", "encoder"
WEIGHTS = Path(__file__).with_name("router.safetensors")


@dataclass(frozen=True)
class Router:
    """Networks, and the names of the instruments that they tell apart.

    Attributes:
        by_facts: on `facts`.
        by_encoder: on what the encoder that ships makes of a sound; none where that is no longer the one it was
            trained on.
        names: in the order of their odds.
    """

    by_facts: nn.Module
    by_encoder: nn.Module | None
    names: tuple[str, ...]

    @torch.no_grad()
    def likelihoods(self, sound: Audio, sample_rate: int) -> dict[str, float]:
        """By name, how likely the instrument is that of a sound (1, 1, samples) which begins at once; they sum to 1.

        The mean of what both networks say.
        """
        heard = at_training_rate(sound, sample_rate)
        odds = self.by_facts(facts(heard)).softmax(-1)[0]
        if self.by_encoder is not None:
            odds = 0.5 * (odds + self.by_encoder(encoded(heard)).softmax(-1)[0])
        return dict(zip(self.names, odds.tolist(), strict=True))

    def likeliest(self, sound: Audio, sample_rate: int, names: Sequence[str], most: int) -> dict[str, float]:
        """Of these instruments, the likeliest so many, and all that the networks do not know, with their odds."""
        known = self.likelihoods(sound, sample_rate)
        ordered = sorted((name for name in names if name in known), key=lambda name: -known[name])
        return {name: known[name] for name in ordered[:most]} | {name: UNKNOWN for name in names if name not in known}


def new_network(inputs: int, classes: int) -> nn.Module:
    """Untrained, from so many numbers to the odds of so many instruments."""
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN), nn.GELU(), nn.Dropout(DROPPED),
        nn.Linear(HIDDEN, HIDDEN), nn.GELU(), nn.Dropout(DROPPED),
        nn.Linear(HIDDEN, classes),
    )  # fmt: skip


@cache
def router() -> Router | None:
    """The one that comes with backbeat, if it does."""
    return load(WEIGHTS) if WEIGHTS.exists() else None


def save(path: Path, found: Router) -> None:
    """Write weights in half precision, with the names and the fingerprint of the encoder."""
    assert found.by_encoder is not None
    networks = nn.ModuleDict({_BY_FACTS: found.by_facts, _BY_ENCODER: found.by_encoder})
    weights = {key: value.half().contiguous() for key, value in networks.state_dict().items()}
    save_file(weights, path, metadata={"names": ",".join(found.names), "encoder": encoder_fingerprint()})


def load(path: Path) -> Router:
    """Read what `save` wrote, without the network that hears through another encoder than ships."""
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        weights = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    names = tuple(metadata["names"].split(","))
    networks = nn.ModuleDict(
        {each: new_network(weights[f"{each}.0.weight"].shape[1], len(names)) for each in (_BY_FACTS, _BY_ENCODER)}
    )
    networks.load_state_dict(weights)
    networks.eval()
    is_its_own = metadata["encoder"] == encoder_fingerprint()
    return Router(networks[_BY_FACTS], networks[_BY_ENCODER] if is_its_own else None, names)


@cache
def encoder_fingerprint() -> str:
    """Of the weights of the encoder that ships."""
    digest = hashlib.sha256()
    for value in pretrained().encoder.state_dict().values():
        digest.update(value.numpy().tobytes())
    return digest.hexdigest()


@torch.no_grad()
def encoded(sounds: Audio) -> Float[Tensor, "batch hidden"]:
    """What the encoder makes of sounds (batch, 1, samples), each scaled to a mean of 0 and a variance of 1."""
    hidden: Tensor = pretrained().encoder(features(sounds))
    return nn.functional.layer_norm(hidden, hidden.shape[-1:])


def facts(sounds: Audio) -> Float[Tensor, "batch facts"]:
    """Levels below the loudest, 1 to -1, of sounds (batch, 1, samples): mel bands in spans of time, and lines."""
    longest = round(_EDGES_S[-1] * SAMPLE_RATE)
    sound = nn.functional.pad(sounds[:, 0, :longest], (0, max(0, longest - sounds.shape[-1])))
    sound = sound / sound.abs().amax(-1, keepdim=True).clamp(min=1e-9)
    power = 10.0 ** (
        mel_spectrogram_db(sound, SAMPLE_RATE, window=_WINDOW, hop=_HOP, bands=_BANDS, floor_db=-110.0) / 10
    )
    edges = [round(each * SAMPLE_RATE / _HOP) for each in _EDGES_S]
    spans = torch.stack([power[..., start : max(stop, start + 1)].mean(-1) for start, stop in pairwise(edges)], dim=-1)
    level_db = 10.0 * (spans / spans.amax((-1, -2), keepdim=True).clamp(min=1e-20)).clamp(min=1e-12).log10()
    parts = [level_db.flatten(1), *(_low_spectrum_db(sound, start_s) for start_s in _LOW_S)]
    return torch.cat(parts, dim=-1).clamp(min=_FLOOR_DB) / (-0.5 * _FLOOR_DB) + 1.0


def _low_spectrum_db(sound: Mono, start_s: float) -> Tensor:
    """Lines of the spectrum from a time on, below the highest, (batch, lines)."""
    rest = sound[:, round(start_s * SAMPLE_RATE) :][:, : _LOW_FFT // 2]
    power = torch.fft.rfft(rest * torch.hann_window(2 * rest.shape[-1])[rest.shape[-1] :], _LOW_FFT).abs().square()
    lines = power[:, torch.from_numpy(np.rint(_LOW_HZ * (_LOW_FFT / SAMPLE_RATE)).astype(np.int64))]
    return 10.0 * (lines / lines.amax(-1, keepdim=True).clamp(min=1e-20)).clamp(min=1e-12).log10()


def at_training_rate(sounds: Audio, sample_rate: int) -> Audio:
    """Sounds (batch, 1, samples) at `SAMPLE_RATE`."""
    sounds = sounds.float().cpu()
    if sample_rate == SAMPLE_RATE:
        return sounds
    found = [torch.from_numpy(resample(each.double().numpy(), sample_rate, SAMPLE_RATE)[0]) for each in sounds[:, 0]]
    return torch.stack(found).float().unsqueeze(1)
