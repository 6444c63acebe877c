"""Layers as players need them: without holes, and no more than they read."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from backbeat.samplers.description import LAST_VELOCITY, Layer, SampledKit, SampledPad


def without_holes(layers: Sequence[Layer]) -> tuple[Layer, ...]:
    """The layers, from velocity 1 to 127: each hole goes half to the layer below it and half to the one above."""
    borders = [0]
    for lower, upper in pairwise(layers):
        borders.append((lower.high + upper.low - 1) // 2)
    borders.append(LAST_VELOCITY)
    return tuple(
        replace(layer, low=below + 1, high=border)
        for layer, (below, border) in zip(layers, pairwise(borders), strict=True)
    )


def fewer_layers(layers: Sequence[Layer], count: int) -> tuple[Layer, ...]:
    """So many layers: neighbours share the one that is nearest to their middle, and the loudest stays the loudest.

    Args:
        layers: without holes.
        count: at least 1; fewer layers stay as they are.
    """
    if len(layers) <= count:
        return tuple(layers)
    ends = [round((index + 1) * len(layers) / count) for index in range(count)]
    merged = []
    for first, end in pairwise([0, *ends]):
        shared = layers[end - 1] if end == len(layers) else layers[(first + end - 1) // 2]
        merged.append(replace(shared, low=layers[first].low, high=layers[end - 1].high))
    return tuple(merged)


def fewer_takes(layers: Sequence[Layer], count: int) -> tuple[Layer, ...]:
    """The layers with their first takes, so many of each."""
    return tuple(replace(layer, takes=layer.takes[:count]) for layer in layers)


def at_most(pad: SampledPad, samples: int) -> SampledPad:
    """The pad with no more than so many samples, since a player reads no more of a pad.

    Takes go first, down to two of each layer, then layers, then the second takes: more steps are heard more than more
    takes.
    """
    layers = without_holes(pad.layers)
    takes = max(len(layer.takes) for layer in layers)
    while takes > 2 and sum(len(layer.takes) for layer in layers) > samples:
        takes -= 1
        layers = fewer_takes(layers, takes)
    if sum(len(layer.takes) for layer in layers) > samples:
        layers = fewer_layers(layers, max(1, samples // takes))
    return replace(pad, layers=fewer_takes(layers, samples // len(layers)))


def reduced(kit: SampledKit, samples: int, player: str) -> tuple[SampledKit, tuple[str, ...]]:
    """The kit with no more than so many samples a pad, and a note that says so where that leaves any out."""
    pads = tuple(at_most(pad, samples) for pad in kit.pads)
    count = sum(samples_of(now) < samples_of(before) for now, before in zip(pads, kit.pads, strict=True))
    if not count:
        return replace(kit, pads=pads), ()
    left_out = f"layers and takes beyond them were left out of {count} of {len(pads)} pads."
    return replace(kit, pads=pads), (f"{player} reads {samples} samples a pad: {left_out}",)


def samples_of(pad: SampledPad) -> int:
    """How many samples a pad has."""
    return sum(len(layer.takes) for layer in pad.layers)
